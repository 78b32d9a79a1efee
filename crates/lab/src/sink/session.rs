//! One client of a sink.

use std::io;

use super::command::{path, refuse_parameters, verdict};
use super::content::Content;
use super::{Point, Sink, Voice};
use crate::connection::{Connection, End};
use crate::mail::Mail;

/// The dialogue with one client.
pub(super) struct Session<'a> {
    sink: &'a Sink,
    client: Connection<'a>,
    is_greeted: bool,
    envelope: Option<Envelope>,
    /// Replies that wait for the next one.
    held: Vec<u8>,
}

#[derive(Default)]
struct Envelope {
    from: String,
    to: Vec<String>,
    is_any_refused: bool,
}

/// Whether the dialogue goes on.
#[derive(PartialEq, Eq)]
enum Next {
    Line,
    Close,
}

impl<'a> Session<'a> {
    pub(super) fn new(sink: &'a Sink, client: Connection<'a>) -> Self {
        Self { sink, client, is_greeted: false, envelope: None, held: Vec::new() }
    }

    pub(super) async fn run(mut self) -> io::Result<End> {
        let banner = self.voiced(|voice| &voice.banner);
        let banner = banner.unwrap_or_else(|| format!("220 {} ESMTP sink", self.client.name()));
        let mut next = self.reply(&banner, Point::Banner).await?;
        while next == Next::Line {
            let Some(line) = self.client.line().await? else { break };
            next = self.obey(&String::from_utf8_lossy(&line)).await?;
        }
        self.client.close().await
    }

    async fn obey(&mut self, line: &str) -> io::Result<Next> {
        let (verb, argument) = line.split_once(' ').unwrap_or((line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" | "HELO" if argument.trim().is_empty() => self.say("501 5.5.4 who are you?").await,
            "EHLO" => self.greet().await,
            "HELO" => {
                (self.is_greeted, self.envelope) = (true, None);
                let reply = format!("250 {}", self.client.name());
                self.reply(&reply, Point::Ehlo).await
            }
            "STARTTLS" if self.offers_tls() => {
                self.say("220 2.0.0 ready to start TLS").await?;
                self.client.start_tls().await?;
                // RFC 3207 section 4.2: whatever was said before is forgotten.
                (self.is_greeted, self.envelope) = (false, None);
                Ok(Next::Line)
            }
            "MAIL" => {
                let reply = self.mail(argument);
                self.reply_in_group(reply, Point::Mail).await
            }
            "RCPT" => {
                let reply = self.rcpt(argument);
                self.reply_in_group(reply, Point::Rcpt).await
            }
            "DATA" => self.data().await,
            "RSET" => {
                self.envelope = None;
                self.say("250 2.0.0 forgotten").await
            }
            "NOOP" => self.say("250 2.0.0 ok").await,
            "QUIT" => {
                let goodbye = self.voiced(|voice| &voice.quit);
                self.say(goodbye.as_deref().unwrap_or("221 2.0.0 bye")).await?;
                Ok(Next::Close)
            }
            _ => self.say("500 5.5.2 no such command").await,
        }
    }

    /// What the sink says instead of its own words.
    fn voiced(&self, which: fn(&Voice) -> &Vec<u8>) -> Option<String> {
        let text = self.client.fill(which(self.sink.options.voice.as_ref()?));
        Some(String::from_utf8_lossy(&text).trim_end().to_owned())
    }

    fn offers_tls(&self) -> bool {
        self.client.has_certificate() && !self.client.is_encrypted()
    }

    async fn greet(&mut self) -> io::Result<Next> {
        (self.is_greeted, self.envelope) = (true, None);
        let is_encrypted = self.client.is_encrypted();
        let voiced: fn(&Voice) -> &Vec<u8> = match is_encrypted {
            true => |voice| &voice.ehlo_tls,
            false => |voice| &voice.ehlo,
        };
        if let Some(reply) = self.voiced(voiced) {
            return self.reply(&reply, Point::Ehlo).await;
        }
        let options = &self.sink.options;
        let mut lines = vec![self.client.name().to_owned()];
        lines.extend(options.pipelining.then(|| "PIPELINING".to_owned()));
        lines.extend([format!("SIZE {}", options.size), "8BITMIME".to_owned()]);
        lines.extend(self.offers_tls().then(|| "STARTTLS".to_owned()));
        let reply = format!("250-{}\r\n250 ENHANCEDSTATUSCODES", lines.join("\r\n250-"));
        self.reply(&reply, Point::Ehlo).await
    }

    fn mail(&mut self, argument: &str) -> &'static str {
        if !self.is_greeted {
            return "503 5.5.1 EHLO first";
        }
        if self.envelope.is_some() {
            return "503 5.5.1 there is a sender already";
        }
        let Some((from, parameters)) = path(argument, "FROM:") else {
            return "501 5.5.4 MAIL FROM:<address>";
        };
        if let Some(refusal) = refuse_parameters(&parameters, self.sink.options.size) {
            return refusal;
        }
        self.envelope = Some(Envelope { from: from.to_owned(), ..Envelope::default() });
        "250 2.1.0 sender ok"
    }

