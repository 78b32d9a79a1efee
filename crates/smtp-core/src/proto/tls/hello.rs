//! A ClientHello as clients sent it before TLS 1.3, and what a server answers to it.
//!
//! A server that refuses our versions or ciphers says no more than that. To this hello it names the
//! best that it can do (RFC 5246 section 7.4.1.3), whatever that is worth; nothing further is said.

use super::cipher::{SUITES, cipher_name};

/// The longest name that is asked for (RFC 1035 section 2.3.4).
const MOST_NAME: usize = 255;
/// No answer is read further than this: a record's header, a handshake's, and a ServerHello up to
/// the cipher suite.
pub const MOST_ANSWER: usize = 5 + 4 + 2 + 32 + 1 + 32 + 2;

const HANDSHAKE: u8 = 22;
const ALERT: u8 = 21;
const TLS12: u16 = 0x0303;

/// What a server would speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// The version: 0x0301 is TLS 1.0.
    pub version: u16,
    /// The cipher suite by its number.
    pub cipher: u16,
}

impl Offer {
    /// The version as records name it.
    pub fn version_name(self) -> String {
        match self.version {
            0x0300 => "SSLv3".to_owned(),
            minor @ 0x0301..=0x0304 => format!("TLSv1.{}", minor - 0x0301),
            other => format!("0x{other:04x}"),
        }
    }

    /// The suite's name, or its number.
    pub fn cipher_name(self) -> String {
        cipher_name(self.cipher)
    }

    /// Whether it is a version that nobody should speak any more (RFC 8996).
    pub fn is_too_old(self) -> bool {
        self.version < TLS12
    }
}

/// What the beginning of a server's answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// A ServerHello.
    Offer(Offer),
    /// An alert, by its description.
    Alert(u8),
    /// No TLS, or nothing that is an answer.
    Other,
}

impl Answer {
    /// Reads an answer from its first bytes; `None`: there are too few of them.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut input = Input(bytes);
        let (kind, major) = (input.byte()?, input.byte()?);
        if major != 3 || (kind != HANDSHAKE && kind != ALERT) {
            return Some(Self::Other);
        }
        let _minor = input.byte()?;
        let length = usize::from(input.word()?);
        if kind == ALERT {
            let _level = input.byte()?;
            return input.byte().map(Self::Alert);
        }
        /// A message's header, and a ServerHello without session id.
        const LEAST: usize = 4 + 2 + 32 + 1 + 2;
        // Nobody sends a ServerHello in crumbs.
        if length < LEAST || input.byte()? != 2 {
            return Some(Self::Other);
        }
        input.skip(3)?;
        let version = input.word()?;
        input.skip(32)?;
        let session = usize::from(input.byte()?);
        if session > 32 || length < LEAST + session {
            return Some(Self::Other);
        }
        input.skip(session)?;
        Some(Self::Offer(Offer { version, cipher: input.word()? }))
    }
}

/// Bytes being read from the front.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn word(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes([self.byte()?, self.byte()?]))
    }

    fn skip(&mut self, count: usize) -> Option<()> {
        self.0 = self.0.get(count..)?;
        Some(())
    }
}

/// A hello for TLS 1.2 and all before it, in one record. A name that is too long to ask for is
/// left out.
pub fn client_hello(name: Option<&str>, random: [u8; 32]) -> Vec<u8> {
    let mut extensions = Vec::new();
    if let Some(name) = name.filter(|name| (1..=MOST_NAME).contains(&name.len())) {
        // RFC 6066 section 3: a list of one name of the type host_name.
        let mut entry = vec![0];
        append(&mut entry, 2, name.as_bytes());
        let mut list = Vec::new();
        append(&mut list, 2, &entry);
        extension(&mut extensions, 0, &list);
    }
    // supported_groups and ec_point_formats (RFC 8422 section 5.1): x25519 and the NIST curves, uncompressed.
    extension(&mut extensions, 10, &[0, 8, 0, 29, 0, 23, 0, 24, 0, 25]);
    extension(&mut extensions, 11, &[1, 0]);
    // signature_algorithms (RFC 5246 section 7.4.1.4.1), down to SHA-1.
    const SCHEMES: [u16; 11] =
        [0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201];
    let mut schemes = Vec::new();
    append(&mut schemes, 2, &SCHEMES.map(u16::to_be_bytes).concat());
    extension(&mut extensions, 13, &schemes);

    let mut hello = TLS12.to_be_bytes().to_vec();
    hello.extend(random);
    hello.push(0);
    append(&mut hello, 2, &SUITES.map(|(number, _)| number.to_be_bytes()).concat());
    // No compression.
    hello.extend([1, 0]);
    append(&mut hello, 2, &extensions);

    let mut message = vec![1];
    append(&mut message, 3, &hello);
    // RFC 5246 appendix E.1: the record of a first hello has the version of TLS 1.0.
    let mut record = vec![HANDSHAKE, 3, 1];
    append(&mut record, 2, &message);
    record
}

