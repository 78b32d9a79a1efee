//! What rsasl asks for.

use std::sync::Arc;

use rsasl::callback::{Context, Request, SessionCallback, SessionData};
use rsasl::mechanisms::external::EXTERNAL;
use rsasl::mechanisms::login::LOGIN;
use rsasl::mechanisms::oauthbearer::OAUTHBEARER;
use rsasl::mechanisms::plain::PLAIN;
use rsasl::mechanisms::scram::{SCRAM_SHA1, SCRAM_SHA256};
use rsasl::mechanisms::xoauth2::XOAUTH2;
use rsasl::prelude::{Mechanism, Registry, SASLConfig, SASLError, SessionError};
use rsasl::property::{AuthId, AuthzId, OAuthBearerKV, OAuthBearerToken, Password};

use super::Credentials;

static KNOWN: &[Mechanism] = &[SCRAM_SHA256, SCRAM_SHA1, PLAIN, LOGIN, OAUTHBEARER, XOAUTH2, EXTERNAL];

struct Answers {
    credentials: Credentials,
    server: Option<(String, String)>,
    /// Whether the user is who is acted for, not who proves it.
    user_is_identity: bool,
}

impl SessionCallback for Answers {
    fn callback(
        &self,
        _: &SessionData,
        _: &Context<'_>,
        request: &mut Request<'_>,
    ) -> Result<(), SessionError> {
        if let Some(user) = &self.credentials.user {
            request.satisfy::<AuthId>(user)?;
            if self.user_is_identity {
                request.satisfy::<AuthzId>(user)?;
            }
        }
        if let Some(password) = &self.credentials.password {
            request.satisfy::<Password>(password.reveal().as_bytes())?;
            request.satisfy::<OAuthBearerToken>(password.reveal())?;
        }
        if let Some((host, port)) = &self.server {
            request.satisfy::<OAuthBearerKV>(&[("host", host), ("port", port)])?;
        }
        Ok(())
    }

    // The server's certificate is not bound to the login: `n` is said, never `y`.
    fn enable_channel_binding(&self) -> bool {
        false
    }
}

/// A configuration for one mechanism.
pub(super) fn config(
    credentials: &Credentials,
    server: Option<&(String, u16)>,
    mechanism: &str,
) -> Result<Arc<SASLConfig>, SASLError> {
    let user_is_identity = matches!(mechanism, "OAUTHBEARER" | "EXTERNAL");
    let server = server.map(|(host, port)| (host.clone(), port.to_string()));
    let answers = Answers { credentials: credentials.clone(), server, user_is_identity };
    SASLConfig::builder().with_registry(Registry::with_mechanisms(KNOWN)).with_callback(answers)
}
