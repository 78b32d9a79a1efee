//! The readable view of `smtp-send`.

use tool_core::record::Record;
use tool_core::text::{Page, cause};

use crate::data::Answer;

pub(crate) fn write(record: &Record<Answer>, page: &mut Page) {
    let (head, answer) = (&record.head, &record.answer);
    let place = match (&head.ip, head.port) {
        (Some(ip), Some(port)) if ip.contains(':') => format!("[{ip}]:{port}"),
        (Some(ip), Some(port)) => format!("{ip}:{port}"),
        _ => String::new(),
    };
    let name = head.host.as_ref().or(head.domain.as_ref()).or(head.input.as_ref()).map_or("", String::as_str);
    page.headline(record.status, format!("{name} {place}").trim(), cause(record.error.as_ref()));
    if let Some(error) = &record.error {
        page.error(error);
    }
    for recipient in answer.recipients.iter().flatten() {
        let reply = match (recipient.code, &recipient.text) {
            (Some(code), Some(text)) => format!(" ({code} {text})"),
            _ => String::new(),
        };
        let status = recipient.status.as_str();
        page.line("to", &format!("{}: {status}, {}{reply}", recipient.address, recipient.verdict));
    }
    let already_shown = record.error.as_ref().and_then(|error| error.reply.as_ref()) == answer.reply.as_ref();
    if let Some(reply) = answer.reply.as_ref().filter(|_| !already_shown) {
        page.reply("reply", reply);
    }
    if let Some(auth) = &answer.auth {
        let user = auth.user.as_deref().map(|user| format!(" as {user}")).unwrap_or_default();
        page.line("login", &format!("{}{user}", auth.mechanism));
    }
    if let Some(tls) = &answer.tls {
        let verdict = tls.verify_error.map_or("verified".to_owned(), |code| format!("not verified: {code}"));
        page.line("tls", &format!("{} {} ({}), {verdict}", tls.version, tls.cipher, tls.how));
    }
    if let Some(id) = &answer.message_id {
        page.line("message", &format!("<{id}>, {} bytes", answer.size_bytes.unwrap_or(0)));
    }
    for attempt in answer.attempts.iter().flatten() {
        let host = attempt.host.as_deref().unwrap_or_default();
        let ip = attempt.ip.as_deref().unwrap_or("no address");
        let result = attempt.code.map_or("ok", |code| code.as_str());
        page.line("tried", format!("{host} {ip}: {result} after {:.0} ms", attempt.elapsed_ms).trim_start());
    }
    page.findings(&record.findings);
    page.timing(record.timing_ms.as_ref());
    page.advice(record.error.as_ref());
}
