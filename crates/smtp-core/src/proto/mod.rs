//! The protocol without I/O.

mod address;
mod auth;
pub mod base64;
mod capability;
mod cause;
pub mod dialogue;
mod endpoint;
mod enhanced;
mod facts;
mod phase;
mod plan;
mod policy;
mod quirk;
mod reply;
mod session;
mod step;
mod tls;
mod transcript;

pub use address::{Mailbox, MailboxError};
pub use auth::{AuthFacts, AuthPlan, HIDDEN, Login, Mechanism, SaslFault, Secret, is_cleartext};
pub use capability::Capabilities;
pub use cause::{Cause, Failure};
pub use endpoint::Endpoint;
pub use enhanced::Enhanced;
pub use facts::{Facts, Hello, Transaction, Verb};
pub use phase::{Phase, Timing};
pub use plan::{Content, Delivery, HelloName, HelloNameError, Limits, Plan, TlsLevel, TlsPlan};
pub use policy::{Dane, DaneFault, DaneVerdict, Demand, Policy, Sts, StsFault, StsMode, StsVerdict, Tlsa};
pub use quirk::{Quirk, Quirks};
pub use reply::{Bounds, Reply, ReplyError, ReplyParser};
pub use session::{Output, Session};
pub use tls::{
    Answer, Certificate, MOST_ANSWER, Offer, TlsFacts, TlsFailure, TlsFile, TlsFileError, TlsHow,
    TlsSettings, TlsVersion, VerifyError, cipher_name, client_hello,
};
pub use transcript::{Direction, Line};
