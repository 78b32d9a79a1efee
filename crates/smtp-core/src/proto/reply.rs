//! Replies, and reading them from a stream in any split (RFC 5321 section 4.2).

use std::mem;

use super::{Enhanced, Quirk, Quirks};

/// A whole reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The code of the last line, 200 to 599.
    pub code: u16,
    /// The text of each line without code, separator and line end; bytes that are not UTF-8 are
    /// replaced by U+FFFD. Untrusted: it may hold any control character but LF.
    pub lines: Vec<String>,
    /// Whether bytes had to be replaced.
    pub invalid_utf8: bool,
}

impl Reply {
    /// A reply of valid lines.
    pub fn new(code: u16, lines: Vec<String>) -> Self {
        Self { code, lines, invalid_utf8: false }
    }

    /// The lines, joined by LF.
    pub fn text(&self) -> String {
        self.lines.join("\n")
    }

    /// The enhanced status code that starts the text, if there is one of the right class.
    pub fn enhanced(&self) -> Option<Enhanced> {
        Enhanced::from_text(self.code, self.lines.first()?)
    }

    /// 2yz.
    pub fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }

    /// 4yz: trying again later may help.
    pub fn is_transient(&self) -> bool {
        self.code / 100 == 4
    }

    /// 5yz.
    pub fn is_permanent(&self) -> bool {
        self.code / 100 == 5
    }
}

/// How much of a reply is taken before it counts as broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Octets of one line, line end included.
    pub line: usize,
    /// Octets of a whole reply.
    pub reply: usize,
    /// Lines of a whole reply.
    pub lines: usize,
}

impl Default for Bounds {
    /// 8 KiB a line, 64 KiB and 1,000 lines a reply: far above the 512 octets that RFC 5321
    /// section 4.5.3.1.5 grants, since real servers go beyond those.
    fn default() -> Self {
        Self { line: 8 * 1024, reply: 64 * 1024, lines: 1_000 }
    }
}

/// Why the bytes received are no reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplyError {
    /// This line has not the form of a reply line; its beginning.
    Malformed(String),
    /// A bound was passed.
    TooLong,
}

/// Assembles replies from bytes that come in any split.
#[derive(Debug, Clone, Default)]
pub struct ReplyParser {
    bounds: Bounds,
    line: Vec<u8>,
    lines: Vec<String>,
    code: Option<u16>,
    octets: usize,
    invalid_utf8: bool,
}

impl ReplyParser {
    /// A parser with the default [`Bounds`].
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes off `input` until a reply is whole (`Some`) or the input used up (`None`).
    /// After an error the stream is beyond repair.
    pub fn parse(&mut self, input: &mut &[u8], quirks: &mut Quirks) -> Option<Result<Reply, ReplyError>> {
        while !input.is_empty() {
            let room = self.bounds.line - self.line.len();
            let end = input.iter().take(room).position(|&b| b == b'\n');
            let taken = end.map_or(room.min(input.len()), |at| at + 1);
            self.line.extend_from_slice(&input[..taken]);
            self.octets += taken;
            *input = &input[taken..];
            if self.octets > self.bounds.reply || (end.is_none() && self.line.len() >= self.bounds.line) {
                return Some(Err(ReplyError::TooLong));
            }
            end?;
            match self.take_line(quirks) {
                Ok(Some(reply)) => return Some(Ok(reply)),
                Ok(None) => {}
                Err(error) => return Some(Err(error)),
            }
        }
        None
    }

    /// The bytes of the line that has no end yet.
    pub fn partial(&self) -> &[u8] {
        &self.line
    }

    /// Whether whole lines are there of a reply that is not whole.
    pub fn has_lines(&self) -> bool {
        !self.lines.is_empty()
    }

    /// The text of the first of them.
    pub fn first_line(&self) -> Option<&str> {
        self.lines.first().map(String::as_str)
    }

    fn take_line(&mut self, quirks: &mut Quirks) -> Result<Option<Reply>, ReplyError> {
        let mut line = mem::take(&mut self.line);
        if line.len() > RFC_LINE {
            quirks.insert(Quirk::LongLine);
        }
        if line.contains(&0) {
            quirks.insert(Quirk::Nul);
        }
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        } else {
            quirks.insert(Quirk::BareLf);
        }
        let Some((code, last, text)) = split_line(&line) else {
            return Err(ReplyError::Malformed(excerpt(&line)));
        };
        if self.code.is_some_and(|before| before != code) {
            quirks.insert(Quirk::MixedCodes);
        }
        if code / 10 % 10 > 5 {
            quirks.insert(Quirk::OddCode);
        }
        self.code = Some(code);
        self.lines.push(match std::str::from_utf8(text) {
            Ok(text) => text.to_owned(),
            Err(_) => {
                self.invalid_utf8 = true;
                String::from_utf8_lossy(text).into_owned()
            }
        });
        // The buffer is kept for the next line.
        line.clear();
        self.line = line;
        if !last {
            return if self.lines.len() >= self.bounds.lines { Err(ReplyError::TooLong) } else { Ok(None) };
        }
        self.octets = 0;
        self.code = None;
        Ok(Some(Reply {
            code,
            lines: mem::take(&mut self.lines),
            invalid_utf8: mem::take(&mut self.invalid_utf8),
        }))
    }
}

/// Octets of a reply line that RFC 5321 section 4.5.3.1.5 grants, line end included.
const RFC_LINE: usize = 512;

