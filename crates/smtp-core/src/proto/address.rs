//! Envelope addresses (RFC 5321 section 4.1.2, RFC 6531 section 3.3).

use std::fmt;

/// An address as it stands between the brackets of MAIL and RCPT, free of anything that could end
/// the path or the line. Empty: the null sender.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Mailbox(String);

/// Why a text is no envelope address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailboxError {
    /// CR, LF or NUL: an attempt to smuggle a command.
    Injection,
    /// A blank, a control or a bracket outside quotes.
    Character(char),
    /// No local part, or one of more than 64 octets, or more than 254 in all.
    Length,
    /// An `@` without a domain behind it.
    Domain,
}

impl fmt::Display for MailboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Injection => f.write_str("a line end or NUL in an address"),
            Self::Character(c) => write!(f, "an address cannot hold {c:?} outside quotes"),
            Self::Length => f.write_str("an address has 1 to 64 octets before the @ and 254 in all"),
            Self::Domain => f.write_str("an address has a domain behind its @"),
        }
    }
}

impl std::error::Error for MailboxError {}

impl Mailbox {
    /// The null sender, `<>`.
    pub const fn null() -> Self {
        Self(String::new())
    }

    /// Reads `user@domain`, with or without brackets, or a local part alone (`postmaster`);
    /// `<>` is the null sender.
    ///
    /// # Errors
    /// When it cannot stand in an envelope.
    pub fn parse(text: &str) -> Result<Self, MailboxError> {
        if text.contains(['\r', '\n', '\0']) {
            return Err(MailboxError::Injection);
        }
        let text = text.trim_matches(' ');
        let bare = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(text);
        if bare.is_empty() {
            return if text == "<>" { Ok(Self::null()) } else { Err(MailboxError::Length) };
        }
        // Quotes stand around a whole local part and nowhere else (RFC 5321 section 4.1.2): inside a
        // domain they would hide the end of the path.
        let local_end = match bare.strip_prefix('"') {
            None => 0,
            Some(rest) => 1 + quoted_end(rest)?,
        };
        let plain = &bare[local_end..];
        if local_end > 0 && !plain.is_empty() && !plain.starts_with('@') {
            return Err(MailboxError::Character('"'));
        }
        let is_bad = |c: &char| matches!(c, '"' | ' ' | '<' | '>' | '\\') || c.is_control();
        if let Some(c) = plain.chars().find(is_bad) {
            return Err(MailboxError::Character(c));
        }
        let local = match bare.rsplit_once('@') {
            Some((_, "")) => return Err(MailboxError::Domain),
            Some((local, _)) => local,
            None => bare,
        };
        match local.len() {
            1..=64 if bare.len() <= 254 => Ok(Self(bare.to_owned())),
            _ => Err(MailboxError::Length),
        }
    }

    /// The address without brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the null sender.
    pub fn is_null(&self) -> bool {
        self.0.is_empty()
    }

    /// What follows the last `@`.
    pub fn domain(&self) -> Option<&str> {
        self.0.rsplit_once('@').map(|(_, domain)| domain)
    }

    /// As records show it: the null sender is `<>`.
    pub fn shown(&self) -> String {
        if self.is_null() { "<>".to_owned() } else { self.0.clone() }
    }
}

/// Where a quoted string ends, its closing quote included; it begins behind the opening one.
fn quoted_end(text: &str) -> Result<usize, MailboxError> {
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok(at + 1),
            '\\' => match chars.next() {
                Some((_, c)) if c.is_control() => return Err(MailboxError::Character(c)),
                _ => {}
            },
            c if c.is_control() => return Err(MailboxError::Character(c)),
            _ => {}
        }
    }
    Err(MailboxError::Character('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_hides_nothing_outside_a_local_part() {
        for text in
            ["x@y\"> NOTIFY=NEVER FOO=\"", "a\"b\"@c", "\"a\"b@c", "\"a@b", "\"a\\\u{1b}\"@b", "a\\@b"]
        {
            assert!(matches!(Mailbox::parse(text), Err(MailboxError::Character(_))), "{text}");
        }
        assert!(Mailbox::parse("\"a> \\\" b\"@c.example").is_ok());
    }

    #[test]
    fn addresses_with_and_without_brackets_and_the_null_sender() {
        let read = |text| Mailbox::parse(text).map(|mailbox| mailbox.shown());
        assert_eq!(read("a@b.example").as_deref(), Ok("a@b.example"));
        assert_eq!(read("<a@b.example>").as_deref(), Ok("a@b.example"));
        assert_eq!(read("<>").as_deref(), Ok("<>"));
        assert_eq!(read("postmaster").as_deref(), Ok("postmaster"));
        assert_eq!(read("\"a b\"@b.example").as_deref(), Ok("\"a b\"@b.example"));
        assert_eq!(read("jörg@bücher.example").as_deref(), Ok("jörg@bücher.example"));
    }

    #[test]
    fn what_could_end_the_path_or_the_line_is_refused() {
        assert_eq!(Mailbox::parse("a@b>\r\nRCPT TO:<c@d"), Err(MailboxError::Injection));
        assert_eq!(Mailbox::parse("a@b> x"), Err(MailboxError::Character('>')));
        assert_eq!(Mailbox::parse("a b@c"), Err(MailboxError::Character(' ')));
        assert_eq!(Mailbox::parse("\"a@b"), Err(MailboxError::Character('"')));
        assert_eq!(Mailbox::parse("a\u{7f}@b"), Err(MailboxError::Character('\u{7f}')));
        assert_eq!(Mailbox::parse(""), Err(MailboxError::Length));
        assert_eq!(Mailbox::parse("a@"), Err(MailboxError::Domain));
        assert_eq!(Mailbox::parse(&format!("{}@b", "a".repeat(65))), Err(MailboxError::Length));
    }
}
