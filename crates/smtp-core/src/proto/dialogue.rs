//! Dialogue files (`scenarios/*.smtp`): what a server says, and what it expects to hear.
//!
//! One file is documentation, test fixture and server at once. A line is a directive:
//!
//! | line | meaning |
//! |---|---|
//! | `# text` | a comment; the first one is the title |
//! | `expect STATUS [CODE PHASE]` | the outcome of `smtp-ping`, as the record says it |
//! | `S: text` | the server sends a line; CRLF is added |
//! | `S= bytes` | the server sends just these bytes |
//! | `packet` | what follows goes out in a packet of its own; lines are else sent together |
//! | `C: pattern` | the server waits for a line; `*` stands for anything, case is ignored |
//! | `pause TIME` | the server waits: `5s`, `100ms` |
//! | `drip TIME bytes` | a byte each TIME |
//! | `flood N bytes` | the bytes N times over |
//! | `tls` | the server shakes hands; as the first line: TLS from the first byte |
//! | `tls-hello` | the server waits for the client's first words of a handshake, and does not answer them |
//! | `silence` | says nothing more and waits until the client leaves |
//! | `close`, `reset` | ends the connection in order, or with RST |
//! | `again` | what follows is said on the client's next connection |
//!
//! Escapes in what is sent: `\r \n \t \0 \\ \xNN`. `%NAME%` becomes the server's own name and
//! `%PEER%` the client's address. After the last line the connection closes. Where the server waits for
//! `RCPT TO:<address>`, the outcome is that of `smtp-ping --rcpt address`; where it waits for `LHLO`,
//! that of `smtp-ping --lmtp`.

mod bytes;

use std::fmt;
use std::time::Duration;

use bytes::unescape;
pub use bytes::{fill, fits};

/// A parsed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialogue {
    /// The first comment.
    pub title: String,
    /// What `smtp-ping` makes of it.
    pub expect: Expect,
    /// What happens, in order.
    pub turns: Vec<Turn>,
    /// What happens on the next connection; nothing if that is like the first.
    pub again: Vec<Turn>,
}

/// The outcome that a file states.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expect {
    /// `ok`, `fail` or `unknown`.
    pub status: String,
    /// The code of the error, for another status than `ok`.
    pub code: Option<String>,
    /// Its phase.
    pub phase: Option<String>,
}

/// One step of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// Send these bytes in one packet.
    Send(Vec<u8>),
    /// Wait for a line that fits the pattern.
    Receive(String),
    /// Do nothing for a while.
    Pause(Duration),
    /// Send one byte each `every`.
    Drip {
        /// What is sent.
        bytes: Vec<u8>,
        /// The time before each byte.
        every: Duration,
    },
    /// Send `bytes`, `count` times over.
    Flood {
        /// What is sent.
        bytes: Vec<u8>,
        /// How many times.
        count: usize,
    },
    /// Shake hands: from here on everything is inside TLS.
    Tls,
    /// Wait for the first words of the client's handshake; what comes next takes the place of an answer.
    TlsHello,
    /// Say nothing more until the client leaves.
    Silence,
    /// End of stream.
    Close,
    /// RST.
    Reset,
}

/// A line that is no directive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialogueError {
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl fmt::Display for DialogueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

impl std::error::Error for DialogueError {}

impl Dialogue {
    /// Reads a file.
    pub fn parse(text: &str) -> Result<Self, DialogueError> {
        let mut dialogue =
            Self { title: String::new(), expect: Expect::default(), turns: Vec::new(), again: Vec::new() };
        let mut same_packet = false;
        for (index, line) in text.lines().enumerate() {
            let fail = |problem| DialogueError { line: index + 1, problem };
            let line = line.trim_end_matches('\r');
            if let Some(comment) = line.strip_prefix('#') {
                if dialogue.title.is_empty() {
                    dialogue.title = comment.trim().to_owned();
                }
                continue;
            }
            if line.trim().is_empty() {
                continue;
            }
            if let Some(expect) = line.strip_prefix("expect ") {
                let mut words = expect.split_ascii_whitespace().map(str::to_owned);
                dialogue.expect = Expect {
                    status: words.next().unwrap_or_default(),
                    code: words.next(),
                    phase: words.next(),
                };
                continue;
            }
            if line == "again" {
                dialogue.again = std::mem::take(&mut dialogue.turns);
                same_packet = false;
                continue;
            }
            let (sent, rest) = match directive(line).map_err(fail)? {
                Parsed::Sent(bytes) => (Some(bytes), None),
                Parsed::Turn(turn) => (None, Some(turn)),
                Parsed::Packet => (None, None),
            };
            match (sent, dialogue.turns.last_mut()) {
                (Some(bytes), Some(Turn::Send(before))) if same_packet => before.extend(bytes),
                (Some(bytes), _) => {
                    dialogue.turns.push(Turn::Send(bytes));
                    same_packet = true;
                }
                (None, _) => {
                    same_packet = false;
                    dialogue.turns.extend(rest);
                }
            }
        }
        if !dialogue.again.is_empty() {
            std::mem::swap(&mut dialogue.turns, &mut dialogue.again);
        }
        if dialogue.expect.status.is_empty() {
            return Err(DialogueError { line: text.lines().count(), problem: "no expect line" });
        }
        Ok(dialogue)
    }
}

impl Dialogue {
    /// Whom the client is to ask for: the addresses in the patterns of RCPT.
    pub fn recipients(&self) -> Vec<&str> {
        self.patterns().filter_map(|pattern| pattern.strip_prefix("RCPT TO:<")?.strip_suffix('>')).collect()
    }

