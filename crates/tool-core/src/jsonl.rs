//! Input lines: words and JSON objects.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::record::{Error, Status};

/// One input, read from the command line or a line of stdin.
#[derive(Debug)]
pub struct Input {
    /// The number of the line, from 1; none for a command-line argument.
    pub line: Option<u64>,
    /// What it holds.
    pub body: Body,
}

/// What an input holds.
#[derive(Debug)]
pub enum Body {
    /// A word: what the tool's argument would be.
    Word(String),
    /// A JSON object.
    Object(Object),
    /// No target: the options say it all.
    Job,
    /// Nothing that can be used.
    Broken {
        /// Its beginning, as text.
        shown: String,
        /// Why not.
        error: Error,
    },
}

/// A line as it came, without its end.
#[derive(Debug)]
pub enum RawLine {
    /// Whole.
    Whole(Vec<u8>),
    /// Longer than allowed; its beginning.
    TooLong(Vec<u8>),
}

impl RawLine {
    /// Whether it is empty or a comment: no input.
    pub fn is_skipped(&self) -> bool {
        match self {
            Self::Whole(bytes) => matches!(trimmed(bytes).first(), None | Some(b'#')),
            Self::TooLong(head) => trimmed(head).starts_with(b"#"),
        }
    }
}

/// A line without the mark that some editors begin a file with, and without blanks around it.
fn trimmed(line: &[u8]) -> &[u8] {
    line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii()
}

/// The most characters of an input that are repeated in a record.
const SHOWN: usize = 256;

/// The first [`SHOWN`] characters.
pub fn shown(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

impl Input {
    /// An argument of the command line.
    pub fn from_argument(word: String) -> Self {
        let body = match unusable_word(&word) {
            None => Body::Word(word.trim_matches(' ').to_owned()),
            Some(problem) => Body::Broken { shown: shown(&word), error: Error::unusable(problem) },
        };
        Self { line: None, body }
    }

    /// Reads a line that is not skipped.
    pub fn from_line(number: u64, raw: RawLine) -> Self {
        let bytes = match raw {
            RawLine::Whole(bytes) => bytes,
            RawLine::TooLong(head) => {
                let text = String::from_utf8_lossy(&head);
                let error = Error::unusable(format!("line {number} is longer than --max-line allows"));
                return Self::broken(number, &text, error);
            }
        };
        let bytes = trimmed(&bytes);
        let Ok(text) = std::str::from_utf8(bytes) else {
            let error = Error::unusable(format!("line {number} is not valid UTF-8"));
            return Self::broken(number, &String::from_utf8_lossy(bytes), error);
        };
        if text.contains('\0') {
            return Self::broken(number, text, Error::unusable(format!("line {number} holds a NUL")));
        }
        let body = match bytes.first() {
            Some(b'{') => match serde_json::from_str::<Object>(text) {
                Ok(object) => Body::Object(object),
                Err(error) => return Self::broken(number, text, not_json(number, &error)),
            },
            Some(b'"') => match serde_json::from_str::<String>(text) {
                Ok(word) => Body::Word(word),
                // A mail address whose local part stands in quotes (RFC 5321 section 4.1.2).
                Err(_) if text.contains("\"@") => Body::Word(text.to_owned()),
                Err(error) => return Self::broken(number, text, not_json(number, &error)),
            },
            _ if is_other_json(text) => {
                let error =
                    Error::unusable(format!("line {number} is JSON, but neither an object nor a string"));
                return Self::broken(number, text, error);
            }
            _ => Body::Word(text.to_owned()),
        };
        match body {
            Body::Word(word) => match unusable_word(&word) {
                None => Self { line: Some(number), body: Body::Word(word.trim_matches(' ').to_owned()) },
                Some(problem) => Self::broken(number, &word, Error::unusable(problem)),
            },
            body => Self { line: Some(number), body },
        }
    }

    fn broken(number: u64, text: &str, error: Error) -> Self {
        let error = Error { line: Some(number), ..error };
        Self { line: Some(number), body: Body::Broken { shown: shown(text), error } }
    }
}

/// A JSON string can hold what no line can.
fn unusable_word(word: &str) -> Option<&'static str> {
    if word.trim().is_empty() { Some("the target is empty") } else { None }
}

fn not_json(number: u64, error: &serde_json::Error) -> Error {
    if error.is_eof() {
        return Error::unusable(format!("line {number} starts like JSON but ends early"))
            .with_hint("one object a line: jq -c, not jq");
    }
    Error::unusable(format!("line {number} starts like JSON but is not: column {}", error.column()))
}

