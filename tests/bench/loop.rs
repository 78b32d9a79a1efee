//! The least that a client can do, for comparison: connect, greeting, EHLO, QUIT, and no record.
//!
//! `bench-loop PORT CONCURRENCY` reads addresses from standard input, one a line, and writes how many
//! said what they should. Like the tools it is a current_thread runtime a core.
#![expect(clippy::print_stdout, reason = "its one result")]

use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::task::{JoinSet, LocalSet};

struct Work {
    addresses: Vec<Ipv4Addr>,
    port: u16,
    begun: AtomicUsize,
    done: AtomicUsize,
}

impl Work {
    fn next(&self) -> Option<SocketAddr> {
        let address = self.addresses.get(self.begun.fetch_add(1, Ordering::Relaxed))?;
        Some(SocketAddr::from((*address, self.port)))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [port, concurrency] = words.as_slice() else { return Err("PORT CONCURRENCY".into()) };
    let (port, concurrency): (_, usize) = (port.parse()?, concurrency.parse()?);
    let addresses = io::read_to_string(io::stdin())?.lines().map(str::parse).collect::<Result<_, _>>()?;
    let work = Arc::new(Work { addresses, port, begun: AtomicUsize::new(0), done: AtomicUsize::new(0) });
    let threads = thread::available_parallelism()?.get();
    let mut started = Vec::new();
    for _ in 0..threads {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let work = Arc::clone(&work);
        let tasks = concurrency.div_ceil(threads);
        started.push(thread::spawn(move || LocalSet::new().block_on(&runtime, run(work, tasks))));
    }
    for thread in started {
        drop(thread.join());
    }
    println!("{}", work.done.load(Ordering::Relaxed));
    Ok(())
}

async fn run(work: Arc<Work>, tasks: usize) {
    let mut set = JoinSet::new();
    for _ in 0..tasks {
        let work = Arc::clone(&work);
        set.spawn_local(async move {
            while let Some(address) = work.next() {
                if visit(address).await.is_ok() {
                    work.done.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    while set.join_next().await.is_some() {}
}

async fn visit(address: SocketAddr) -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.set_nodelay(true)?;
    let mut stream = socket.connect(address).await?;
    for (command, code) in [("", "220 "), ("EHLO loop.example\r\n", "250 "), ("QUIT\r\n", "221 ")] {
        stream.write_all(command.as_bytes()).await?;
        let mut heard = Vec::with_capacity(512);
        while !is_whole(&heard, code) {
            if stream.read_buf(&mut heard).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
    Ok(())
}

/// Whether the last line is there, and begins with the code.
fn is_whole(heard: &[u8], code: &str) -> bool {
    let Some(lines) = heard.strip_suffix(b"\r\n") else { return false };
    lines.rsplit(|&byte| byte == b'\n').next().is_some_and(|last| last.starts_with(code.as_bytes()))
}
