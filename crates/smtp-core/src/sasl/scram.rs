//! SCRAM (RFC 5802, RFC 7677): the library does it, within bounds.

use super::Rsasl;
use crate::proto::{Mechanism, SaslFault};

/// The most rounds that a server may ask for: servers ask for 4,096 to 600,000, and each takes
/// time here.
const MOST_ITERATIONS: u32 = 1_000_000;

#[derive(Debug)]
pub(super) struct Scram {
    inner: Rsasl,
    /// Challenges so far.
    heard: u8,
    is_verified: bool,
}

impl Scram {
    pub(super) fn new(inner: Rsasl) -> Self {
        Self { inner, heard: 0, is_verified: false }
    }
}

impl Mechanism for Scram {
    fn initial(&mut self) -> Result<Option<Vec<u8>>, SaslFault> {
        self.inner.initial()
    }

    fn step(&mut self, challenge: &[u8]) -> Result<Vec<u8>, SaslFault> {
        self.heard = self.heard.saturating_add(1);
        if self.heard == 1 {
            is_bounded(challenge)?;
            return self.inner.step(challenge);
        }
        // RFC 5802 section 7: `e=` in the place of the signature is a refusal.
        if let Some(words) = challenge.strip_prefix(b"e=") {
            let words = String::from_utf8_lossy(words).into_owned();
            return Err(SaslFault::Refused { words, answer: None });
        }
        if self.heard > 2 {
            return self.inner.step(challenge);
        }
        let answer = self.inner.step(challenge).map_err(|_| SaslFault::ServerNotVerified)?;
        self.is_verified = true;
        Ok(answer)
    }

    fn may_end(&self) -> bool {
        self.is_verified
    }
}

/// The rounds are read before the library begins with them.
fn is_bounded(challenge: &[u8]) -> Result<(), SaslFault> {
    let text = std::str::from_utf8(challenge)
        .map_err(|_| SaslFault::BadChallenge("a challenge that is not UTF-8".to_owned()))?;
    for iterations in text.split(',').filter_map(|part| part.strip_prefix("i=")) {
        if !iterations.parse().is_ok_and(|iterations: u32| iterations <= MOST_ITERATIONS) {
            let why = format!("a challenge of more than {MOST_ITERATIONS} iterations");
            return Err(SaslFault::BadChallenge(why));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use hmac::{Hmac, Mac};
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::proto::{Login, Secret, base64};
    use crate::sasl::Credentials;

    fn started(mechanism: &str) -> (Box<dyn Mechanism>, String) {
        let login = Credentials::new(Some("user".to_owned()), Some(Secret::new("pencil")));
        let mut scram = login.start(mechanism, None).unwrap();
        let first = String::from_utf8(scram.initial().unwrap().unwrap()).unwrap();
        let nonce = first.strip_prefix("n,,n=user,r=").unwrap().to_owned();
        (scram, nonce)
    }

    #[test]
    fn a_server_that_does_not_know_the_password_is_not_believed() {
        for mechanism in ["SCRAM-SHA-1", "SCRAM-SHA-256"] {
            let (mut scram, nonce) = started(mechanism);
            let first = format!("r={nonce}xyz,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
            let proof = String::from_utf8(scram.step(first.as_bytes()).unwrap()).unwrap();
            assert!(proof.starts_with(&format!("c=biws,r={nonce}xyz,p=")), "{proof}");
            assert!(!scram.may_end());
            assert_eq!(scram.step(b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ="), Err(SaslFault::ServerNotVerified));
            assert!(!scram.may_end());
            assert!(scram.step(b"v=").is_err());
        }
    }

    fn hmac(key: &[u8], words: &[u8]) -> Vec<u8> {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(words);
        mac.finalize().into_bytes().to_vec()
    }

    #[test]
    fn a_server_that_knows_the_password_is_believed() {
        let (mut scram, nonce) = started("SCRAM-SHA-256");
        let first = format!("r={nonce}xyz,s=c2FsdA==,i=1");
        let answer = String::from_utf8(scram.step(first.as_bytes()).unwrap()).unwrap();
        let (bare, proof) = answer.split_once(",p=").unwrap();
        // RFC 5802 section 3, with one round.
        let salted = hmac(b"pencil", b"salt\0\0\0\x01");
        let said = format!("n=user,r={nonce},{first},{bare}");
        let client = hmac(&salted, b"Client Key");
        let signature = hmac(&Sha256::digest(&client), said.as_bytes());
        let expected: Vec<u8> = client.iter().zip(&signature).map(|(key, sign)| key ^ sign).collect();
        assert_eq!(proof, base64::encode(&expected));
        let server = hmac(&hmac(&salted, b"Server Key"), said.as_bytes());
        let last = format!("v={}", base64::encode(&server));
        assert!(!scram.may_end());
        assert_eq!(scram.step(last.as_bytes()).unwrap(), b"");
        assert!(scram.may_end());
        assert!(scram.step(last.as_bytes()).is_err());
    }

    #[test]
    fn a_refusal_in_the_place_of_the_signature() {
        let (mut scram, nonce) = started("SCRAM-SHA-256");
        scram.step(format!("r={nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096").as_bytes()).unwrap();
        let refused = SaslFault::Refused { words: "invalid-proof".to_owned(), answer: None };
        assert_eq!(scram.step(b"e=invalid-proof"), Err(refused));
    }

    #[test]
    fn challenges_that_make_no_sense() {
        let rest = "s=W22ZaJ0SNY7soEsUEjb6gQ==";
        for bad in [
            "".to_owned(),
            "nonsense".to_owned(),
            format!("r=other,{rest},i=4096"),
            format!("r=NONCE,{rest},i=4096"),
            format!("r=NONCEx,{rest},i=0"),
            format!("r=NONCEx,{rest},i=-1"),
            format!("r=NONCEx,{rest},i=1000001"),
            format!("r=NONCEx,{rest},i=99999999999999"),
            format!("r=NONCEx,{rest}"),
            "r=NONCEx,s=!,i=4096".to_owned(),
            "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=".to_owned(),
        ] {
            let (mut scram, nonce) = started("SCRAM-SHA-256");
            let result = scram.step(bad.replace("NONCE", &nonce).as_bytes());
            assert!(matches!(result, Err(SaslFault::BadChallenge(_))), "{bad}: {result:?}");
            assert!(!scram.may_end() && scram.step(b"v=").is_err());
        }
    }
}
