//! The bytes of a dialogue: escapes, names to fill in, and patterns for what is heard.

/// The bytes that a text with escapes stands for.
pub(super) fn unescape(text: &str) -> Result<Vec<u8>, &'static str> {
    let mut bytes = Vec::with_capacity(text.len() + 2);
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match (byte, byte == b'\\') {
            (_, false) => byte,
            _ => match rest.next() {
                Some(b'r') => b'\r',
                Some(b'n') => b'\n',
                Some(b't') => b'\t',
                Some(b'0') => 0,
                Some(b'\\') => b'\\',
                Some(b'x') => {
                    let digits = [rest.next(), rest.next()];
                    let value = |digit: Option<u8>| digit.and_then(|d| char::from(d).to_digit(16));
                    match (value(digits[0]), value(digits[1])) {
                        (Some(high), Some(low)) => (high * 16 + low) as u8,
                        _ => return Err("\\x takes two hexadecimal digits"),
                    }
                }
                _ => return Err("no such escape"),
            },
        });
    }
    Ok(bytes)
}

/// Whether a client's line (without its end) fits a pattern; `*` stands for anything.
pub fn fits(pattern: &str, line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(line).to_ascii_lowercase();
    let pattern = pattern.to_ascii_lowercase();
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    let mut last = None;
    for part in parts {
        if let Some(middle) = last.replace(part) {
            let Some(at) = rest.find(middle) else { return false };
            rest = &rest[at + middle.len()..];
        }
    }
    match last {
        None => rest.is_empty(),
        Some(end) => rest.ends_with(end),
    }
}

/// Puts the server's name and the client's address in the place of `%NAME%` and `%PEER%`.
pub fn fill(bytes: &[u8], name: &str, peer: &str) -> Vec<u8> {
    let mut filled = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, after)) = rest.split_first() {
        let (text, token) = if rest.starts_with(b"%NAME%") {
            (name.as_bytes(), 6)
        } else if rest.starts_with(b"%PEER%") {
            (peer.as_bytes(), 6)
        } else {
            filled.push(byte);
            rest = after;
            continue;
        };
        filled.extend_from_slice(text);
        rest = &rest[token..];
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_make_any_byte() {
        assert_eq!(unescape(r"\x1b[31m\0\\\r\n"), Ok(b"\x1b[31m\0\\\r\n".to_vec()));
        assert!(unescape(r"\q").is_err());
        assert!(unescape(r"\x1").is_err());
    }

    #[test]
    fn a_star_stands_for_anything() {
        assert!(fits("EHLO *", b"ehlo host.example"));
        assert!(fits("*", b""));
        assert!(fits("MAIL FROM:<*>*SIZE=*", b"MAIL FROM:<a@b> BODY=7BIT SIZE=12"));
        assert!(!fits("QUIT", b"QUIT now"));
        assert!(!fits("EHLO *", b"HELO host"));
    }

    #[test]
    fn names_are_filled_in() {
        assert_eq!(
            fill(b"220 %NAME% sees %PEER% 100%", "mx.example", "127.0.0.1"),
            b"220 mx.example sees 127.0.0.1 100%"
        );
    }
}
