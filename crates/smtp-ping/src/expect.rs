//! What must hold, or the status is `fail` (`--expect-…`).

use clap::builder::NonEmptyStringValueParser;
use tool_core::Code;
use tool_core::record::{Error, HelloRecord};

use crate::data::Answer;

/// The conditions of the command line.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
#[command(next_help_heading = "What must hold")]
pub struct Expectations {
    /// The greeting and the EHLO reply give this name, or the status is fail
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub expect_name: Option<String>,
    /// The session is encrypted, or the status is fail
    #[arg(long)]
    pub expect_tls: bool,
    /// This is offered, or the status is fail: a keyword, or one of its parameters as AUTH=PLAIN (repeatable)
    #[arg(long, value_name = "KEYWORD", value_delimiter = ',', value_parser = NonEmptyStringValueParser::new())]
    pub expect_keyword: Vec<String>,
}

impl Expectations {
    /// The first condition that does not hold in a session that ended well.
    pub(crate) fn unmet(&self, answer: &Answer) -> Option<Error> {
        self.unmet_name(answer).or_else(|| self.unmet_keyword(answer)).or_else(|| self.unmet_tls(answer))
    }

    fn unmet_name(&self, answer: &Answer) -> Option<Error> {
        let wanted = self.expect_name.as_deref()?.trim_end_matches('.');
        let banner = answer.banner.as_ref().and_then(|banner| banner.host.as_deref());
        let ehlo = last_ehlo(answer).and_then(|ehlo| ehlo.host.as_deref());
        let given: Vec<&str> = [banner, ehlo].into_iter().flatten().collect();
        let message = match given.iter().find(|name| !name.eq_ignore_ascii_case(wanted)) {
            Some(other) => format!("the server calls itself {other}, not {wanted}"),
            None if given.is_empty() => format!("the server gives no name, and not {wanted}"),
            None => return None,
        };
        Some(Error::new(Code::IdUnexpected, "ehlo", message))
    }

    fn unmet_keyword(&self, answer: &Answer) -> Option<Error> {
        let missing = self.expect_keyword.iter().find(|wanted| !offers(answer, wanted))?;
        Some(Error::new(Code::ExpectKeywordMissing, "ehlo", format!("{missing} is not offered")))
    }

    fn unmet_tls(&self, answer: &Answer) -> Option<Error> {
        (self.expect_tls && answer.tls.is_none())
            .then(|| Error::new(Code::ExpectTlsMissing, "tls", "the session was not encrypted"))
    }
}

/// The last EHLO reply counts; STARTTLS has its place in the one before TLS.
fn offers(answer: &Answer, wanted: &str) -> bool {
    let (keyword, param) = match wanted.split_once('=') {
        Some((keyword, param)) => (keyword, Some(param)),
        None => (wanted, None),
    };
    let reply =
        if keyword.eq_ignore_ascii_case("STARTTLS") { answer.ehlo.as_ref() } else { last_ehlo(answer) };
    reply.is_some_and(|reply| {
        let mut named = reply.keywords.iter().filter(|(known, _)| known.eq_ignore_ascii_case(keyword));
        named.any(|(_, params)| {
            param.is_none_or(|wanted| params.iter().any(|param| param.eq_ignore_ascii_case(wanted)))
        })
    })
}

fn last_ehlo(answer: &Answer) -> Option<&HelloRecord> {
    answer.ehlo_tls.as_ref().or(answer.ehlo.as_ref())
}
