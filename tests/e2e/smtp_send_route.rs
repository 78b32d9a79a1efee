//! `smtp-send`: host after host, and what is final.

use lab::Lab;
use serde_json::{Value, json};

use crate::harness::{internet, tool};
use crate::scene::{Scene, verdict};
use crate::smtp_send::{JANE, SINK, only_mail, recipients, send_to, shell_null};

/// Somebody at the domain of these scenes.
const ANN: &str = "ann@x.example";
/// The message, whose lines the dialogues count.
const DATA: [&str; 2] = ["--data", "Subject: x\n\nhello\n"];

/// A route to a server that plays this, then to a sink, `last.example`.
fn followed(play: &str) -> Lab {
    Scene::zone("x.example. 300 IN MX 10 first.example.\nx.example. 300 IN MX 20 last.example.")
        .server("first.example", "127.63.242.1", play)
        .sink("last.example", "127.63.242.2", "")
        .open()
}

fn attempts(record: &Value) -> Vec<(&str, &str)> {
    let all = record["attempts"].as_array().into_iter().flatten();
    all.map(|one| (one["host"].as_str().unwrap(), one["code"].as_str().unwrap_or("ok"))).collect()
}

/// A dialogue up to this command, and the answer to it.
fn refusing(command: &str, answer: &str) -> String {
    let turns = [
        ("EHLO *", "250 %NAME%"),
        ("MAIL *", "250 2.1.0 ok"),
        ("RCPT *", "250 2.1.5 ok"),
        ("DATA", "354 go on"),
        (".", "250 2.0.0 ok"),
    ];
    let mut text = "S: 220 %NAME% ESMTP\n".to_owned();
    for (said, reply) in turns {
        if said == "." {
            text.push_str("C: *\nC: *\nC: *\n");
        }
        let is_last = said.trim_end_matches(" *") == command;
        text.push_str(&format!("C: {said}\nS: {}\n", if is_last { answer } else { reply }));
        if is_last {
            break;
        }
    }
    text + "C: QUIT\nS: 221 2.0.0 bye\nclose\n"
}

#[test]
fn the_next_host_is_tried_until_one_takes_the_message() {
    let lab = Scene::zone(
        "x.example. 300 IN MX 10 refused.example.\nx.example. 300 IN MX 20 strict.example.\n\
         x.example. 300 IN MX 30 dying.example.\nx.example. 300 IN MX 40 last.example.",
    )
    .server("refused.example", "127.63.242.1", "refused")
    .server("strict.example", "127.63.242.2", "greeting-554")
    .sink("dying.example", "127.63.242.3", "dies_after = 'rcpt'")
    .sink("last.example", "127.63.242.4", "")
    .open();
    let ran = shell_null(&lab, &["--to", ANN]);
    let record = ran.record();
    assert_eq!((verdict(&record).as_str(), ran.code), ("ok", 0), "{record:#}");
    let tried = attempts(&record);
    assert_eq!(
        tried.iter().map(|(host, _)| *host).collect::<Vec<_>>(),
        ["refused.example", "strict.example", "dying.example", "last.example"]
    );
    assert!(tried[..3].iter().all(|(_, code)| *code != "ok") && tried[3].1 == "ok", "{tried:?}");
    assert_eq!((&record["host"], &record["preference"]), (&json!("last.example"), &json!(40)));
    only_mail(&lab, "last.example");
    assert!(lab.mail("dying.example").is_empty());
}

#[test]
fn a_permanent_answer_is_final_and_a_temporary_one_is_not() {
    for command in ["MAIL", "RCPT", "DATA", "."] {
        let lab = followed(&refusing(command, "550 5.7.1 not from you"));
        let ran = shell_null(&lab, &[&["--to", ANN], &DATA[..]].concat());
        let record = ran.record();
        assert_eq!((record["status"].as_str(), ran.code), (Some("fail"), 1), "{command}: {record:#}");
        assert_eq!(recipients(&record)[0][..2], [ANN, "fail"]);
        assert_eq!((&record["host"], record.get("attempts")), (&json!("first.example"), None));
        assert_eq!(record["error"]["reply"]["code"], 550, "{record:#}");
        assert_eq!(lab.heard("last.example"), Vec::<String>::new(), "{command}");

        let lab = followed(&refusing(command, "451 4.3.0 not now"));
        let record = shell_null(&lab, &[&["--to", ANN], &DATA[..]].concat()).record();
        assert_eq!(
            (verdict(&record).as_str(), &record["host"]),
            ("ok", &json!("last.example")),
            "{record:#}"
        );
        assert_eq!(attempts(&record).len(), 2, "{command}");
        only_mail(&lab, "last.example");
    }
}

#[test]
fn a_temporary_answer_of_the_last_host_is_unknown() {
    for command in ["MAIL", "RCPT", "DATA", "."] {
        let lab = Scene::default()
            .server("mx.example", "127.63.242.1", &refusing(command, "451 4.3.0 not now"))
            .open();
        let ran = send_to(&lab, "mx.example", &DATA);
        let record = ran.record();
        assert_eq!((record["status"].as_str(), ran.code), (Some("unknown"), 75), "{command}: {record:#}");
        assert_eq!(record["error"]["temporary"], true, "{record:#}");
        assert_eq!(recipients(&record)[0][..2], [JANE, "unknown"]);
    }
}

