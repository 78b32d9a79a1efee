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
use crate::tls::{Certificate, Clients, Handshake, Versions};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServerText {
    pub(super) name: String,
    address: IpAddr,
    plays: Option<String>,
    dialogue: Option<String>,
    certificate: Option<CertificateText>,
    tls: Option<VersionText>,
    client_certificate: Option<ClientsText>,
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
    None,
    #[serde(untagged)]
    Kind(Certificate),
}

#[derive(Deserialize, Clone, Copy)]
enum VersionText {
    #[serde(rename = "1.2")]
    Tls12,
    #[serde(rename = "1.3")]
    Tls13,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum ClientsText {
    Asked,
    Required,
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
        let tls = self.handshake();
        let needs_tls = self.implicit || self.tls.is_some() || self.client_certificate.is_some();
        if needs_tls && tls.is_none() {
            return Err("TLS needs a certificate".to_owned());
        }
        Ok(Server {
            name: self.name.clone(),
            address: self.address,
            play: self.play()?,
            tls,
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

    fn handshake(&self) -> Option<Handshake> {
        let versions = match self.tls {
            None => Versions::Both,
            Some(VersionText::Tls12) => Versions::Tls12,
            Some(VersionText::Tls13) => Versions::Tls13,
        };
        let clients = match self.client_certificate {
            None => Clients::NotAsked,
            Some(ClientsText::Asked) => Clients::Asked,
            Some(ClientsText::Required) => Clients::Required,
        };
        self.certificate().map(|certificate| Handshake { certificate, versions, clients })
    }

    fn certificate(&self) -> Option<Certificate> {
        match self.certificate {
            None => Some(Certificate::Good),
            Some(CertificateText::Kind(kind)) => Some(kind),
            Some(CertificateText::None) => None,
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
        assert_eq!((server.tls, server.delay), (Some(Certificate::Good.into()), None));
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
        assert_eq!((server.tls, server.delay), (None, Some(Duration::from_millis(5))));
        assert!(problem(&format!("{text}speaks = \"greeting-554\"")).contains("does not say all"));
        assert!(problem(&format!("{text}dies_times = 2")).contains("needs dies_after"));
        for tls in ["implicit = true", "tls = \"1.2\"", "client_certificate = \"asked\""] {
            assert!(problem(&format!("{text}{tls}")).contains("needs a certificate"));
        }
    }

    #[test]
    fn a_server_that_is_particular_about_tls() {
        let text = "address = \"127.0.9.1\"\nplays = \"sink\"\ncertificate = \"chain\"\n";
        let tls = read(&format!("{text}tls = \"1.3\"\nclient_certificate = \"required\"")).unwrap().tls;
        let expected = Handshake {
            certificate: Certificate::Chain,
            versions: Versions::Tls13,
            clients: Clients::Required,
        };
        assert_eq!(tls, Some(expected));
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
