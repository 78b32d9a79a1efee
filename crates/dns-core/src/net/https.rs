//! Questions over HTTPS (RFC 8484).

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, Shared};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_rustls::rustls::ClientConfig;

use super::age::grow_old;
use super::dial::Dial;
use super::upstream::TryError;
use super::wire::{HEADER, Question};
use crate::http::{Doh, DohReply, Trust};
use crate::{HttpError, Server};

/// One server; nothing of it is made before it is first asked.
#[derive(Debug)]
pub(super) struct Https {
    dial: Rc<Dial>,
    limit: Duration,
    turns: Semaphore,
    /// Made once for all who ask meanwhile, and again when the server could not be reached.
    opening: RefCell<Option<Opening>>,
}

type Opening = Shared<LocalBoxFuture<'static, Result<Rc<Opened>, String>>>;

/// What is known of a server that took a connection.
#[derive(Debug)]
struct Opened {
    addresses: Vec<SocketAddr>,
    tls: Arc<ClientConfig>,
    is_http2: bool,
    /// Over HTTP/2 each is a connection.
    clients: RefCell<Vec<Rc<Doh>>>,
}

impl Https {
    /// Questions at once: over HTTP/1.1 each has a connection.
    const AT_ONCE: usize = 500;
    /// Questions at once of a client: a server of HTTP/2 takes as many on a connection as a rule (RFC 9113 section
    /// 6.5.2).
    const STREAMS: usize = 100;

    pub(super) fn new(server: Server, trust: &Trust, limit: Duration) -> Self {
        Self {
            dial: Rc::new(Dial::new(server, trust, limit)),
            limit,
            turns: Semaphore::new(Self::AT_ONCE),
            opening: RefCell::default(),
        }
    }

    /// To be had before each question, and kept until it is over.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.turns.acquire().await.ok()
    }

    /// Asks; there is no limit in here.
    pub(super) async fn ask(&self, mut question: Question) -> Result<Vec<u8>, TryError> {
        // RFC 8484 section 4.1: the same question looks the same.
        question.set_id(0);
        let mut reply = self.post(question.bytes.clone()).await?;
        let section = reply.body.get(HEADER..question.end);
        let same = section.is_some_and(|section| section.eq_ignore_ascii_case(question.section()));
        let is_answer = same && reply.body[..2] == [0, 0] && reply.body[2] & 0x80 != 0;
        if !is_answer {
            return Err(TryError::Bad(None));
        }
        grow_old(&mut reply.body, question.end, reply.age);
        Ok(reply.body)
    }

    async fn post(&self, message: Vec<u8>) -> Result<DohReply, TryError> {
        let opening = self.opening();
        let result = async {
            let unreachable = |cause| TryError::Unreachable(Some(cause));
            let opened = opening.clone().await.map_err(unreachable)?;
            let client = opened.client(&self.dial.place.server, self.limit);
            client.map_err(|error| unreachable(describe(&error)))?.post(message).await.map_err(|error| {
                match error {
                    HttpError::Timeout(_) => TryError::Timeout,
                    HttpError::Tls(_) | HttpError::Unreachable(_) => unreachable(describe(&error)),
                    _ => TryError::Bad(Some(describe(&error))),
                }
            })
        };
        let result = result.await;
        if matches!(result, Err(TryError::Unreachable(_))) {
            // Nobody else's: that may be a newer one.
            self.opening.borrow_mut().take_if(|kept| kept.ptr_eq(&opening));
        }
        result
    }

    fn opening(&self) -> Opening {
        let make = || open(self.dial.clone(), self.limit).boxed_local().shared();
        self.opening.borrow_mut().get_or_insert_with(make).clone()
    }
}

/// Learns what the server speaks from a connection that no question waits for: before that is known, each of many
/// questions would make a connection of its own.
async fn open(dial: Rc<Dial>, limit: Duration) -> Result<Rc<Opened>, String> {
    let addresses = dial.place.addresses(limit).await?;
    let mut tls = ClientConfig::clone(dial.tls_client().await?);
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let tls = Arc::new(tls);
    let stream = dial.open_tls(tls.clone()).await?;
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    Ok(Rc::new(Opened { addresses, tls, is_http2, clients: RefCell::default() }))
}

impl Opened {
    fn client(&self, server: &Server, limit: Duration) -> Result<Rc<Doh>, HttpError> {
        let mut clients = self.clients.borrow_mut();
        // Each question has its client in hand, and so have the clients here.
        if let Some(free) = clients.iter().find(|client| Rc::strong_count(client) <= Https::STREAMS) {
            return Ok(free.clone());
        }
        let client = Rc::new(Doh::new(server, &self.addresses, &self.tls, self.is_http2, limit)?);
        clients.push(client.clone());
        Ok(client)
    }
}

fn describe(error: &HttpError) -> String {
    match error {
        HttpError::Status(status) => format!("HTTP status {status}"),
        HttpError::Redirect(status) => format!("HTTP status {status}, a redirect, which is not followed"),
        HttpError::Timeout(_) => "no connection in time".to_owned(),
        HttpError::Unreachable(cause) | HttpError::NotHttp(cause) => cause.clone(),
        HttpError::Tls(cause) => format!("TLS failed: {cause}"),
        HttpError::TooLong => "the body is longer than 64 KiB".to_owned(),
    }
}
