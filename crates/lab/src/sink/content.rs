//! The end of a message, and the dots that were put before its lines (RFC 5321 section 4.5.2).

/// Takes a message from the wire, byte by byte. Only CR LF ends a line: a dot between other line
/// ends is content, so that no message can hold another.
#[derive(Debug, Default)]
pub(super) struct Content {
    message: Vec<u8>,
    state: State,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    LineStart,
    Middle,
    Cr,
    /// A dot at the start of a line.
    Dot,
    DotCr,
    Done,
}

impl Content {
    /// Takes of `bytes` what belongs to the message; how many those were.
    pub(super) fn take(&mut self, bytes: &[u8]) -> usize {
        for (index, &byte) in bytes.iter().enumerate() {
            if self.state == State::Done {
                return index;
            }
            self.take_byte(byte);
        }
        bytes.len()
    }

    fn take_byte(&mut self, byte: u8) {
        self.state = match (self.state, byte) {
            (State::LineStart, b'.') => {
                self.state = State::Dot;
                return;
            }
            (State::Dot, b'\r') => {
                self.state = State::DotCr;
                return;
            }
            (State::DotCr, b'\n') => {
                self.state = State::Done;
                return;
            }
            (State::DotCr, _) => {
                self.message.push(b'\r');
                if byte == b'\r' { State::Cr } else { State::Middle }
            }
            (State::Cr, b'\n') => State::LineStart,
            (_, b'\r') => State::Cr,
            _ => State::Middle,
        };
        self.message.push(byte);
    }

    /// Whether the final dot has come.
    pub(super) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    pub(super) fn into_message(self) -> Vec<u8> {
        self.message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The message, and how much of the wire it took.
    fn taken(wire: &[u8]) -> (Vec<u8>, usize) {
        let mut whole = Content::default();
        let count = whole.take(wire);
        let mut pieces = Content::default();
        let piecewise: usize = wire.iter().map(|byte| pieces.take(&[*byte])).sum();
        assert_eq!((&whole.message, count), (&pieces.message, piecewise));
        (whole.into_message(), count)
    }

    #[test]
    fn dots_are_taken_away_and_the_last_one_ends_it() {
        assert_eq!(taken(b".\r\nQUIT"), (b"".to_vec(), 3));
        assert_eq!(taken(b"a\r\n.\r\n"), (b"a\r\n".to_vec(), 6));
        assert_eq!(taken(b"..\r\n..b\r\nc.\r\n.\r\n").0, b".\r\n.b\r\nc.\r\n");
    }

    #[test]
    fn only_cr_lf_ends_a_line() {
        for wire in [&b"a\n.\nb\r\n"[..], b"a\r.\rb\r\n", b"a\n.\r\nb\r\n", b"a\r\r\n"] {
            let (message, count) = taken(&[wire, b".\r\n"].concat());
            assert_eq!((message.as_slice(), count), (wire, wire.len() + 3));
        }
        // A stuffed dot is one whatever follows it.
        assert_eq!(taken(b".\rx\r\n.\r\n").0, b"\rx\r\n");
    }
}
