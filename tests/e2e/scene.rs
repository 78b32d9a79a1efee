//! Small worlds for one test each, and records made comparable.

use std::fmt::Write as _;
use std::net::IpAddr;

use lab::Lab;
use serde_json::Value;

use crate::harness::world;

/// A server that does what a server should, without TLS.
pub(crate) const FRIENDLY: &str = "\
S: 220 %NAME% ESMTP ready
C: EHLO *
S: 250-%NAME%
S: 250-PIPELINING
S: 250 SIZE 1000
C: QUIT
S: 221 2.0.0 bye
close
";

/// A world to be: the DNS and the servers that a test is about, and nothing else.
#[derive(Debug, Default)]
pub(crate) struct Scene {
    zone: String,
    secure: Vec<String>,
    insecure: Vec<String>,
    rest: String,
}

impl Scene {
    /// A world of these records.
    pub(crate) fn zone(records: &str) -> Self {
        Self::default().records(records)
    }

    pub(crate) fn records(mut self, records: &str) -> Self {
        let _ = writeln!(self.zone, "{records}");
        self
    }

    /// What a validating resolver has found signed: this name and those below it.
    pub(crate) fn secure(mut self, name: &str) -> Self {
        self.secure.push(name.to_owned());
        self
    }

    /// Except this one and those below it.
    pub(crate) fn insecure(mut self, name: &str) -> Self {
        self.insecure.push(name.to_owned());
        self
    }

    /// A server whose name has this address and whose address has this name. `play` is a word that
    /// the world knows, or the lines of a dialogue.
    pub(crate) fn server(self, name: &str, address: &str, play: &str) -> Self {
        let kind = if address.contains(':') { "AAAA" } else { "A" };
        let reverse = reverse_name(address.parse().unwrap());
        let records = format!("{name}. 300 IN {kind} {address}\n{reverse}. 300 IN PTR {name}.");
        self.records(&records).nameless(name, address, play)
    }

    /// A server that the DNS does not know.
    pub(crate) fn nameless(mut self, name: &str, address: &str, play: &str) -> Self {
        let key = if play.contains('\n') { "dialogue" } else { "plays" };
        let _ = write!(
            self.rest,
            "[[server]]\nname = '{name}'\naddress = '{address}'\n{key} = '''\n{}'''\n",
            if key == "plays" { play.to_owned() } else { play.replace("'''", "") }
        );
        self
    }

    /// A sink whose name has this address; further lines of its table say how it behaves.
    pub(crate) fn sink(mut self, name: &str, address: &str, options: &str) -> Self {
        let _ = writeln!(self.zone, "{name}. 300 IN A {address}");
        let _ = write!(
            self.rest,
            "[[server]]\nname = '{name}'\naddress = '{address}'\nplays = 'sink'\n{options}\n"
        );
        self
    }

    /// The policy of MTA-STS of a domain, announced and served; further lines of the page say how.
    pub(crate) fn policy(mut self, domain: &str, text: &str, options: &str) -> Self {
        let _ = write!(
            self.zone,
            "_mta-sts.{domain}. 300 IN TXT \"v=STSv1; id=1;\"\nmta-sts.{domain}. 300 IN A 127.0.0.1\n"
        );
        let _ = write!(
            self.rest,
            "[[page]]\nhost = 'mta-sts.{domain}'\npath = '/.well-known/mta-sts.txt'\nbody = {text:?}\n{options}\n"
        );
        self
    }

    /// What is wrong with the answers for a name: `kind`, and further lines of the fault.
    pub(crate) fn fault(mut self, name: &str, kind: &str, more: &str) -> Self {
        let _ = write!(self.rest, "[[fault]]\nname = '{name}'\nkind = '{kind}'\n{more}\n");
        self
    }

    pub(crate) fn open(&self) -> Lab {
        let Self { zone, secure, insecure, rest } = self;
        world(&format!("zone = '''\n{zone}'''\nsecure = {secure:?}\ninsecure = {insecure:?}\n{rest}"))
    }
}

fn reverse_name(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(v6) => {
            let nibbles = v6.octets().into_iter().rev().flat_map(|byte| [byte & 15, byte >> 4]);
            nibbles.map(|nibble| format!("{nibble:x}.")).collect::<String>() + "ip6.arpa"
        }
    }
}

/// Holds a line against a record, key by key in this order. What differs from run to run is
/// written in the expected record as `"TIME"`, `0` for each duration, `"RESOLVER"` and 25 for the
/// lab's port.
#[track_caller]
pub(crate) fn assert_record(lab: &Lab, line: &str, expected: &str) {
    let mut record: Value = serde_json::from_str(line).unwrap();
    let object = record.as_object_mut().unwrap();
    let time = object["time"].as_str().unwrap();
    assert!(time.len() == "2026-11-24T08:08:40.512Z".len() && time.ends_with('Z'), "{time}");
    object["time"] = "TIME".into();
    for took in object.get_mut("timing_ms").and_then(Value::as_object_mut).into_iter().flatten() {
        assert!(took.1.as_f64().unwrap() >= 0.0, "{line}");
        *took.1 = 0.into();
    }
    if let Some(resolver) = object.get_mut("resolver").filter(|value| **value == resolver(lab)) {
        *resolver = "RESOLVER".into();
    }
    if let Some(port) = object.get_mut("port").filter(|value| **value == lab.port()) {
        *port = 25.into();
    }
    let expected: Value = serde_json::from_str(expected).unwrap();
    // As text, since the order of the keys counts.
    assert_eq!(format!("{record:#}"), format!("{expected:#}"));
}

/// The lab's DNS server as records name it.
pub(crate) fn resolver(lab: &Lab) -> String {
    format!("udp://{}", lab.dns())
}

/// The codes of the findings, each with the host or address it is about.
pub(crate) fn findings(record: &Value) -> Vec<String> {
    let about = |finding: &Value| {
        let about = finding["host"].as_str().or(finding["ip"].as_str()).map(|about| format!(" {about}"));
        finding["code"].as_str().unwrap().to_owned() + &about.unwrap_or_default()
    };
    record["findings"].as_array().into_iter().flatten().map(about).collect()
}

/// The verdict of a record in a line: `ok`, or `STATUS CODE PHASE`.
pub(crate) fn verdict(record: &Value) -> String {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let words = [&record["status"], &record["error"]["code"], &record["error"]["phase"]].map(word);
    words.join(" ").trim_end().to_owned()
}
