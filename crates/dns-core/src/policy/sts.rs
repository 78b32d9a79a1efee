//! A policy of MTA-STS (RFC 8461 section 3).

use std::fmt;

use super::text::{TextFault, is_blank, is_name, value_of};

pub(super) const VERSION: &str = "STSv1";

/// The most patterns that are taken; a policy with more is refused, since which are left out must not decide.
pub const MOST_PATTERNS: usize = 1_000;

/// The longest that a policy may be kept, in seconds: a year.
const MOST_AGE: u64 = 31_557_600;

/// The id of a TXT record: another one says that the policy is another one.
pub(super) fn id_of(fields: &str) -> Result<String, TextFault> {
    let is_id =
        |id: &&str| (1..=32).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    value_of(fields, "id")?.filter(is_id).map(str::to_owned).ok_or(TextFault::Id)
}

/// What a domain asks of those who send to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StsPolicy {
    /// What follows where it is not met.
    pub mode: Mode,
    /// How long it may be kept, in seconds.
    pub max_age: u64,
    /// The names of its mail hosts in lower case, `*.` standing for one label; none only in [`Mode::None`].
    pub mx: Vec<String>,
}

/// What follows where a policy is not met (RFC 8461 section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The host gets no mail.
    Enforce,
    /// It is reported.
    Testing,
    /// Nothing: the domain has no policy any more.
    None,
}

/// Why a document is no policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyFault {
    /// Octets that are not UTF-8.
    NotUtf8,
    /// The line of this number, from 1, is not of the form `name: value`.
    Line(usize),
    /// The value of this key is none of those that it can have.
    Value(&'static str),
    /// This key is missing.
    Missing(&'static str),
    /// Over [`MOST_PATTERNS`].
    TooMany,
}

impl fmt::Display for PolicyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8 => f.write_str("it is not UTF-8"),
            Self::Line(number) => write!(f, "line {number} is not of the form name: value"),
            Self::Value("version") => f.write_str("its version is not STSv1"),
            Self::Value("mode") => f.write_str("its mode is not enforce, testing or none"),
            Self::Value("max_age") => write!(f, "its max_age is not a number of seconds up to {MOST_AGE}"),
            Self::Value(key) => write!(f, "a value of {key} is not the name of a host, nor *. and one"),
            Self::Missing(key) => write!(f, "it has no {key}"),
            Self::TooMany => write!(f, "it names over {MOST_PATTERNS} hosts"),
        }
    }
}

impl StsPolicy {
    /// Reads the text of a policy (section 3.2): lines that end in LF or CRLF, keys in any order. Unknown keys are
    /// passed over, of a key that may stand there once the first counts. Blanks and empty lines at its end are none
    /// of it.
    ///
    /// # Errors
    /// The first thing that keeps it from being a policy.
    pub fn parse(text: &[u8]) -> Result<Self, PolicyFault> {
        let text = str::from_utf8(text).map_err(|_| PolicyFault::NotUtf8)?;
        let text = text.trim_end_matches([' ', '\t', '\r', '\n']);
        let (mut version, mut mode, mut max_age, mut mx) = (None, None, None, Vec::new());
        for (number, line) in (1..).zip(text.split('\n')) {
            let line = line.strip_suffix('\r').unwrap_or(line).trim_end_matches(is_blank);
            let (name, value) = line.split_once(':').ok_or(PolicyFault::Line(number))?;
            let value = value.trim_start_matches(is_blank);
            if !is_name(name) || value.is_empty() || value.contains(char::is_control) {
                return Err(PolicyFault::Line(number));
            }
            match name {
                "version" => version = version.or(Some(value)),
                "mode" => mode = mode.or(Some(value)),
                "max_age" => max_age = max_age.or(Some(value)),
                "mx" if mx.len() == MOST_PATTERNS => return Err(PolicyFault::TooMany),
                "mx" => mx.push(pattern(value).ok_or(PolicyFault::Value("mx"))?),
                _ => {}
            }
        }
        if version.ok_or(PolicyFault::Missing("version"))? != VERSION {
            return Err(PolicyFault::Value("version"));
        }
        let mode = match mode.ok_or(PolicyFault::Missing("mode"))? {
            "enforce" => Mode::Enforce,
            "testing" => Mode::Testing,
            "none" => Mode::None,
            _ => return Err(PolicyFault::Value("mode")),
        };
        let max_age = seconds(max_age.ok_or(PolicyFault::Missing("max_age"))?);
        let max_age = max_age.ok_or(PolicyFault::Value("max_age"))?;
        match mx.is_empty() && mode != Mode::None {
            true => Err(PolicyFault::Missing("mx")),
            false => Ok(Self { mode, max_age, mx }),
        }
    }
}

/// One to ten digits.
fn seconds(text: &str) -> Option<u64> {
    let is_number = text.len() <= 10 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|seconds| is_number && *seconds <= MOST_AGE)
}

