//! What an SMTP session has learnt, as records say it.

use std::net::IpAddr;
use std::time::Duration;

use dns_core::DomainName;
use schemars::JsonSchema;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use smtp_core::proto::{
    Capabilities, Cause, Facts, Failure, Hello, Offer, Phase, Quirk, Reply, Timing, Verb, VerifyError,
    is_cleartext,
};

use super::auth::{auth_error, auth_findings, mail_refused};
use super::error::in_words;
use super::policy::{certificate_findings, dane_error, sts_error};
use super::signs::{broken_promise, contradictions, middlebox_findings};
use super::tls::{verify_code, verify_message};
use super::{Error, Finding, ReplyRecord, Severity, TimingMs};
use crate::Code;

/// A greeting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BannerRecord {
    /// The reply code.
    pub code: u16,
    /// The name it begins with, if it begins with one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The lines without their codes, joined by LF.
    pub text: String,
}

impl BannerRecord {
    /// From the reply.
    pub fn new(reply: &Reply) -> Self {
        Self { code: reply.code, host: leading_name(reply), text: reply.text() }
    }
}

/// The answer to EHLO or HELO.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct HelloRecord {
    /// EHLO or HELO.
    pub verb: &'static str,
    /// The reply code.
    pub code: u16,
    /// The name it begins with, if it begins with one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Its first line.
    pub text: String,
    /// The keywords in upper case with their parameters, in the server's order.
    pub keywords: Keywords,
}

impl HelloRecord {
    /// From what was accepted.
    pub fn new(hello: &Hello) -> Self {
        Self {
            verb: hello.verb.as_str(),
            code: hello.reply.code,
            host: leading_name(&hello.reply),
            text: hello.reply.lines.first().cloned().unwrap_or_default(),
            keywords: Keywords(hello.capabilities.clone()),
        }
    }
}

/// Keywords as an object in the server's order.
#[derive(Debug, Clone, PartialEq)]
pub struct Keywords(Capabilities);

impl Keywords {
    /// Each keyword with its parameters, in the server's order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.0.iter()
    }
}

impl Serialize for Keywords {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (keyword, params) in self.0.iter() {
            map.serialize_entry(keyword, params)?;
        }
        map.end()
    }
}

impl JsonSchema for Keywords {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Keywords".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "additionalProperties": { "type": "array", "items": { "type": "string" } }
        })
    }
}

/// The name that a greeting begins with (RFC 5321 section 4.2: `Domain [SP text]`): a domain name
/// or an address literal. Words that greet without a name are none.
fn leading_name(reply: &Reply) -> Option<String> {
    const GREETINGS: &[&str] =
        &["esmtp", "smtp", "lmtp", "hello", "hi", "ready", "welcome", "ok", "service", "mail"];
    let word = reply.lines.first()?.split_ascii_whitespace().next()?;
    if word.starts_with('[') && word.ends_with(']') {
        let inner = word.trim_matches(['[', ']']);
        let inner = inner.strip_prefix("IPv6:").unwrap_or(inner);
        return inner.parse::<IpAddr>().is_ok().then(|| word.to_owned());
    }
    let name = DomainName::parse(word).ok()?;
    let is_host_like = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    if !name.as_str().bytes().all(is_host_like) {
        return None;
    }
    // An enhanced code (`4.3.2`) or an address: no top-level domain is a number (RFC 3696 section 2).
    if name.as_str().rsplit('.').next()?.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    (!GREETINGS.contains(&name.as_str())).then(|| name.to_string())
}

/// The durations of a session's phases.
pub fn phase_timing(timing: &Timing, into: &mut TimingMs) {
    for (phase, took) in timing.iter() {
        into.add(phase.as_str(), took);
    }
}

