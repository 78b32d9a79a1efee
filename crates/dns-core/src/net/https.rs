//! Questions over HTTPS (RFC 8484).

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use tokio::sync::{OnceCell, Semaphore};

use super::dial::Tls;
use super::place::Place;
use super::upstream::TryError;
use super::wire::{HEADER, Question};
use crate::http::{Doh, Trust};
use crate::{HttpError, Server};

/// One server; its client is made when it is first asked.
#[derive(Debug)]
pub(super) struct Https {
    place: Place,
    tls: Tls,
    limit: Duration,
    client: OnceCell<Doh>,
    /// One question alone until one is answered: with so many at once each would make a connection.
    turns: Semaphore,
    is_open: Cell<bool>,
    /// When there was no connection the last time, and why.
    failed: RefCell<Option<(Instant, TryError)>>,
}

impl Https {
    /// Questions at once on one connection of HTTP/2.
    const STREAMS: usize = 100;
    /// Connections of HTTP/1.1, each with a question.
    const CONNECTIONS: usize = 8;

    pub(super) fn new(server: Server, trust: &Trust, limit: Duration) -> Self {
        Self {
            place: Place::new(server),
            tls: Tls::new(trust.clone()),
            limit,
            client: OnceCell::new(),
            turns: Semaphore::new(1),
            is_open: Cell::new(false),
            failed: RefCell::default(),
        }
    }

    /// Asks; there is no limit in here.
    pub(super) async fn ask(&self, mut question: Question) -> Result<Vec<u8>, TryError> {
        let begun = Instant::now();
        let _turn = self.turns.acquire().await;
        if !self.is_open.get()
            && let Some((at, error)) = &*self.failed.borrow()
            && *at >= begun
        {
            // What stopped the one before would stop this one.
            return Err(error.clone());
        }
        // RFC 8484 section 4.1: the same question looks the same.
        question.set_id(0);
        let reply = match self.post(question.bytes.clone()).await {
            Ok(reply) => reply,
            Err(error) => {
                if matches!(error, TryError::Unreachable(_)) {
                    *self.failed.borrow_mut() = Some((Instant::now(), error.clone()));
                }
                return Err(error);
            }
        };
        if !self.is_open.replace(true) {
            let most = if reply.is_multiplexed { Self::STREAMS } else { Self::CONNECTIONS };
            self.turns.add_permits(most - 1);
        }
        let section = reply.body.get(HEADER..question.end);
        let same = section.is_some_and(|section| section.eq_ignore_ascii_case(question.section()));
        let is_answer = same && reply.body[..2] == [0, 0] && reply.body[2] & 0x80 != 0;
        if is_answer { Ok(reply.body) } else { Err(TryError::Bad(None)) }
    }

    async fn post(&self, message: Vec<u8>) -> Result<crate::http::DohReply, TryError> {
        let make = async || {
            let addresses = self.place.addresses(self.limit).await?;
            let tls = self.tls.client().await?;
            Doh::new(&self.place.server, &addresses, tls, self.limit).map_err(|error| describe(&error))
        };
        let unreachable = |cause| TryError::Unreachable(Some(cause));
        let client = self.client.get_or_try_init(make).await.map_err(unreachable)?;
        client.post(message).await.map_err(|error| match error {
            HttpError::Timeout(_) => TryError::Timeout,
            HttpError::Tls(_) | HttpError::Unreachable(_) => unreachable(describe(&error)),
            _ => TryError::Bad(Some(describe(&error))),
        })
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
