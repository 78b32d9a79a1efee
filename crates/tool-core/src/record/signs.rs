//! Signs of a middlebox, and of offers that cannot be meant: what an EHLO reply should not hold.

use smtp_core::proto::{Capabilities, Facts, Reply, TlsFacts, VerifyError};

use super::{Finding, ReplyRecord};
use crate::Code;
use crate::cli::SUBMISSIONS;

/// What in a session hints at a device between us and the server. Guesses, and marked as such.
pub(super) fn middlebox_findings(facts: &Facts) -> Vec<Finding> {
    let guess = |code, message: String| Finding { basis: Some("heuristic"), ..Finding::new(code, message) };
    let mut findings = Vec::new();
    if facts.banner.as_ref().is_some_and(is_masked) {
        let message = "the greeting is overwritten with asterisks, as a firewall does that inspects SMTP";
        findings.push(guess(Code::MboxBannerMasked, message.to_owned()));
    }
    if let Some(issuer) = facts.tls.as_ref().and_then(interceptor) {
        let message =
            format!("the certificate was issued by {issuer}, as devices do that open TLS on the way");
        findings.push(guess(Code::MboxTlsIntercepted, message));
    }
    let Some(clear) = &facts.ehlo else { return findings };
    let offered = &clear.capabilities;
    let masked: Vec<&str> =
        offered.iter().map(|(keyword, _)| keyword).filter(|word| is_masked_keyword(word)).collect();
    if let Some(first) = masked.first() {
        let like = hidden_by(first.len()).map(|words| format!(": {words} have as many letters"));
        let message = format!("a keyword is overwritten as {first}{}", like.unwrap_or_default());
        findings.push(guess(Code::MboxEhloKeywordMasked, message));
    }
    if masked.iter().any(|word| word.len() == "STARTTLS".len()) && !offered.has("STARTTLS") {
        let message = "the overwritten keyword is as long as STARTTLS, which is not offered";
        findings.push(guess(Code::MboxStarttlsStripped, message.to_owned()));
    }
    findings
}

/// Who issued a certificate for the very name that was asked for, is known to do so on the way, and
/// is trusted by nobody.
fn interceptor(tls: &TlsFacts) -> Option<&str> {
    const MAKERS: [&str; 14] = [
        "avast",
        "avg ",
        "barracuda",
        "bitdefender",
        "blue coat",
        "check point",
        "eset ssl",
        "fortigate",
        "fortinet",
        "kaspersky",
        "palo alto",
        "sophos",
        "watchguard",
        "zscaler",
    ];
    let leaf = tls.chain.first()?;
    let errors: Vec<VerifyError> =
        tls.verify_error.into_iter().chain(tls.more_errors.iter().copied()).collect();
    let is_foreign =
        errors.iter().any(|error| matches!(error, VerifyError::NotTrusted | VerifyError::ChainIncomplete))
            && !errors.contains(&VerifyError::HostMismatch);
    let issuer = leaf.issuer.to_ascii_lowercase();
    (is_foreign && MAKERS.iter().any(|maker| issuer.contains(maker))).then_some(leaf.issuer.as_str())
}

/// What the two EHLO replies promise that cannot be.
pub(super) fn contradictions(facts: &Facts) -> Option<Finding> {
    let clear = facts.ehlo.as_ref().map(|hello| &hello.capabilities);
    let last = facts.ehlo_tls.as_ref().map(|hello| &hello.capabilities).or(clear)?;
    let without = |what: &str, needed: &str| {
        (last.has(what) && !last.has(needed)).then(|| format!("{what} is offered without {needed}"))
    };
    let message = without("BINARYMIME", "CHUNKING")
        .or_else(|| without("SMTPUTF8", "8BITMIME"))
        .or_else(|| is_empty_auth(last).then(|| "AUTH is offered without a mechanism".to_owned()))
        .or_else(|| has_odd_size(last).then(|| "the parameter of SIZE is no number".to_owned()))
        .or_else(|| {
            // RFC 8689 section 4.2.1: only inside TLS.
            let early = clear.is_some_and(|clear| clear.has("REQUIRETLS"));
            early.then(|| "REQUIRETLS is offered before TLS".to_owned())
        })?;
    Some(Finding::new(Code::EhloInconsistent, message))
}

/// What is offered and then refused as if nobody knew it.
pub(super) fn broken_promise(facts: &Facts) -> Option<Finding> {
    let refused = |command: &str, reply: &Reply| {
        let message = format!("{command} is offered and refused with {}", reply.code);
        Finding::new(Code::CmdAdvertisedButRejected, message).reply(ReplyRecord::new(reply))
    };
    let starttls = facts.starttls_refusal.as_ref().filter(|reply| matches!(reply.code, 500 | 502 | 504));
    // RFC 5321 section 4.1.1.11: parameters that are not recognized or implemented.
    let mail = facts.transaction.as_ref().and_then(|transaction| transaction.mail.as_ref());
    let mail = mail.filter(|reply| matches!(reply.code, 504 | 555));
    starttls
        .map(|reply| refused("STARTTLS", reply))
        .or_else(|| mail.map(|reply| refused("a parameter of MAIL", reply)))
}

/// A port for submission demands a login (RFC 6409 section 4.3).
pub fn submission_finding(port: u16, facts: &Facts) -> Option<Finding> {
    const SUBMISSION: u16 = 587;
    let is_secret = facts.tls.is_some();
    let last = facts.ehlo_tls.as_ref().or(facts.ehlo.as_ref())?;
    // Before TLS, AUTH is left out on purpose.
    let comes_later = !is_secret && last.capabilities.has("STARTTLS");
    let is_missing = matches!(port, SUBMISSION | SUBMISSIONS) && !last.capabilities.has("AUTH");
    (is_missing && !comes_later).then(|| {
        Finding::new(Code::EhloAuthMissingOnSubmission, format!("AUTH is not offered on port {port}"))
    })
}

