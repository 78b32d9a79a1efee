//! Certificates as text (RFC 7468).

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Characters a line, and the octets that they stand for (RFC 7468 section 2).
const LINE: usize = 64;
const OCTETS: usize = LINE / 4 * 3;

/// A certificate as a PEM file has it, with a line end behind the last line.
pub(super) fn encode(der: &[u8]) -> String {
    let mut text = "-----BEGIN CERTIFICATE-----\n".to_owned();
    for line in der.chunks(OCTETS) {
        for group in line.chunks(3) {
            let octet = |at: usize| group.get(at).copied().map_or(0, usize::from);
            let bits = (octet(0) << 16) | (octet(1) << 8) | octet(2);
            for place in 0..4 {
                let six = (bits >> (18 - 6 * place)) & 63;
                text.push(if place <= group.len() { ALPHABET[six].into() } else { '=' });
            }
        }
        text.push('\n');
    }
    text + "-----END CERTIFICATE-----\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(der: &[u8]) -> String {
        encode(der).lines().filter(|line| !line.starts_with('-')).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn the_vectors_of_rfc_4648() {
        let vectors = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
        for (octets, text) in vectors {
            assert_eq!(body(octets.as_bytes()), text);
        }
        assert_eq!(body(&[0xff, 0xef, 0xbe]), "/+++");
    }

    #[test]
    fn lines_of_64() {
        let text = body(&[0; 49]);
        assert_eq!(text, format!("{}|AA==", "A".repeat(64)));
        assert!(encode(&[0; 49]).ends_with("==\n-----END CERTIFICATE-----\n"));
    }
}
