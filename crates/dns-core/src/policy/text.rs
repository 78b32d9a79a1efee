//! `v=WORD; name=value; name=value`, as TXT records have it.

use std::fmt;

/// Why a TXT record of the right version says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextFault {
    /// More than one record.
    Several,
    /// A field that is none: `name=value`.
    Field,
    /// An octet that may not stand there.
    Character,
    /// No `id`, or one that is not 1 to 32 letters and digits.
    Id,
    /// No `rua`, or one that names neither a mail address nor a web server.
    Rua,
}

impl fmt::Display for TextFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Several => "there is more than one",
            Self::Field => "a field of it is not of the form name=value",
            Self::Character => "it has a character that may not stand there",
            Self::Id => "its id is missing, or is not 1 to 32 letters and digits",
            Self::Rua => "its rua is missing, or names neither mailto: nor https:",
        })
    }
}

/// What stands behind `v=VERSION;`, if the text begins so.
pub(super) fn fields_of<'a>(text: &'a [u8], version: &str) -> Option<&'a [u8]> {
    text.strip_prefix(b"v=")?.strip_prefix(version.as_bytes())?.strip_prefix(b";")
}

/// The value of the first field of this name; every other field is looked at too, and must be one.
pub(super) fn value_of<'a>(fields: &'a str, wanted: &str) -> Result<Option<&'a str>, TextFault> {
    let mut all: Vec<&str> = fields.split(';').collect();
    // The delimiter, to which the blanks around it belong, may stand at the end as well (RFC 8461 section 3.1).
    let ends = all.len() > 1 && all.last().is_some_and(|last| last.trim_matches(is_blank).is_empty());
    if ends {
        all.pop();
    }
    let mut found = None;
    for (nth, field) in (1..).zip(&all) {
        // Blanks belong to the delimiter, and behind the last field there may be none.
        let field = field.trim_start_matches(is_blank);
        let field = if nth < all.len() || ends { field.trim_end_matches(is_blank) } else { field };
        let (name, value) = field.split_once('=').ok_or(TextFault::Field)?;
        if !is_name(name) || value.is_empty() {
            return Err(TextFault::Field);
        }
        if name == wanted {
            found = found.or(Some(value));
        } else if !value.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'=') {
            return Err(TextFault::Character);
        }
    }
    Ok(found)
}

/// WSP of RFC 5234.
pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// The name of a field, in a TXT record and in a policy alike.
pub(super) fn is_name(name: &str) -> bool {
    let rest = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    name.len() <= 32 && name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.bytes().all(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_between_semicolons_and_blanks() {
        for text in [
            " id=1",
            "id=1;",
            "id=1; ",
            "id=1 \t; \t",
            " id=1 ; x=y;",
            "\tx=y\t;\tid=1",
            "id=1;id=2",
            " x.y-z_0=<a>; id=1;",
        ] {
            assert_eq!(value_of(text, "id"), Ok(Some("1")), "{text:?}");
        }
        assert_eq!(value_of(" x=y;", "id"), Ok(None));
    }

    #[test]
    fn what_is_no_field_makes_it_all_invalid() {
        for text in
            ["", " ", ";", " id=1;;", "id=1; ;", " id=1; x", " id=", "=1", " -x=1", "i d=1", " id=1; x = y"]
        {
            assert_eq!(value_of(text, "id"), Err(TextFault::Field), "{text:?}");
        }
        assert_eq!(value_of(&format!(" {}=1", "x".repeat(33)), "id"), Err(TextFault::Field));
        for text in ["id=1; x=a b", "id=1; x=a=b", "id=1; x=\u{e4}", "id=1; x=\u{7f}"] {
            assert_eq!(value_of(text, "id"), Err(TextFault::Character), "{text:?}");
        }
    }
}
