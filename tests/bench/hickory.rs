//! What a program gets that leaves DNS to hickory-resolver, for comparison: the MX of each name, as it
//! comes, with the library's own settings.
//!
//! `bench-hickory SERVER CONCURRENCY` reads names from standard input, one a line, and writes a line of
//! JSON for each that has an answer.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, BufWriter, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RData;
use hickory_resolver::{Resolver, TokioResolver};
use tokio::sync::mpsc::{self, Sender};

struct Work {
    names: Vec<String>,
    begun: AtomicUsize,
    resolver: TokioResolver,
}

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [server, concurrency] = words.as_slice() else { return Err("SERVER CONCURRENCY".into()) };
    let names = io::read_to_string(io::stdin())?.lines().map(str::to_owned).collect();
    let resolver = resolver(server.parse()?)?;
    let work = Arc::new(Work { names, begun: AtomicUsize::new(0), resolver });
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(run(work, concurrency.parse()?))
}

fn resolver(server: SocketAddr) -> Result<TokioResolver, Box<dyn Error>> {
    let mut connection = ConnectionConfig::udp();
    connection.port = server.port();
    let server = NameServerConfig::new(server.ip(), true, vec![connection]);
    let config = ResolverConfig::from_name_servers(vec![server]);
    Ok(Resolver::builder_with_config(config, TokioRuntimeProvider::default()).build()?)
}

async fn run(work: Arc<Work>, tasks: usize) -> Result<(), Box<dyn Error>> {
    let (lines, mut written) = mpsc::channel(tasks.max(1));
    for _ in 0..tasks {
        tokio::spawn(look_up(Arc::clone(&work), lines.clone()));
    }
    drop(lines);
    let mut out = BufWriter::new(io::stdout().lock());
    while let Some(line) = written.recv().await {
        writeln!(out, "{line}")?;
    }
    Ok(out.flush()?)
}

async fn look_up(work: Arc<Work>, lines: Sender<String>) {
    while let Some(name) = work.names.get(work.begun.fetch_add(1, Ordering::Relaxed)) {
        // A final dot: the name is whole, and no search list is tried.
        let Ok(found) = work.resolver.mx_lookup(format!("{name}.")).await else { continue };
        // The names are those of the bench, and need no escapes.
        let mut line = format!(r#"{{"domain":"{name}","mx":["#);
        let mut comma = "";
        for answer in found.answers() {
            if let RData::MX(mx) = &answer.data {
                let (preference, exchange, ttl) = (mx.preference, &mx.exchange, answer.ttl);
                let _ = write!(
                    line,
                    r#"{comma}{{"preference":{preference},"exchange":"{exchange}","ttl":{ttl}}}"#
                );
                comma = ",";
            }
        }
        line.push_str("]}");
        if lines.send(line).await.is_err() {
            return;
        }
    }
}
