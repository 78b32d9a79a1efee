//! What a login needs (RFC 4954): the plan of it, and the mechanisms, which are made elsewhere.

use std::fmt;
use std::sync::Arc;

use super::Reply;

/// Words that nobody is to read: they are sent, and never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes words out of sight.
    pub fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }

    /// The words, for whoever sends them.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// `text` with [`HIDDEN`] wherever it has the words. What is shorter than four characters would
    /// be found by chance.
    pub(super) fn hide_in(&self, text: &mut String) {
        const SHORTEST: usize = 4;
        if self.0.len() >= SHORTEST && text.contains(&self.0) {
            *text = text.replace(&self.0, HIDDEN);
        }
    }
}

/// What stands where a secret was.
pub const HIDDEN: &str = "***";

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

/// How to log in.
#[derive(Debug, Clone)]
pub struct AuthPlan {
    /// The mechanisms to use where they are offered, the best one first.
    pub mechanisms: Vec<String>,
    /// Whether a password may go out in clear.
    pub insecure: bool,
    /// The server's name and port, for mechanisms that say them (RFC 7628 section 3.1).
    pub server: Option<(String, u16)>,
    /// Who logs in.
    pub login: Arc<dyn Login>,
}

impl AuthPlan {
    /// The same at the server of this name, unless it has no port (a UNIX socket).
    #[must_use]
    pub fn at(self, name: &str, port: Option<u16>) -> Self {
        Self { server: port.map(|port| (name.to_owned(), port)), ..self }
    }
}

/// Who logs in: makes the client's side of each mechanism.
pub trait Login: fmt::Debug + Send + Sync {
    /// The user, as records tell.
    fn user(&self) -> Option<&str>;

    /// What no record and no transcript may hold, though a server repeats it.
    fn secrets(&self) -> Vec<Secret>;

    /// The client's side of a mechanism, at this server.
    ///
    /// # Errors
    /// It is not known, or cannot be used with what is known of the user.
    fn start(&self, mechanism: &str, server: Option<&(String, u16)>)
    -> Result<Box<dyn Mechanism>, SaslFault>;
}

/// The client's side of one exchange (RFC 4422 section 3).
pub trait Mechanism: fmt::Debug + Send {
    /// What the client says first; nothing if the server begins.
    ///
    /// # Errors
    /// It cannot be said with what is known of the user.
    fn initial(&mut self) -> Result<Option<Vec<u8>>, SaslFault>;

    /// The answer to a challenge.
    ///
    /// # Errors
    /// There is none.
    fn step(&mut self, challenge: &[u8]) -> Result<Vec<u8>, SaslFault>;

    /// Whether the server may call it done: what it had to prove is proved.
    fn may_end(&self) -> bool;
}

/// Why an exchange does not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SaslFault {
    /// The mechanism cannot be used; why.
    Unusable(String),
    /// The challenge makes no sense; why.
    BadChallenge(String),
    /// The server has not shown that it knows the password (RFC 5802 section 3).
    ServerNotVerified,
    /// The server says within the mechanism why it refuses; what to answer, if the exchange goes on.
    Refused {
        /// The server's words.
        words: String,
        /// What is still to be said (RFC 7628 section 3.2.3).
        answer: Option<Vec<u8>>,
    },
}

/// What is known of a login.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuthFacts {
    /// The mechanism that was used last.
    pub mechanism: String,
    /// The user.
    pub user: Option<String>,
    /// Whether the server has taken the login.
    pub accepted: bool,
    /// The mechanisms that the server offered and refused, with its words.
    pub refused: Vec<(String, Reply)>,
    /// Why the server refuses, as it said within the mechanism.
    pub words: Option<String>,
}

/// Whether whoever listens learns the password, or all that it takes to log in.
pub fn is_cleartext(mechanism: &str) -> bool {
    ["PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"].iter().any(|clear| mechanism.eq_ignore_ascii_case(clear))
}
