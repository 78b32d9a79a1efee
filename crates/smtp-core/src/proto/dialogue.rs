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
//! | `silence` | says nothing more and waits until the client leaves |
//! | `close`, `reset` | ends the connection in order, or with RST |
//!
//! Escapes in what is sent: `\r \n \t \0 \\ \xNN`. `%NAME%` becomes the server's own name and
//! `%PEER%` the client's address. After the last line the connection closes.

use std::fmt;
use std::time::Duration;

/// A parsed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialogue {
    /// The first comment.
    pub title: String,
    /// What `smtp-ping` makes of it.
    pub expect: Expect,
    /// What happens, in order.
    pub turns: Vec<Turn>,
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
        let mut dialogue = Self { title: String::new(), expect: Expect::default(), turns: Vec::new() };
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
        if dialogue.expect.status.is_empty() {
            return Err(DialogueError { line: text.lines().count(), problem: "no expect line" });
        }
        Ok(dialogue)
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

fn unescape(text: &str) -> Result<Vec<u8>, &'static str> {
    let mut bytes = Vec::with_capacity(text.len() + 2);
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match (byte, byte == b'\\') {
            (_, false) => byte,
            _ => match rest.next() {
                Some(b'r') => b'\r',
                Some(b'n') => b'\n',
                Some(b't') => b'\t',
                Some(b'0') => 0,
                Some(b'\\') => b'\\',
                Some(b'x') => {
                    let digits = [rest.next(), rest.next()];
                    let value = |digit: Option<u8>| digit.and_then(|d| char::from(d).to_digit(16));
                    match (value(digits[0]), value(digits[1])) {
                        (Some(high), Some(low)) => (high * 16 + low) as u8,
                        _ => return Err("\\x takes two hexadecimal digits"),
                    }
                }
                _ => return Err("no such escape"),
            },
        });
    }
    Ok(bytes)
}

/// Whether a client's line (without its end) fits a pattern; `*` stands for anything.
pub fn fits(pattern: &str, line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(line).to_ascii_lowercase();
    let pattern = pattern.to_ascii_lowercase();
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    let mut last = None;
    for part in parts {
        if let Some(middle) = last.replace(part) {
            let Some(at) = rest.find(middle) else { return false };
            rest = &rest[at + middle.len()..];
        }
    }
    match last {
        None => rest.is_empty(),
        Some(end) => rest.ends_with(end),
    }
}

/// Puts the server's name and the client's address in the place of `%NAME%` and `%PEER%`.
pub fn fill(bytes: &[u8], name: &str, peer: &str) -> Vec<u8> {
    let mut filled = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, after)) = rest.split_first() {
        let (text, token) = if rest.starts_with(b"%NAME%") {
            (name.as_bytes(), 6)
        } else if rest.starts_with(b"%PEER%") {
            (peer.as_bytes(), 6)
        } else {
            filled.push(byte);
            rest = after;
            continue;
        };
        filled.extend_from_slice(text);
        rest = &rest[token..];
    }
    filled
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
    fn an_unknown_directive_names_its_line() {
        let error = Dialogue::parse("expect ok\nX: what\n").unwrap_err();
        assert_eq!(error.to_string(), "line 2: no such directive");
        assert!(Dialogue::parse("S: 220 a\n").is_err());
    }

    #[test]
    fn escapes_make_any_byte() {
        assert_eq!(unescape(r"\x1b[31m\0\\\r\n"), Ok(b"\x1b[31m\0\\\r\n".to_vec()));
        assert!(unescape(r"\q").is_err());
        assert!(unescape(r"\x1").is_err());
    }

    #[test]
    fn a_star_stands_for_anything() {
        assert!(fits("EHLO *", b"ehlo host.example"));
        assert!(fits("*", b""));
        assert!(fits("MAIL FROM:<*>*SIZE=*", b"MAIL FROM:<a@b> BODY=7BIT SIZE=12"));
        assert!(!fits("QUIT", b"QUIT now"));
        assert!(!fits("EHLO *", b"HELO host"));
    }

    #[test]
    fn names_are_filled_in() {
        assert_eq!(
            fill(b"220 %NAME% sees %PEER% 100%", "mx.example", "127.0.0.1"),
            b"220 mx.example sees 127.0.0.1 100%"
        );
    }
}
