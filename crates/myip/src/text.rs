//! The readable view of `myip`: the cause first, then what is known.

use tool_core::record::Record;
use tool_core::text::{Page, cause};

use crate::data::{Answer, HeloRecord, SourceRecord};

pub(crate) fn write(record: &Record<Answer>, page: &mut Page) {
    let (head, answer) = (&record.head, &record.answer);
    let family = head.family.map(|family| family.as_str());
    let subject = head.ip.as_deref().or(family).or(head.input.as_deref()).unwrap_or_default();
    page.headline(record.status, subject, cause(record.error.as_ref()));
    if let Some(error) = &record.error {
        page.error(error);
    }
    if let (Some(ptr), Some(iprev)) = (&answer.ptr, answer.iprev) {
        let names = if ptr.is_empty() { "none".to_owned() } else { ptr.join(", ") };
        page.line("ptr", &format!("{names} (iprev {})", iprev.as_str()));
    }
    if let Some(helo) = &answer.helo {
        page.line("ehlo name", helo);
    }
    if let Some(check) = &answer.helo_check {
        page.line("checked", &checked(check));
    }
    if let Some(local) = answer.local_ip {
        let nat = if answer.nat.is_some() { " (behind NAT)" } else { "" };
        page.line("local", &format!("{local}{nat}"));
    }
    for source in answer.sources.iter().flatten() {
        page.line("source", &line(source));
    }
    page.findings(&record.findings);
    page.advice(record.error.as_ref());
}

fn checked(check: &HeloRecord) -> String {
    let say = |what: Option<bool>, yes: &'static str, no: &'static str, unknown: &'static str| match what {
        Some(true) => yes,
        Some(false) => no,
        None => unknown,
    };
    let forward = say(check.leads_here, "leads here", "does not lead here", "could not be looked up");
    let ptr = say(check.is_ptr, "is a PTR name", "is no PTR name", "the PTR could not be looked up");
    format!("{} ({forward}, {ptr})", check.name)
}

fn line(source: &SourceRecord) -> String {
    let said = match (&source.ip, &source.error) {
        (Some(ip), _) => ip.to_string(),
        (None, Some(error)) => format!("{} ({})", error.message, error.code),
        (None, None) => String::new(),
    };
    format!("{}  {said}", source.via)
}