/// The error of a session that failed. `facts` is what it has learnt, if it came that far.
pub fn session_error(failure: &Failure, facts: Option<&Facts>) -> Error {
    let (code, message) = describe(failure, facts);
    let mut error = Error::new(code, failure.phase.as_str(), message);
    error.reply = failure.reply.as_ref().map(|reply| match failure.phase {
        Phase::Banner => ReplyRecord::plain(reply),
        _ => ReplyRecord::new(reply),
    });
    let offers_tls =
        facts.and_then(|facts| facts.ehlo.as_ref()).is_some_and(|ehlo| ehlo.capabilities.has("STARTTLS"));
    if failure.cause == Cause::StarttlsNotSupported && offers_tls {
        error.message = "TLS is demanded by the domain's policy, and was not to be used".to_owned();
    }
    // The policy is at fault, not the handshake in which that shows.
    if error.code == Code::TlsStsPolicyInvalid {
        error.phase = "http";
    }
    error.errno = failure.errno;
    error.limit = failure.limit;
    let wants_certificate =
        facts.and_then(|facts| facts.tls.as_ref()).is_some_and(|tls| tls.wants_certificate);
    error.hint = match failure.phase {
        // Some servers say it in TLS, others, such as Postfix, by a reply.
        Phase::EhloTls if wants_certificate => hint(Cause::ClientCertificate),
        _ => hint(failure.cause),
    }
    .map(str::to_owned);
    error
}

const ENOENT: i32 = 2;
const EADDRNOTAVAIL: i32 = 99;

