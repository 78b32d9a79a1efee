//! The mechanisms of SASL, over rsasl; CRAM-MD5, which it lacks, on its own.

mod cram_md5;
mod oauth;
mod provider;
mod scram;

use std::sync::Arc;

use rsasl::prelude::{Mechname, SASLClient, SASLConfig, Session, State};

use crate::proto::{Login, Mechanism, SaslFault, Secret, base64};

/// Every mechanism known here.
pub const MECHANISMS: &[&str] =
    &["SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN", "OAUTHBEARER", "XOAUTH2", "EXTERNAL"];

/// Those that a user and a password do for, the strongest first.
pub const FOR_PASSWORDS: &[&str] = &["SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN"];

/// A user, and the password or the token that goes with it.
#[derive(Debug, Clone)]
pub struct Credentials {
    user: Option<String>,
    password: Option<Secret>,
}

impl Credentials {
    /// Who logs in. EXTERNAL needs neither; what the others lack is said when they are started.
    pub fn new(user: Option<String>, password: Option<Secret>) -> Self {
        Self { user, password }
    }

    fn both(&self) -> Result<(&str, &str), SaslFault> {
        let unusable = |what: &str| SaslFault::Unusable(what.to_owned());
        let user = self.user.as_deref().ok_or_else(|| unusable("there is no user"))?;
        let password = self.password.as_ref().ok_or_else(|| unusable("there is no password"))?;
        Ok((user, password.reveal()))
    }
}

impl Login for Credentials {
    fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    fn secrets(&self) -> Vec<Secret> {
        let Some(password) = &self.password else { return Vec::new() };
        vec![password.clone(), Secret::new(base64::encode(password.reveal().as_bytes()))]
    }

    fn start(
        &self,
        mechanism: &str,
        server: Option<&(String, u16)>,
    ) -> Result<Box<dyn Mechanism>, SaslFault> {
        let upper = mechanism.to_ascii_uppercase();
        if upper != "EXTERNAL" {
            self.both()?;
        }
        let new = |credentials| Rsasl::new(credentials, server, &upper);
        Ok(match upper.as_str() {
            "CRAM-MD5" => Box::new(cram_md5::CramMd5::new(self.clone())),
            "SCRAM-SHA-1" | "SCRAM-SHA-256" => Box::new(scram::Scram::new(new(self)?)),
            "XOAUTH2" => Box::new(oauth::OAuth::new(new(self)?, b"")),
            "OAUTHBEARER" => Box::new(oauth::OAuth::new(new(self)?, b"\x01")),
            "PLAIN" | "LOGIN" | "EXTERNAL" => Box::new(new(self)?),
            _ => return Err(SaslFault::Unusable(format!("{mechanism} is not known"))),
        })
    }
}

/// A mechanism of rsasl.
struct Rsasl {
    session: Session,
    is_done: bool,
}

impl Rsasl {
    fn new(
        credentials: &Credentials,
        server: Option<&(String, u16)>,
        mechanism: &str,
    ) -> Result<Self, SaslFault> {
        let unusable = |error: String| SaslFault::Unusable(error);
        let config: Arc<SASLConfig> =
            provider::config(credentials, server, mechanism).map_err(|error| unusable(error.to_string()))?;
        let name = Mechname::parse(mechanism.as_bytes()).map_err(|error| unusable(error.to_string()))?;
        let session = SASLClient::new(config).start_suggested(&[name]);
        let session = session.map_err(|error| unusable(error.to_string()))?;
        Ok(Self { session, is_done: false })
    }

    /// One step. The library's state after an error or the end is not to be used again.
    fn advance(&mut self, input: Option<&[u8]>) -> Result<Vec<u8>, rsasl::prelude::SessionError> {
        let mut words = Vec::new();
        let state = self.session.step(input, &mut words);
        self.is_done = !matches!(state, Ok(State::Running));
        state.map(|_| words)
    }
}

impl Mechanism for Rsasl {
    fn initial(&mut self) -> Result<Option<Vec<u8>>, SaslFault> {
        if !self.session.are_we_first() {
            return Ok(None);
        }
        self.advance(None).map(Some).map_err(|error| SaslFault::Unusable(error.to_string()))
    }

    fn step(&mut self, challenge: &[u8]) -> Result<Vec<u8>, SaslFault> {
        if self.is_done {
            return Err(SaslFault::BadChallenge("a challenge more than the mechanism has".to_owned()));
        }
        self.advance(Some(challenge)).map_err(|error| SaslFault::BadChallenge(error.to_string()))
    }

