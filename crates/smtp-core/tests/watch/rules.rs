//! What a client may write, and what its verdict has to rest on.

use smtp_core::proto::{
    Cause, Content, Facts, Failure, Phase, Plan, Reply, TlsLevel, Transaction, Verb, base64, is_cleartext,
};

/// Far above what bytes within the parser's bounds become as text: U+FFFD is three octets.
const MOST_OCTETS: usize = 3 * 64 * 1024;
const MOST_LINES: usize = 1_000;

/// Nothing but the plan's own commands goes out, each at its time.
pub(crate) fn write_is_allowed(plan: &Plan, facts: &Facts, before: &[Vec<u8>], bytes: &[u8]) {
    let shown = String::from_utf8_lossy(bytes);
    assert!(facts.banner.is_some(), "{shown:?} before the greeting");
    assert!(!before.iter().any(|piece| has_line(piece, "QUIT")), "{shown:?} after QUIT");
    let commands = match content(plan).and_then(|content| bytes.strip_prefix(&content.wire[..])) {
        Some(end) => {
            assert!(!has_content(plan, before), "a message twice");
            let transaction = facts.transaction.as_ref().expect("a message in no transaction");
            assert!(transaction.has_recipient(), "a message for nobody");
            assert!(
                transaction.mail.as_ref().is_some_and(Reply::is_positive),
                "a message from a refused sender"
            );
            assert!(
                transaction.data.as_ref().is_some_and(|reply| reply.code == 354),
                "a message without 354"
            );
            assert!(matches!(end, b".\r\n" | b".\r\nQUIT\r\n"), "{shown:?}");
            return;
        }
        None => shown.strip_suffix("\r\n").unwrap_or_else(|| panic!("{shown:?} is no line")),
    };
    for command in commands.split("\r\n") {
        command_is_allowed(plan, facts, before, command);
    }
}

fn command_is_allowed(plan: &Plan, facts: &Facts, before: &[Vec<u8>], command: &str) {
    // RFC 5321 section 4.5.3.1.4, with room for the parameters of MAIL (RFC 1870, 6152, 6531).
    assert!(command.len() <= 510 + 64 && !command.contains(['\r', '\n', '\0']), "{command:?}");
    let delivery = plan.delivery.as_ref();
    let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
    let is_expected = match verb {
        "EHLO" | "HELO" | "LHLO" => {
            let is_fallback = plan.verb == Verb::Ehlo && verb == "HELO";
            (verb == plan.verb.as_str() || is_fallback) && rest == plan.hello.as_str()
        }
        "STARTTLS" => {
            assert!(!before.iter().any(|piece| has_line(piece, "STARTTLS")), "STARTTLS twice");
            assert!(facts.tls.is_none(), "STARTTLS inside TLS");
            rest.is_empty() && plan.tls.level != TlsLevel::None && !plan.tls.implicit
        }
        "MAIL" => {
            let unverified = facts.tls.as_ref().is_none_or(|tls| tls.verify_error.is_some());
            assert!(plan.tls.level < TlsLevel::Require || facts.tls.is_some(), "{command} without TLS");
            let is_in = facts.auth.as_ref().is_some_and(|auth| auth.accepted);
            assert!(plan.auth.is_none() || is_in, "{command} without the login");
            assert!(plan.tls.level < TlsLevel::Verify || !unverified, "{command} to a stranger");
            let from = delivery.map(|delivery| format!("FROM:<{}>", delivery.from.as_str()));
            from.and_then(|from| rest.strip_prefix(&from)).is_some_and(|params| {
                params.split(' ').skip(1).all(|param| {
                    let size = content(plan).map(|content| format!("SIZE={}", content.size));
                    Some(param) == size.as_deref() || matches!(param, "BODY=8BITMIME" | "SMTPUTF8")
                })
            })
        }
        "RCPT" => delivery.is_some_and(|delivery| {
            delivery.recipients.iter().any(|to| rest == format!("TO:<{}>", to.as_str()))
        }),
        "DATA" | "." => rest.is_empty() && content(plan).is_some(),
        "QUIT" => rest.is_empty(),
        "AUTH" => {
            let login = plan.auth.as_ref().expect("a login that nobody wants");
            assert!(facts.transaction.is_none(), "a login in a transaction");
            let name = rest.split(' ').next().unwrap_or_default();
            let is_hidden = facts.tls.is_some() || login.insecure || !is_cleartext(name);
            assert!(is_hidden, "{command:?} in clear");
            login.mechanisms.iter().any(|known| known == name)
        }
        // What a mechanism says, or the end of it.
        words if facts.auth.as_ref().is_some_and(|auth| !auth.accepted) && rest.is_empty() => {
            words == "*" || base64::decode(words).is_some()
        }
        _ => false,
    };
    assert!(is_expected, "{command:?} is not ours");
}