/// Arrays, numbers, `true`, `null`: what `jq` prints for a key that is not there, for one.
fn is_other_json(text: &str) -> bool {
    matches!(text.as_bytes().first(), Some(b'[' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n'))
        && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// A JSON object whose values are kept as they came; a key given twice counts as its last.
#[derive(Debug, Default)]
pub struct Object {
    entries: Vec<(String, Box<RawValue>)>,
}

/// The verdict of a record that comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Its status; a word we do not know counts as `unknown`.
    pub status: Status,
    /// The code of its error.
    pub code: String,
}

impl Object {
    /// The value of a key as it came.
    pub fn raw(&self, key: &str) -> Option<&RawValue> {
        self.entries.iter().find(|(k, _)| k == key).map(|(_, value)| &**value)
    }

    /// The value of a key that must be a `T`.
    ///
    /// # Errors
    /// `input.unusable` when the key is there and holds something else.
    pub fn read<'a, T: Deserialize<'a>>(&'a self, key: &str, what: &str) -> Result<Option<T>, Error> {
        // What `jq` makes of a key that is not there.
        let Some(raw) = self.raw(key).filter(|raw| raw.get() != "null") else { return Ok(None) };
        serde_json::from_str(raw.get())
            .map(Some)
            .map_err(|_| Error::unusable(format!("the key {key:?} of the record is not {what}")))
    }

    /// The value of a key if it is a string.
    pub fn string(&self, key: &str) -> Option<String> {
        Self::text(self.raw(key)?)
    }

    /// A value if it is a string.
    pub fn text(value: &RawValue) -> Option<String> {
        serde_json::from_str(value.get()).ok()
    }

    /// The same without these keys.
    #[must_use]
    pub fn without(&self, keys: &[&str]) -> Self {
        let entries = self.entries.iter().filter(|(key, _)| !keys.contains(&key.as_str()));
        Self { entries: entries.cloned().collect() }
    }

    /// The entries whose keys are not in `written`, as they came.
    pub fn carried(self, written: &[&str]) -> Vec<(String, Box<RawValue>)> {
        self.entries.into_iter().filter(|(key, _)| !written.contains(&key.as_str())).collect()
    }

    /// The verdict, if this is a tool's record of a failure: it has `tool`, `v`, a status other
    /// than `ok` and an error with a code.
    pub fn failed(&self) -> Option<Verdict> {
        #[derive(serde::Deserialize)]
        struct ErrorCode {
            code: String,
        }
        self.string("tool")?;
        self.raw("v")?;
        let status = match self.string("status")?.as_str() {
            "ok" => return None,
            "fail" => Status::Fail,
            _ => Status::Unknown,
        };
        let ErrorCode { code } = serde_json::from_str(self.raw("error")?.get()).ok()?;
        Some(Verdict { status, code })
    }

    /// The same object with another `tool`, as a line.
    ///
    /// # Errors
    /// When a key cannot be JSON.
    pub fn passed_on(&self, tool: &str) -> serde_json::Result<String> {
        let mut line = String::from("{");
        for (key, value) in &self.entries {
            if line.len() > 1 {
                line.push(',');
            }
            line.push_str(&crate::json::to_string(key)?);
            line.push(':');
            match key.as_str() {
                "tool" => line.push_str(&crate::json::to_string(&tool)?),
                _ => line.push_str(value.get()),
            }
        }
        line.push('}');
        Ok(line)
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Object, M::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry::<String, Box<RawValue>>()? {
                    entries.push(entry);
                }
                Ok(Object { entries: last_of_each(entries) })
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

fn last_of_each(entries: Vec<(String, Box<RawValue>)>) -> Vec<(String, Box<RawValue>)> {
    let last: HashMap<&str, usize> =
        entries.iter().enumerate().map(|(at, (key, _))| (key.as_str(), at)).collect();
    if last.len() == entries.len() {
        return entries;
    }
    let mut keep: Vec<bool> = vec![false; entries.len()];
    for at in last.into_values() {
        keep[at] = true;
    }
    let mut keep = keep.into_iter();
    entries.into_iter().filter(|_| keep.next().unwrap_or(true)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(line: &str) -> Option<Input> {
        let raw = RawLine::Whole(line.as_bytes().to_vec());
        (!raw.is_skipped()).then(|| Input::from_line(7, raw))
    }

    fn word(line: &str) -> String {
        match read(line).unwrap().body {
            Body::Word(word) => word,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn problem(line: &[u8]) -> String {
        match Input::from_line(7, RawLine::Whole(line.to_vec())).body {
            Body::Broken { error, .. } => error.message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn words_are_trimmed_and_strings_are_words() {
        assert_eq!(word("  port25.com \r"), "port25.com");
        assert_eq!(word("\u{feff}port25.com"), "port25.com");
        assert_eq!(word(r#""caf\u00e9.example""#), "café.example");
        assert_eq!(word(r#"" port25.com ""#), "port25.com");
        assert_eq!(word("[192.0.2.1]"), "[192.0.2.1]");
        assert_eq!(word("[2001:db8::1]:25"), "[2001:db8::1]:25");
        assert_eq!(word("nullmx.example"), "nullmx.example");
        assert_eq!(word(r#""a b"@c.example"#), r#""a b"@c.example"#);
        assert_eq!(word(r#""\"a b\"@c.example""#), r#""a b"@c.example"#);
    }

    #[test]
    fn empty_lines_and_comments_are_skipped() {
        for line in ["", "  \t", "# comment", "  # comment", "\r", "\u{feff}"] {
            assert!(read(line).is_none(), "{line:?}");
        }
    }

    #[test]
    fn what_cannot_be_used_says_why() {
        assert_eq!(problem(br#"{"domain":"port25.com""#), "line 7 starts like JSON but ends early");
        assert_eq!(problem(br#"{"domain":port25}"#), "line 7 starts like JSON but is not: column 11");
        for line in ["42", "null", "true", "[1]", "[]", "-1.5e3"] {
            assert_eq!(
                problem(line.as_bytes()),
                "line 7 is JSON, but neither an object nor a string",
                "{line}"
            );
        }
        assert_eq!(problem(b"a\0b"), "line 7 holds a NUL");
        assert_eq!(problem(b"caf\xe9"), "line 7 is not valid UTF-8");
        assert_eq!(problem(br#""""#), "the target is empty");
    }

    #[test]
    fn carried_values_stay_byte_for_byte_and_in_order() {
        let Body::Object(object) =
            read(r#"{"domain":"a","n":12345678901234567890,"x":1.0,"e":"\u00e9","deep":{"b" : [1, 2]}}"#)
                .unwrap()
                .body
        else {
            panic!()
        };
        let carried: Vec<String> =
            object.carried(&["domain"]).iter().map(|(k, v)| format!("{k}={}", v.get())).collect();
        assert_eq!(carried, ["n=12345678901234567890", "x=1.0", r#"e="\u00e9""#, r#"deep={"b" : [1, 2]}"#]);
    }

    #[test]
    fn a_key_given_twice_counts_as_its_last() {
        let object: Object = serde_json::from_str(r#"{"a":1,"b":2,"a":3}"#).unwrap();
        assert_eq!(object.passed_on("x").unwrap(), r#"{"b":2,"a":3}"#);
    }

    #[test]
    fn only_a_tools_own_failure_passes_through() {
        let failed = |text: &str| serde_json::from_str::<Object>(text).unwrap().failed().map(|v| v.status);
        assert_eq!(failed(r#"{"tool":"t","v":1,"status":"fail","error":{"code":"c"}}"#), Some(Status::Fail));
        assert_eq!(
            failed(r#"{"tool":"t","v":1,"status":"unknown","error":{"code":"c"}}"#),
            Some(Status::Unknown)
        );
        assert_eq!(failed(r#"{"tool":"t","v":1,"status":"ok","error":{"code":"c"}}"#), None);
        assert_eq!(failed(r#"{"status":"fail","error":{"code":"c"}}"#), None);
        assert_eq!(failed(r#"{"tool":"t","v":1,"status":"fail"}"#), None);
        assert_eq!(failed(r#"{"tool":"t","v":1,"status":"fail","error":"c"}"#), None);
    }

    proptest! {
        #[test]
        fn no_line_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Input::from_line(1, RawLine::Whole(bytes));
        }

        #[test]
        fn numbers_of_any_size_are_carried_as_written(digits in "-?[1-9][0-9]{0,40}(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?") {
            let object: Object = serde_json::from_str(&format!(r#"{{"n":{digits}}}"#)).unwrap();
            prop_assert_eq!(object.raw("n").unwrap().get(), digits);
        }
    }
}
