//! The words of a dialogue file in the mouth of a sink.

use smtp_core::proto::dialogue::{Dialogue, Turn};

/// What a server says of itself, with `%NAME%` and `%PEER%` to be filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Voice {
    pub(super) banner: Vec<u8>,
    /// The reply to EHLO, in clear and inside TLS.
    pub(super) ehlo: Vec<u8>,
    pub(super) ehlo_tls: Vec<u8>,
    pub(super) quit: Vec<u8>,
}

impl Voice {
    /// The replies in a dialogue; `None` if it lacks one.
    pub(crate) fn of(dialogue: &Dialogue) -> Option<Self> {
        let mut voice = Self::default();
        let mut other = Vec::new();
        let mut is_encrypted = false;
        let mut reply = &mut voice.banner;
        for turn in &dialogue.turns {
            match turn {
                Turn::Send(bytes) => reply.extend_from_slice(bytes),
                Turn::Tls => is_encrypted = true,
                Turn::Receive(pattern) => {
                    reply = match pattern.split(' ').next() {
                        Some("EHLO") if is_encrypted => &mut voice.ehlo_tls,
                        Some("EHLO") => &mut voice.ehlo,
                        Some("QUIT") => &mut voice.quit,
                        _ => &mut other,
                    }
                }
                _ => {}
            }
        }
        let replies = [&voice.banner, &voice.ehlo, &voice.ehlo_tls, &voice.quit];
        let is_whole = replies.iter().all(|reply| reply.ends_with(b"\r\n"));
        is_whole.then_some(voice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reply_is_found() {
        let text = "S: 220 a\nC: EHLO *\nS: 250-b\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go\ntls\nC: EHLO *\nS: 250 c\n\
                    C: QUIT\nS: 221 d\nclose\nexpect ok\n";
        let voice = Voice::of(&Dialogue::parse(text).unwrap()).unwrap();
        assert_eq!(voice.banner, b"220 a\r\n");
        assert_eq!(voice.ehlo, b"250-b\r\n250 STARTTLS\r\n");
        assert_eq!(
            (voice.ehlo_tls.as_slice(), voice.quit.as_slice()),
            (&b"250 c\r\n"[..], &b"221 d\r\n"[..])
        );
        assert_eq!(Voice::of(&Dialogue::parse("S: 220 a\nexpect ok\n").unwrap()), None);
    }
}