#[test]
fn each_recipient_has_its_verdict_and_the_worst_decides() {
    let lab = internet();
    let good = ["good@sink.example", "ok", "rcpt.accepted"];
    let later = ["later@sink.example", "unknown", "rcpt.deferred"];
    let grey = ["grey@sink.example", "unknown", "rcpt.greylisted"];
    let unknown = ["unknown@sink.example", "fail", "rcpt.unknown_user"];
    let full = ["full@sink.example", "fail", "rcpt.mailbox_full"];
    let cases: [(&[[&str; 3]], &str, i32); 6] = [
        (&[good], "ok", 0),
        (&[good, later], "unknown rcpt.deferred rcpt", 75),
        (&[good, later, unknown], "fail rcpt.unknown_user rcpt", 1),
        (&[full, grey, good], "fail rcpt.mailbox_full rcpt", 1),
        (&[later, grey], "unknown rcpt.deferred rcpt", 75),
        (&[unknown, full], "fail rcpt.unknown_user rcpt", 1),
    ];
    let mut taken = 0;
    for (expected, outcome, code) in cases {
        let args = expected.iter().flat_map(|[address, ..]| ["--to", *address]);
        let ran = tool(&lab, "smtp-send").args(args).args(["--server", SINK]).run();
        let record = ran.record();
        assert_eq!((verdict(&record).as_str(), ran.code), (outcome, code), "{record:#}");
        assert_eq!(recipients(&record), expected);
        let mails = lab.mail(SINK);
        if expected.contains(&good) {
            taken += 1;
            assert_eq!(mails[taken - 1].to, ["good@sink.example"]);
        }
        assert_eq!(mails.len(), taken, "no message for nobody");
    }
}

#[test]
fn only_those_put_off_go_to_the_next_host() {
    let lab = Scene::zone("x.example. 300 IN MX 10 first.example.\nx.example. 300 IN MX 20 last.example.")
        .sink("first.example", "127.63.242.1", "")
        .sink("last.example", "127.63.242.2", "")
        .open();
    let to = ["good@x.example", "later@x.example", "unknown@x.example"];
    let ran = shell_null(&lab, &["--to", to[0], "--to", to[1], "--to", to[2]]);
    let record = ran.record();
    assert_eq!((verdict(&record).as_str(), ran.code), ("fail rcpt.unknown_user rcpt", 1), "{record:#}");
    assert_eq!(
        recipients(&record),
        [
            [to[0], "ok", "rcpt.accepted"],
            [to[1], "unknown", "rcpt.deferred"],
            [to[2], "fail", "rcpt.unknown_user"]
        ]
    );
    assert_eq!(only_mail(&lab, "first.example").to, [to[0]]);
    let asked = lab.heard("last.example");
    let asked: Vec<&String> = asked.iter().filter(|line| line.starts_with("RCPT")).collect();
    assert_eq!(asked, ["RCPT TO:<later@x.example>"]);
}

#[test]
fn a_domain_without_mail_is_told_at_once() {
    let lab = internet();
    let domains = [
        ("nullmx.example", "fail dns.null_mx dns", 1),
        ("nosuch.example", "fail dns.nxdomain dns", 1),
        ("nohost.example", "fail dns.mx_no_address dns", 1),
        ("broken.example", "unknown dns.servfail dns", 75),
    ];
    for (domain, expected, code) in domains {
        let to = format!("ann@{domain}");
        let ran = shell_null(&lab, &["--to", &to]);
        let record = ran.record();
        assert_eq!((verdict(&record).as_str(), ran.code), (expected, code), "{record:#}");
        let [status, verdict, _] = expected.split(' ').collect::<Vec<_>>()[..] else { panic!() };
        assert_eq!(recipients(&record), [[to.as_str(), status, verdict]]);
    }
}

#[test]
fn a_domain_without_mail_does_not_hold_up_the_other() {
    let lab = internet();
    let ran = shell_null(&lab, &["--to", "ann@nosuch.example", "--to", JANE]);
    let mut outcomes: Vec<String> = ran.records().iter().map(verdict).collect();
    outcomes.sort();
    assert_eq!((outcomes, ran.code), (vec!["fail dns.nxdomain dns".to_owned(), "ok".to_owned()], 1));
    assert_eq!(only_mail(&lab, SINK).to, [JANE]);
}

#[test]
fn what_concerns_the_connection_is_tried_again_later() {
    for (domain, code) in [
        ("refused.example", "tcp.refused"),
        ("busy.example", "smtp.greeting_421"),
        ("closing.example", "smtp.closed_before_banner"),
    ] {
        let lab = internet();
        let ran = shell_null(&lab, &["--to", &format!("ann@{domain}")]);
        let record = ran.record();
        assert_eq!((record["status"].as_str(), ran.code), (Some("unknown"), 75), "{record:#}");
        assert_eq!(
            (record["error"]["code"].as_str(), &record["error"]["temporary"]),
            (Some(code), &json!(true))
        );
    }
}
