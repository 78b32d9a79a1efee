//! CRAM-MD5 (RFC 2195).

use hmac::{Hmac, Mac};
use md5::Md5;

use super::Credentials;
use crate::proto::{Mechanism, SaslFault};

#[derive(Debug)]
pub(super) struct CramMd5 {
    credentials: Credentials,
    is_done: bool,
}

impl CramMd5 {
    pub(super) fn new(credentials: Credentials) -> Self {
        Self { credentials, is_done: false }
    }
}

impl Mechanism for CramMd5 {
    fn initial(&mut self) -> Result<Option<Vec<u8>>, SaslFault> {
        Ok(None)
    }

    fn step(&mut self, challenge: &[u8]) -> Result<Vec<u8>, SaslFault> {
        if std::mem::replace(&mut self.is_done, true) {
            return Err(SaslFault::BadChallenge("a challenge more than the mechanism has".to_owned()));
        }
        if challenge.is_empty() {
            return Err(SaslFault::BadChallenge("a challenge of nothing".to_owned()));
        }
        let (user, password) = self.credentials.both()?;
        let mac = Hmac::<Md5>::new_from_slice(password.as_bytes());
        let mut mac = mac.map_err(|error| SaslFault::Unusable(error.to_string()))?;
        mac.update(challenge);
        let digest = mac.finalize().into_bytes();
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(format!("{user} {digest}").into_bytes())
    }

    fn may_end(&self) -> bool {
        self.is_done
    }
}
