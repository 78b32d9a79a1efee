//! The extensions a server names in its EHLO reply (RFC 5321 section 4.1.1.1).

use super::{Quirk, Quirks, Reply};

/// EHLO keywords in upper case with their parameters, in the order the server named them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    keywords: Vec<(String, Vec<String>)>,
}

impl Capabilities {
    /// The most keywords kept.
    pub const MAX: usize = 1_000;

    /// The most parameters kept of a keyword: a known one is looked for among them.
    pub const MAX_PARAMS: usize = 100;

    /// Reads the lines after the first of an EHLO reply.
    pub fn from_reply(reply: &Reply, quirks: &mut Quirks) -> Self {
        let mut capabilities = Self::default();
        for line in reply.lines.iter().skip(1) {
            let mut words = line.split_ascii_whitespace();
            let Some(word) = words.next() else {
                quirks.insert(Quirk::BadKeyword);
                continue;
            };
            // The form from before RFC 2554, still sent for the sake of old clients.
            let (word, first) = match word.split_once('=') {
                Some((auth, mechanism)) if auth.eq_ignore_ascii_case("AUTH") => {
                    quirks.insert(Quirk::AuthEquals);
                    (auth, Some(mechanism).filter(|m| !m.is_empty()))
                }
                _ => (word, None),
            };
            if !is_keyword(word) {
                quirks.insert(Quirk::BadKeyword);
                continue;
            }
            let params = first.into_iter().chain(words).map(str::to_owned);
            if !capabilities.add(word.to_ascii_uppercase(), params) {
                quirks.insert(Quirk::TooManyKeywords);
            }
        }
        capabilities
    }

    /// Whether the keyword (in upper case) is offered.
    pub fn has(&self, keyword: &str) -> bool {
        self.params(keyword).is_some()
    }

    /// The parameters of a keyword (in upper case).
    pub fn params(&self, keyword: &str) -> Option<&[String]> {
        self.keywords.iter().find(|(k, _)| k == keyword).map(|(_, p)| p.as_slice())
    }

    /// Keywords and parameters in the server's order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.keywords.iter().map(|(k, p)| (k.as_str(), p.as_slice()))
    }

    /// A keyword named twice has the parameters of both lines, those of the other each once. Whether
    /// there was room for all.
    fn add(&mut self, keyword: String, mut params: impl Iterator<Item = String>) -> bool {
        if let Some((_, known)) = self.keywords.iter_mut().find(|(k, _)| *k == keyword) {
            for param in params {
                if known.contains(&param) {
                    continue;
                }
                if known.len() == Self::MAX_PARAMS {
                    return false;
                }
                known.push(param);
            }
            return true;
        }
        if self.keywords.len() == Self::MAX {
            return false;
        }
        self.keywords.push((keyword, params.by_ref().take(Self::MAX_PARAMS).collect()));
        params.next().is_none()
    }
}

/// `ehlo-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")`; the underscore and the dot are seen in the wild.
fn is_keyword(word: &str) -> bool {
    let mut bytes = word.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphanumeric())
        && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> (Capabilities, Quirks) {
        let lines = std::iter::once("host").chain(lines.iter().copied()).map(str::to_owned).collect();
        let mut quirks = Quirks::new();
        let capabilities = Capabilities::from_reply(&Reply::new(250, lines), &mut quirks);
        (capabilities, quirks)
    }

    #[test]
    fn keywords_in_any_case_with_parameters() {
        let (capabilities, quirks) = read(&["size 1000", "PIPELINING", "Auth PLAIN LOGIN"]);
        assert_eq!(capabilities.params("SIZE"), Some(&["1000".to_owned()][..]));
        assert!(capabilities.has("PIPELINING"));
        assert_eq!(capabilities.iter().map(|(k, _)| k).collect::<Vec<_>>(), ["SIZE", "PIPELINING", "AUTH"]);
        assert!(quirks.is_empty());
    }

    #[test]
    fn legacy_auth_joins_the_keyword_and_is_a_quirk() {
        let (capabilities, quirks) = read(&["AUTH PLAIN", "AUTH=PLAIN LOGIN"]);
        assert_eq!(capabilities.params("AUTH"), Some(&["PLAIN".to_owned(), "LOGIN".to_owned()][..]));
        assert!(quirks.contains(&Quirk::AuthEquals));
    }

    #[test]
    fn garbage_is_a_quirk_and_no_keyword() {
        let (capabilities, quirks) = read(&["\u{1b}[31m", "", "***", "DSN"]);
        assert_eq!(capabilities.iter().count(), 1);
        assert!(quirks.contains(&Quirk::BadKeyword));
    }

    #[test]
    fn parameters_without_end_are_bounded() {
        let params = |from: usize| (from..from + 60).map(|n| format!(" {n}")).collect::<String>();
        let lines = [0, 60, 120].map(|from| format!("AUTH{}", params(from)));
        let (capabilities, quirks) = read(&lines.each_ref().map(String::as_str));
        let kept = capabilities.params("AUTH").unwrap();
        assert_eq!(kept.len(), Capabilities::MAX_PARAMS);
        assert_eq!((kept.first().unwrap().as_str(), kept.last().unwrap().as_str()), ("0", "99"));
        assert!(quirks.contains(&Quirk::TooManyKeywords));

        let (capabilities, _) = read(&[&format!("X{}", params(0).repeat(3)), "SIZE 10"]);
        assert!(capabilities.iter().all(|(_, params)| params.len() <= Capabilities::MAX_PARAMS));
        assert!(capabilities.has("SIZE"), "what follows is still read");
    }

    #[test]
    fn keywords_without_end_are_bounded() {
        let lines: Vec<String> = (0..2_000).map(|n| format!("X{n}")).collect();
        let (capabilities, quirks) = read(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(capabilities.iter().count(), Capabilities::MAX);
        assert!(quirks.contains(&Quirk::TooManyKeywords));
    }
}