/// Code and sentence.
fn describe(failure: &Failure, facts: Option<&Facts>) -> (Code, String) {
    let tls = facts.and_then(|facts| facts.tls.as_ref());
    let limit = failure.limit.map(|limit| format!(" within {}", in_words(limit))).unwrap_or_default();
    let awaited = match failure.phase {
        Phase::Connect => "the connection attempt",
        Phase::Banner => "the greeting",
        Phase::Ehlo | Phase::EhloTls => "EHLO",
        Phase::Starttls => "STARTTLS",
        Phase::Tls => "the TLS handshake",
        Phase::Auth => "AUTH",
        Phase::Mail => "MAIL",
        Phase::Rcpt => "RCPT",
        Phase::Data => "DATA",
        Phase::Dot => "the message",
        Phase::Quit => "QUIT",
    };
    let received = failure.received.as_deref().map(|text| format!(": {}", crate::text::clean(text)));
    let received = received.unwrap_or_default();
    let code = failure.reply.as_ref().map_or(0, |reply| reply.code);
    match failure.cause {
        Cause::Refused if failure.errno == Some(ENOENT) => {
            (Code::TcpRefused, "there is no such socket: nothing listens there".into())
        }
        Cause::Refused => (Code::TcpRefused, "the connection is refused: nothing listens there".into()),
        Cause::ConnectTimeout => (Code::TcpTimeout, format!("no answer to the connection attempt{limit}")),
        Cause::Unreachable => {
            (Code::TcpUnreachable, "a router on the way says that the host cannot be reached".into())
        }
        Cause::AdminProhibited => {
            (Code::TcpAdminProhibited, "a filter on the way prohibits the connection".into())
        }
        Cause::NoRoute if matches!(failure.errno, None | Some(EADDRNOTAVAIL)) => {
            (Code::NetNoRoute, "this machine cannot connect from the address that was given".into())
        }
        Cause::NoRoute => (Code::NetNoRoute, "this machine has no route to the address".into()),
        Cause::Blackholed => {
            (Code::NetBlackholed, "a blackhole route of this machine swallows the connection".into())
        }
        Cause::DeniedLocal => (Code::NetDeniedLocal, denied(failure.errno)),
        Cause::Reset => {
            (Code::TcpReset, format!("the connection was reset while waiting for {}", reply_to(awaited)))
        }
        Cause::ClosedBeforeBanner if failure.received.is_some() => (
            Code::SmtpClosedBeforeBanner,
            format!("the server closed the connection in the middle of its greeting{received}"),
        ),
        Cause::ClosedBeforeBanner => (
            Code::SmtpClosedBeforeBanner,
            "the server accepted the connection and closed it without a word".into(),
        ),
        Cause::BannerTimeout if failure.received.is_some() => {
            (Code::SmtpBannerTimeout, format!("the greeting began and did not end{limit}{received}"))
        }
        Cause::BannerTimeout => (Code::SmtpBannerTimeout, format!("connected, but no greeting came{limit}")),
        Cause::NotSmtp if failure.reply.is_some() => {
            (Code::SmtpNotSmtp, format!("what greets with {code} is not an SMTP server"))
        }
        Cause::NotSmtp => (Code::SmtpNotSmtp, format!("what answers is not an SMTP server{received}")),
        Cause::ImplicitTlsExpected => {
            (Code::SmtpImplicitTlsExpected, "the server wants TLS from the first byte".into())
        }
        Cause::Greeting421 => (Code::SmtpGreeting421, "the server greets with 421: not now".into()),
        Cause::Greeting4xx => (Code::SmtpGreeting4xx, format!("the server greets with {code}: not now")),
        Cause::Greeting521 => (Code::SmtpGreeting521, "the host takes no mail at all (521)".into()),
        Cause::Greeting554 => (Code::SmtpGreeting554, "the server greets this client with a refusal".into()),
        Cause::Greeting5xx => (Code::SmtpGreeting5xx, format!("the server greets with {code}, a refusal")),
        Cause::EhloRejected => (Code::SmtpEhloRejected, format!("EHLO is refused with {code}")),
        Cause::RateLimited => (Code::SmtpRateLimited, format!("the server breaks off with 421 at {awaited}")),
        Cause::StarttlsNotSupported => (Code::TlsStarttlsNotSupported, "STARTTLS is not offered".into()),
        Cause::StarttlsRejected => {
            (Code::TlsStarttlsRejected, format!("STARTTLS is offered and refused with {code}"))
        }
        Cause::PlaintextAfterStarttls => {
            (Code::TlsPlaintextAfterStarttls, "bytes in clear followed the 220 to STARTTLS".into())
        }
        Cause::HandshakeFailed => (Code::TlsHandshakeFailed, format!("the TLS handshake failed{received}")),
        Cause::NothingInCommon => (Code::TlsHandshakeFailed, nothing_in_common(failure.offer)),
        Cause::ClientCertificate if failure.received.as_deref().is_none_or(str::is_empty) => (
            Code::TlsHandshakeFailed,
            "the TLS handshake failed: the server demands a client certificate".into(),
        ),
        Cause::ClientCertificate => (
            Code::TlsHandshakeFailed,
            format!("the TLS handshake failed: the server refuses the client certificate{received}"),
        ),
        Cause::ProtocolTooOld => (Code::TlsProtocolTooOld, too_old(failure.offer)),
        Cause::ClosedInHandshake => {
            (Code::TlsClosedInHandshake, "the server closed the connection in the TLS handshake".into())
        }
        Cause::TlsTimeout => (Code::TlsTimeout, format!("the TLS handshake did not end{limit}")),
        Cause::Certificate(error) => (verify_code(error), verify_message(error, tls)),
        Cause::DaneRequired => {
            (Code::TlsDaneRequired, "the host's TLSA records demand TLS, and there is none".into())
        }
        Cause::Dane(fault) => dane_error(fault, tls),
        Cause::Sts(fault) => sts_error(fault, tls),
        Cause::AuthUnavailable
        | Cause::AuthInClear
        | Cause::AuthRejected
        | Cause::AuthDeferred
        | Cause::AuthNotVerified => auth_error(failure, facts),
        Cause::SizeExceeded => (Code::SizeExceedsLimit, "the message is larger than the server takes".into()),
        Cause::EightBitUnsupported => (
            Code::EightbitUnsupported,
            "the message has 8-bit text and the server does not offer 8BITMIME".into(),
        ),
        Cause::Smtputf8Unsupported => {
            (Code::Smtputf8Unsupported, "an address needs SMTPUTF8, which the server does not offer".into())
        }
        Cause::MailRefused => mail_refused(failure, facts),
        Cause::NoRecipient => (Code::RcptRejected, "no recipient was accepted".into()),
        Cause::DataRefused if (400..500).contains(&code) => {
            (Code::DataDeferred, format!("the message is put off with {code}"))
        }
        Cause::DataRefused => (Code::DataRejected, format!("the message is refused with {code}")),
        Cause::Uncertain => {
            let how = match failure.limit {
                Some(_) => format!("no reply came to the final dot{limit}"),
                None => "the connection closed after the final dot, before a reply".to_owned(),
            };
            (Code::DataUncertain, format!("{how}: the message may have been delivered"))
        }
        Cause::BadReply if failure.reply.is_some() => {
            (Code::SmtpBadReply, format!("a reply with {code} makes no sense at {awaited}"))
        }
        Cause::BadReply => (Code::SmtpBadReply, format!("what came is no SMTP reply{received}")),
        Cause::ReplyTooLong => (Code::SmtpReplyTooLong, "the reply goes on beyond every bound".into()),
        Cause::Timeout => (Code::SmtpTimeout, format!("no reply to {awaited}{limit}")),
        Cause::Closed => (
            Code::SmtpClosed,
            format!("the server closed the connection instead of sending {}", reply_to(awaited)),
        ),
    }
}

