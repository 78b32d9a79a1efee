//! Who may import whom.

use super::finding::Finding;
use super::mention::{Mention, mentions};
use crate::tool::TOOLS;

struct Layer {
    /// Whether the rule holds in this file.
    holds: fn(path: &str) -> bool,
    /// Whether the rule forbids this name there.
    forbids: fn(path: &str, mention: &Mention) -> bool,
    why: &'static str,
}

const LAYERS: &[Layer] = &[
    Layer {
        holds: |path| within(path, "smtp-core/src/proto"),
        forbids: |_, mention| ["tokio", "rustls", "tokio_rustls"].contains(&mention.first()),
        why: "the protocol has no I/O, clock or runtime; sockets and TLS belong in smtp-core::net",
    },
    Layer {
        holds: |path| !within(path, "dns-core") && !within(path, "lab"),
        forbids: |_, mention| mention.first().starts_with("hickory_"),
        why: "only dns-core (and the lab, as server) knows the DNS library, so that it can be replaced",
    },
    Layer {
        holds: |path| !within(path, "dns-core/src/http"),
        forbids: |_, mention| mention.first() == "reqwest",
        why: "dns-core/src/http makes all HTTP requests, so that its limits hold for each of them",
    },
    Layer {
        holds: |path| package(path).is_some_and(|package| TOOLS.contains(&package)),
        forbids: |path, mention| {
            TOOLS.iter().any(|tool| package(path) != Some(tool) && mention.first() == tool.replace('-', "_"))
        },
        why: "tools meet only in pipes; what two of them share lives in tool-core",
    },
    Layer {
        holds: |path| !within(path, "lab"),
        forbids: |_, mention| mention.first() == "lab",
        why: "the lab is the pretend internet of the tests: only the package `tests` imports it",
    },
    Layer {
        holds: |path| within(path, "tool-core"),
        forbids: |_, mention| mention.is_within("smtp_core::net"),
        why: "tool-core turns facts into records; the tools make the connections",
    },
];

/// A rule is told once a line, however often the line breaks it.
pub(crate) fn check(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if package(path).is_none() {
        return findings;
    }
    let mentions = mentions(text);
    for layer in LAYERS.iter().filter(|layer| (layer.holds)(path)) {
        let mut last = 0;
        for mention in mentions.iter().filter(|mention| (layer.forbids)(path, mention)) {
            if mention.line != last {
                let text = format!("`{}` has no place here: {}", mention.path, layer.why);
                findings.push(Finding::problem(path, mention.line, text));
            }
            last = mention.line;
        }
    }
    findings
}

/// The folder below `crates/`; the rules say nothing about other files.
fn package(path: &str) -> Option<&str> {
    path.strip_prefix("crates/")?.split('/').next()
}

/// Whether the file is the module or package at `place`, or below it: `a/b` has `a/b.rs` and `a/b/c.rs`.
fn within(path: &str, place: &str) -> bool {
    let rest = path.strip_prefix("crates/").and_then(|path| path.strip_prefix(place));
    rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<String> {
        check(path, text).iter().map(ToString::to_string).collect()
    }

    #[track_caller]
    fn forbidden(path: &str, text: &str) {
        assert_eq!(lines(path, text).len(), 1, "{path}: {text}");
    }

    #[track_caller]
    fn allowed(path: &str, text: &str) {
        assert_eq!(lines(path, text), Vec::<String>::new());
    }

    #[test]
    fn a_runtime_in_the_protocol() {
        forbidden("crates/smtp-core/src/proto/session.rs", "use tokio::net::TcpStream;");
        forbidden("crates/smtp-core/src/proto.rs", "fn f(x: rustls::Error) {}");
        forbidden("crates/smtp-core/src/proto/step/ehlo.rs", "use tokio_rustls::{client, TlsConnector};");
        allowed("crates/smtp-core/src/net/drive.rs", "use tokio::net::TcpStream;");
        allowed("crates/smtp-core/src/proto/tls.rs", "//! Filled by `rustls::ClientConnection`.");
    }

    #[test]
    fn the_dns_library_outside_dns_core() {
        forbidden("crates/mxlookup/src/run.rs", "use hickory_resolver::Resolver;");
        forbidden("crates/tool-core/src/record/error.rs", "hickory_proto::rr::RecordType::MX");
        allowed("crates/dns-core/src/hickory.rs", "use hickory_resolver::Resolver;");
        allowed("crates/lab/src/dns.rs", "use hickory_proto::op::Message;");
        allowed("crates/mxlookup/src/run.rs", "use dns_core::{hickory::Door, Lookup};");
    }

    #[test]
    fn a_second_place_that_makes_http_requests() {
        forbidden("crates/dns-core/src/policy.rs", "reqwest::get(url)");
        forbidden("crates/dns-core/src/https.rs", "reqwest::get(url)");
        allowed("crates/dns-core/src/http.rs", "use reqwest::Client;");
        allowed("crates/dns-core/src/http/client.rs", "use reqwest::Client;");
    }

    #[test]
    fn a_tool_that_imports_a_tool() {
        forbidden("crates/mxlookup/src/run.rs", "use smtp_ping::run;");
        forbidden("crates/smtp-ping/src/run.rs", "mxlookup::run()");
        allowed("crates/smtp-ping/src/main.rs", "smtp_ping::main()");
        allowed("crates/smtp-ping/src/data.rs", "use crate::{mxlookup::Route, data};");
    }

    #[test]
    fn the_lab_outside_the_tests() {
        forbidden("crates/mxlookup/tests/x.rs", "use lab::World;");
        allowed("crates/lab/src/bin/lab.rs", "use lab::World;");
        allowed("tests/e2e/main.rs", "use lab::World;");
        allowed("crates/tool-core/src/text.rs", "let y = label::x();");
    }

    #[test]
    fn sockets_in_tool_core() {
        let group = "use smtp_core::{\n    net::drive,\n    proto::Reply,\n};";
        forbidden("crates/tool-core/src/record/tls.rs", group);
        allowed("crates/tool-core/src/record/tls.rs", "use smtp_core::{network, proto::net};");
        allowed("crates/smtp-ping/src/run.rs", "use smtp_core::net::drive;");
    }

    #[test]
    fn one_line_that_breaks_a_rule_twice() {
        let lines = lines("crates/myip/src/run.rs", "//! x\n\nuse reqwest::{Client, Url};");
        assert_eq!(lines.len(), 1);
        assert!(lines[0].starts_with("crates/myip/src/run.rs:3: `reqwest::Client` has no place here: "));
    }
}
