//! Writing JSON that is safe to look at.

use std::io;

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter};

/// Compact, with U+007F to U+009F as escapes: C0 is escaped in any JSON, and those control
/// terminals too.
struct Escaping(CompactFormatter);

impl Formatter for Escaping {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let is_control = |c: char| ('\u{7f}'..='\u{9f}').contains(&c);
        let mut rest = fragment;
        while let Some(at) = rest.find(is_control) {
            self.0.write_string_fragment(writer, &rest[..at])?;
            let mut chars = rest[at..].chars();
            if let Some(control) = chars.next() {
                write!(writer, "\\u{:04x}", u32::from(control))?;
            }
            rest = chars.as_str();
        }
        self.0.write_string_fragment(writer, rest)
    }
}

/// The value as one compact line without its end.
///
/// # Errors
/// When a value cannot be JSON, such as a map with keys that are no strings.
pub(crate) fn to_string(value: &impl Serialize) -> serde_json::Result<String> {
    let mut bytes = Vec::with_capacity(512);
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, Escaping(CompactFormatter)))?;
    // What a JSON writer writes is UTF-8.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_of_every_kind_are_escapes() {
        assert_eq!(to_string(&"a\u{1b}[31m\u{7f}\u{9b}é\n").unwrap(), r#""a\u001b[31m\u007f\u009bé\n""#);
    }
}
