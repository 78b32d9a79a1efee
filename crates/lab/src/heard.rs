//! What the servers have heard, for assertions.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Lines kept a server; a load test does not fill the memory.
const MOST: usize = 100_000;

/// The lines of the clients, by server name.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    lines: Mutex<HashMap<String, Vec<String>>>,
}

impl Heard {
    pub(crate) fn note(&self, server: &str, line: &[u8]) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if !lines.contains_key(server) {
            lines.insert(server.to_owned(), Vec::new());
        }
        if let Some(lines) = lines.get_mut(server).filter(|lines| lines.len() < MOST) {
            lines.push(String::from_utf8_lossy(line).into_owned());
        }
    }

    pub(crate) fn of(&self, server: &str) -> Vec<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.get(server).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_kept_a_server_and_in_order() {
        let heard = Heard::default();
        heard.note("a.example", b"EHLO x");
        heard.note("a.example", b"caf\xe9");
        heard.note("b.example", b"QUIT");
        assert_eq!(heard.of("a.example"), ["EHLO x", "caf\u{fffd}"]);
        assert_eq!(heard.of("c.example"), Vec::<String>::new());
    }
}
