//! The readable view of `mxlookup`.

use tool_core::record::{HostRecord, Record, StsPolicyRecord, TlsaRecord};
use tool_core::text::{Page, cause};

use crate::data::Answer;

pub(crate) fn write(record: &Record<Answer>, page: &mut Page) {
    let subject = record.head.domain_unicode.as_ref().or(record.head.domain.as_ref());
    let subject = subject.or(record.head.input.as_ref()).map_or("", String::as_str);
    page.headline(record.status, subject, cause(record.error.as_ref()));
    if let Some(error) = &record.error {
        page.error(error);
    }
    if let Some(cname) = &record.answer.cname {
        page.line("alias of", &cname.join(", "));
    }
    if record.answer.null_mx.is_none() {
        for host in record.answer.mx.iter().flatten() {
            page.line(&format!("mx {}", host.preference.unwrap_or(0)), &line(host));
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
    page.advice(record.error.as_ref());
}

fn line(host: &HostRecord) -> String {
    let addresses = match host.addresses.as_deref() {
        None => String::new(),
        Some([]) => "no address".to_owned(),
        Some(addresses) => addresses.iter().map(|ip| named(host, ip)).collect::<Vec<_>>().join(", "),
    };
    format!("{}  {addresses}", host.exchange).trim_end().to_owned()
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
