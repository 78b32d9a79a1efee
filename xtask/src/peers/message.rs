//! A body of arbitrary bytes.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

/// Lines without their ends.
pub(super) type Lines = Vec<Vec<u8>>;

/// Lines of every byte that a line may hold, and the lines that are hard to carry.
pub(super) fn random_body() -> Lines {
    const LINES: u64 = 200;
    // RFC 5321 section 4.5.3.1.6: 1000 octets with CRLF.
    const LONGEST: u64 = 998;
    let keys = RandomState::new();
    let random = |line: u64, at: u64| {
        let mut hasher = keys.build_hasher();
        hasher.write_u64(line);
        hasher.write_u64(at);
        hasher.finish()
    };
    let byte = |line, at| match random(line, at).to_be_bytes()[0] {
        b'\r' | b'\n' | 0 => b'.',
        byte => byte,
    };
    let mut lines: Lines =
        ["", ".", "..", ".x", "From x", "", "."].map(|line| line.as_bytes().to_vec()).into();
    lines.extend((1..=LINES).map(|line| (1..=random(line, 0) % LONGEST).map(|at| byte(line, at)).collect()));
    lines.push(vec![b'.'; LONGEST as usize]);
    lines.push(Vec::new());
    lines
}

/// The lines as a file holds them.
pub(super) fn with_lf(lines: &[Vec<u8>]) -> Vec<u8> {
    lines.iter().flat_map(|line| line.iter().copied().chain([b'\n'])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_a_file_has_an_end() {
        let lines = ["a", ".", ""].map(|line| line.as_bytes().to_vec());
        assert_eq!(with_lf(&lines), b"a\n.\n\n");
    }

    #[test]
    fn a_random_body_is_another_each_time_and_keeps_to_lines() {
        let body = random_body();
        assert_ne!(body, random_body());
        assert!(
            body.iter().all(|line| line.len() <= 998 && !line.iter().any(|byte| b"\r\n\0".contains(byte)))
        );
    }
}
