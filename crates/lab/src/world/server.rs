//! A `[[server]]` of a world.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use smtp_core::proto::dialogue::Dialogue;

use crate::scenarios;
use crate::sink::{Point, SinkOptions, Voice};
use crate::smtp::{Play, Server};
use crate::tls::Certificate;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServerText {
    pub(super) name: String,
    address: IpAddr,
    plays: Option<String>,
    dialogue: Option<String>,
    certificate: Option<CertificateText>,
    #[serde(default)]
    implicit: bool,
    delay_ms: Option<u64>,
    speaks: Option<String>,
    pipelining: Option<bool>,
    size: Option<u64>,
    holds_replies: Option<bool>,
    data_despite_refusal: Option<bool>,
    dies_after: Option<Point>,
    dies_times: Option<u32>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum CertificateText {
    Good,
    Expired,
    NotYetValid,
    SelfSigned,
    WrongName,
    Untrusted,
    None,
}

impl ServerText {
    /// What it says, or what is wrong with it; no address is used twice.
    pub(super) fn read(&self, taken: &mut HashSet<IpAddr>) -> Result<Server, String> {
        if !self.address.is_loopback() {
            return Err(format!("{} is no loopback address", self.address));
        }
        if !taken.insert(self.address) {
            return Err(format!("another server has the address {}", self.address));
        }
        let certificate = self.certificate();
        if self.implicit && certificate.is_none() {
            return Err("implicit TLS needs a certificate".to_owned());
        }
        Ok(Server {
            name: self.name.clone(),
            address: self.address,
            play: self.play()?,
            certificate,
            implicit: self.implicit,
            delay: self.delay_ms.filter(|ms| *ms > 0).map(Duration::from_millis),
        })
    }

    fn play(&self) -> Result<Play, String> {
        let play = match (self.plays.as_deref(), &self.dialogue) {
            (Some("sink"), None) => return self.sink().map(Play::Sink),
            (Some("refused"), None) => Play::Refused,
            (Some("blackhole"), None) => Play::Blackhole,
            (Some(name), None) => Play::Dialogue(Arc::new(named(name)?)),
            (None, Some(text)) if text.lines().any(|line| line.starts_with("expect ")) => dialogue(text)?,
            // Written for one test, it need not say what to expect.
            (None, Some(text)) => dialogue(&format!("{text}\nexpect ok"))?,
            _ => return Err("either plays or dialogue".to_owned()),
        };
        let is_as_always = self.sink()? == SinkOptions::default();
        if is_as_always { Ok(play) } else { Err("only a sink behaves so".to_owned()) }
    }

    fn sink(&self) -> Result<SinkOptions, String> {
        let usual = SinkOptions::default();
        if self.dies_times.is_some() && self.dies_after.is_none() {
            return Err("dies_times needs dies_after".to_owned());
        }
        Ok(SinkOptions {
            pipelining: self.pipelining.unwrap_or(usual.pipelining),
            size: self.size.unwrap_or(usual.size),
            holds_replies: self.holds_replies.unwrap_or(usual.holds_replies),
            data_despite_refusal: self.data_despite_refusal.unwrap_or(usual.data_despite_refusal),
            voice: self.speaks.as_deref().map(voice).transpose()?,
            dies: self.dies_after.map(|point| (point, self.dies_times.unwrap_or(u32::MAX))),
        })
    }

    fn certificate(&self) -> Option<Certificate> {
        match self.certificate.unwrap_or(CertificateText::Good) {
            CertificateText::Good => Some(Certificate::Good),
            CertificateText::Expired => Some(Certificate::Expired),
            CertificateText::NotYetValid => Some(Certificate::NotYetValid),
            CertificateText::SelfSigned => Some(Certificate::SelfSigned),
            CertificateText::WrongName => Some(Certificate::WrongName),
            CertificateText::Untrusted => Some(Certificate::Untrusted),
            CertificateText::None => None,
        }
    }
}

fn named(name: &str) -> Result<Dialogue, String> {
    let text = scenarios::find(name).ok_or_else(|| format!("no dialogue is named {name:?}"))?;
    Dialogue::parse(text).map_err(|error| error.to_string())
}

fn voice(name: &str) -> Result<Voice, String> {
    Voice::of(&named(name)?).ok_or_else(|| format!("{name:?} does not say all that a sink says"))
}

fn dialogue(text: &str) -> Result<Play, String> {
    let dialogue = Dialogue::parse(text).map_err(|error| error.to_string())?;
    Ok(Play::Dialogue(Arc::new(dialogue)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server with these lines in its table.
    fn read(rest: &str) -> Result<Server, String> {
        let text: ServerText = toml::from_str(&format!("name = \"a\"\n{rest}")).unwrap();
        text.read(&mut HashSet::new())
    }

    fn problem(rest: &str) -> String {
        read(rest).unwrap_err()
    }

    #[test]
    fn a_dialogue_in_the_world_itself() {
        let text = "address = \"127.0.9.1\"\ndialogue = \"\"\"\nS: 220 x\n\"\"\"\n";
        let server = read(text).unwrap();
        assert!(matches!(server.play, Play::Dialogue(_)));
        assert_eq!((server.certificate, server.delay), (Some(Certificate::Good), None));
        assert_eq!(problem(&text.replace("S:", "T:")), "line 1: no such directive");
    }

    #[test]
    fn a_sink_that_misbehaves() {
        let text = "address = \"127.0.9.1\"\nplays = \"sink\"\ncertificate = \"none\"\ndelay_ms = 5\n";
        let server =
            read(&format!("{text}dies_after = \"dot\"\ndies_times = 2\npipelining = false")).unwrap();
        let expected =
            SinkOptions { dies: Some((Point::Dot, 2)), pipelining: false, ..SinkOptions::default() };
        assert!(matches!(server.play, Play::Sink(options) if options == expected));
        assert_eq!((server.certificate, server.delay), (None, Some(Duration::from_millis(5))));
        assert!(problem(&format!("{text}speaks = \"greeting-554\"")).contains("does not say all"));
        assert!(problem(&format!("{text}dies_times = 2")).contains("needs dies_after"));
        assert!(problem(&format!("{text}implicit = true")).contains("needs a certificate"));
    }

    #[test]
    fn what_cannot_be_says_what_it_is() {
        assert!(problem("address = \"192.0.2.1\"\nplays = \"refused\"").ends_with("is no loopback address"));
        assert!(problem("address = \"127.0.9.1\"\nplays = \"x\"").ends_with("no dialogue is named \"x\""));
        assert!(problem("address = \"127.0.9.1\"").ends_with("either plays or dialogue"));
        let refused = "address = \"127.0.9.1\"\nplays = \"refused\"\n";
        assert!(problem(&format!("{refused}holds_replies = true")).contains("only a sink"));
        let taken = &mut HashSet::from(["127.0.9.1".parse().unwrap()]);
        let text: ServerText = toml::from_str(&format!("name = \"b\"\n{refused}")).unwrap();
        assert!(text.read(taken).unwrap_err().contains("another server"));
    }
}
