//! A message of arbitrary bytes, and sending it in a few lines of plain SMTP.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddrV4, TcpStream};
use std::time::Duration;

/// Lines without their ends.
pub(super) type Lines = Vec<Vec<u8>>;

/// Lines of every byte that a line may hold, and the lines that are hard to carry.
pub(super) fn random_body() -> Lines {
    const LINES: u64 = 200;
    // RFC 5321 section 4.5.3.1.6: 1000 octets with CRLF.
    const LONGEST: u64 = 998;
    let keys = RandomState::new();
    let random = |line: u64, at: u64| {
        let mut hasher = keys.build_hasher();
        hasher.write_u64(line);
        hasher.write_u64(at);
        hasher.finish()
    };
    let byte = |line, at| match random(line, at).to_be_bytes()[0] {
        b'\r' | b'\n' | 0 => b'.',
        byte => byte,
    };
    let mut lines: Lines =
        ["", ".", "..", ".x", "From x", "", "."].map(|line| line.as_bytes().to_vec()).into();
    lines.extend((1..=LINES).map(|line| (1..=random(line, 0) % LONGEST).map(|at| byte(line, at)).collect()));
    lines.push(vec![b'.'; LONGEST as usize]);
    lines.push(Vec::new());
    lines
}

/// The lines as a file holds them.
pub(super) fn with_lf(lines: &[Vec<u8>]) -> Vec<u8> {
    lines.iter().flat_map(|line| line.iter().copied().chain([b'\n'])).collect()
}

/// A session with a server.
#[derive(Debug)]
pub(super) struct Session {
    stream: BufReader<TcpStream>,
}

impl Session {
    /// Connects, and says EHLO.
    pub(super) fn open(server: SocketAddrV4) -> Result<Self, String> {
        const LIMIT: Duration = Duration::from_secs(30);
        let connect = || {
            let stream = TcpStream::connect_timeout(&server.into(), LIMIT)?;
            stream.set_read_timeout(Some(LIMIT))?;
            stream.set_write_timeout(Some(LIMIT))?;
            Ok(stream)
        };
        let stream = connect().map_err(|error: std::io::Error| format!("{server}: {error}"))?;
        let mut session = Self { stream: BufReader::new(stream) };
        session.reply("220")?;
        session.say("EHLO [127.0.0.1]", "250")?;
        Ok(session)
    }

    /// Sends a line; its reply must begin with `code`.
    pub(super) fn say(&mut self, line: &str, code: &str) -> Result<(), String> {
        self.write(format!("{line}\r\n").as_bytes())?;
        self.reply(code).map_err(|why| format!("{line}: {why}"))
    }

    /// Sends a message from the null sender, up to its acceptance.
    pub(super) fn deliver(&mut self, recipient: &str, lines: &[Vec<u8>]) -> Result<(), String> {
        self.say("MAIL FROM:<> BODY=8BITMIME", "250")?;
        self.say(&format!("RCPT TO:<{recipient}>"), "250")?;
        self.say("DATA", "354")?;
        self.write(&with_dots(lines))?;
        self.say(".", "250")
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.stream.get_mut().write_all(bytes).map_err(|error| error.to_string())
    }

    fn reply(&mut self, code: &str) -> Result<(), String> {
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).map_err(|error| error.to_string())?;
            if !line.starts_with(code) {
                return Err(format!("expected {code}, not {:?}", line.trim_end()));
            }
            if line.as_bytes().get(code.len()) != Some(&b'-') {
                return Ok(());
            }
        }
    }
}

/// RFC 5321 section 4.5.2: a line that begins with a dot gets another.
fn with_dots(lines: &[Vec<u8>]) -> Vec<u8> {
    let dot = |line: &[u8]| if line.starts_with(b".") { &b"."[..] } else { b"" };
    lines.iter().flat_map(|line| [dot(line), line, b"\r\n"].concat()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_begin_with_a_dot() {
        let lines = ["a", ".", "..b", ""].map(|line| line.as_bytes().to_vec());
        assert_eq!(with_dots(&lines), b"a\r\n..\r\n...b\r\n\r\n");
        assert_eq!(with_lf(&lines), b"a\n.\n..b\n\n");
    }

    #[test]
    fn a_random_body_is_another_each_time_and_keeps_to_lines() {
        let body = random_body();
        assert_ne!(body, random_body());
        assert!(
            body.iter().all(|line| line.len() <= 998 && !line.iter().any(|byte| b"\r\n\0".contains(byte)))
        );
    }
}
