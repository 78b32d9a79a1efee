//! The handle on a running world.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::dns;
use crate::heard::Heard;
use crate::http;
use crate::mail::{Mail, Mails};
use crate::smtp::Sockets;
use crate::stun;
use crate::tls::{Authority, ServerTls};
use crate::world::World;

/// The name of the file with the authority's certificate.
const CA: &str = "ca.pem";
/// The name of the file with a client's certificate and key.
const CLIENT: &str = "client.pem";
/// The name of the folder with the messages.
const MAIL: &str = "mail";

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
    /// The sockets of the web servers.
    #[error("open the sockets of the web servers: {0}")]
    Http(#[source] io::Error),
    /// The sockets of the STUN servers.
    #[error("open the sockets of the STUN servers: {0}")]
    Stun(#[source] io::Error),
    /// The throwaway authority.
    #[error("make the authority of the certificates: {0}")]
    Authority(#[from] rcgen::Error),
    /// The files with the certificates.
    #[error("write the certificates: {0}")]
    Ca(#[source] io::Error),
    /// The folder of the messages.
    #[error("make the folder of the messages: {0}")]
    Mail(#[source] io::Error),
}

/// The name that the certificate of the DNS server is for.
const DNS_NAME: &str = "dns.lab.example";

/// A running world. Dropped, it stops: the sockets close, the thread ends.
#[derive(Debug)]
pub struct Lab {
    dns: SocketAddr,
    /// The DNS over TLS, and over HTTPS.
    secure_dns: (SocketAddr, SocketAddr),
    http: SocketAddr,
    https_port: u16,
    stun: Vec<(String, SocketAddr)>,
    port: u16,
    client: String,
    kept: Kept,
    /// The folder of the authority's certificate and of the messages.
    folder: TempDir,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What the servers note.
#[derive(Debug, Clone)]
struct Kept {
    heard: Arc<Heard>,
    mails: Arc<Mails>,
    queries: Arc<AtomicU64>,
}

/// Where the world is reached.
struct Open {
    dns: SocketAddr,
    secure_dns: (SocketAddr, SocketAddr),
    http: SocketAddr,
    https_port: u16,
    stun: Vec<(String, SocketAddr)>,
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
        let authority = Authority::new("the throwaway authority of the lab")?;
        let folder = tempfile::Builder::new().prefix("lab-").tempdir().map_err(LabError::Ca)?;
        std::fs::write(folder.path().join(CA), authority.pem()).map_err(LabError::Ca)?;
        let client = authority.client_pem(&world.client)?;
        std::fs::write(folder.path().join(CLIENT), client).map_err(LabError::Ca)?;
        let mail = folder.path().join(MAIL);
        std::fs::create_dir(&mail).map_err(LabError::Mail)?;
        let kept = Kept { heard: Arc::default(), mails: Arc::new(Mails::new(mail)), queries: Arc::default() };
        let (opened, open) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let run = {
            let (world, kept) = (world.clone(), kept.clone());
            move || run(&world, &Arc::new(authority), &kept, &opened, stopped)
        };
        let thread = thread::Builder::new().name("lab".into()).spawn(run).map_err(LabError::Thread)?;
        let gone = |_| Err(LabError::Thread(io::ErrorKind::BrokenPipe.into()));
        let Open { dns, secure_dns, http, https_port, stun, port } = open.recv().unwrap_or_else(gone)?;
        let client = world.client.clone();
        let (stop, thread) = (Some(stop), Some(thread));
        Ok(Self { dns, secure_dns, http, https_port, stun, port, client, kept, folder, stop, thread })
    }

    /// Where the DNS server is asked, over UDP and TCP.
    pub fn dns(&self) -> SocketAddr {
        self.dns
    }

    /// Where the DNS server is asked over TLS, as `--dns` wants it: its certificate is for a name.
    pub fn dns_over_tls(&self) -> String {
        format!("tls://{DNS_NAME}@{}", self.secure_dns.0)
    }

    /// The same over HTTPS, which is HTTP/1.1 here.
    pub fn dns_over_https(&self) -> String {
        format!("https://{DNS_NAME}@{}/dns-query", self.secure_dns.1)
    }

    /// The web server's pages, as the beginning of their URL: `http://127.0.0.1:PORT`.
    pub fn http(&self) -> String {
        format!("http://{}", self.http)
    }

    /// The port of 127.0.0.1 at which all hosts of the web server over TLS are.
    pub fn https_port(&self) -> u16 {
        self.https_port
    }

    /// Where the STUN server of this name is, if the world has it.
    pub fn stun(&self, server_name: &str) -> Option<SocketAddr> {
        self.stun.iter().find(|(name, _)| name == server_name).map(|(_, addr)| *addr)
    }

    /// The port of all mail servers.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The certificate, in PEM, of the authority that vouches for the servers.
    pub fn ca(&self) -> PathBuf {
        self.folder.path().join(CA)
    }

    /// Certificate and key, in PEM, by which a client is known to the servers that ask for one.
    pub fn client_pem(&self) -> PathBuf {
        self.folder.path().join(CLIENT)
    }

    /// The variables that make the tools use this world, with the options that a person need not
    /// type here; `MXPIPE_LAB_MAIL`, the folder in which each message that a sink took is a file; and
    /// `MXPIPE_LAB_STUN`, a source for `myip --via`.
    pub fn env(&self) -> Vec<(&'static str, String)> {
        let mut env = vec![
            ("MXPIPE_DNS", self.dns.to_string()),
            ("MXPIPE_PORT", self.port.to_string()),
            ("MXPIPE_ALLOW_PRIVATE", "1".to_owned()),
            ("MXPIPE_EHLO", self.client.clone()),
            ("MXPIPE_FROM", format!("me@{}", self.client)),
            ("MXPIPE_VIA", self.via()),
            ("MXPIPE_HTTPS_PORT", self.https_port.to_string()),
            ("MXPIPE_CA", self.ca().to_string_lossy().into_owned()),
            ("MXPIPE_LAB_MAIL", self.kept.mails.folder().to_string_lossy().into_owned()),
        ];
        env.extend(self.stun("good").map(|addr| ("MXPIPE_LAB_STUN", format!("stun:{addr}"))));
        env
    }

    /// Two pages and a name of the built-in world that tell the same public address.
    fn via(&self) -> String {
        let (http, dns) = (self.http(), self.dns);
        format!("{http}/ip,{http}/json,dns:myip.lab.example@{dns}")
    }

    /// The lines that clients have sent to the servers of this name so far, without their ends; the
    /// web server is `http`, or goes by its host where it is one over TLS, and only its request lines are kept. Of very many only the first 100,000.
    pub fn heard(&self, server_name: &str) -> Vec<String> {
        self.kept.heard.of(server_name)
    }

    /// The messages that the sinks of this name have taken so far, in the order in which they came.
    pub fn mail(&self, server_name: &str) -> Vec<Mail> {
        self.kept.mails.of(server_name)
    }

    /// The DNS questions that came so far, those that a fault leaves unanswered included.
    pub fn queries(&self) -> u64 {
        self.kept.queries.load(Ordering::Relaxed)
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
    authority: &Arc<Authority>,
    kept: &Kept,
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
            let safe = http::Server::open().await.map_err(LabError::Http)?;
            let mut stun = Vec::new();
            for source in world.stun.iter() {
                let server = stun::Server::open(source).await.map_err(LabError::Stun)?;
                stun.push(server.place().map_err(LabError::Stun)?);
                server.spawn(kept.heard.clone());
            }
            let open = Open {
                dns: server.addr().map_err(LabError::Dns)?,
                secure_dns: server.secure_addrs().map_err(LabError::Dns)?,
                http: web.addr().map_err(LabError::Http)?,
                https_port: safe.addr().map_err(LabError::Http)?.port(),
                stun,
                port: sockets.port,
            };
            web.spawn(world.pages.clone(), kept.heard.clone());
            safe.spawn_tls(world.pages.clone(), kept.heard.clone(), authority);
            let tls = ServerTls::new(DNS_NAME.to_owned(), world.dns_certificate.into(), authority.clone());
            server.spawn(world.data(&authority.server_spki()), kept.queries.clone(), tls);
            Ok((open, sockets.spawn(authority, &kept.heard, &kept.mails)))
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
