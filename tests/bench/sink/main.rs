//! A server that clients are measured against: a thread and a listener a core, all on one port.
//!
//! `bench-sink [tls] [hold N]` writes its port to standard output and serves until standard input
//! ends. With `tls` it offers STARTTLS. With `hold` it answers no last EHLO before there are N
//! sessions; then it writes `held`, and goes on once it has read a line.
#![expect(clippy::print_stdout, reason = "it tells its port and what it holds")]

mod gate;
mod session;

use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread;

use rustls::pki_types::PrivateKeyDer;
use tokio::net::{TcpListener, TcpSocket};
use tokio_rustls::TlsAcceptor;

use gate::Gate;
use session::Session;

const BACKLOG: u32 = 4_096;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let mut words = words.iter().map(String::as_str);
    let (mut tls, mut hold) = (None, 0);
    while let Some(word) = words.next() {
        match word {
            "tls" => tls = Some(acceptor()?),
            "hold" => hold = words.next().ok_or("hold N")?.parse()?,
            other => return Err(format!("what is {other}?").into()),
        }
    }
    let session = Arc::new(Session { tls, gate: Gate::new(hold) });
    let port = start(&session)?;
    println!("{port}");
    let mut line = String::new();
    while io::stdin().read_line(&mut line)? > 0 {
        session.gate.open();
    }
    Ok(())
}

/// Starts the threads; the port they share.
fn start(session: &Arc<Session>) -> io::Result<u16> {
    let mut port = 0;
    for _ in 0..thread::available_parallelism()?.get() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(async { listen(port) })?;
        port = listener.local_addr()?.port();
        let session = Arc::clone(session);
        thread::spawn(move || runtime.block_on(accept(listener, session)));
    }
    Ok(port)
}

/// On all of 127.0.0.0/8, which no listener can be bound to alone.
fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseport(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)))?;
    socket.listen(BACKLOG)
}

async fn accept(listener: TcpListener, session: Arc<Session>) {
    loop {
        let Ok((stream, from)) = listener.accept().await else {
            // No descriptor is left: others have to end first.
            tokio::task::yield_now().await;
            continue;
        };
        // Nobody else's business.
        if from.ip().is_loopback() && stream.set_nodelay(true).is_ok() {
            let session = Arc::clone(&session);
            tokio::spawn(async move { session.serve(stream).await });
        }
    }
}

/// TLS with a certificate that nobody trusts, made anew each time.
fn acceptor() -> Result<TlsAcceptor, Box<dyn Error>> {
    let made = rcgen::generate_simple_self_signed(vec!["sink.example".into()])?;
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der())?;
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
