//! What the caller wants of a session.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{AuthPlan, Demand, Mailbox, Phase, Verb};

/// What a session is to do, and how long it may take.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The command to greet with. HELO follows a refused EHLO, and nothing a refused LHLO.
    pub verb: Verb,
    /// The name to give in it.
    pub hello: HelloName,
    /// Whether and how to encrypt.
    pub tls: TlsPlan,
    /// How to log in; nothing if not at all.
    pub auth: Option<AuthPlan>,
    /// What to deliver; nothing for a mere probe.
    pub delivery: Option<Delivery>,
    /// After which phase to take leave, before the plan is done.
    pub quit_after: Option<Phase>,
    /// Time limits.
    pub limits: Limits,
    /// Whether to report each line of the dialogue as an output.
    pub transcript: bool,
}

/// Whether and how to encrypt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TlsPlan {
    /// What is demanded.
    pub level: TlsLevel,
    /// TLS from the first byte, before the greeting.
    pub implicit: bool,
    /// With [`TlsLevel::May`]: a STARTTLS that is refused in order is passed over.
    pub pass_over: bool,
    /// What is demanded by what is known of the server, whatever the level.
    pub demand: Demand,
}

/// What is demanded of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsLevel {
    /// STARTTLS is not used.
    None,
    /// STARTTLS is used where it is offered.
    May,
    /// Without TLS the session ends.
    Require,
    /// Without a certificate that verifies the session ends.
    Verify,
}

/// A message and its envelope.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The envelope sender.
    pub from: Mailbox,
    /// The recipients, at least one.
    pub recipients: Vec<Mailbox>,
    /// `None`: the transaction ends before DATA.
    pub content: Option<Content>,
}

/// A message as it goes over the wire.
#[derive(Debug, Clone)]
pub struct Content {
    /// Dot-stuffed, ending in CRLF, without the final dot.
    pub wire: Arc<[u8]>,
    /// Its size without the stuffing (RFC 1870 section 3).
    pub size: u64,
    /// Whether it has octets above 127.
    pub eight_bit: bool,
}

/// Time limits, all measured on the caller's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For the greeting. RFC 5321 section 4.5.3.2.1 asks senders to wait five minutes.
    pub banner: Duration,
    /// For each other reply.
    pub reply: Duration,
    /// For the reply to DATA (RFC 5321 section 4.5.3.2.4).
    pub data: Duration,
    /// For sending the message, each time some of it went out (section 4.5.3.2.5).
    pub block: Duration,
    /// For the reply to the final dot (section 4.5.3.2.6).
    pub dot: Duration,
    /// For the reply to QUIT, which decides nothing.
    pub quit: Duration,
    /// For everything, on the clock that `now` is read from: the instant at which it ends, and the
    /// length of the whole limit, which is what a failure reports.
    pub total: Option<(Duration, Duration)>,
}

impl Limits {
    /// The same limit for every reply.
    pub fn uniform(reply: Duration) -> Self {
        Self { banner: reply, reply, data: reply, block: reply, dot: reply, quit: reply, total: None }
    }

    /// The limit of one wait in `phase`.
    pub fn of(&self, phase: Phase) -> Duration {
        match phase {
            Phase::Connect | Phase::Banner => self.banner,
            Phase::Quit => self.quit,
            Phase::Data => self.data,
            Phase::Dot => self.dot,
            _ => self.reply,
        }
    }

    /// When a wait for some of the message to go out ends.
    pub fn block_deadline(&self, now: Duration) -> (Duration, Duration) {
        self.capped(now, self.block)
    }

    /// When a wait in `phase` that begins `now` ends, and the length of the limit that ends it.
    pub fn deadline(&self, phase: Phase, now: Duration) -> (Duration, Duration) {
        self.capped(now, self.of(phase))
    }

    fn capped(&self, now: Duration, limit: Duration) -> (Duration, Duration) {
        match self.total {
            Some((end, length)) if end < now + limit => (end, length),
            _ => (now + limit, limit),
        }
    }
}

/// The argument of EHLO: a domain name or an address literal (RFC 5321 section 4.1.1.1), free of
/// anything that could end the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelloName(String);

impl HelloName {
    /// The longest name taken, in octets: the command line limit of RFC 5321 section 4.5.3.1.4.
    pub const MAX: usize = 505;

    /// Takes a name that a person or a record gave. Only what could break the protocol is refused,
    /// since sending an odd name on purpose is a test too.
    pub fn new(name: &str) -> Result<Self, HelloNameError> {
        if name.is_empty() || name.len() > Self::MAX {
            return Err(HelloNameError::Length);
        }
        match name.bytes().find(|b| !b.is_ascii_graphic()) {
            Some(byte) => Err(HelloNameError::Byte(byte)),
            None => Ok(Self(name.to_owned())),
        }
    }

    /// The literal of an address (RFC 5321 section 4.1.3).
    pub fn literal(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(v4) => Self(format!("[{v4}]")),
            IpAddr::V6(v6) => Self(format!("[IPv6:{v6}]")),
        }
    }

    /// The name as it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HelloName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a name cannot be given in EHLO.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HelloNameError {
    /// Empty, or longer than a command line holds.
    Length,
    /// A byte that a command line cannot carry there: a line end, a control, a blank, 8-bit.
    Byte(u8),
}

impl fmt::Display for HelloNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length => write!(f, "an EHLO name has 1 to {} characters", HelloName::MAX),
            Self::Byte(b @ (b'\r' | b'\n' | 0)) => {
                write!(f, "an EHLO name cannot hold a line end or NUL (byte {b:#04x})")
            }
            Self::Byte(b) => write!(f, "an EHLO name is printable ASCII without blanks (byte {b:#04x})"),
        }
    }
}

impl std::error::Error for HelloNameError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_has_the_tag_of_its_family() {
        assert_eq!(HelloName::literal(IpAddr::from([192, 0, 2, 1])).as_str(), "[192.0.2.1]");
        assert_eq!(HelloName::literal("2001:db8::1".parse().unwrap()).as_str(), "[IPv6:2001:db8::1]");
        assert_eq!(HelloName::literal("::ffff:192.0.2.1".parse().unwrap()).as_str(), "[192.0.2.1]");
    }

    #[test]
    fn a_name_that_would_end_the_line_is_refused() {
        assert_eq!(HelloName::new("a\r\nRSET"), Err(HelloNameError::Byte(b'\r')));
        assert_eq!(HelloName::new("a b"), Err(HelloNameError::Byte(b' ')));
        assert_eq!(HelloName::new(""), Err(HelloNameError::Length));
        assert_eq!(HelloName::new(&"a".repeat(506)), Err(HelloNameError::Length));
    }

    #[test]
    fn the_total_limit_ends_a_wait_when_it_comes_first() {
        let second = Duration::from_secs(1);
        let limits = Limits {
            quit: 5 * second,
            total: Some((10 * second, 12 * second)),
            ..Limits::uniform(30 * second)
        };
        assert_eq!(limits.deadline(Phase::Banner, 2 * second), (10 * second, 12 * second));
        assert_eq!(limits.deadline(Phase::Quit, 2 * second), (7 * second, 5 * second));
    }
}
