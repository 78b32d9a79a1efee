//! A small mail server that takes what it is sent, and keeps it: a receiver by RFC 5321 with a few
//! ways to misbehave.

mod command;
mod content;
mod session;
mod voice;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde::Deserialize;

use crate::connection::{Connection, End};
use crate::mail::Mails;

pub(crate) use voice::Voice;

/// How a sink behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SinkOptions {
    /// Whether PIPELINING is offered.
    pub(crate) pipelining: bool,
    /// The largest message that is taken, in octets.
    pub(crate) size: u64,
    /// The replies to MAIL and RCPT go out only with the reply to another command.
    pub(crate) holds_replies: bool,
    /// DATA is answered with 354 though every recipient was refused.
    pub(crate) data_despite_refusal: bool,
    /// Where the connection is closed, and how often.
    pub(crate) dies: Option<(Point, u32)>,
    /// What it says of itself, unless it speaks plainly.
    pub(crate) voice: Option<Voice>,
}

impl Default for SinkOptions {
    fn default() -> Self {
        Self {
            pipelining: true,
            size: 52_428_800,
            holds_replies: false,
            data_despite_refusal: false,
            dies: None,
            voice: None,
        }
    }
}

/// A point of the dialogue. Up to `Data`: the reply to that command has been sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Point {
    Banner,
    Ehlo,
    Mail,
    Rcpt,
    Data,
    /// Some of the message has come, and it is thrown away.
    Content,
    /// The message is kept, and the client is not told.
    Dot,
    /// The message is kept, and the client has been told.
    Reply,
}

/// A sink at work.
#[derive(Debug)]
pub(crate) struct Sink {
    options: SinkOptions,
    deaths_left: AtomicU32,
    mails: Arc<Mails>,
}

impl Sink {
    pub(crate) fn new(options: SinkOptions, mails: Arc<Mails>) -> Self {
        let deaths = options.dies.map_or(0, |(_, times)| times);
        Self { options, deaths_left: AtomicU32::new(deaths), mails }
    }

    /// Serves one client to the end of the connection.
    ///
    /// # Errors
    /// The client is gone.
    pub(crate) async fn serve(&self, client: Connection<'_>) -> io::Result<End> {
        session::Session::new(self, client).run().await
    }

    /// Whether the connection ends here.
    fn dies(&self, point: Point) -> bool {
        self.options.dies.is_some_and(|(at, _)| at == point)
            && self
                .deaths_left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                .is_ok()
    }
}