fn nothing_in_common(offer: Option<Offer>) -> String {
    let failed = "the TLS handshake failed: the server finds nothing that both sides can do";
    match offer {
        None => failed.to_owned(),
        Some(offer) => {
            let (cipher, version) = (offer.cipher_name(), offer.version_name());
            format!("{failed}; asked for older ciphers too it picks {cipher} of {version}")
        }
    }
}

fn too_old(offer: Option<Offer>) -> String {
    match offer {
        None => "the server refuses every version of TLS that is asked for".to_owned(),
        Some(offer) if offer.is_too_old() => {
            let (cipher, version) = (offer.cipher_name(), offer.version_name());
            format!("the server speaks {version} at best, which is no longer used (it picks {cipher})")
        }
        Some(offer) => {
            format!("the server speaks {} at best, and a newer version was demanded", offer.version_name())
        }
    }
}

fn reply_to(awaited: &str) -> String {
    if awaited.starts_with("the ") { awaited.to_owned() } else { format!("the reply to {awaited}") }
}

fn denied(errno: Option<i32>) -> String {
    const EMFILE: i32 = 24;
    const ENFILE: i32 = 23;
    match errno {
        Some(EMFILE | ENFILE) => {
            "this machine has no file descriptor left: lower -j or raise ulimit -n".into()
        }
        Some(errno) => {
            let text = std::io::Error::from_raw_os_error(errno).to_string();
            format!("this machine does not let the connection out: {text}")
        }
        None => "this machine does not let the connection out".into(),
    }
}

fn hint(cause: Cause) -> Option<&'static str> {
    Some(match cause {
        Cause::ConnectTimeout => {
            "a filter drops silently; try other ports (-p 25,465,587) and from another network"
        }
        Cause::Greeting554 => "the service is up, for others: try from another address",
        Cause::ImplicitTlsExpected => "this port speaks TLS from the first byte, as 465 does",
        Cause::BannerTimeout => {
            "some servers wait on purpose: raise --reply-timeout; one that wants TLS from the first byte is silent too: --implicit"
        }
        Cause::EhloRejected => "a server of LMTP knows neither EHLO nor HELO: --lmtp",
        Cause::Dane(_) => {
            "compare tlsa with tls.certificate.spki_sha256 (3 1 1): a new key needs a new record before it is used"
        }
        Cause::ClientCertificate => "give a certificate that the server takes: --cert FILE --key FILE",
        Cause::Certificate(VerifyError::ChainIncomplete) => {
            "the server has to send its whole chain; is the issuer a root of your own, give it: --ca FILE"
        }
        Cause::AuthInClear => {
            "demand TLS: --tls require; to give the password away all the same: --auth-insecure"
        }
        Cause::AuthUnavailable => {
            "a login is offered where mail is submitted (-p 587 or 465), seldom on port 25; which mechanisms may be used says --auth MECH,…"
        }
        Cause::Uncertain => "look for the Message-ID at the receiver before sending again",
        Cause::Greeting421 | Cause::RateLimited => "come back later, with fewer connections at a time",
        _ => return None,
    })
}

