//! From a message as it was given to the octets that go over the wire.

use std::fmt;
use std::sync::Arc;

use smtp_core::proto::Content;

/// A message ready to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) content: Content,
    /// The Message-ID without brackets, if it has one.
    pub(crate) id: Option<String>,
}

/// Why a message cannot be sent as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WireError {
    /// A CR that no LF follows (RFC 5321 section 2.3.8).
    BareCr {
        /// Its line, from 1.
        line: usize,
    },
    /// A line of more than 998 octets (RFC 5321 section 4.5.3.1.6).
    LineTooLong {
        /// Its line, from 1.
        line: usize,
    },
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BareCr { line } => write!(f, "line {line} of the message has a CR without LF"),
            Self::LineTooLong { line } => write!(f, "line {line} of the message is longer than 998 octets"),
        }
    }
}

impl Message {
    /// Takes a message with LF or CRLF line ends, with or without the last one, with or without
    /// the `From ` line of an mbox. Each line ends in CRLF then, and a dot that begins one is
    /// doubled (RFC 5321 section 4.5.2).
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, WireError> {
        const MAX_LINE: usize = 998;
        let bytes = match bytes.starts_with(b"From ") {
            true => bytes.iter().position(|&b| b == b'\n').map_or(&[][..], |end| &bytes[end + 1..]),
            false => bytes,
        };
        let mut wire = Vec::with_capacity(bytes.len() + bytes.len() / 32 + 2);
        let mut stuffed = 0;
        let mut rest = bytes;
        let mut number = 0;
        while !rest.is_empty() {
            number += 1;
            let end = rest.iter().position(|&b| b == b'\n');
            let line = &rest[..end.unwrap_or(rest.len())];
            rest = end.map_or(&[], |end| &rest[end + 1..]);
            let line = match end {
                Some(_) => line.strip_suffix(b"\r").unwrap_or(line),
                None => line,
            };
            if line.contains(&b'\r') {
                return Err(WireError::BareCr { line: number });
            }
            if line.len() > MAX_LINE {
                return Err(WireError::LineTooLong { line: number });
            }
            if line.first() == Some(&b'.') {
                wire.push(b'.');
                stuffed += 1;
            }
            wire.extend_from_slice(line);
            wire.extend_from_slice(b"\r\n");
        }
        let size = wire.len() as u64 - stuffed;
        let eight_bit = !wire.is_ascii();
        Ok(Self { id: message_id(bytes), content: Content { wire: Arc::from(wire), size, eight_bit } })
    }
}

/// The Message-ID of the header section, unfolded no further than one line.
fn message_id(bytes: &[u8]) -> Option<String> {
    const NAME: &[u8] = b"message-id:";
    let header = bytes.split(|&b| b == b'\n').take_while(|line| !line.trim_ascii().is_empty());
    let mut value = None;
    for line in header {
        if value == Some(String::new()) {
            value = Some(String::from_utf8_lossy(line.trim_ascii()).into_owned());
            break;
        }
        if line.get(..NAME.len()).is_some_and(|name| name.eq_ignore_ascii_case(NAME)) {
            value = Some(String::from_utf8_lossy(line[NAME.len()..].trim_ascii()).into_owned());
            if value.as_ref().is_some_and(|value| !value.is_empty()) {
                break;
            }
        }
    }
    let value = value?;
    Some(value.trim_matches(['<', '>']).to_owned()).filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wire(bytes: &[u8]) -> Vec<u8> {
        Message::from_bytes(bytes).unwrap().content.wire.to_vec()
    }

    /// What a receiver makes of it (RFC 5321 section 4.5.2).
    fn received(wire: &[u8]) -> Vec<u8> {
        let mut message = Vec::new();
        for line in wire.split_inclusive(|&b| b == b'\n') {
            message.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
        }
        message
    }

    #[test]
    fn dots_at_the_begin_of_a_line_are_doubled() {
        assert_eq!(wire(b".\n..\n.x\na.\n"), b"..\r\n...\r\n..x\r\na.\r\n");
    }

    #[test]
    fn every_line_ends_in_crlf_whatever_it_ended_in() {
        assert_eq!(wire(b"a\nb\r\nc"), b"a\r\nb\r\nc\r\n");
        assert_eq!(wire(b""), b"");
        assert_eq!(wire(b"\n"), b"\r\n");
    }

    #[test]
    fn size_counts_crlf_and_not_the_stuffing() {
        let message = Message::from_bytes(b".\nb").unwrap();
        assert_eq!((message.content.size, message.content.eight_bit), (6, false));
    }

    #[test]
    fn what_cannot_go_over_the_wire_names_its_line() {
        assert_eq!(Message::from_bytes(b"a\nb\rc\n").err(), Some(WireError::BareCr { line: 2 }));
        assert_eq!(Message::from_bytes(b"a\r").err(), Some(WireError::BareCr { line: 1 }));
        assert!(Message::from_bytes(&[b'a'; 998]).is_ok());
        assert_eq!(Message::from_bytes(&[b'a'; 999]).err(), Some(WireError::LineTooLong { line: 1 }));
    }

    #[test]
    fn the_line_of_an_mbox_is_no_part_of_the_message() {
        assert_eq!(wire(b"From me Mon Jan  1\nSubject: x\n"), b"Subject: x\r\n");
    }

    #[test]
    fn the_message_id_is_found_in_the_header_alone() {
        let id = |text: &str| Message::from_bytes(text.as_bytes()).unwrap().id;
        assert_eq!(id("A: b\nMessage-Id: <x@y>\n\nbody").as_deref(), Some("x@y"));
        assert_eq!(id("Message-ID:\r\n <x@y>\r\n\r\nbody").as_deref(), Some("x@y"));
        assert_eq!(id("A: b\n\nMessage-ID: <x@y>\n"), None);
    }

    proptest! {
        #[test]
        fn what_is_received_is_what_was_meant(lines in prop::collection::vec("[.a\u{e9}]{0,6}", 0..20)) {
            let meant: Vec<u8> = lines.iter().flat_map(|line| [line.as_bytes(), b"\r\n"].concat()).collect();
            prop_assert_eq!(received(&wire(&meant)), meant.clone());
            prop_assert_eq!(received(&wire(lines.join("\n").as_bytes())).len() <= meant.len() + 2, true);
        }

        #[test]
        fn no_message_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Message::from_bytes(&bytes);
        }
    }
}
