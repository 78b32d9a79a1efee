//! The keywords of an EHLO reply: bounded, well-formed, and the same when they are said again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smtp_core::proto::{Capabilities, Quirks, Reply};

fn read(lines: Vec<String>) -> (Capabilities, Quirks) {
    let mut quirks = Quirks::new();
    let capabilities = Capabilities::from_reply(&Reply::new(250, lines), &mut quirks);
    (capabilities, quirks)
}

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let lines: Vec<String> = std::iter::once("host").chain(text.split('\n')).map(str::to_owned).collect();
    let octets: usize = lines.iter().map(String::len).sum();
    let (capabilities, _) = read(lines);

    assert!(capabilities.iter().count() <= Capabilities::MAX);
    let mut again = vec!["host".to_owned()];
    for (keyword, params) in capabilities.iter() {
        assert!(keyword.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b"-_.".contains(&b)));
        assert!(keyword.starts_with(|first: char| first.is_ascii_alphanumeric()));
        assert!(params.len() <= Capabilities::MAX_PARAMS);
        assert!(params.iter().all(|param| !param.is_empty() && !param.contains([' ', '\t', '\r', '\n'])));
        assert_eq!(capabilities.params(keyword), Some(params), "{keyword} twice");
        again.push(format!("{keyword} {}", params.join(" ")));
    }
    assert!(again.iter().map(String::len).sum::<usize>() <= octets + again.len());
    let (same, quirks) = read(again);
    assert_eq!(capabilities, same);
    assert!(quirks.is_empty(), "{quirks:?}");
});
