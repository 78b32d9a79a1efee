//! Findings: what is odd but does not decide the status.

use std::collections::HashSet;

use dns_core::{LookupError, Problem};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{EdeRecord, Error, Head, ReplyRecord};
use crate::Code;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Likely to hurt.
    Warn,
}

/// A finding of this tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    /// The tool that found it.
    pub tool: &'static str,
    /// The condition.
    pub code: Code,
    /// How much it matters.
    pub severity: Severity,
    /// One lower-case sentence.
    pub message: String,
    /// The host it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The address it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// The server's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<ReplyRecord>,
    /// The resolver's extended errors (RFC 8914).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ede: Vec<EdeRecord>,
    /// What it rests on, if not on an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basis: Option<&'static str>,
}

impl Finding {
    /// A finding with the severity that the table gives its code.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            tool: "",
            code,
            severity: code.as_finding().unwrap_or(Severity::Info),
            message: message.into(),
            host: None,
            ip: None,
            reply: None,
            ede: Vec::new(),
            basis: None,
        }
    }

    /// A question to the DNS that failed and does not decide; `what` was asked for.
    pub fn lookup(error: &LookupError, what: &str, message: impl Into<String>) -> Self {
        let mapped = Error::lookup(error, what);
        // What has no finding of its own in the table.
        let code = match error.problem {
            Problem::Unreachable => Code::DnsTimeout,
            problem if problem.is_temporary() => mapped.code,
            _ => Code::DnsBadAnswer,
        };
        Self { ede: mapped.ede, ..Self::new(code, message) }
    }

    /// About a host.
    #[must_use]
    pub fn host(mut self, host: impl ToString) -> Self {
        self.host = Some(host.to_string());
        self
    }

    /// About an address.
    #[must_use]
    pub fn ip(mut self, ip: impl ToString) -> Self {
        self.ip = Some(ip.to_string());
        self
    }

    /// With the server's words.
    #[must_use]
    pub fn reply(mut self, reply: ReplyRecord) -> Self {
        self.reply = Some(reply);
        self
    }
}

/// A finding in a record: of this tool, or carried from an earlier one as it came.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum FindingItem {
    /// Of this tool.
    Own(Finding),
    /// Of an earlier one.
    Carried(Box<RawValue>),
}

impl FindingItem {
    /// The finding, if it is of this tool.
    pub fn own(&self) -> Option<&Finding> {
        match self {
            Self::Own(finding) => Some(finding),
            Self::Carried(_) => None,
        }
    }
}

impl JsonSchema for FindingItem {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Finding".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Finding::json_schema(generator)
    }
}

/// What makes two findings the same.
type Key = (String, String, Option<String>, Option<String>);

/// The part of a carried finding that is looked at.
#[derive(Deserialize)]
struct Carried {
    tool: String,
    code: String,
    host: Option<String>,
    ip: Option<String>,
}

/// The findings of a record: the earlier ones first, each once, at most [`Findings::MAX`].
#[derive(Debug, Default)]
pub struct Findings;

impl Findings {
    /// The most that a record holds.
    pub const MAX: usize = 64;

    /// Joins the carried list with this tool's own. Left out is what concerns another host or
    /// address than the record's, and what is no finding.
    pub fn join(
        carried: Option<&RawValue>,
        own: Vec<Finding>,
        head: &Head,
        tool: &'static str,
    ) -> Vec<FindingItem> {
        if carried.is_none() && own.is_empty() {
            return Vec::new();
        }
        let mut seen: HashSet<Key> = HashSet::new();
        let mut joined = Vec::new();
        // What this tool found is worth more than the tail of a long list.
        let room = Self::MAX.saturating_sub(own.len());
        let earlier = carried.and_then(|list| serde_json::from_str::<Vec<Box<RawValue>>>(list.get()).ok());
        for raw in earlier.unwrap_or_default() {
            let Ok(Carried { tool, code, host, ip }) = serde_json::from_str(raw.get()) else { continue };
            let other = |mine: &Option<String>, theirs: &Option<String>| matches!((mine, theirs), (Some(m), Some(t)) if m != t);
            if !other(&head.host, &host) && !other(&head.ip, &ip) && seen.insert((tool, code, host, ip)) {
                joined.push(FindingItem::Carried(raw));
            }
        }
        joined.truncate(room);
        for finding in own {
            let finding = Finding { tool, ..finding };
            let key = (tool.to_owned(), finding.code.to_string(), finding.host.clone(), finding.ip.clone());
            if seen.insert(key) {
                joined.push(FindingItem::Own(finding));
            }
        }
        joined.truncate(Self::MAX);
        joined
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(carried: &str, own: Vec<Finding>) -> String {
        let head = Head { host: Some("mx1".into()), ip: Some("192.0.2.1".into()), ..Head::default() };
        let raw = RawValue::from_string(carried.to_owned()).unwrap();
        crate::json::to_string(&Findings::join(Some(&raw), own, &head, "smtp-ping")).unwrap()
    }

    #[test]
    fn earlier_ones_stay_as_they_came_and_come_first() {
        let own = vec![Finding::new(Code::SmtpQuitNo221, "no answer")];
        let joined = join(r#"[{"tool":"mxlookup","code":"dns.implicit_mx","x":1.0}]"#, own);
        assert_eq!(
            joined,
            r#"[{"tool":"mxlookup","code":"dns.implicit_mx","x":1.0},{"tool":"smtp-ping","code":"smtp.quit_no_221","severity":"info","message":"no answer"}]"#
        );
    }

    #[test]
    fn those_about_another_host_or_address_are_left_out() {
        let list = r#"[{"tool":"m","code":"a","host":"mx2"},{"tool":"m","code":"b","host":"mx1","ip":"192.0.2.9"},{"tool":"m","code":"c","host":"mx1"}]"#;
        assert_eq!(join(list, vec![]), r#"[{"tool":"m","code":"c","host":"mx1"}]"#);
    }

    #[test]
    fn of_equal_ones_the_first_is_kept() {
        let list = r#"[{"tool":"m","code":"a","n":1},{"tool":"m","code":"a","n":2},{"tool":"m","code":"a","ip":"192.0.2.1"}]"#;
        assert_eq!(
            join(list, vec![]),
            r#"[{"tool":"m","code":"a","n":1},{"tool":"m","code":"a","ip":"192.0.2.1"}]"#
        );
    }

    #[test]
    fn what_is_no_list_of_findings_is_dropped() {
        for list in ["7", r#""x""#, "{}", r#"[1,"x",{"code":"a"}]"#, "null"] {
            assert_eq!(join(list, vec![]), "[]", "{list}");
        }
    }

    #[test]
    fn findings_without_end_are_bounded() {
        let list: Vec<String> = (0..200).map(|n| format!(r#"{{"tool":"m","code":"c{n}"}}"#)).collect();
        let joined = join(&format!("[{}]", list.join(",")), vec![]);
        assert_eq!(joined.matches("code").count(), Findings::MAX);
    }
}