/// What the verdict says follows from what was learnt.
pub(crate) fn verdict_is_true(
    plan: &Plan,
    verdict: &Result<(), Failure>,
    facts: &Facts,
    has_handed_over: bool,
) {
    let mut dots = facts.transaction.iter().flat_map(answers_to_the_dot);
    match verdict {
        Ok(()) => {
            assert!(facts.banner.as_ref().is_some_and(|reply| reply.code == 220), "good without a greeting");
            if plan.quit_after.is_some() {
                return;
            }
            let hello = facts.ehlo_tls.as_ref().or(facts.ehlo.as_ref());
            assert!(hello.is_some_and(|hello| hello.reply.is_positive()), "good without EHLO");
            assert!(plan.tls.level < TlsLevel::Require || facts.tls.is_some(), "good without TLS");
            let is_taken = dots.any(|dot| dot.is_some_and(Reply::is_positive));
            assert!(content(plan).is_none() || is_taken, "sent without a word to the dot");
        }
        Err(failure) => {
            assert!(failure.received.as_ref().is_none_or(|text| text.len() <= 600), "{failure:?}");
            // RFC 1047: nobody knows, unless the dot was answered, in LMTP by all that were to.
            let is_uncertain = failure.cause == Cause::Uncertain && failure.phase == Phase::Dot;
            assert!(
                is_uncertain || !has_handed_over || dots.all(|dot| dot.is_some()),
                "{failure:?} after the dot"
            );
        }
    }
}

/// One in SMTP, one for each accepted recipient in LMTP (RFC 2033 section 4.2).
fn answers_to_the_dot(transaction: &Transaction) -> Vec<Option<&Reply>> {
    if transaction.delivered.is_empty() {
        return vec![transaction.dot.as_ref()];
    }
    let accepted = transaction.rcpt.iter().map(|reply| reply.as_ref().is_some_and(Reply::is_positive));
    let answers = transaction.delivered.iter().zip(accepted);
    answers.filter(|(_, is_accepted)| *is_accepted).map(|(answer, _)| answer.as_ref()).collect()
}

/// Every reply that is kept is one that the parser's bounds let through.
pub(crate) fn replies_are_bounded(facts: &Facts) {
    let hellos = [&facts.ehlo, &facts.ehlo_tls].into_iter().flatten().map(|hello| &hello.reply);
    let others = [&facts.banner, &facts.ehlo_refusal, &facts.starttls_refusal].into_iter().flatten();
    let transaction = facts.transaction.iter().flat_map(|transaction| {
        [&transaction.mail, &transaction.data, &transaction.dot]
            .into_iter()
            .chain(&transaction.rcpt)
            .chain(&transaction.delivered)
            .flatten()
    });
    for reply in hellos.chain(others).chain(transaction).chain(facts.quit_unanswered.iter().flatten()) {
        assert!((200..600).contains(&reply.code) && !reply.lines.is_empty());
        assert!(reply.lines.len() <= MOST_LINES);
        assert!(reply.lines.iter().map(String::len).sum::<usize>() <= MOST_OCTETS);
        assert!(reply.lines.iter().all(|line| !line.contains('\n')));
    }
}

/// Whether the message is among what was written.
pub(crate) fn has_content(plan: &Plan, written: &[Vec<u8>]) -> bool {
    content(plan).is_some_and(|content| written.iter().any(|piece| piece.starts_with(&content.wire)))
}

fn content(plan: &Plan) -> Option<&Content> {
    plan.delivery.as_ref()?.content.as_ref()
}

fn has_line(piece: &[u8], line: &str) -> bool {
    piece.split(|&byte| byte == b'\n').any(|found| found.strip_suffix(b"\r") == Some(line.as_bytes()))
}
