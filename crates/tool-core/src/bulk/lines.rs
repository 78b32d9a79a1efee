//! Lines of a stream, each bounded.

use std::io::{self, BufRead};

use crate::jsonl::RawLine;

/// Reads the next line without its end; `None` at the end of the stream. Of a line beyond `most`
/// bytes the beginning is kept and the rest read away.
pub(super) fn read_line(stream: &mut impl BufRead, most: u64) -> io::Result<Option<RawLine>> {
    const HEAD: usize = 4096;
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let (mut line, mut too_long, mut ended) = (Vec::new(), false, false);
    while !ended {
        let buffer = match stream.fill_buf() {
            Ok(buffer) => buffer,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if buffer.is_empty() {
            if line.is_empty() && !too_long {
                return Ok(None);
            }
            break;
        }
        let end = buffer.iter().position(|&byte| byte == b'\n');
        let part = &buffer[..end.unwrap_or(buffer.len())];
        if too_long || line.len() + part.len() > most {
            if !too_long {
                line.extend_from_slice(part);
                line.truncate(HEAD);
                line.shrink_to_fit();
            }
            too_long = true;
        } else {
            line.extend_from_slice(part);
        }
        let used = part.len() + usize::from(end.is_some());
        ended = end.is_some();
        stream.consume(used);
    }
    if line.last() == Some(&b'\r') && !too_long {
        line.pop();
    }
    Ok(Some(if too_long { RawLine::TooLong(line) } else { RawLine::Whole(line) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8], most: u64) -> Vec<String> {
        let mut stream = io::BufReader::with_capacity(3, bytes);
        let mut lines = Vec::new();
        while let Some(line) = read_line(&mut stream, most).unwrap() {
            lines.push(match line {
                RawLine::Whole(bytes) => String::from_utf8(bytes).unwrap(),
                RawLine::TooLong(head) => format!("too long {}", head.len()),
            });
        }
        lines
    }

    #[test]
    fn both_line_ends_and_a_missing_one() {
        assert_eq!(all(b"a\nbc\r\n\nlast", 100), ["a", "bc", "", "last"]);
        assert_eq!(all(b"", 100), [""; 0]);
    }

    #[test]
    fn a_line_beyond_the_bound_is_cut_and_the_next_one_is_whole() {
        let mut bytes = vec![b'x'; 10_000];
        bytes.extend_from_slice(b"\nnext\n");
        let lines = all(&bytes, 100);
        assert!(lines[0].starts_with("too long"), "{lines:?}");
        assert_eq!(lines[1], "next");
    }
}
