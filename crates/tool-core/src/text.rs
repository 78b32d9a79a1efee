//! The readable view: untrusted text made harmless, a little colour, aligned lines.

use std::borrow::Cow;
use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use crate::explain::explanation;
use crate::record::{ErrorRecord, FindingItem, ReplyRecord, Severity, Status, TimingMs};

/// Text without control characters (C0, DEL, C1) and without marks that turn the direction of
/// writing: each shows as an escape. LF shows as `\n`.
pub fn clean(text: &str) -> Cow<'_, str> {
    let is_harmful =
        |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut cleaned = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\n' => cleaned.push_str("\\n"),
            '\r' => cleaned.push_str("\\r"),
            '\t' => cleaned.push(' '),
            c if u32::from(c) < 0x100 && c.is_control() => {
                let _ = write!(cleaned, "\\x{:02x}", u32::from(c));
            }
            c if is_harmful(c) => {
                let _ = write!(cleaned, "\\u{{{:x}}}", u32::from(c));
            }
            c => cleaned.push(c),
        }
    }
    Cow::Owned(cleaned)
}

/// A record being written for people.
#[derive(Debug, Default)]
pub struct Page {
    text: String,
    colour: bool,
}

impl Page {
    /// An empty page.
    pub fn new(colour: bool) -> Self {
        Self { text: String::new(), colour }
    }

    /// The first line: status, what it is about, and the cause in a few words.
    pub fn headline(&mut self, status: Status, subject: &str, cause: &str) {
        let colour = match status {
            Status::Ok => AnsiColor::Green,
            Status::Fail => AnsiColor::Red,
            Status::Unknown => AnsiColor::Yellow,
        };
        let word = self.painted(&format!("{:<7}", status.as_str()), colour.on_default().bold());
        let subject = self.painted(&clean(subject), Style::new().bold());
        let gap = if cause.is_empty() { "" } else { "  " };
        let _ = writeln!(self.text, "{word} {subject}{gap}{}", clean(cause));
    }

    /// A line of the body: a label and what it says. Further lines of the value stand below it.
    pub fn line(&mut self, label: &str, value: &str) {
        let mut label = self.painted(&format!("{label:<9}"), Style::new().dimmed());
        for part in value.split('\n') {
            let _ = writeln!(self.text, "        {label} {}", clean(part));
            label = " ".repeat(9);
        }
    }

    /// The error with its evidence. Its message is in the headline.
    pub fn error(&mut self, error: &ErrorRecord) {
        if let Some(reply) = &error.reply {
            self.reply("reply", reply);
        }
        for ede in &error.ede {
            self.line("resolver", &format!("{} (extended error {})", ede.text, ede.code));
        }
        self.line("code", &format!("{} in phase {}", error.code, error.phase));
    }

    /// What to try about the error, which stands last: what it says itself, else what is usual.
    pub fn advice(&mut self, error: Option<&ErrorRecord>) {
        let Some(error) = error else { return };
        let usual = || explanation(error.code).map(|explanation| explanation.remedy.to_owned());
        if let Some(advice) = error.hint.clone().or_else(usual) {
            self.line("try", &advice);
        }
    }

    /// How long it took, as a whole and by phase.
    pub fn timing(&mut self, timing: Option<&TimingMs>) {
        let Some(timing) = timing else { return };
        let phases: Vec<String> = timing
            .iter()
            .filter(|(phase, _)| *phase != "total")
            .map(|(phase, took)| format!("{phase} {took:.0}"))
            .collect();
        let total = timing.iter().find(|(phase, _)| *phase == "total").map_or(0.0, |(_, took)| took);
        if !phases.is_empty() {
            self.line("took", &format!("{total:.0} ms: {}", phases.join(", ")));
        }
    }

    /// A reply of the server.
    pub fn reply(&mut self, label: &str, reply: &ReplyRecord) {
        let code = reply.code;
        let lines: Vec<String> = reply.text.split('\n').map(|line| format!("{code} {line}")).collect();
        self.line(label, &lines.join("\n"));
    }

    /// The findings of this tool.
    pub fn findings(&mut self, findings: &[FindingItem]) {
        for finding in findings.iter().filter_map(FindingItem::own) {
            let label = match finding.severity {
                Severity::Info => "note",
                Severity::Warn => "warning",
            };
            let about = match (&finding.host, &finding.ip) {
                (Some(host), Some(ip)) => format!(" ({host} {ip})"),
                (Some(about), None) | (None, Some(about)) => format!(" ({about})"),
                (None, None) => String::new(),
            };
            self.line(label, &format!("{}{about} [{}]", finding.message, finding.code));
        }
    }

    /// The finished text.
    pub fn finish(self) -> String {
        self.text
    }

    fn painted(&self, text: &str, style: Style) -> String {
        match self.colour {
            true => format!("{style}{text}{style:#}"),
            false => text.to_owned(),
        }
    }
}

/// The cause as the headline shows it.
pub fn cause(error: Option<&ErrorRecord>) -> &str {
    error.map_or("", |error| &error.message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escape_bytes_show_as_escapes() {
        assert_eq!(clean("\u{1b}[31mred\u{9b}\u{7f}"), r"\x1b[31mred\x9b\x7f");
        assert_eq!(clean("a\u{202e}b"), r"a\u{202e}b");
        assert!(matches!(clean("mail.port25.com é"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn no_control_byte_gets_through(text in any::<String>()) {
            prop_assert!(!clean(&text).contains(char::is_control));
        }
    }
}
