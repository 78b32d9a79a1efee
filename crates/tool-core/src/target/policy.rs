//! What a record brings about a server's certificate: TLSA records, and the MTA-STS policy of the domain.

use std::sync::Arc;

use dns_core::DomainName;
use dns_core::policy::MOST_PATTERNS;
use serde::Deserialize;
use serde_json::value::RawValue;
use smtp_core::proto::{Dane, Policy, Sts, StsMode, Tlsa};

use crate::Code;
use crate::jsonl::Object;
use crate::record::Error;

/// The keys of one host. Where a list is taken apart, they go along with it.
pub const OF_A_HOST: &[&str] = &["tlsa", "tlsa_base", "tlsa_error"];

/// What is taken of TLSA records, as mxlookup takes no more.
const MOST_RECORDS: usize = 64;
const MOST_OCTETS: usize = 32 * 1024;

/// What is taken of the names of a domain.
const MOST_NAMES: usize = 16;

/// Whether a record knows TLSA records of its host, or that they are not known.
pub fn demands_of_host(record: &Object) -> bool {
    let says = |key: &str| record.raw(key).is_some_and(|raw| !matches!(raw.get(), "[]" | "null"));
    says("tlsa") || says("tlsa_error")
}

/// What a record says of a host's certificate.
#[derive(Debug, Clone, Default)]
pub(crate) struct Brought {
    pub(crate) policy: Arc<Policy>,
    /// Why the host must not be used.
    pub(crate) refusal: Option<Error>,
}

/// What a record says of its domain, for each of its hosts.
#[derive(Debug, Default)]
pub(crate) struct OfDomain {
    sts: Option<(StsMode, Vec<String>)>,
    /// The domain and its aliases, if its MX are secure (RFC 7672 section 3.2.2).
    names: Vec<String>,
}

#[derive(Deserialize)]
struct TlsaKeys {
    usage: u8,
    selector: u8,
    matching: u8,
    data: String,
}

#[derive(Deserialize)]
struct StsKeys {
    mode: Option<String>,
    #[serde(default)]
    mx: Vec<String>,
}

#[derive(Deserialize)]
struct TlsaErrorKeys {
    message: Option<String>,
}

impl OfDomain {
    /// Reads the keys `mta_sts`, `domain`, `cname` and `dnssec`.
    ///
    /// # Errors
    /// `input.unusable`: a policy that cannot be read is not passed over.
    pub(crate) fn read(record: &Object) -> Result<Self, Error> {
        let keys: Option<StsKeys> = record.read("mta_sts", "a policy as mxlookup writes it")?;
        let sts = match keys.as_ref().and_then(|keys| keys.mode.as_deref()) {
            // There is none, or it could not be fetched.
            None | Some("none") => None,
            Some("enforce") => Some(StsMode::Enforce),
            Some("testing") => Some(StsMode::Testing),
            Some(_) => return Err(Error::unusable("the key \"mta_sts\" of the record has no known mode")),
        };
        let patterns = keys.map(|keys| keys.mx).unwrap_or_default();
        if patterns.len() > MOST_PATTERNS {
            return Err(Error::unusable(format!(
                "the policy of the record names over {MOST_PATTERNS} hosts"
            )));
        }
        let mut names = Vec::new();
        if record.string("dnssec").is_some_and(|word| word == "secure") {
            names.extend(record.string("domain"));
            names.extend(
                record.read::<Vec<String>>("cname", "a list of names").ok().flatten().unwrap_or_default(),
            );
            names.truncate(MOST_NAMES);
        }
        Ok(Self { sts: sts.map(|mode| (mode, patterns)), names })
    }

    /// The same, if the record is about `domain`.
    ///
    /// # Errors
    /// Those of [`Self::read`].
    pub(crate) fn read_for(record: &Object, domain: Option<&str>) -> Result<Self, Error> {
        let written = record.string("domain").or_else(|| {
            let address = record.string("address")?;
            Some(address.rsplit_once('@')?.1.to_owned())
        });
        let parsed = |name: &str| DomainName::parse(name).ok();
        let is_same = match (written.as_deref(), domain) {
            (Some(written), Some(domain)) => written == domain || parsed(written) == parsed(domain),
            (written, domain) => written == domain,
        };
        if is_same { Self::read(record) } else { Ok(Self::default()) }
    }

