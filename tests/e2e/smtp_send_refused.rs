//! `smtp-send`: what a server has not offered is not handed to it.

use serde_json::Value;

use crate::harness::tool;
use crate::scene::{Scene, verdict};

/// A server that offers nothing but a small SIZE.
const PLAIN: &str = "\
S: 220 %NAME% ESMTP
C: EHLO *
S: 250-%NAME%
S: 250 SIZE 100
C: QUIT
S: 221 2.0.0 bye
close
";

fn send(args: &[&str], data: &str) -> (i32, Value, Vec<String>) {
    let lab = Scene::default().server("mx.a.example", "127.70.13.1", PLAIN).open();
    let fixed = ["--server", "127.70.13.1", "--from", "me@client.example", "--tls", "none", "--data", data];
    let ran = tool(&lab, "smtp-send").args(fixed).args(args.iter().copied()).run();
    (ran.code, ran.record(), lab.heard("mx.a.example"))
}

#[test]
fn a_message_that_needs_more_than_is_offered_is_not_handed_over() {
    let long = format!("Subject: x\n\n{}\n", "x".repeat(200));
    for (to, data, expected) in [
        ("jane@a.example", long.as_str(), "fail size.exceeds_limit mail"),
        ("jane@a.example", "Subject: x\n\ncaf\u{e9}\n", "fail eightbit.unsupported mail"),
        ("j\u{e4}ne@a.example", "Subject: x\n\nhello\n", "fail smtputf8.unsupported mail"),
    ] {
        let (code, record, heard) = send(&["--to", to], data);
        assert_eq!((verdict(&record).as_str(), code), (expected, 1), "{record:#}");
        assert!(!heard.iter().any(|line| line.starts_with("MAIL")), "{heard:?}");
    }
}