fn is_empty_auth(offered: &Capabilities) -> bool {
    offered.params("AUTH").is_some_and(<[String]>::is_empty)
}

fn has_odd_size(offered: &Capabilities) -> bool {
    let limit = offered.params("SIZE").and_then(<[String]>::first);
    limit.is_some_and(|limit| limit.parse::<u64>().is_err())
}

/// `220 ****2****0***`: what is left are digits of the code and of a date.
fn is_masked(banner: &Reply) -> bool {
    const FEWEST: usize = 4;
    let Some(line) = banner.lines.first() else { return false };
    let stars = line.bytes().filter(|byte| *byte == b'*').count();
    stars >= FEWEST && line.bytes().all(|byte| matches!(byte, b'*' | b' ' | b'0'..=b'9'))
}

/// `XXXXXXXA`: a keyword whose letters were overwritten, often but for the last.
fn is_masked_keyword(keyword: &str) -> bool {
    const SHORTEST: usize = 4;
    let bytes = keyword.as_bytes();
    bytes.len() >= SHORTEST && bytes.iter().take(bytes.len() - 1).all(|byte| *byte == b'X')
}

/// The keywords of that length which such devices are known to hide.
fn hidden_by(length: usize) -> Option<&'static str> {
    Some(match length {
        4 => "AUTH, ETRN and SIZE",
        8 => "STARTTLS, 8BITMIME and CHUNKING",
        10 => "PIPELINING and BINARYMIME",
        19 => "ENHANCEDSTATUSCODES",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use smtp_core::proto::{Hello, Quirks, Transaction, Verb};

    use super::*;

    fn greeted(banner: &str, keywords: &[&str]) -> Facts {
        let lines =
            std::iter::once("mx.example").chain(keywords.iter().copied()).map(str::to_owned).collect();
        let reply = Reply::new(250, lines);
        let capabilities = Capabilities::from_reply(&reply, &mut Quirks::new());
        Facts {
            banner: Some(Reply::new(220, vec![banner.to_owned()])),
            ehlo: Some(Hello { verb: Verb::Ehlo, reply, capabilities }),
            ..Facts::default()
        }
    }

    fn codes(banner: &str, keywords: &[&str]) -> Vec<Code> {
        let findings = middlebox_findings(&greeted(banner, keywords));
        assert!(findings.iter().all(|finding| finding.basis == Some("heuristic")));
        findings.iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn a_greeting_of_asterisks_is_masked_and_one_with_a_few_is_not() {
        assert_eq!(codes("****************2****02****0*00", &[]), [Code::MboxBannerMasked]);
        assert!(codes("mx.example ESMTP *** no spam ***", &[]).is_empty());
        assert!(codes("***", &[]).is_empty());
        assert!(codes("", &[]).is_empty());
    }

    #[test]
    fn a_keyword_of_x_is_masked_and_one_that_begins_with_x_is_not() {
        use Code::{MboxEhloKeywordMasked as Masked, MboxStarttlsStripped as Stripped};
        assert_eq!(codes("mx.example", &["XXXXXXXA", "DSN"]), [Masked, Stripped]);
        assert_eq!(codes("mx.example", &["XXXXXXXX", "STARTTLS"]), [Masked]);
        assert_eq!(codes("mx.example", &["XXXXXXXXXB"]), [Masked]);
        assert!(codes("mx.example", &["XCLIENT", "XXEH", "X"]).is_empty());
    }

    #[test]
    fn submission_without_auth() {
        let on = |port, keywords: &[&str]| submission_finding(port, &greeted("mx", keywords)).is_some();
        assert!(on(587, &["SIZE"]) && on(465, &["SIZE"]));
        assert!(!on(25, &["SIZE"]) && !on(587, &["AUTH PLAIN"]) && !on(587, &["STARTTLS"]));
    }

    #[test]
    fn what_is_offered_and_then_not_known() {
        let reply = |code| Some(Reply::new(code, vec!["no".to_owned()]));
        let starttls = |code| Facts { starttls_refusal: reply(code), ..greeted("mx", &["STARTTLS"]) };
        assert_eq!(
            broken_promise(&starttls(502)).unwrap().message,
            "STARTTLS is offered and refused with 502"
        );
        assert_eq!(broken_promise(&starttls(454)), None);
        let transaction = Some(Transaction { mail: reply(555), ..Transaction::default() });
        let mail = Facts { transaction, ..greeted("mx", &["SIZE"]) };
        assert_eq!(broken_promise(&mail).unwrap().code, Code::CmdAdvertisedButRejected);
    }

    #[test]
    fn offers_that_need_another_one() {
        let message = |keywords: &[&str]| contradictions(&greeted("mx", keywords)).map(|found| found.message);
        assert_eq!(message(&["BINARYMIME"]).as_deref(), Some("BINARYMIME is offered without CHUNKING"));
        assert_eq!(message(&["SMTPUTF8"]).as_deref(), Some("SMTPUTF8 is offered without 8BITMIME"));
        assert_eq!(message(&["AUTH"]).as_deref(), Some("AUTH is offered without a mechanism"));
        assert_eq!(message(&["SIZE lots"]).as_deref(), Some("the parameter of SIZE is no number"));
        assert_eq!(message(&["REQUIRETLS"]).as_deref(), Some("REQUIRETLS is offered before TLS"));
        assert_eq!(message(&["BINARYMIME", "CHUNKING", "SIZE", "AUTH PLAIN"]), None);
    }
}