    /// Reads the keys of one of its hosts, which goes by `host`.
    ///
    /// # Errors
    /// `input.unusable`: TLSA records that cannot be read are not passed over.
    pub(crate) fn host(&self, object: &Object, host: Option<&str>) -> Result<Brought, Error> {
        let refusal = object.raw("tlsa_error").filter(|raw| raw.get() != "null").map(refusal);
        let tlsa: Option<Vec<TlsaKeys>> = object.read("tlsa", "a list of TLSA records")?;
        let records = tlsa.unwrap_or_default().iter().map(tlsa_of).collect::<Option<Vec<Tlsa>>>();
        let records = records.ok_or_else(|| Error::unusable("the data of a TLSA record is not in hex"))?;
        if records.len() > MOST_RECORDS
            || records.iter().map(|one| one.data.len()).sum::<usize>() > MOST_OCTETS
        {
            return Err(Error::unusable(format!(
                "the record has more TLSA records than {MOST_RECORDS}, or than {MOST_OCTETS} octets of them"
            )));
        }
        let base = object.read::<String>("tlsa_base", "a name")?.or_else(|| host.map(str::to_owned));
        let names = base.iter().chain(&self.names).cloned().collect();
        let dane = (!records.is_empty()).then_some(Dane { records, base, names });
        let sts = self.sts.as_ref().map(|(mode, patterns)| Sts {
            mode: *mode,
            names_host: host.is_some_and(|host| Sts::is_named(host, patterns)),
        });
        Ok(Brought { policy: Arc::new(Policy { dane, sts }), refusal })
    }
}

/// RFC 7672 section 2.1.2: a host whose TLSA records could not be found out is not used.
fn refusal(raw: &RawValue) -> Error {
    let keys: Option<TlsaErrorKeys> = serde_json::from_str(raw.get()).ok();
    let why = keys.and_then(|keys| keys.message).map(|why| format!(": {}", crate::text::clean(&why)));
    let message =
        format!("the TLSA records of the host are not known, so it is not used{}", why.unwrap_or_default());
    Error::new(Code::TlsDnssecInvalid, "dns", message).with_hint("mxlookup --tlsa asks again")
}

fn tlsa_of(keys: &TlsaKeys) -> Option<Tlsa> {
    let TlsaKeys { usage, selector, matching, data } = keys;
    let digits: Option<Vec<u8>> =
        data.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    let data = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    Some(Tlsa { usage: *usage, selector: *selector, matching: *matching, data })
}