/// The name of a host, or `*.` and one; the label `_` is no host's, but names in use have it.
fn pattern(text: &str) -> Option<String> {
    const MOST_OCTETS: usize = 255;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(is_plain);
    let name = text.strip_prefix("*.").unwrap_or(text);
    (text.len() <= MOST_OCTETS && name.split('.').all(is_label)).then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// That of RFC 8461 section 3.2.
    const EXAMPLE: &str = "version: STSv1\nmode: enforce\nmx: mail.example.com\nmx: *.example.net\n\
                           mx: backupmx.example.com\nmax_age: 604800";

    fn fault(text: &str) -> PolicyFault {
        StsPolicy::parse(text.as_bytes()).unwrap_err()
    }

    fn parse(text: &str) -> StsPolicy {
        StsPolicy::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn an_id_is_up_to_32_letters_and_digits() {
        assert_eq!(id_of(" id=20160831085700Z;").as_deref(), Ok("20160831085700Z"));
        assert_eq!(id_of(&format!("id={}", "a".repeat(32))).as_deref(), Ok("a".repeat(32).as_str()));
        for id in [" x=y", " id=1-2", "id=\u{e4}", &format!("id={}", "a".repeat(33)), "id=1 "] {
            assert_eq!(id_of(id), Err(TextFault::Id), "{id}");
        }
    }

    #[test]
    fn the_example_of_the_rfc_whatever_ends_its_lines() {
        let mx = ["mail.example.com", "*.example.net", "backupmx.example.com"].map(str::to_owned);
        let policy = StsPolicy { mode: Mode::Enforce, max_age: 604_800, mx: mx.to_vec() };
        for text in [EXAMPLE.to_owned(), EXAMPLE.replace('\n', "\r\n"), EXAMPLE.replace('\n', " \t\n")] {
            for end in ["", "\n", "\r\n", " \n", "\n\n"] {
                assert_eq!(parse(&format!("{text}{end}")), policy, "{text:?}{end:?}");
            }
        }
        assert_eq!(parse(&EXAMPLE.replace(": ", ":")), policy);
        assert_eq!(parse(&EXAMPLE.replace(": ", ": \t")), policy);
        assert_eq!(parse(&EXAMPLE.replace("mail.example.com", "MAIL.Example.com")), policy);
    }

    #[test]
    fn unknown_keys_and_later_ones_do_not_count() {
        let more = format!("x-y.z_0: a b \u{e4}\n{EXAMPLE}\nmode: none\nversion: STSv2\nmax_age: x\n");
        assert_eq!(parse(&more), parse(EXAMPLE));
    }

    #[test]
    fn a_policy_that_is_none_needs_no_hosts() {
        let policy = parse("version: STSv1\nmode: none\nmax_age: 0\n");
        assert_eq!(policy, StsPolicy { mode: Mode::None, max_age: 0, mx: Vec::new() });
        assert_eq!(fault("version: STSv1\nmode: testing\nmax_age: 0"), PolicyFault::Missing("mx"));
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        for key in ["version", "mode", "max_age"] {
            let rest: Vec<&str> = EXAMPLE.lines().filter(|line| !line.starts_with(key)).collect();
            assert_eq!(fault(&rest.join("\n")), PolicyFault::Missing(key));
        }
        for (right, wrong, key) in [
            ("STSv1", "stsv1", "version"),
            ("enforce", "Enforce", "mode"),
            ("604800", "31557601", "max_age"),
            ("604800", "-1", "max_age"),
            ("604800", "+1", "max_age"),
            ("604800", "00000000001", "max_age"),
            ("604800", "1 week", "max_age"),
            ("mail.example.com", "*", "mx"),
            ("mail.example.com", "*.", "mx"),
            ("mail.example.com", "*.*.example.com", "mx"),
            ("mail.example.com", "mail.*.com", "mx"),
            ("mail.example.com", "mail.example.com.", "mx"),
            ("mail.example.com", ".example.com", "mx"),
            ("mail.example.com", "a b", "mx"),
            ("mail.example.com", "m\u{e4}il.example.com", "mx"),
            ("mail.example.com", "a.example, b.example", "mx"),
        ] {
            let text = EXAMPLE.replace(right, wrong);
            assert_eq!(fault(&text), PolicyFault::Value(key), "{wrong}");
            assert!(fault(&text).to_string().contains(key));
        }
        assert_eq!(parse(&EXAMPLE.replace("604800", "31557600")).max_age, 31_557_600);
    }

    #[test]
    fn a_line_that_is_none_is_told_by_its_number() {
        let html = "<!doctype html>\n<title>404</title>";
        for (text, number) in [
            ("", 1),
            (html, 1),
            ("{\"version\": 1}", 1),
            ("\u{feff}version: STSv1", 1),
            ("version: STSv1\n\nmode: none", 2),
            ("version: STSv1\nmode:\n", 2),
            ("version: STSv1\nmode : none", 2),
            (" version: STSv1", 1),
            ("version: STSv1\rmode: none", 1),
            ("version: STSv1\nx: \u{1b}[31m", 2),
        ] {
            assert_eq!(fault(text), PolicyFault::Line(number), "{text:?}");
        }
        assert_eq!(StsPolicy::parse(b"version: STSv1\nx: \xff"), Err(PolicyFault::NotUtf8));
    }

    #[test]
    fn patterns_without_end_are_no_policy() {
        let with = |count: usize| format!("{EXAMPLE}\n{}", "mx: a.example\n".repeat(count - 3));
        assert_eq!(parse(&with(MOST_PATTERNS)).mx.len(), MOST_PATTERNS);
        assert_eq!(fault(&with(MOST_PATTERNS + 1)), PolicyFault::TooMany);
    }

    proptest! {
        #[test]
        fn no_octets_make_it_panic(octets in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = StsPolicy::parse(&octets);
            let _ = id_of(&String::from_utf8_lossy(&octets));
        }

        #[test]
        fn nor_what_is_almost_a_policy(lines in prop::collection::vec("(version|mode|mx|max_age|x)?: ?(STSv1|enforce|[*]\\.a|[0-9]{1,12}|\\PC{0,9})(\r|\t)?", 0..9)) {
            if let Ok(policy) = StsPolicy::parse(lines.join("\n").as_bytes()) {
                prop_assert!(policy.max_age <= MOST_AGE && policy.mx.len() <= lines.len());
            }
        }
    }
}
