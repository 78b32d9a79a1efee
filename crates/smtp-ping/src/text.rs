//! The readable view of `smtp-ping`: the cause first, then the evidence, then what to try.

use tool_core::record::{AttemptRecord, HelloRecord, Record, TlsRecord};
use tool_core::text::{Page, cause};

use crate::data::{Answer, NamesRecord};

pub(crate) fn write(record: &Record<Answer>, page: &mut Page) {
    let answer = &record.answer;
    page.headline(record.status, &subject(record), cause(record.error.as_ref()));
    if let Some(error) = &record.error {
        page.error(error);
    }
    let shown_as_error = record.error.as_ref().and_then(|error| error.reply.as_ref()).map(|reply| reply.code);
    if let Some(banner) = answer.banner.as_ref().filter(|banner| Some(banner.code) != shown_as_error) {
        let lines: Vec<String> =
            banner.text.split('\n').map(|line| format!("{} {line}", banner.code)).collect();
        page.line("banner", &lines.join("\n"));
    }
    if let Some(ehlo) = &answer.ehlo {
        page.line(&ehlo.verb.to_lowercase(), &format!("{} {}", ehlo.code, ehlo.text));
        page.line("offers", &keywords(ehlo));
    }
    if let Some(auth) = &answer.auth {
        let user = auth.user.as_deref().map(|user| format!(" as {user}")).unwrap_or_default();
        page.line("login", &format!("{}{user}", auth.mechanism));
    }
    if let Some(tls) = &answer.tls {
        page.line("tls", &tls_line(tls));
        for (label, value) in policy_lines(tls) {
            page.line(label, &value);
        }
        if let Some(ehlo) =
            answer.ehlo_tls.as_ref().filter(|inside| offers(Some(inside)) != offers(answer.ehlo.as_ref()))
        {
            page.line("in tls", &keywords(ehlo));
        }
    }
    for recipient in answer.recipients.iter().flatten() {
        let reply =
            format!("{} {}", recipient.code.unwrap_or(0), recipient.text.as_deref().unwrap_or_default());
        page.line("rcpt", &format!("{}: {} ({reply})", recipient.address, recipient.verdict));
    }
    if let Some(names) = &answer.names {
        page.line("names", &names_line(names));
    }
    if let (Some(ptr), Some(iprev)) = (&answer.ptr, answer.iprev) {
        let names = if ptr.is_empty() { "none".to_owned() } else { ptr.join(", ") };
        page.line("ptr", &format!("{names} (iprev {})", iprev.as_str()));
    }
    if !answer.quirks.is_empty() {
        page.line("quirks", &answer.quirks.join(", "));
    }
    if let Some(us) = us(answer) {
        page.line("we are", &us);
    }
    for attempt in answer.attempts.iter().flatten() {
        page.line("tried", &attempt_line(attempt));
    }
    page.findings(&record.findings);
    page.timing(record.timing_ms.as_ref());
    page.advice(record.error.as_ref());
}

fn subject(record: &Record<Answer>) -> String {
    let head = &record.head;
    let place = match (&head.ip, head.port) {
        (Some(ip), Some(port)) if ip.contains(':') => format!("[{ip}]:{port}"),
        (Some(ip), Some(port)) => format!("{ip}:{port}"),
        (Some(ip), None) => ip.clone(),
        (None, _) => String::new(),
    };
    let name = head.host.as_ref().or(head.domain.as_ref().filter(|_| place.is_empty()));
    let name = name.or(head.input.as_ref().filter(|_| place.is_empty())).map_or("", String::as_str);
    let via = match (&head.domain, &head.host) {
        (Some(domain), Some(host)) if domain != host => format!(" for {domain}"),
        _ => String::new(),
    };
    format!("{name} {place}{via}").trim().to_owned()
}

/// How we appear to the server.
fn us(answer: &Answer) -> Option<String> {
    let helo = answer.helo.as_ref()?;
    let from = answer.local_ip.as_ref().map(|ip| format!(" from {ip}")).unwrap_or_default();
    let seen = answer.client_addr_seen.as_ref().filter(|seen| Some(*seen) != answer.local_ip.as_ref());
    let seen = seen.map(|ip| format!(", seen as {ip}")).unwrap_or_default();
    Some(format!("{helo}{from}{seen}"))
}

fn tls_line(tls: &TlsRecord) -> String {
    let verdict = match tls.verify_error {
        None => "verified".to_owned(),
        Some(code) => format!("not verified: {code}"),
    };
    let until = tls.certificate.as_ref().map(|leaf| match leaf.days_left {
        left @ 0.. => format!(", {}, ends in {left} days", leaf.subject),
        over => format!(", {}, ended {} days ago", leaf.subject, -over),
    });
    format!("{} {} ({}), {verdict}{}", tls.version, tls.cipher, tls.how, until.unwrap_or_default())
}

/// What TLSA records and the policy of the domain come to, as far as there are some.
fn policy_lines(tls: &TlsRecord) -> impl Iterator<Item = (&'static str, String)> {
    let dane = tls.dane.as_ref().map(|dane| {
        let detail = dane.matched.clone().or(dane.error.map(|code| code.to_string()));
        (
            "dane",
            [Some(dane.result.as_str().to_owned()), detail]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" "),
        )
    });
    let sts = tls.mta_sts.as_ref().map(|sts| {
        let detail = sts.error.map(|code| format!(" {code}")).unwrap_or_default();
        ("mta-sts", format!("{}{detail} (mode {})", sts.result.as_str(), sts.mode.as_str()))
    });
    dane.into_iter().chain(sts)
}

/// What is offered, but for STARTTLS, which goes away inside TLS.
fn offers(ehlo: Option<&HelloRecord>) -> Vec<(&str, &[String])> {
    let all = ehlo.into_iter().flat_map(|ehlo| ehlo.keywords.iter());
    all.filter(|(keyword, _)| *keyword != "STARTTLS").collect()
}

fn keywords(ehlo: &HelloRecord) -> String {
    let words: Vec<String> = ehlo
        .keywords
        .iter()
        .map(|(keyword, params)| match params {
            [] => keyword.to_owned(),
            params => format!("{keyword} {}", params.join(" ")),
        })
        .collect();
    if words.is_empty() { "no extension".to_owned() } else { words.join(", ") }
}

fn names_line(names: &NamesRecord) -> String {
    let expected = &names.expected;
    match (names.agree.as_slice(), names.differ.as_slice()) {
        ([], []) => format!("{expected}: no name was given"),
        (agree, []) => format!("{expected} in {}", agree.join(", ")),
        ([], differ) => format!("another name than {expected} in {}", differ.join(", ")),
        (agree, differ) => {
            format!("{expected} in {}, another name in {}", agree.join(", "), differ.join(", "))
        }
    }
}

fn attempt_line(attempt: &AttemptRecord) -> String {
    let host = attempt.host.as_deref().unwrap_or_default();
    let ip = attempt.ip.as_deref().unwrap_or("no address");
    let result = attempt.code.map_or("ok", |code| code.as_str());
    format!("{host} {ip}: {result} after {:.0} ms", attempt.elapsed_ms).trim_start().to_owned()
}