/// What of a host's keys goes along when it is taken out of its list, as it came.
pub(crate) fn taken_along(element: &Object) -> Vec<(String, Box<RawValue>)> {
    let keys = OF_A_HOST.iter().filter_map(|key| Some(((*key).to_owned(), element.raw(key)?.to_owned())));
    keys.filter(|(_, raw)| raw.get() != "null").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(record: &str, host: &str) -> Result<Brought, Error> {
        let record: Object = serde_json::from_str(record).unwrap();
        OfDomain::read(&record)?.host(&record, Some(host))
    }

    #[test]
    fn records_and_the_names_that_a_certificate_may_be_for() {
        let tlsa = r#""tlsa":[{"usage":3,"selector":1,"matching":1,"data":"00fF"}]"#;
        let domain = r#""domain":"a.example","cname":["b.example"]"#;
        let dane = |rest: &str| {
            read(&format!("{{{tlsa},{rest}}}"), "mx.example").unwrap().policy.dane.clone().unwrap()
        };
        let found = dane(&format!(r#"{domain},"dnssec":"secure""#));
        assert_eq!(found.records, [Tlsa { usage: 3, selector: 1, matching: 1, data: vec![0, 0xff] }]);
        assert_eq!(found.base.as_deref(), Some("mx.example"));
        assert_eq!(found.names, ["mx.example", "a.example", "b.example"]);
        assert_eq!(dane(domain).names, ["mx.example"], "an MX that anybody could have made up");
        let found = dane(r#""tlsa_base":"real.example""#);
        assert_eq!(
            (found.base.as_deref(), found.names),
            (Some("real.example"), vec!["real.example".to_owned()])
        );
    }

    #[test]
    fn a_policy_counts_for_its_domain_however_that_is_written() {
        let has = |record: &str, domain: Option<&str>| {
            let record: Object = serde_json::from_str(record).unwrap();
            OfDomain::read_for(&record, domain).unwrap().sts.is_some()
        };
        let sts = r#""mta_sts":{"mode":"enforce","mx":["mx.a.example"]}"#;
        for key in [r#""domain":"A.example.""#, r#""domain":"a.example""#, r#""address":"x@A.example""#] {
            assert!(has(&format!("{{{key},{sts}}}"), Some("a.example")), "{key}");
            assert!(!has(&format!("{{{key},{sts}}}"), Some("b.example")), "{key}");
        }
    }

    #[test]
    fn more_than_can_be_held_against_a_certificate_is_not_taken() {
        let one = r#"{"usage":3,"selector":1,"matching":1,"data":"00"}"#;
        let record = |count: usize| format!(r#"{{"tlsa":[{}]}}"#, vec![one; count].join(","));
        assert!(read(&record(64), "mx.example").is_ok());
        assert_eq!(read(&record(65), "mx.example").unwrap_err().code, Code::InputUnusable);
    }

    #[test]
    fn a_record_that_asks_for_nothing() {
        for record in ["{}", r#"{"tlsa":[]}"#, r#"{"tlsa":null,"tlsa_error":null,"mta_sts":null}"#] {
            let brought = read(record, "mx.example").unwrap();
            assert_eq!((&*brought.policy, brought.refusal), (&Policy::default(), None), "{record}");
        }
        for sts in [r#"{"mode":"none","mx":["x"]}"#, r#"{"error":{"code":"http.status"}}"#, "{}"] {
            let brought = read(&format!(r#"{{"mta_sts":{sts}}}"#), "mx.example").unwrap();
            assert_eq!(brought.policy.sts, None, "{sts}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_passed_over() {
        for record in [
            r#"{"tlsa":"3 1 1 00"}"#,
            r#"{"tlsa":{}}"#,
            r#"{"tlsa":[{"usage":3,"selector":1,"matching":1}]}"#,
            r#"{"tlsa":[{"usage":300,"selector":1,"matching":1,"data":"00"}]}"#,
            r#"{"tlsa":[{"usage":3,"selector":1,"matching":1,"data":"0"}]}"#,
            r#"{"tlsa":[{"usage":3,"selector":1,"matching":1,"data":"0g"}]}"#,
            r#"{"tlsa":[{"usage":3,"selector":1,"matching":1,"data":"é"}]}"#,
            r#"{"tlsa_base":7}"#,
            r#"{"mta_sts":7}"#,
            r#"{"mta_sts":{"mode":"enforced"}}"#,
            r#"{"mta_sts":{"mode":"enforce","mx":"*"}}"#,
        ] {
            assert_eq!(read(record, "mx.example").unwrap_err().code, Code::InputUnusable, "{record}");
        }
        for record in [r#"{"tlsa_error":{"code":"x","message":"no answer"}}"#, r#"{"tlsa_error":true}"#] {
            let refusal = read(record, "mx.example").unwrap().refusal.unwrap();
            assert_eq!(refusal.code, Code::TlsDnssecInvalid, "{record}");
        }
    }

    #[test]
    fn a_policy_is_for_the_hosts_it_names() {
        let sts = |mode: &str, host: &str| {
            let record = format!(r#"{{"mta_sts":{{"mode":"{mode}","mx":["mx.a.example","*.b.example"]}}}}"#);
            read(&record, host).unwrap().policy.sts.clone()
        };
        assert_eq!(sts("enforce", "mx.a.example"), Some(Sts { mode: StsMode::Enforce, names_host: true }));
        assert_eq!(sts("testing", "x.b.example"), Some(Sts { mode: StsMode::Testing, names_host: true }));
        assert_eq!(sts("enforce", "x.a.example"), Some(Sts { mode: StsMode::Enforce, names_host: false }));
    }
}
