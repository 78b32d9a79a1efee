//! Finds the paths a source file names, with the braces of `use a::{b, c::d}` spelled out.
//!
//! A reader of text, not a parser: it skips lines that start with `//`, but reads strings and comments
//! after code like code, and takes `as D` in braces for one more item.

/// A path as written from its first segment, and its line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mention {
    pub(crate) line: usize,
    pub(crate) path: String,
}

impl Mention {
    pub(crate) fn first(&self) -> &str {
        self.path.split("::").next().unwrap_or_default()
    }

    /// Whether it names `module` or something below it.
    pub(crate) fn is_within(&self, module: &str) -> bool {
        self.path.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    }
}

/// The paths of two and more segments in `source`.
pub(crate) fn mentions(source: &str) -> Vec<Mention> {
    let mut reader = Reader::default();
    for (index, text) in source.lines().enumerate() {
        if !text.trim_start().starts_with("//") {
            reader.read(index + 1, text);
        }
    }
    reader.found
}

#[derive(Default)]
struct Reader {
    found: Vec<Mention>,
    /// One entry an open brace: the path before it, empty for a block.
    groups: Vec<String>,
    path: String,
}

impl Reader {
    fn read(&mut self, line: usize, text: &str) {
        let mut chars = text.chars().peekable();
        while let Some(char) = chars.next() {
            match char {
                _ if char.is_alphanumeric() || char == '_' => self.path.push(char),
                ':' if chars.next_if_eq(&':').is_some() => self.path.push_str("::"),
                '{' if self.path.ends_with("::") => {
                    let group = self.whole();
                    self.groups.push(group);
                }
                '{' => {
                    self.end(line);
                    self.groups.push(String::new());
                }
                '}' => {
                    self.end(line);
                    self.groups.pop();
                }
                _ => {
                    self.end(line);
                    // What follows belongs to a type, as in `<A as B>::c`: no crate has this name.
                    if matches!(char, '>' | ')' | ']') && chars.peek() == Some(&':') {
                        self.path.push('_');
                    }
                }
            }
        }
        self.end(line);
    }

    fn end(&mut self, line: usize) {
        if self.path.is_empty() {
            return;
        }
        let whole = self.whole();
        let path = whole.trim_matches(':');
        if path.contains("::") {
            self.found.push(Mention { line, path: path.to_owned() });
        }
    }

    fn whole(&mut self) -> String {
        let path = std::mem::take(&mut self.path);
        match self.groups.last() {
            Some(group) => format!("{group}{path}"),
            None => path,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(source: &str) -> Vec<String> {
        mentions(source).into_iter().map(|mention| mention.path).collect()
    }

    #[test]
    fn a_path_in_an_expression() {
        assert_eq!(paths("let x = a::b(c, d::e::<f::G>());"), ["a::b", "d::e", "f::G"]);
    }

    #[test]
    fn nested_groups_over_several_lines() {
        let source = "use a::{\n    self,\n    b::{C, d::E},\n    g,\n};\nuse h::I;\n";
        assert_eq!(paths(source), ["a::self", "a::b::C", "a::b::d::E", "a::g", "h::I"]);
        assert_eq!(mentions(source)[3].line, 4);
    }

    #[test]
    fn a_group_without_a_path_before_it() {
        assert_eq!(paths("use {a::B, c::D};"), ["a::B", "c::D"]);
    }

    #[test]
    fn a_glob() {
        assert_eq!(paths("use a::*;"), Vec::<String>::new());
        assert_eq!(paths("use a::b::*;"), ["a::b"]);
    }

    #[test]
    fn a_path_from_the_root_of_all_crates() {
        assert_eq!(paths("let x = ::a::b();"), ["a::b"]);
    }

    #[test]
    fn an_item_of_a_type() {
        assert_eq!(paths("<A as b::C>::tokio::d()"), ["b::C", "_::tokio::d"]);
    }

    #[test]
    fn a_comment_line() {
        assert_eq!(paths("    // a::b\n/// c::d\n//! e::f"), Vec::<String>::new());
    }

    #[test]
    fn braces_in_strings_and_characters() {
        let source = "f(\"}}::{}\", '{', '}');\nmatch x { '{' => a::b, '}' => c::d }\n";
        assert_eq!(paths(source), ["a::b", "c::d"]);
    }

    #[test]
    fn a_module_with_the_same_beginning() {
        let mention = |path: &str| Mention { line: 1, path: path.into() };
        assert!(mention("a::net").is_within("a::net"));
        assert!(mention("a::net::b").is_within("a::net"));
        assert!(!mention("a::network").is_within("a::net"));
    }
}
