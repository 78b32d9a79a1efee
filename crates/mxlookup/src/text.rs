//! The readable view of `mxlookup`.

use std::fmt::Write;

use tool_core::explain::explanation;
use tool_core::record::{
    DnssecBy, DnssecWord, ErrorRecord, HostRecord, Record, StsPolicyRecord, TimingMs, TlsaRecord,
};
use tool_core::text::{Page, cause};

use crate::data::Answer;

pub(crate) fn write(record: &Record<Answer>, page: &mut Page) {
    let subject = record.head.domain_unicode.as_ref().or(record.head.domain.as_ref());
    let subject = subject.or(record.head.input.as_ref()).map_or("", String::as_str);
    page.headline(record.status, subject, cause(record.error.as_ref()));
    if let Some(error) = &record.error {
        page.error(error);
        if let Some(resolver) = &record.answer.resolver {
            page.line("asked", resolver);
        }
    }
    if let Some(cname) = &record.answer.cname {
        page.line("alias of", &cname.join(", "));
    }
    if let Some(word) = security(&record.answer) {
        page.line("dnssec", &word);
    }
    if record.answer.null_mx.is_none() {
        let asked = record.timing_ms.iter().flat_map(TimingMs::iter).any(|(phase, _)| phase == "addresses");
        for host in record.answer.mx.iter().flatten() {
            let mut line = line(host, asked);
            if let Some(own) = host.dnssec.filter(|own| record.answer.dnssec.is_some_and(|all| all != *own)) {
                let _ = write!(line, ", {}", own.as_str());
            }
            page.line(&format!("mx {}", host.preference.unwrap_or(0)), &line);
            if let Some(tlsa) = certificate(host) {
                page.line("tlsa", &tlsa);
            }
        }
    }
    if let Some(policy) = &record.answer.mta_sts {
        page.line("mta-sts", &policy_line(policy));
    }
    if let Some(tlsrpt) = &record.answer.tlsrpt {
        let rua = tlsrpt.rua.join(", ");
        page.line("tlsrpt", if rua.is_empty() { "none" } else { &rua });
    }
    page.findings(&record.findings);
    let error = record.error.as_ref().map(|error| advised(error, record.head.domain.as_deref()));
    page.advice(error.as_ref());
}

/// The error with what is usually tried about its code, for this domain, unless it says itself what to try.
fn advised(error: &ErrorRecord, domain: Option<&str>) -> ErrorRecord {
    let usual = || Some(explanation(error.code)?.remedy.replace("DOMAIN", domain?));
    ErrorRecord { hint: error.hint.clone().or_else(usual), ..error.clone() }
}

/// What DNSSEC says, unless it is just what a resolver says of most domains.
fn security(answer: &Answer) -> Option<String> {
    let by = match answer.dnssec_by? {
        DnssecBy::Validation => "validated here",
        DnssecBy::Resolver if answer.dnssec == Some(DnssecWord::Insecure) => return None,
        DnssecBy::Resolver => "as the resolver says",
    };
    Some(format!("{}, {by}", answer.dnssec?.as_str()))
}

/// A host with what is known of its addresses, where they were asked for.
fn line(host: &HostRecord, asked: bool) -> String {
    let addresses = match host.addresses.as_deref() {
        None if asked => "address not known now".to_owned(),
        None => String::new(),
        Some([]) => "no address".to_owned(),
        Some(addresses) => addresses.iter().map(|ip| named(host, ip)).collect::<Vec<_>>().join(", "),
    };
    let alias = host.cname.iter().flatten().next_back().map(|name| format!(" alias of {name}"));
    format!("{}{}  {addresses}", host.exchange, alias.unwrap_or_default()).trim_end().to_owned()
}

/// What certificate the host says it has, a record a line, where that was asked.
fn certificate(host: &HostRecord) -> Option<String> {
    if let Some(error) = &host.tlsa_error {
        return Some(format!("{}: the host is not used", error.message));
    }
    let base = host.tlsa_base.as_ref().map(|base| format!(" at {base}")).unwrap_or_default();
    let shown = |tlsa: &TlsaRecord| {
        let TlsaRecord { usage, selector, matching, data } = tlsa;
        format!("{usage} {selector} {matching} {data}{base}")
    };
    match host.tlsa.as_deref()? {
        [] => Some("none".to_owned()),
        records => Some(records.iter().map(shown).collect::<Vec<_>>().join("\n")),
    }
}

/// What the policy asks for; which exchanges it does not name is a finding.
fn policy_line(policy: &StsPolicyRecord) -> String {
    match (&policy.error, policy.mode) {
        (Some(error), _) => format!("not known: {}", error.message),
        (None, None) => "none".to_owned(),
        (None, Some(mode)) => {
            let hosts = policy.mx.as_deref().unwrap_or_default().join(" ");
            let hosts = if hosts.is_empty() { "no host" } else { &hosts };
            let seconds = policy.max_age.unwrap_or_default();
            format!("{} {hosts}, for {seconds} s", mode.as_str())
        }
    }
}

/// The address with its names, where they were asked for.
fn named(host: &HostRecord, ip: &std::net::IpAddr) -> String {
    match host.ptr.iter().flatten().find(|ptr| ptr.ip == *ip) {
        None => ip.to_string(),
        Some(ptr) => {
            let names = ptr.names.as_ref().map(|names| names.join(" ")).unwrap_or_default();
            let names = if names.is_empty() { "no name" } else { &names };
            format!("{ip} ({names}, iprev {})", ptr.iprev.as_str())
        }
    }
}
