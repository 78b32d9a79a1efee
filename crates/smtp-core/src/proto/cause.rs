//! Why a session did not succeed.

use std::time::Duration;

use super::{DaneFault, Offer, Phase, Reply, StsFault, VerifyError};

/// One condition, told apart from every other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The connection was refused: RST, or ICMP port unreachable; the two cannot be told apart.
    Refused,
    /// Nothing answered the connection attempt.
    ConnectTimeout,
    /// EHOSTUNREACH: a dead host, or an ICMP prohibition on IPv4.
    Unreachable,
    /// EACCES: ICMPv6 administratively prohibited, or a `prohibit` route.
    AdminProhibited,
    /// ENETUNREACH, or no local address to start from.
    NoRoute,
    /// EINVAL from a blackhole route.
    Blackholed,
    /// EPERM, or no socket to be had from this machine.
    DeniedLocal,
    /// The connection was reset after it had been accepted.
    Reset,
    /// End of stream before anything was said.
    ClosedBeforeBanner,
    /// The greeting did not come in time.
    BannerTimeout,
    /// What greets is not an SMTP server.
    NotSmtp,
    /// The server sent a TLS alert: it wants TLS from the first byte.
    ImplicitTlsExpected,
    /// 421 as greeting.
    Greeting421,
    /// Another 4yz as greeting.
    Greeting4xx,
    /// 521 as greeting (RFC 7504): the host takes no mail.
    Greeting521,
    /// 554 as greeting (RFC 5321 section 3.1): no service for this client.
    Greeting554,
    /// Another 5yz as greeting.
    Greeting5xx,
    /// EHLO was refused, and HELO too where it was tried.
    EhloRejected,
    /// 421 after the greeting.
    RateLimited,
    /// TLS was demanded and STARTTLS is not offered.
    StarttlsNotSupported,
    /// STARTTLS was offered and refused.
    StarttlsRejected,
    /// Bytes in clear followed the 220 to STARTTLS: they are never data.
    PlaintextAfterStarttls,
    /// The handshake failed.
    HandshakeFailed,
    /// The server finds no cipher, group or signature that both sides can do.
    NothingInCommon,
    /// The server demands a client certificate, or does not like the one it got.
    ClientCertificate,
    /// The server knows only versions of TLS that are not spoken here.
    ProtocolTooOld,
    /// End of stream in the middle of the handshake.
    ClosedInHandshake,
    /// The handshake did not end in time.
    TlsTimeout,
    /// TLS works, and the certificate that was demanded to verify does not.
    Certificate(VerifyError),
    /// The host's TLSA records demand TLS, and the session has none.
    DaneRequired,
    /// The certificate meets none of the host's TLSA records.
    Dane(DaneFault),
    /// The domain's MTA-STS policy, which is enforced, is not met.
    Sts(StsFault),
    /// None of the wanted mechanisms is offered, or all of them are refused.
    AuthUnavailable,
    /// What is offered would give the password away, since nothing is encrypted.
    AuthInClear,
    /// The server refuses the login.
    AuthRejected,
    /// The server cannot tell now whether the login is right.
    AuthDeferred,
    /// The server has not shown that it knows the password.
    AuthNotVerified,
    /// The message is larger than the server takes (RFC 1870 section 6).
    SizeExceeded,
    /// The message has octets above 127, and 8BITMIME is not offered (RFC 6152).
    EightBitUnsupported,
    /// An address needs SMTPUTF8, and that is not offered (RFC 6531).
    Smtputf8Unsupported,
    /// MAIL was refused.
    MailRefused,
    /// RCPT was refused for every recipient.
    NoRecipient,
    /// DATA or the message was refused.
    DataRefused,
    /// The connection ended after the final dot and before its reply: the message may have been
    /// taken (RFC 1047).
    Uncertain,
    /// What came is no reply, or one that has no meaning here.
    BadReply,
    /// A line or a reply beyond every bound.
    ReplyTooLong,
    /// A reply did not come in time.
    Timeout,
    /// End of stream in the middle of the dialogue.
    Closed,
}

/// The first thing that went wrong, with its evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong.
    pub cause: Cause,
    /// What was being done or waited for.
    pub phase: Phase,
    /// The server's words, where it said some.
    pub reply: Option<Reply>,
    /// The operating system's error number.
    pub errno: Option<i32>,
    /// The limit that ended the wait.
    pub limit: Option<Duration>,
    /// What was received instead of a reply, lossily as text and cut short.
    pub received: Option<String>,
    /// What the server would speak, where it refused what was offered.
    pub offer: Option<Offer>,
}

impl Failure {
    /// A failure without further evidence.
    pub fn new(cause: Cause, phase: Phase) -> Self {
        Self { cause, phase, reply: None, errno: None, limit: None, received: None, offer: None }
    }

    /// With the server's reply.
    #[must_use]
    pub fn with_reply(mut self, reply: Reply) -> Self {
        self.reply = Some(reply);
        self
    }

    /// With the limit that fired.
    #[must_use]
    pub fn with_limit(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }
}
