//! A world: a TOML file that says what there is.
//!
//! ```toml
//! client = "client.example"      # the name that clients give in EHLO
//! zone = """
//! port25.com.  3600 IN MX 100 mail.port25.com.
//! """
//! # In the zone %KEY% is the SHA-256 of the key that all servers of a running world have: TLSA 3 1 1 %KEY%
//! secure = ["dane.example"]       # this name and all below: what a validating resolver has found signed (AD)
//! insecure = ["open.dane.example"] # except this one and all below
//! dns_certificate = "good"        # of the DNS server, over TLS and HTTPS; or another kind, as below
//! [[fault]]
//! name = "broken.example"        # "*.slow.example": every name below slow.example
//! kind = "servfail"              # refused timeout garbage wrong_id wrong_question truncate lowercase delay
//! type = "MX"                    # only this type
//! delay_ms = 300                 # with delay
//! ede = 22                       # an extended error (RFC 8914), where the question had EDNS
//! ede_text = "no reachable authority"
//! [[server]]
//! name = "mail.port25.com"       # %NAME% in the dialogue
//! address = "127.63.149.30"      # a loopback address of its own
//! plays = "greeting-port25"      # a dialogue file, "sink", "refused" or "blackhole"; or: dialogue = """..."""
//! certificate = "good"           # expired not-yet-valid ends-soon self-signed all-wrong wrong-name cn-only
//!                                # untrusted chain issuer-ends-soon issuer-expired incomplete none
//! tls = "1.2"                    # only this version; or 1.3
//! client_certificate = "asked"   # asks clients for a certificate; "required": refuses those without
//! implicit = false               # true: TLS from the first byte, before the dialogue begins
//! delay_ms = 0                   # how long everything takes from one side to the other
//! # with plays = "sink":
//! speaks = "greeting-port25"     # banner and replies to EHLO and QUIT of a dialogue file, instead of its own
//! pipelining = true              # false: PIPELINING is not offered
//! size = 52428800                # the largest message that is taken
//! holds_replies = false          # true: the replies to MAIL and RCPT wait for the next command, such as DATA
//! data_despite_refusal = false   # true: 354 to DATA though every recipient was refused
//! dies_after = "dot"             # closes the connection after: banner ehlo mail rcpt data content dot reply
//! dies_times = 1                 # so often; always, without this
//! [[page]]
//! path = "/ip"                   # of the web server
//! body = "203.0.113.7"
//! status = 200                   # unless another
//! location = "/elsewhere"        # with a redirect
//! repeat = 1000                  # so many times the body
//! hangs = true                   # instead: the request is never answered
//! content_type = "text/html"     # instead of text/plain
//! host = "mta-sts.a.example"     # of the HTTPS server, for those who name this host; without it: of the HTTP server
//! certificate = "good"           # that of the host; see [[server]]
//! [[stun]]
//! name = "good"                  # how the tests find it; each has a port of its own on 127.0.0.1
//! ip = "203.0.113.7"             # what it tells
//! kind = "xor"                   # mapped rewritten empty unknown error wrong_id garbage flood noise silent
//! loses = 0                      # so many requests of a client are lost first
//! ```
//!
//! A sink refuses the recipients that begin with `unknown` (550 5.1.1), `later` (451 4.2.1), `grey` (450
//! 4.7.1) and `full` (552 5.2.2). It offers STARTTLS unless its certificate is `none`.

mod server;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{LowerName, Name};
use serde::Deserialize;
use server::ServerText;

use crate::dns::{Data, Fault, Kind, Signed, Zone};
use crate::http::{Page, Site};
use crate::smtp::Server;
use crate::stun::Source;
use crate::tls::Certificate;

/// A pretend internet that can be started.
#[derive(Debug, Clone)]
pub struct World {
    pub(crate) client: String,
    pub(crate) dns_certificate: Certificate,
    /// As it is with some key; see [`Self::data`].
    data: Arc<Data>,
    /// The text of a zone that tells the key of the servers.
    keyed: Option<Arc<str>>,
    pub(crate) servers: Arc<[Server]>,
    pub(crate) pages: Arc<[Page]>,
    pub(crate) stun: Arc<[Source]>,
}