    fn rcpt(&mut self, argument: &str) -> &'static str {
        let Some(envelope) = &mut self.envelope else { return "503 5.5.1 MAIL first" };
        let to = match path(argument, "TO:") {
            Some((to, parameters)) if parameters.is_empty() && !to.is_empty() => to,
            Some((_, parameters)) if !parameters.is_empty() => return "555 5.5.4 no such parameter",
            _ => return "501 5.5.4 RCPT TO:<address>",
        };
        let reply = verdict(to);
        if reply.starts_with('2') {
            envelope.to.push(to.to_owned());
        } else {
            envelope.is_any_refused = true;
        }
        reply
    }

    async fn data(&mut self) -> io::Result<Next> {
        let Some(envelope) = self.envelope.take() else { return self.say("503 5.5.1 MAIL first").await };
        let goes_on = envelope.is_any_refused && self.sink.options.data_despite_refusal;
        if envelope.to.is_empty() && !goes_on {
            self.envelope = Some(envelope);
            return self.say("554 5.5.1 no valid recipients").await;
        }
        let next = self.reply("354 end the message with a dot", Point::Data).await?;
        if next == Next::Close {
            return Ok(next);
        }
        let Some(message) = self.message().await? else { return Ok(Next::Close) };
        if envelope.to.is_empty() {
            return self.say("554 5.5.1 no valid recipients").await;
        }
        if message.len() as u64 > self.sink.options.size {
            return self.say("552 5.3.4 the message is too large").await;
        }
        let mail =
            Mail { from: envelope.from, to: envelope.to, data: message, tls: self.client.is_encrypted() };
        let number = self.sink.mails.keep(self.client.name(), mail)?;
        if self.sink.dies(Point::Dot) {
            return Ok(Next::Close);
        }
        self.reply(&format!("250 2.0.0 queued as {number}"), Point::Reply).await
    }

    /// The message, unless the connection ends before it does.
    async fn message(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut content = Content::default();
        let mut is_first = true;
        while !content.is_done() {
            let bytes = self.client.peek().await?;
            if bytes.is_empty() || (std::mem::take(&mut is_first) && self.sink.dies(Point::Content)) {
                return Ok(None);
            }
            let count = content.take(bytes);
            self.client.consume(count);
        }
        Ok(Some(content.into_message()))
    }

    /// A reply that may go out with the next.
    async fn reply_in_group(&mut self, text: &str, point: Point) -> io::Result<Next> {
        if !self.sink.options.holds_replies {
            return self.reply(text, point).await;
        }
        self.held.extend_from_slice(text.as_bytes());
        self.held.extend_from_slice(b"\r\n");
        Ok(if self.sink.dies(point) { Next::Close } else { Next::Line })
    }

    async fn reply(&mut self, text: &str, point: Point) -> io::Result<Next> {
        let next = self.say(text).await?;
        Ok(if self.sink.dies(point) { Next::Close } else { next })
    }

    async fn say(&mut self, text: &str) -> io::Result<Next> {
        let mut bytes = std::mem::take(&mut self.held);
        bytes.extend_from_slice(text.as_bytes());
        bytes.extend_from_slice(b"\r\n");
        self.client.send(&bytes).await?;
        Ok(Next::Line)
    }
}
