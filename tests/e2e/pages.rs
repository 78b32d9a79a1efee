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
fn the_examples_of_the_page_of_mxlookup_are_what_comes() {
    let (page, lab) = (page("mxlookup.md"), internet());
    let blocks = page.split("```console\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let mut count = 0;
    for example in blocks.flat_map(|block| block.split("$ ").skip(1)) {
        let (line, expected) = example.split_once('\n').unwrap();
        let stdout = shell(&lab, line).run().stdout.replace(&lab.dns().to_string(), "127.0.0.1:53");
        assert_eq!(stdout, expected, "{line}");
        count += 1;
    }
    assert!(count > 5);
}