/// Why a text is no world.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// No built-in world has this name.
    #[error("find the world {0:?}: there is \"internet\"")]
    Name(String),
    /// Not TOML, or an unknown key.
    #[error("read the world: {0}")]
    Toml(#[from] toml::de::Error),
    /// The client's name would not pass through a shell or an EHLO line.
    #[error("take {0:?} as the client's name")]
    Client(String),
    /// A record that is none.
    #[error("read the zone: {0}")]
    Zone(String),
    /// A fault that cannot be.
    #[error("read the fault of {name:?}: {problem}")]
    Fault {
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A server that cannot be.
    #[error("read the server {name:?}: {problem}")]
    Server {
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A page that cannot be.
    #[error("read the page {0:?}: a path begins with /, a page has at most 16 MiB, and a certificate a host")]
    Page(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WorldText {
    #[serde(default = "default_client")]
    client: String,
    #[serde(default)]
    zone: String,
    #[serde(default)]
    secure: Vec<String>,
    #[serde(default)]
    insecure: Vec<String>,
    #[serde(default = "good")]
    dns_certificate: Certificate,
    #[serde(default, rename = "fault")]
    faults: Vec<FaultText>,
    #[serde(default, rename = "server")]
    servers: Vec<ServerText>,
    #[serde(default, rename = "page")]
    pages: Vec<PageText>,
    #[serde(default)]
    stun: Vec<Source>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultText {
    name: String,
    kind: KindText,
    #[serde(rename = "type")]
    record_type: Option<String>,
    delay_ms: Option<u64>,
    ede: Option<u16>,
    #[serde(default)]
    ede_text: String,
}

#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum KindText {
    Servfail,
    Nxdomain,
    Refused,
    Timeout,
    Garbage,
    WrongId,
    WrongQuestion,
    Truncate,
    Lowercase,
    Delay,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PageText {
    path: String,
    #[serde(default)]
    body: String,
    #[serde(default = "default_status")]
    status: u16,
    location: Option<String>,
    #[serde(default = "once")]
    repeat: usize,
    #[serde(default)]
    hangs: bool,
    #[serde(default = "plain")]
    content_type: String,
    host: Option<String>,
    certificate: Option<Certificate>,
}

fn plain() -> String {
    "text/plain".to_owned()
}

fn good() -> Certificate {
    Certificate::Good
}

fn default_status() -> u16 {
    200
}

fn once() -> usize {
    1
}

fn default_client() -> String {
    "client.example".to_owned()
}

impl World {
    /// Reads the text of a world; the module's own text shows what it may say.
    ///
    /// # Errors
    /// The first thing in it that cannot be.
    pub fn parse(text: &str) -> Result<Self, WorldError> {
        let text: WorldText = toml::from_str(text)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
        if text.client.is_empty() || !text.client.chars().all(plain) {
            return Err(WorldError::Client(text.client));
        }
        let keyed = text.zone.contains(KEY).then(|| text.zone.as_str().into());
        let zone = with_key(&text.zone, &"0".repeat(64)).map_err(WorldError::Zone)?;
        let faults = text.faults.iter().map(|fault| {
            fault.read().map_err(|problem| WorldError::Fault { name: fault.name.clone(), problem })
        });
        let mut taken = HashSet::new();
        let servers = text.servers.iter().map(|server| {
            server
                .read(&mut taken)
                .map_err(|problem| WorldError::Server { name: server.name.clone(), problem })
        });
        let servers = servers.collect::<Result<_, _>>()?;
        let faults = faults.collect::<Result<_, _>>()?;
        let signed = Signed::parse(&text.secure, &text.insecure).map_err(WorldError::Zone)?;
        let data = Arc::new(Data { zone, faults, signed });
        let pages = text.pages.into_iter().map(PageText::read).collect::<Result<_, _>>()?;
        let dns_certificate = text.dns_certificate;
        let stun = text.stun.into();
        Ok(Self { client: text.client, dns_certificate, data, keyed, servers, pages, stun })
    }

    /// What the DNS says, when the servers have a key of this digest.
    pub(crate) fn data(&self, spki: &str) -> Arc<Data> {
        // It was read before, with another digest.
        match self.keyed.as_ref().and_then(|text| with_key(text, spki).ok()) {
            None => self.data.clone(),
            Some(zone) => Arc::new(Data { zone, ..(*self.data).clone() }),
        }
    }

    /// A world that is built in; there is one, `internet`.
    ///
    /// # Errors
    /// The name is unknown.
    pub fn named(name: &str) -> Result<Self, WorldError> {
        match name {
            "internet" => Self::parse(include_str!("../worlds/internet.toml")),
            _ => Err(WorldError::Name(name.to_owned())),
        }
    }
}

/// What stands in a zone for the digest of the servers' key.
const KEY: &str = "%KEY%";

fn with_key(text: &str, spki: &str) -> Result<Zone, String> {
    Zone::parse(&text.replace(KEY, spki))
}

impl FaultText {
    fn read(&self) -> Result<Fault, String> {
        let kind = match (&self.kind, self.delay_ms) {
            (KindText::Delay, Some(ms)) => Kind::Delay(Duration::from_millis(ms)),
            (KindText::Delay, None) => return Err("delay needs delay_ms".to_owned()),
            (_, Some(_)) => return Err("delay_ms is for delay".to_owned()),
            (KindText::Servfail, _) => Kind::Code(ResponseCode::ServFail),
            (KindText::Nxdomain, _) => Kind::Code(ResponseCode::NXDomain),
            (KindText::Refused, _) => Kind::Code(ResponseCode::Refused),
            (KindText::Timeout, _) => Kind::Timeout,
            (KindText::Garbage, _) => Kind::Garbage,
            (KindText::WrongId, _) => Kind::WrongId,
            (KindText::WrongQuestion, _) => Kind::WrongQuestion,
            (KindText::Truncate, _) => Kind::Truncate,
            (KindText::Lowercase, _) => Kind::LowerCase,
        };
        let (name, below) = match self.name.strip_prefix("*.") {
            Some(name) => (name, true),
            None => (self.name.as_str(), false),
        };
        let name = Name::parse(name, Some(&Name::root())).map_err(|error| error.to_string())?;
        let record_type = self.record_type.as_ref().map(|text| text.to_ascii_uppercase().parse());
        let record_type = record_type.transpose().map_err(|_| "no such type".to_owned())?;
        let ede = self.ede.map(|code| (code, self.ede_text.clone()));
        Ok(Fault { name: LowerName::new(&name), below, record_type, kind, ede })
    }
}

impl PageText {
    fn read(self) -> Result<Page, WorldError> {
        const MOST: usize = 16 << 20;
        let Self { path, body, status, location, repeat, hangs, content_type, host, certificate } = self;
        let size = body.len().checked_mul(repeat).filter(|size| *size <= MOST);
        if size.is_none() || !path.starts_with('/') || (certificate.is_some() && host.is_none()) {
            return Err(WorldError::Page(path));
        }
        let site = host.map(|name| Site { name, certificate: certificate.unwrap_or(Certificate::Good) });
        Ok(Page { path, status, location, body: body.repeat(repeat), hangs, content_type, site })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        World::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn the_built_in_world() {
        assert_eq!(World::named("internet").unwrap().client, "client.example");
        assert!(matches!(World::named("outernet"), Err(WorldError::Name(_))));
    }

    #[test]
    fn a_world_with_nothing_in_it() {
        let world = World::parse("").unwrap();
        assert_eq!((world.client.as_str(), world.servers.len()), ("client.example", 0));
    }

    #[test]
    fn what_cannot_be_says_what_it_is() {
        let fault = |rest: &str| problem(&format!("[[fault]]\nname = \"a.example\"\n{rest}"));
        assert!(fault("kind = \"delay\"").ends_with("delay needs delay_ms"));
        assert!(fault("kind = \"servfail\"\ntype = \"what\"").ends_with("no such type"));
        assert!(problem("[[page]]\npath = \"ip\"").contains("begins with /"));
        assert!(problem("[[page]]\npath = \"/\"\ncertificate = \"good\"").contains("a certificate a host"));
        let repeat = format!("[[page]]\npath = \"/ip\"\nbody = \"xx\"\nrepeat = {}", i64::MAX);
        assert!(problem(&repeat).contains("at most 16 MiB"));
        assert!(problem("kind = 1").contains("unknown field"));
        assert!(problem("client = \"a b\"").ends_with("as the client's name"));
    }
}
