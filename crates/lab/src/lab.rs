//! The handle on a running world.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::sync::oneshot;

use crate::dns;
use crate::heard::Heard;
use crate::http;
use crate::smtp::Sockets;
use crate::world::World;

/// Why a world could not be started.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The thread, or the runtime on it.
    #[error("start the thread of the lab: {0}")]
    Thread(#[source] io::Error),
    /// The sockets of the DNS server.
    #[error("open the sockets of the DNS server: {0}")]
    Dns(#[source] io::Error),
    /// The sockets of the mail servers.
    #[error("open the sockets of the mail servers: {0}")]
    Smtp(#[source] io::Error),
    /// The socket of the web server.
    #[error("open the socket of the web server: {0}")]
    Http(#[source] io::Error),
}

/// A running world. Dropped, it stops: the sockets close, the thread ends.
#[derive(Debug)]
pub struct Lab {
    dns: SocketAddr,
    http: SocketAddr,
    port: u16,
    client: String,
    heard: Arc<Heard>,
    queries: Arc<AtomicU64>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Where the world is reached.
struct Open {
    dns: SocketAddr,
    http: SocketAddr,
    port: u16,
}

impl Lab {
    /// Starts a world on a thread of its own. When this returns, everything listens.
    ///
    /// Raises the soft limit of open files of the process to its hard limit: thousands of
    /// connections may be open at once.
    ///
    /// # Errors
    /// A socket could not be opened: no loopback address, no port that is free on each of them.
    pub fn start(world: &World) -> Result<Self, LabError> {
        raise_file_limit();
        let heard = Arc::new(Heard::default());
        let queries = Arc::new(AtomicU64::new(0));
        let (opened, open) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let run = {
            let (world, heard, queries) = (world.clone(), heard.clone(), queries.clone());
            move || run(&world, &heard, queries, &opened, stopped)
        };
        let thread = thread::Builder::new().name("lab".into()).spawn(run).map_err(LabError::Thread)?;
        let gone = |_| Err(LabError::Thread(io::ErrorKind::BrokenPipe.into()));
        let Open { dns, http, port } = open.recv().unwrap_or_else(gone)?;
        let client = world.client.clone();
        Ok(Self { dns, http, port, client, heard, queries, stop: Some(stop), thread: Some(thread) })
    }

    /// Where the DNS server is asked, over UDP and TCP.
    pub fn dns(&self) -> SocketAddr {
        self.dns
    }

    /// The web server's pages, as the beginning of their URL: `http://127.0.0.1:PORT`.
    pub fn http(&self) -> String {
        format!("http://{}", self.http)
    }

    /// The port of all mail servers.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The variables that make the tools use this world, with the options that a person need not
    /// type here.
    pub fn env(&self) -> Vec<(&'static str, String)> {
        vec![
            ("MXPIPE_DNS", self.dns.to_string()),
            ("MXPIPE_PORT", self.port.to_string()),
            ("MXPIPE_ALLOW_PRIVATE", "1".to_owned()),
            ("MXPIPE_EHLO", self.client.clone()),
            ("MXPIPE_VIA", self.via()),
        ]
    }

    /// Two pages and a name of the built-in world that tell the same public address.
    fn via(&self) -> String {
        let (http, dns) = (self.http(), self.dns);
        format!("{http}/ip,{http}/json,dns:myip.lab.example@{dns}")
    }

    /// The lines that clients have sent to the servers of this name so far, without their ends; the
    /// web server is `http`, and only its request lines are kept. Of very many only the first 100,000.
    pub fn heard(&self, server_name: &str) -> Vec<String> {
        self.heard.of(server_name)
    }

    /// The DNS questions that came so far, those that a fault leaves unanswered included.
    pub fn queries(&self) -> u64 {
        self.queries.load(Ordering::Relaxed)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // That it panicked is no reason to panic once more.
            let _ = thread.join();
        }
    }
}

/// The thread: tells once what is open, then serves until `stopped`.
fn run(
    world: &World,
    heard: &Arc<Heard>,
    queries: Arc<AtomicU64>,
    opened: &mpsc::Sender<Result<Open, LabError>>,
    stopped: oneshot::Receiver<()>,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = opened.send(Err(LabError::Thread(error)));
            return;
        }
    };
    runtime.block_on(async {
        let open = async {
            let sockets = Sockets::open(&world.servers).await.map_err(LabError::Smtp)?;
            let server = dns::Server::open().await.map_err(LabError::Dns)?;
            let web = http::Server::open().await.map_err(LabError::Http)?;
            let open = Open {
                dns: server.addr().map_err(LabError::Dns)?,
                http: web.addr().map_err(LabError::Http)?,
                port: sockets.port,
            };
            web.spawn(world.pages.clone(), heard.clone());
            server.spawn(world.data.clone(), queries);
            Ok((open, sockets.spawn(heard)))
        };
        match open.await {
            Ok((open, _held)) => {
                let _ = opened.send(Ok(open));
                // An error is the handle's end too.
                let _ = stopped.await;
            }
            Err(error) => {
                let _ = opened.send(Err(error));
            }
        }
    });
}

fn raise_file_limit() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // As it is, the limit serves as well, for fewer connections.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}
