//! What is demanded of TLS: STARTTLS that is not offered, or offered and broken.

use serde_json::Value;

use crate::harness::{internet, world};
use crate::tls::{findings, outcome, ping};

#[test]
fn a_server_without_starttls() {
    let lab = internet();
    let host = "none.tls.example";
    for level in ["may", "auto"] {
        let record = ping(&lab, &["--tls", level, host]).record();
        assert_eq!(outcome(&record), [Some("ok"), None, None]);
        assert!(findings(&record).contains(&"tls.starttls_not_supported"), "{record:#}");
        assert_eq!((record.get("tls"), record.get("ehlo_tls")), (None, None));
    }
    for level in ["require", "starttls", "verify"] {
        let ran = ping(&lab, &["--tls", level, host]);
        let record = ran.record();
        let code = "tls.starttls_not_supported";
        assert_eq!(
            (outcome(&record), ran.code),
            ([Some("fail"), Some(code), Some("starttls")], 1),
            "{level}"
        );
        assert!(!findings(&record).contains(&code), "said once");
        assert_eq!(record["ehlo"]["code"], 250);
    }
}

#[test]
fn without_tls_starttls_is_not_sent() {
    let lab = internet();
    let record = ping(&lab, &["--tls", "none", "mail.port25.com"]).record();
    assert_eq!((record["status"].as_str(), record.get("tls")), (Some("ok"), None));
    assert_eq!(lab.heard("mail.port25.com"), ["EHLO client.example", "QUIT"]);
}

#[test]
fn tls_from_the_first_byte_where_the_other_side_does_not_know_of_it() {
    let lab = internet();
    // The server speaks first, in clear.
    let record = ping(&lab, &["--implicit", "good.tls.example"]).record();
    assert_eq!(outcome(&record), [Some("fail"), Some("tls.handshake_failed"), Some("tls")]);
    // Each waits for the other.
    let record = ping(&lab, &["--reply-timeout", "300ms", "implicit.tls.example"]).record();
    assert_eq!(outcome(&record), [Some("unknown"), Some("smtp.banner_timeout"), Some("banner")]);
}

/// STARTTLS is offered; what comes after the command, and what is made of that.
const BROKEN: [(&str, [&str; 3]); 8] = [
    ("S: 501 5.5.4 no", ["fail", "tls.starttls_rejected", "starttls"]),
    ("S: 554 5.7.0 no", ["fail", "tls.starttls_rejected", "starttls"]),
    ("S: 454 4.7.0 not now", ["unknown", "tls.starttls_rejected", "starttls"]),
    ("S: 220 go\ntls-hello\nS= \\x15\\x03\\x03\\x00\\x02\\x02\\x50", ["fail", "tls.handshake_failed", "tls"]),
    ("S: 220 go\ntls-hello\nS: 500 5.5.2 what?", ["fail", "tls.handshake_failed", "tls"]),
    ("S: 220 go\ntls-hello\nclose", ["fail", "tls.closed_in_handshake", "tls"]),
    ("S: 220 go\ntls-hello\nsilence", ["unknown", "tls.timeout", "tls"]),
    ("silence", ["unknown", "smtp.timeout", "starttls"]),
];

#[test]
fn starttls_that_is_offered_and_broken_fails_at_every_level_but_none() {
    let greeting = "S: 220 %NAME%\nC: EHLO *\nS: 250-%NAME%\nS: 250 STARTTLS\n";
    let servers = BROKEN.iter().zip(1..).map(|((end, _), last)| {
        let dialogue = format!("{greeting}C: STARTTLS\n{end}\n");
        format!("[[server]]\nname = 'a{last}.example'\naddress = '127.63.241.{last}'\ndialogue = '''\n{dialogue}'''\n")
    });
    let lab = world(&servers.collect::<String>());
    let ping = |last: usize, level: &str| {
        let address = format!("127.63.241.{last}");
        let limit = if BROKEN[last - 1].1[0] == "unknown" { "400ms" } else { "30s" };
        ping(&lab, &["--no-ptr", "--reply-timeout", limit, "--tls", level, &address])
    };
    for ((_, expected), last) in BROKEN.iter().zip(1..) {
        for level in ["may", "require", "verify"] {
            let ran = ping(last, level);
            let record = ran.record();
            assert_eq!(outcome(&record), expected.map(Some), "{level}: {record:#}");
            assert_eq!(ran.code, if expected[0] == "fail" { 1 } else { 75 });
            assert_eq!((record["ehlo"]["code"].as_u64(), record.get("tls")), (Some(250), None));
        }
        // The dialogue has no place for it, so that the server says so, and takes leave.
        let record = ping(last, "none").record();
        assert_eq!(
            (record["status"].as_str(), record.get("tls")),
            (Some("ok"), None::<&Value>),
            "{record:#}"
        );
        let name = format!("a{last}.example");
        let asked = lab.heard(&name).iter().filter(|line| *line == "STARTTLS").count();
        assert_eq!(asked, 3, "once at each other level");
    }
}