fn extension(into: &mut Vec<u8>, kind: u16, content: &[u8]) {
    into.extend(kind.to_be_bytes());
    append(into, 2, content);
}

/// Appends `content` behind its length in `width` octets. All lengths here fit: the name is bounded,
/// and everything else is constant.
fn append(into: &mut Vec<u8>, width: usize, content: &[u8]) {
    let length = (content.len() as u64).to_be_bytes();
    into.extend(&length[length.len() - width..]);
    into.extend(content);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A ServerHello of this version and suite, with a session id of this length.
    fn server_hello(version: u16, cipher: u16, session: u8) -> Vec<u8> {
        let mut hello = version.to_be_bytes().to_vec();
        hello.extend([7; 32]);
        hello.push(session);
        hello.extend(vec![9; session.into()]);
        hello.extend(cipher.to_be_bytes());
        hello.push(0);
        let mut message = vec![2];
        append(&mut message, 3, &hello);
        let mut record = vec![HANDSHAKE, 3, version as u8];
        append(&mut record, 2, &message);
        record
    }

    #[test]
    fn a_hello_is_as_long_as_it_says_everywhere() {
        for name in [None, Some("mx.example"), Some(&*"x".repeat(255))] {
            let hello = client_hello(name, [1; 32]);
            let word = |at: usize| usize::from(u16::from_be_bytes([hello[at], hello[at + 1]]));
            assert_eq!((&hello[..3], word(3)), (&[22, 3, 1][..], hello.len() - 5));
            assert_eq!((hello[5], hello[6], word(7)), (1, 0, hello.len() - 9));
            assert_eq!((word(9), &hello[11..43], hello[43]), (0x0303, &[1; 32][..], 0));
            assert_eq!(word(44), 2 * SUITES.len());
            let extensions = 46 + 2 * SUITES.len() + 2;
            assert_eq!(word(extensions), hello.len() - extensions - 2);
            assert_eq!(name.is_some(), word(extensions + 2) == 0, "server_name comes first");
        }
        let most = client_hello(Some(&"x".repeat(256)), [1; 32]);
        assert_eq!(most, client_hello(None, [1; 32]), "no such name exists");
        assert!(client_hello(Some("mx.example"), [1; 32]).len() < 200);
    }

    #[test]
    fn an_answer_names_version_and_suite() {
        for (version, name) in
            [(0x0300, "SSLv3"), (0x0301, "TLSv1.0"), (0x0302, "TLSv1.1"), (0x0303, "TLSv1.2")]
        {
            for session in [0, 32] {
                let bytes = server_hello(version, 0x002f, session);
                let Some(Answer::Offer(offer)) = Answer::parse(&bytes) else { panic!("no offer") };
                assert_eq!(offer.version_name(), name);
                assert_eq!(offer.cipher_name(), "TLS_RSA_WITH_AES_128_CBC_SHA");
                assert_eq!(offer.is_too_old(), version < 0x0303);
                // All that is needed, and not a byte less, is enough.
                let least = 5 + 4 + 2 + 32 + 1 + usize::from(session) + 2;
                assert!(least <= MOST_ANSWER);
                assert!(Answer::parse(&bytes[..least]).is_some());
                for cut in 0..least {
                    assert_eq!(Answer::parse(&bytes[..cut]), None, "{cut}");
                }
            }
        }
        assert_eq!(Offer { version: 0x7f12, cipher: 0x1234 }.version_name(), "0x7f12");
        assert_eq!(Offer { version: 0x7f12, cipher: 0x1234 }.cipher_name(), "0x1234");
    }

    #[test]
    fn what_is_no_server_hello() {
        assert_eq!(Answer::parse(b"\x15\x03\x03\x00\x02\x02\x46"), Some(Answer::Alert(70)));
        assert_eq!(Answer::parse(b"500 5.5.2 what?\r\n"), Some(Answer::Other));
        assert_eq!(Answer::parse(b"\x16\x02"), Some(Answer::Other));
        let mut certificate = server_hello(0x0303, 0x002f, 0);
        certificate[5] = 11;
        assert_eq!(Answer::parse(&certificate), Some(Answer::Other));
        let mut session = server_hello(0x0303, 0x002f, 0);
        session[43] = 33;
        assert_eq!(Answer::parse(&session), Some(Answer::Other));
        assert_eq!(Answer::parse(b"\x16\x03\x03\x00\x04\x02\x00\x00\x00"), Some(Answer::Other));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_within_the_bound(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let answer = Answer::parse(&bytes);
            if bytes.len() >= MOST_ANSWER {
                prop_assert!(answer.is_some());
                prop_assert_eq!(answer, Answer::parse(&bytes[..MOST_ANSWER]));
            }
        }
    }
}