    /// Whether the client is to speak LMTP.
    pub fn is_lmtp(&self) -> bool {
        self.patterns().any(|pattern| pattern.starts_with("LHLO"))
    }

    fn patterns(&self) -> impl Iterator<Item = &str> {
        self.turns.iter().filter_map(|turn| match turn {
            Turn::Receive(pattern) => Some(pattern.as_str()),
            _ => None,
        })
    }

    /// What happens on the client's connection of this number, from 0.
    pub fn on_connection(&self, number: usize) -> &[Turn] {
        if number % 2 == 1 && !self.again.is_empty() { &self.again } else { &self.turns }
    }

    /// Whether TLS comes before the greeting.
    pub fn is_implicit(&self) -> bool {
        self.turns.first() == Some(&Turn::Tls)
    }
}

enum Parsed {
    Sent(Vec<u8>),
    Turn(Turn),
    Packet,
}

fn directive(line: &str) -> Result<Parsed, &'static str> {
    if let Some(text) = line.strip_prefix("S:") {
        let mut bytes = unescape(text.strip_prefix(' ').unwrap_or(text))?;
        bytes.extend_from_slice(b"\r\n");
        return Ok(Parsed::Sent(bytes));
    }
    if let Some(text) = line.strip_prefix("S=") {
        return Ok(Parsed::Sent(unescape(text.strip_prefix(' ').unwrap_or(text))?));
    }
    if let Some(pattern) = line.strip_prefix("C:") {
        return Ok(Parsed::Turn(Turn::Receive(pattern.trim().to_owned())));
    }
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    Ok(Parsed::Turn(match (word, rest) {
        ("packet", "") => return Ok(Parsed::Packet),
        ("pause", time) => Turn::Pause(duration(time)?),
        ("drip", rest) => {
            let (time, bytes) = rest.split_once(' ').ok_or("drip TIME BYTES")?;
            Turn::Drip { bytes: unescape(bytes)?, every: duration(time)? }
        }
        ("flood", rest) => {
            let (count, bytes) = rest.split_once(' ').ok_or("flood N BYTES")?;
            Turn::Flood { bytes: unescape(bytes)?, count: count.parse().map_err(|_| "flood N BYTES")? }
        }
        ("tls", "") => Turn::Tls,
        ("tls-hello", "") => Turn::TlsHello,
        ("silence", "") => Turn::Silence,
        ("close", "") => Turn::Close,
        ("reset", "") => Turn::Reset,
        _ => return Err("no such directive"),
    }))
}

fn duration(text: &str) -> Result<Duration, &'static str> {
    let (number, unit): (&str, fn(u64) -> Duration) = if let Some(number) = text.strip_suffix("ms") {
        (number, Duration::from_millis)
    } else if let Some(number) = text.strip_suffix('s') {
        (number, Duration::from_secs)
    } else {
        return Err("a time is written 5s or 100ms");
    };
    number.parse().map(unit).map_err(|_| "a time is written 5s or 100ms")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_go_out_together_unless_a_packet_mark_divides_them() {
        let dialogue =
            Dialogue::parse("# title\nexpect ok\nS: 220-a\nS: 220 b\npacket\nS= 25\nC: QUIT\nclose\n")
                .unwrap();
        assert_eq!(dialogue.title, "title");
        assert_eq!(
            dialogue.turns,
            [
                Turn::Send(b"220-a\r\n220 b\r\n".to_vec()),
                Turn::Send(b"25".to_vec()),
                Turn::Receive("QUIT".into()),
                Turn::Close
            ]
        );
    }

    #[test]
    fn what_was_said_before_a_handshake_is_not_said_inside() {
        let dialogue = Dialogue::parse("expect ok\nS: 220 go\ntls\nS: 250 x\ntls-hello\n").unwrap();
        let send = |text: &str| Turn::Send(text.into());
        assert_eq!(dialogue.turns, [send("220 go\r\n"), Turn::Tls, send("250 x\r\n"), Turn::TlsHello]);
        assert!(Dialogue::parse("expect ok\ntls 1.3\n").is_err());
    }

    #[test]
    fn what_the_client_is_to_do_stands_in_the_patterns() {
        let dialogue =
            Dialogue::parse("expect ok\ntls\nC: RCPT TO:<a@b>\nC: RCPT TO:<*>*\nC: RCPT TO:<c@d>\n").unwrap();
        assert_eq!((dialogue.recipients(), dialogue.is_implicit()), (vec!["a@b", "c@d"], true));
        assert!(!Dialogue::parse("expect ok\nS: 220 x\ntls\n").unwrap().is_implicit());
    }

    #[test]
    fn the_next_connection_may_be_another() {
        let dialogue = Dialogue::parse("expect ok\nC: LHLO *\nclose\nagain\nC: HELO *\n").unwrap();
        assert_eq!(dialogue.turns, [Turn::Receive("LHLO *".into()), Turn::Close]);
        assert_eq!(dialogue.on_connection(1), [Turn::Receive("HELO *".into())]);
        assert_eq!(dialogue.on_connection(2), dialogue.turns);
        assert!(dialogue.is_lmtp());
    }

    #[test]
    fn an_unknown_directive_names_its_line() {
        let error = Dialogue::parse("expect ok\nX: what\n").unwrap_err();
        assert_eq!(error.to_string(), "line 2: no such directive");
        assert!(Dialogue::parse("S: 220 a\n").is_err());
    }
}