/// Code, whether it is the last line, text. A line may be the code alone (section 4.2).
fn split_line(line: &[u8]) -> Option<(u16, bool, &[u8])> {
    let (digits, rest) = line.split_at_checked(3)?;
    if !digits.iter().all(u8::is_ascii_digit) || !(b'2'..=b'5').contains(&digits[0]) {
        return None;
    }
    let code = digits.iter().fold(0, |code, &digit| code * 10 + u16::from(digit - b'0'));
    match rest.split_first() {
        None => Some((code, true, rest)),
        Some((b' ', text)) => Some((code, true, text)),
        Some((b'-', text)) => Some((code, false, text)),
        Some(_) => None,
    }
}

/// The beginning of what was received, as text.
pub(crate) fn excerpt(bytes: &[u8]) -> String {
    const LENGTH: usize = 200;
    String::from_utf8_lossy(&bytes[..bytes.len().min(LENGTH)]).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse_all(chunks: &[&[u8]]) -> (Vec<Result<Reply, ReplyError>>, Quirks) {
        let (mut parser, mut quirks, mut replies) = (ReplyParser::new(), Quirks::new(), Vec::new());
        'all: for chunk in chunks {
            let mut input = *chunk;
            while let Some(result) = parser.parse(&mut input, &mut quirks) {
                let stop = result.is_err();
                replies.push(result);
                if stop {
                    break 'all;
                }
            }
        }
        (replies, quirks)
    }

    fn one(bytes: &[u8]) -> Result<Reply, ReplyError> {
        parse_all(&[bytes]).0.remove(0)
    }

    #[test]
    fn a_code_alone_is_a_reply() {
        assert_eq!(one(b"250\r\n"), Ok(Reply::new(250, vec![String::new()])));
    }

    #[test]
    fn several_lines_are_one_reply() {
        let reply = one(b"220-first\r\n220-\r\n220 last\r\n").unwrap();
        assert_eq!(reply.text(), "first\n\nlast");
    }

    #[test]
    fn two_replies_in_one_packet_are_two() {
        let (replies, _) = parse_all(&[b"250 a\r\n221 b\r\n"]);
        assert_eq!(replies.iter().map(|r| r.as_ref().unwrap().code).collect::<Vec<_>>(), [250, 221]);
    }

    #[test]
    fn of_differing_codes_the_last_counts() {
        let (replies, quirks) = parse_all(&[b"250-a\r\n251-b\r\n550 c\r\n"]);
        assert_eq!(replies[0].as_ref().unwrap().code, 550);
        assert!(quirks.contains(&Quirk::MixedCodes));
    }

    #[test]
    fn a_bare_lf_ends_a_line_and_is_a_quirk() {
        let (replies, quirks) = parse_all(&[b"250 a\n"]);
        assert_eq!(replies[0].as_ref().unwrap().text(), "a");
        assert!(quirks.contains(&Quirk::BareLf));
    }

    #[test]
    fn codes_outside_two_to_five_hundred_are_no_reply() {
        for line in [
            &b"123 x\r\n"[..],
            b"699 x\r\n",
            b"25 x\r\n",
            b"250x\r\n",
            b"SSH-2.0-x\r\n",
            b"\r\n",
            b"\0\0\0\r\n",
        ] {
            assert!(matches!(one(line), Err(ReplyError::Malformed(_))), "{line:?}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_are_replaced_and_told() {
        let reply = one(b"220 caf\xe9 \x1b[31m\r\n").unwrap();
        assert_eq!(reply.text(), "caf\u{fffd} \u{1b}[31m");
        assert!(reply.invalid_utf8);
    }

    #[test]
    fn a_line_up_to_the_bound_is_taken_and_one_beyond_is_not() {
        let bounds = Bounds::default();
        let line = |length: usize| [b"220 ", vec![b'a'; length - 6].as_slice(), b"\r\n"].concat();
        assert!(one(&line(bounds.line)).is_ok());
        assert_eq!(one(&line(bounds.line + 1)), Err(ReplyError::TooLong));
        assert_eq!(one(&vec![b'a'; 1 << 20]), Err(ReplyError::TooLong));
    }

    #[test]
    fn a_reply_without_end_is_too_long() {
        assert_eq!(one(&b"250-a\r\n".repeat(2_000)), Err(ReplyError::TooLong));
        let long = [b"250-", vec![b'a'; 4_000].as_slice(), b"\r\n"].concat();
        assert_eq!(one(&long.repeat(30)), Err(ReplyError::TooLong));
    }

    proptest! {
        #[test]
        fn any_split_of_the_bytes_gives_the_same_replies(
            lines in prop::collection::vec("(2|5)[0-9]{2}[ -][ -~]{0,20}\r?\n|[ -~]{0,6}\r\n", 0..12),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let bytes = lines.concat().into_bytes();
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            at.extend([0, bytes.len()]);
            at.sort_unstable();
            let chunks: Vec<&[u8]> = at.windows(2).map(|w| &bytes[w[0]..w[1]]).collect();
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            let whole = parse_all(&[&bytes]);
            prop_assert_eq!(&whole, &parse_all(&chunks));
            prop_assert_eq!(&whole, &parse_all(&single));
        }

        #[test]
        fn no_bytes_make_it_panic_or_hold_more_than_its_bounds(bytes in prop::collection::vec(any::<u8>(), 0..4096)) {
            let (mut parser, mut quirks) = (ReplyParser::new(), Quirks::new());
            let mut input = bytes.as_slice();
            while let Some(Ok(_)) = parser.parse(&mut input, &mut quirks) {}
            prop_assert!(parser.partial().len() <= Bounds::default().line);
        }
    }
}
