//! The tools' names, in one place.

use crate::command::root;

/// Every tool of the design, named by what one types; its crate has the same name.
pub(crate) const TOOLS: &[&str] = &["mxlookup", "myip", "smtp-ping", "smtp-send"];

/// The tools whose crate exists.
pub(crate) fn present() -> impl Iterator<Item = &'static str> {
    TOOLS.iter().copied().filter(|tool| root().join("crates").join(tool).join("Cargo.toml").is_file())
}
