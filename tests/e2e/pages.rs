//! The pages that people read, held against the tools.

use std::fs;
use std::path::Path;

use tool_core::Tool;

use crate::harness::{internet, shell};

fn page(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    fs::read_to_string(root.join("docs").join(name)).unwrap()
}

#[test]
fn the_page_of_mxlookup_has_every_key() {
    let page = page("mxlookup.md");
    let schema = tool_core::schema::<mxlookup::MxLookup>();
    let host = schema["$defs"]["HostRecord"]["properties"].as_object().unwrap();
    let own = <mxlookup::MxLookup as Tool>::WRITES.iter().copied();
    for key in own.chain(host.keys().map(String::as_str)) {
        assert!(page.contains(&format!("`{key}`")), "docs/mxlookup.md says nothing of {key}");
    }
}

#[test]
fn the_page_of_myip_has_every_key_and_every_code_of_its_sources() {
    let page = page("myip.md");
    let schema = tool_core::schema::<myip::MyIp>();
    let inner =
        ["SourceRecord", "HeloRecord"].map(|name| schema["$defs"][name]["properties"].as_object().unwrap());
    let own = <myip::MyIp as Tool>::WRITES.iter().copied();
    let keys = own.chain(inner.iter().flat_map(|object| object.keys().map(String::as_str)));
    let its =
        ["stun.", "http.", "net.sources", "net.not_public", "net.wrong_family", "net.no_ipv6", "id.helo"];
    let codes = tool_core::Code::ALL.iter().map(|code| code.as_str());
    let codes = codes.filter(|code| its.iter().any(|prefix| code.starts_with(prefix)));
    for word in keys.chain(codes) {
        assert!(page.contains(&format!("`{word}`")), "docs/myip.md says nothing of {word}");
    }
}

#[test]
fn the_examples_of_the_page_of_mxlookup_are_what_comes() {
    assert!(run_examples("mxlookup.md") > 5);
}

#[test]
fn the_examples_of_the_page_of_myip_are_what_comes() {
    assert!(run_examples("myip.md") > 5);
}

/// Runs each example of a page in the lab, and says how many there are. Ports are stand-ins there.
fn run_examples(name: &str) -> usize {
    let (page, lab) = (page(name), internet());
    let http = lab.http().replace("http://", "");
    let stun = lab.stun("good").unwrap().to_string();
    let blocks = page.split("```console\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let mut count = 0;
    for example in blocks.flat_map(|block| block.split("$ ").skip(1)) {
        let (line, expected) = example.split_once('\n').unwrap();
        let stdout = shell(&lab, line).run().stdout;
        let stdout = stdout.replace(&lab.dns().to_string(), "127.0.0.1:53");
        let stdout = stdout.replace(&http, "127.0.0.1:80").replace(&stun, "127.0.0.1:3478");
        assert_eq!(stdout, expected, "{line}");
        count += 1;
    }
    count
}