/// What is odd about a session: greeting, EHLO, QUIT and the quirks that have a code.
pub fn session_findings(facts: &Facts, failed: bool) -> Vec<Finding> {
    const SLOW: Duration = Duration::from_secs(5);
    let mut findings = Vec::new();
    if let Some(slow) = facts.timing.of(Phase::Banner).filter(|took| *took > SLOW && facts.banner.is_some()) {
        let message = format!("the greeting took {}", in_words(slow));
        findings.push(Finding::new(Code::SmtpBannerSlow, message));
    }
    let greeted = facts.ehlo_tls.as_ref().or(facts.ehlo.as_ref());
    if let (Some(refusal), Some(Verb::Helo)) = (&facts.ehlo_refusal, greeted.map(|hello| hello.verb)) {
        let finding = Finding::new(Code::SmtpHeloOnly, "EHLO was refused, HELO was taken");
        findings.push(finding.reply(ReplyRecord::new(refusal)));
    } else if facts.quirks.contains(&Quirk::EhloDrop) {
        let message = "the connection ended at EHLO; HELO was taken on another";
        findings.push(Finding::new(Code::SmtpHeloOnly, message));
    }
    if let Some(hello) = &facts.ehlo {
        if !hello.capabilities.has("STARTTLS") {
            findings.push(Finding::new(Code::TlsStarttlsNotSupported, "STARTTLS is not offered"));
        }
        let auth = hello.capabilities.params("AUTH").unwrap_or_default();
        let in_clear: Vec<&str> = auth.iter().map(String::as_str).filter(|m| is_cleartext(m)).collect();
        if !in_clear.is_empty() {
            let message = format!("AUTH {} is offered before TLS", in_clear.join(" "));
            findings.push(Finding::new(Code::EhloAuthPlainInClear, message));
        }
    }
    findings.extend(middlebox_findings(facts));
    findings.extend(contradictions(facts));
    findings.extend(broken_promise(facts));
    if let Some(refusal) = facts.starttls_refusal.as_ref().filter(|_| !failed) {
        let finding =
            Finding::new(Code::TlsStarttlsRejected, "STARTTLS was refused, the session went on in clear");
        findings.push(Finding { severity: Severity::Warn, ..finding.reply(ReplyRecord::new(refusal)) });
    }
    findings.extend(facts.tls.iter().flat_map(certificate_findings));
    findings.extend(auth_findings(facts));
    if let Some(inside) = &facts.ehlo_tls {
        if inside.capabilities.has("STARTTLS") {
            let message = "STARTTLS is offered inside TLS, which RFC 3207 section 4.2 forbids";
            findings.push(Finding::new(Code::EhloStarttlsAfterTls, message));
        }
        if facts.ehlo.as_ref().is_some_and(|clear| changed(clear, inside)) {
            findings
                .push(Finding::new(Code::EhloChangedAfterTls, "the server offers other things inside TLS"));
        }
    }
    if facts.quirks.contains(&Quirk::BadKeyword) {
        findings.push(Finding::new(Code::EhloBadKeyword, "a line of the EHLO reply is no keyword"));
    }
    // A server that refuses a client owes it no farewell.
    if let Some(instead) = facts.quit_unanswered.as_ref().filter(|_| !failed) {
        let finding = Finding::new(Code::SmtpQuitNo221, "QUIT was not answered with 221");
        findings.push(match instead {
            Some(reply) => finding.reply(ReplyRecord::new(reply)),
            None => finding,
        });
    }
    if facts.invalid_utf8 {
        findings.push(Finding::new(Code::TextInvalidUtf8, "bytes that are not UTF-8 were replaced"));
    }
    findings
}

/// STARTTLS vanishing inside TLS is no change.
fn changed(clear: &Hello, inside: &Hello) -> bool {
    let offers = |hello: &Hello| {
        let mut all: Vec<(String, Vec<String>)> = hello
            .capabilities
            .iter()
            .map(|(keyword, params)| (keyword.to_owned(), params.to_vec()))
            .collect();
        all.retain(|(keyword, _)| keyword != "STARTTLS");
        all.sort();
        all
    };
    offers(clear) != offers(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name_of(text: &str) -> Option<String> {
        leading_name(&Reply::new(220, vec![text.to_owned()]))
    }

    #[test]
    fn a_greeting_begins_with_a_name_or_has_none() {
        assert_eq!(name_of("mail.port25.com (PowerMTA(TM) v4.0) ESMTP").as_deref(), Some("mail.port25.com"));
        assert_eq!(name_of("Mail.Port25.COM. ESMTP").as_deref(), Some("mail.port25.com"));
        assert_eq!(name_of("[192.0.2.1] ready").as_deref(), Some("[192.0.2.1]"));
        assert_eq!(name_of("localhost ESMTP").as_deref(), Some("localhost"));
        for text in ["ESMTP ready", "", "***************", "\u{1b}[31m x", "[nonsense] x", "5.7.1 mx.example"]
        {
            assert_eq!(name_of(text), None, "{text}");
        }
    }

    #[test]
    fn a_timeout_names_the_limit_that_fired() {
        let failure = Failure::new(Cause::ConnectTimeout, Phase::Connect).with_limit(Duration::from_secs(10));
        let error = session_error(&failure, None);
        assert_eq!(error.message, "no answer to the connection attempt within 10 s");
        assert_eq!(error.into_record("smtp-ping").limit_ms, Some(10_000.0));
    }
}
