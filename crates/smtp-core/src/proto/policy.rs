//! What is known of a server's certificate before it is seen: DANE (RFC 7672) and MTA-STS (RFC 8461).

use super::VerifyError;

/// What a server has to show. Empty: nothing is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Policy {
    /// The TLSA records of the host.
    pub dane: Option<Dane>,
    /// The policy of the domain.
    pub sts: Option<Sts>,
}

/// The TLSA records of a host, at least one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Dane {
    /// The records, usable or not.
    pub records: Vec<Tlsa>,
    /// The TLSA base domain, which is the name to ask for.
    pub base: Option<String>,
    /// The names that a certificate may be for where an authority of the host's own vouches for it (section 3.2.2).
    pub names: Vec<String>,
}

/// A TLSA record (RFC 6698 section 2.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tlsa {
    /// What the data is of.
    pub usage: u8,
    /// Which part of it.
    pub selector: u8,
    /// As it is, or which digest.
    pub matching: u8,
    /// What is compared.
    pub data: Vec<u8>,
}

/// The MTA-STS policy of a domain, for one host of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sts {
    /// What follows where it is not met.
    pub mode: StsMode,
    /// Whether the policy names the host.
    pub names_host: bool,
}

/// The modes of a policy that ask for something (RFC 8461 section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StsMode {
    /// Nothing is handed over.
    Enforce,
    /// It is said.
    Testing,
}

/// What the policy demands of a session before there is a certificate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Demand {
    /// Nothing.
    #[default]
    Nothing,
    /// TLS, for the host has TLSA records: even where none of them can be used (RFC 7672 section 2.2).
    Dane,
    /// TLS, for the domain's policy is enforced.
    Sts,
}

impl Policy {
    /// The name to ask a server for that goes by `name`: that which its TLSA records are about (RFC 7672 section 8.1).
    pub fn asked_for<'a>(&'a self, name: &'a str) -> &'a str {
        self.dane.as_ref().and_then(|dane| dane.base.as_deref()).unwrap_or(name)
    }

    /// What it demands.
    pub fn demand(&self) -> Demand {
        match self {
            Self { dane: Some(_), .. } => Demand::Dane,
            Self { sts: Some(Sts { mode: StsMode::Enforce, .. }), .. } => Demand::Sts,
            _ => Demand::Nothing,
        }
    }
}

/// What TLSA records come to, when the certificate is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DaneVerdict {
    /// This record matches: usage, selector, matching type.
    Pass(u8, u8, u8),
    /// None does.
    Fail(DaneFault),
    /// None can be used: TLS is demanded, and anybody's will do.
    Unusable,
}

/// Why no TLSA record is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DaneFault {
    /// None fits what the server shows.
    NoMatch,
    /// One fits an authority in the chain, which does not vouch for the certificate: this is why.
    Certificate(VerifyError),
}

/// What an MTA-STS policy comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StsVerdict {
    /// The mode of the policy.
    pub mode: StsMode,
    /// Why it is not met; `None` if it is.
    pub fault: Option<StsFault>,
}

/// Why an MTA-STS policy is not met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StsFault {
    /// It does not name the host.
    Host,
    /// The certificate does not verify for the host.
    Certificate(VerifyError),
}

impl Sts {
    /// Whether a host is named by the patterns of a policy, in any letter case: `*.` stands for exactly one label (RFC
    /// 8461 section 4.1).
    pub fn is_named(host: &str, patterns: &[String]) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        patterns.iter().any(|pattern| {
            let pattern = pattern.strip_suffix('.').unwrap_or(pattern);
            match pattern.strip_prefix("*.") {
                Some(parent) => host
                    .split_once('.')
                    .is_some_and(|(label, rest)| !label.is_empty() && rest.eq_ignore_ascii_case(parent)),
                None => host.eq_ignore_ascii_case(pattern),
            }
        })
    }

    /// What it comes to with a certificate that has this against it, by WebPKI and name.
    pub fn judge(&self, verify_error: Option<VerifyError>) -> StsVerdict {
        let fault = match self.names_host {
            false => Some(StsFault::Host),
            true => verify_error.map(StsFault::Certificate),
        };
        StsVerdict { mode: self.mode, fault }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_a_name_or_any_one_label_below_it() {
        let named =
            |host: &str, pattern: &str| Sts::is_named(host, &["no.example".to_owned(), pattern.to_owned()]);
        for (host, pattern) in [
            ("mx.a.example", "mx.a.example"),
            ("mx.a.example", "MX.A.Example."),
            ("mx.a.example", "*.a.example"),
            ("MX.a.example", "*.A.example"),
        ] {
            assert!(named(host, pattern), "{host} {pattern}");
        }
        for (host, pattern) in [
            ("a.example", "*.a.example"),
            ("x.mx.a.example", "*.a.example"),
            ("mx.a.example", "*.example"),
            ("mx.a.example", "m*.a.example"),
            ("mx.a.example", "mx.*.example"),
            ("mx.a.example", "*"),
            ("mx.a.example", "a.example"),
            ("mx.a.example", ""),
            (".a.example", "*.a.example"),
        ] {
            assert!(!named(host, pattern), "{host} {pattern}");
        }
        assert!(!Sts::is_named("mx.a.example", &[]));
    }

    #[test]
    fn tlsa_records_demand_before_a_policy_does_and_testing_demands_nothing() {
        let sts = |mode| Some(Sts { mode, names_host: true });
        let demand = |dane, sts| Policy { dane, sts }.demand();
        assert_eq!(demand(Some(Dane::default()), sts(StsMode::Enforce)), Demand::Dane);
        assert_eq!(demand(None, sts(StsMode::Enforce)), Demand::Sts);
        assert_eq!(demand(None, sts(StsMode::Testing)), Demand::Nothing);
        assert_eq!(demand(None, None), Demand::Nothing);
    }
}
