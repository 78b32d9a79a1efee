//! Enhanced status codes (RFC 3463, RFC 2034).

use std::fmt;

/// `class.subject.detail`, as in `5.1.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enhanced {
    /// 2, 4 or 5.
    pub class: u8,
    /// What the status is about.
    pub subject: u16,
    /// Which of the subject's conditions.
    pub detail: u16,
}

impl Enhanced {
    /// Reads the code that starts `text`, when its class is the first digit of `reply_code`
    /// (RFC 2034 section 4); anything else is text.
    pub fn from_text(reply_code: u16, text: &str) -> Option<Self> {
        Self::read(text).filter(|code| u16::from(code.class) == reply_code / 100)
    }

    /// Reads the code that starts `text`, whatever reply it stands in.
    pub(super) fn read(text: &str) -> Option<Self> {
        let word = text.split([' ', '\t']).next()?;
        let mut parts = word.split('.');
        let mut number = |digits: usize| {
            let part = parts.next()?;
            let plain = (1..=digits).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| part.parse::<u16>().ok()).flatten()
        };
        let (class, subject, detail) = (number(1)?, number(3)?, number(3)?);
        let class = u8::try_from(class).ok().filter(|class| matches!(class, 2 | 4 | 5))?;
        parts.next().is_none().then_some(Self { class, subject, detail })
    }
}

impl fmt::Display for Enhanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_of_the_replys_own_class_is_read() {
        let read = |code, text| Enhanced::from_text(code, text).map(|e| e.to_string());
        assert_eq!(read(550, "5.1.1 no such user").as_deref(), Some("5.1.1"));
        assert_eq!(read(250, "2.1.5").as_deref(), Some("2.1.5"));
    }

    #[test]
    fn another_class_or_shape_is_only_text() {
        for (code, text) in [
            (250, "5.1.1 x"),
            (550, "5.1 x"),
            (550, "5.1.1.1 x"),
            (550, "5.1111.1"),
            (550, "5..1"),
            (354, "3.1.1"),
            (550, ""),
        ] {
            assert_eq!(Enhanced::from_text(code, text), None, "{code} {text}");
        }
    }
}
