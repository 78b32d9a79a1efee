//! The readable view of `mxlookup`.

use tool_core::record::{HostRecord, Record};
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
        }
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
