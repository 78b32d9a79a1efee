//! A header that somebody gave.

use std::fmt;

/// Name and value, free of anything that could begin another header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// Why a text is no header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeaderError {
    /// CR, LF or NUL: an attempt to smuggle another header.
    Injection,
    /// Not `Name: value`, or a name with other characters than RFC 5322 section 2.2 allows.
    Form,
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Injection => f.write_str("a line end or NUL in a header (input.injection)"),
            Self::Form => f.write_str("a header is written `Name: value`"),
        }
    }
}

impl Header {
    /// Takes a name and a value.
    pub(crate) fn new(name: &str, value: &str) -> Result<Self, HeaderError> {
        if name.contains(['\r', '\n', '\0']) || value.contains(['\r', '\n', '\0']) {
            return Err(HeaderError::Injection);
        }
        let is_name = |byte: u8| byte.is_ascii_graphic() && byte != b':';
        if name.is_empty() || !name.bytes().all(is_name) {
            return Err(HeaderError::Form);
        }
        Ok(Self { name: name.to_owned(), value: value.trim().to_owned() })
    }

    /// Reads `Name: value`.
    pub(crate) fn parse(text: &str) -> Result<Self, HeaderError> {
        let (name, value) = text.split_once(':').ok_or(HeaderError::Form)?;
        Self::new(name.trim_end(), value)
    }

    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_end_never_gets_into_a_header() {
        assert_eq!(Header::parse("X-A: b\r\nBcc: c@d"), Err(HeaderError::Injection));
        assert_eq!(Header::new("X\n", "a"), Err(HeaderError::Injection));
        assert_eq!(Header::new("X A", "a"), Err(HeaderError::Form));
        assert_eq!(Header::parse("no colon"), Err(HeaderError::Form));
        assert_eq!(Header::parse("X-A:  b ").map(|h| (h.name, h.value)), Ok(("X-A".into(), "b".into())));
    }
}