    fn may_end(&self) -> bool {
        self.is_done
    }
}

impl std::fmt::Debug for Rsasl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rsasl").field("mechanism", &self.session.get_mechname()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(user: &str, password: &str) -> Credentials {
        Credentials::new(Some(user.to_owned()), Some(Secret::new(password)))
    }

    fn words(bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).into_owned()
    }

    #[test]
    fn plain_says_all_at_once() {
        let mut plain = login("jürgen", "a \"b\" ü").start("plain", None).unwrap();
        assert_eq!(plain.initial().unwrap().as_deref(), Some("\0jürgen\0a \"b\" ü".as_bytes()));
        assert!(plain.may_end());
        assert!(matches!(plain.step(b""), Err(SaslFault::BadChallenge(_))));
    }

    #[test]
    fn login_says_it_in_two_answers() {
        let mut login = login("tim", "tanstaaftanstaaf").start("LOGIN", None).unwrap();
        assert_eq!(login.initial().unwrap(), None);
        assert_eq!(words(&login.step(b"Username:").unwrap()), "tim");
        assert!(!login.may_end());
        assert_eq!(words(&login.step(b"Password:").unwrap()), "tanstaaftanstaaf");
        assert!(login.may_end());
    }

    #[test]
    fn cram_md5_as_in_rfc_2195() {
        let mut cram = login("tim", "tanstaaftanstaaf").start("CRAM-MD5", None).unwrap();
        assert_eq!(cram.initial().unwrap(), None);
        let answer = cram.step(b"<1896.697170952@postoffice.reston.mci.net>").unwrap();
        assert_eq!(words(&answer), "tim b913a602c7eda7a495b4e6e7334d3890");
        assert!(cram.may_end());
        assert!(matches!(cram.step(b"<again>"), Err(SaslFault::BadChallenge(_))));
    }

    #[test]
    fn the_tokens_of_oauth() {
        let mut xoauth2 = login("a@b.example", "ya29").start("XOAUTH2", None).unwrap();
        let said = xoauth2.initial().unwrap().unwrap();
        assert_eq!(words(&said), "user=a@b.example\x01auth=Bearer ya29\x01\x01");
        assert!(xoauth2.may_end());
        let mut bearer = login("a@b.example", "ya29").start("OAUTHBEARER", None).unwrap();
        let said = bearer.initial().unwrap().unwrap();
        assert_eq!(words(&said), "n,a=a@b.example,\x01auth=Bearer ya29\x01\x01");
        let server = ("mx.example".to_owned(), 587);
        let mut named = login("a@b.example", "ya29").start("OAUTHBEARER", Some(&server)).unwrap();
        let said = named.initial().unwrap().unwrap();
        let expected = "n,a=a@b.example,\x01host=mx.example\x01port=587\x01auth=Bearer ya29\x01\x01";
        assert_eq!(words(&said), expected);
        let refused = bearer.step(br#"{"status":"invalid_token"}"#);
        let expected =
            SaslFault::Refused { words: r#"{"status":"invalid_token"}"#.to_owned(), answer: Some(vec![1]) };
        assert_eq!(refused, Err(expected));
        assert!(!bearer.may_end());
        assert!(matches!(bearer.step(b"{}"), Err(SaslFault::BadChallenge(_))));
    }

    #[test]
    fn external_says_who_it_would_be_or_nothing() {
        let mut alone = Credentials::new(None, None).start("EXTERNAL", None).unwrap();
        assert_eq!(alone.initial().unwrap().as_deref(), Some(&b""[..]));
        let mut named = Credentials::new(Some("tim".to_owned()), None).start("EXTERNAL", None).unwrap();
        assert_eq!(named.initial().unwrap().as_deref(), Some(&b"tim"[..]));
    }

    #[test]
    fn what_cannot_be_started_says_why_without_the_secret() {
        let no_password = Credentials::new(Some("tim".to_owned()), None);
        for mechanism in MECHANISMS.iter().filter(|name| **name != "EXTERNAL") {
            assert!(matches!(no_password.start(mechanism, None), Err(SaslFault::Unusable(_))), "{mechanism}");
        }
        assert!(matches!(login("a", "b").start("DIGEST-MD5", None), Err(SaslFault::Unusable(_))));
        let nul = login("tim", "hunter2\0x").start("PLAIN", None).unwrap().initial().unwrap_err();
        assert!(!format!("{nul:?}").contains("hunter2"), "{nul:?}");
        assert!(!format!("{:?}", login("tim", "hunter2")).contains("hunter2"));
    }
}
