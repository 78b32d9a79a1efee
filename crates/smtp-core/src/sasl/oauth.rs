//! XOAUTH2 and OAUTHBEARER (RFC 7628): a server that refuses says why in a challenge, and wants an
//! answer to that.

use super::Rsasl;
use crate::proto::{Mechanism, SaslFault};

#[derive(Debug)]
pub(super) struct OAuth {
    inner: Rsasl,
    /// What to say when the server has refused (RFC 7628 section 3.2.3).
    farewell: &'static [u8],
    is_refused: bool,
}

impl OAuth {
    pub(super) fn new(inner: Rsasl, farewell: &'static [u8]) -> Self {
        Self { inner, farewell, is_refused: false }
    }
}

impl Mechanism for OAuth {
    fn initial(&mut self) -> Result<Option<Vec<u8>>, SaslFault> {
        self.inner.initial()
    }

    fn step(&mut self, challenge: &[u8]) -> Result<Vec<u8>, SaslFault> {
        if std::mem::replace(&mut self.is_refused, true) {
            return Err(SaslFault::BadChallenge("a challenge more than the mechanism has".to_owned()));
        }
        // The library would read it as JSON and answer with nothing; it is shown as it is.
        let words = String::from_utf8_lossy(challenge).into_owned();
        Err(SaslFault::Refused { words, answer: Some(self.farewell.to_vec()) })
    }

    fn may_end(&self) -> bool {
        !self.is_refused
    }
}
