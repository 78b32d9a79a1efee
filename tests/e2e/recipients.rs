//! `smtp-ping --rcpt`: is a recipient accepted? No message is ever begun.

use serde_json::{Value, json};

use crate::harness::{internet, measure, tool, world};

const HOST: &str = "mx.sink.example";

/// Address, status and verdict of a recipient.
type Verdict<'a> = [&'a str; 3];

fn verdicts(record: &Value) -> Vec<Verdict<'_>> {
    let all = record["recipients"].as_array().unwrap().iter();
    all.map(|one| ["address", "status", "verdict"].map(|key| one[key].as_str().unwrap())).collect()
}

/// Status of a record, and code and phase of its error.
type Outcome<'a> = [Option<&'a str>; 3];

fn outcome(record: &Value) -> Outcome<'_> {
    [record["status"].as_str(), record["error"]["code"].as_str(), record["error"]["phase"].as_str()]
}

#[test]
fn each_recipient_has_its_verdict_and_the_worst_decides() {
    let lab = internet();
    let ok = ["jane@sink.example", "ok", "rcpt.accepted"];
    let grey = ["grey@sink.example", "unknown", "rcpt.greylisted"];
    let later = ["later@sink.example", "unknown", "rcpt.deferred"];
    let unknown = ["unknown@sink.example", "fail", "rcpt.unknown_user"];
    let full = ["full@sink.example", "fail", "rcpt.mailbox_full"];
    let cases: [(&[Verdict], Outcome, i32); 6] = [
        (&[ok], [Some("ok"), None, None], 0),
        (&[grey], [Some("unknown"), Some("rcpt.greylisted"), Some("rcpt")], 75),
        (&[unknown], [Some("fail"), Some("rcpt.unknown_user"), Some("rcpt")], 1),
        (&[ok, later, ok], [Some("unknown"), Some("rcpt.deferred"), Some("rcpt")], 75),
        (&[ok, grey, full], [Some("fail"), Some("rcpt.mailbox_full"), Some("rcpt")], 1),
        (&[unknown, full, grey], [Some("fail"), Some("rcpt.unknown_user"), Some("rcpt")], 1),
    ];
    for (recipients, expected, code) in cases {
        let mut args = vec![HOST];
        args.extend(recipients.iter().flat_map(|[address, ..]| ["--rcpt", *address]));
        let ran = tool(&lab, "smtp-ping").args(args).run();
        let record = ran.record();
        assert_eq!((outcome(&record), ran.code), (expected, code), "{record:#}");
        assert_eq!(verdicts(&record), recipients);
        assert_eq!(record["from"], "<>");
        if let Some(error) = record.get("error") {
            assert!(error["reply"]["code"].is_number(), "the words of the server are in the error: {error}");
        }
    }
    assert!(!lab.heard(HOST).iter().any(|line| line.starts_with("DATA")));
    assert!(lab.mail(HOST).is_empty());
}

#[test]
fn the_questions_go_in_one_group_where_the_server_takes_it_and_one_by_one_elsewhere() {
    for pipelining in [true, false] {
        let lab = world(&format!(
            "[[server]]\nname = \"mx.example\"\naddress = \"127.63.240.3\"\nplays = \"sink\"\n\
             certificate = \"none\"\npipelining = {pipelining}\ndelay_ms = 100\n"
        ));
        let args = ["--no-ptr", "--rcpt", "a@x.example", "--rcpt", "unknown@x.example", "127.63.240.3"];
        let round_trips = if pipelining { 1.0 } else { 3.0 };
        let took = |record: &Value| {
            let of = |phase: &str| record["timing_ms"][phase].as_f64().unwrap();
            of("mail") + of("rcpt")
        };
        let fits = |record: &Value| took(record) < round_trips * 200.0 + 190.0;
        let record = measure(fits, || tool(&lab, "smtp-ping").args(args).run().record());
        assert_eq!(verdicts(&record)[1][2], "rcpt.unknown_user");
        let heard = lab.heard("mx.example");
        let expected = ["MAIL FROM:<>", "RCPT TO:<a@x.example>", "RCPT TO:<unknown@x.example>", "QUIT"];
        assert_eq!(heard[1..5], expected);
        assert!(fits(&record) && took(&record) >= round_trips * 200.0, "{record:#}");
    }
}

#[test]
fn the_sender_is_the_one_that_was_named() {
    let lab = internet();
    let args = ["--from", "me@client.example", "--rcpt", "jane@sink.example", HOST];
    let record = tool(&lab, "smtp-ping").args(args).run().record();
    assert_eq!((&record["status"], &record["from"]), (&json!("ok"), &json!("me@client.example")));
    assert!(lab.heard(HOST).iter().any(|line| line.starts_with("MAIL FROM:<me@client.example>")));
}

#[test]
fn a_dash_is_the_address_of_the_record() {
    let lab = internet();
    let line = format!("{{\"host\":\"{HOST}\",\"address\":\"unknown@sink.example\"}}\n");
    let record = tool(&lab, "smtp-ping").args(["--rcpt", "-"]).stdin(line).run().record();
    assert_eq!(outcome(&record), [Some("fail"), Some("rcpt.unknown_user"), Some("rcpt")]);
    assert_eq!(verdicts(&record)[0][0], "unknown@sink.example");
    // A word has none.
    let record = tool(&lab, "smtp-ping").args(["--rcpt", "-"]).stdin(HOST).run().record();
    assert_eq!(outcome(&record), [Some("fail"), Some("input.unusable"), Some("input")]);
    let smuggled = format!("{{\"host\":\"{HOST}\",\"address\":\"a@b>\\r\\nDATA\"}}\n");
    let record = tool(&lab, "smtp-ping").args(["--rcpt", "-"]).stdin(smuggled).run().record();
    assert_eq!(outcome(&record)[1], Some("input.injection"), "{record:#}");
    assert!(!lab.heard(HOST).iter().any(|line| line.starts_with("DATA")));
}

#[test]
fn the_address_comes_down_the_pipe() {
    let lab = internet();
    let line = "mxlookup grey@sink.example | smtp-ping --rcpt -";
    let ran = crate::harness::shell(&lab, line).run();
    let record = ran.record();
    assert_eq!((outcome(&record)[1], ran.code), (Some("rcpt.greylisted"), 75), "{record:#}");
    assert_eq!(record["address"], "grey@sink.example");
    assert_eq!(record["host"], HOST);
}

#[test]
fn a_recipient_that_is_none_is_wrong_usage() {
    let lab = internet();
    for address in ["", "no address", "a@b\r\nDATA"] {
        let ran = tool(&lab, "smtp-ping").args(["--rcpt", address, HOST]).run();
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{address:?}: {}", ran.stdout);
    }
}

/// A server that takes groups of commands and answers MAIL and RCPT like this.
fn answering(mail: &str, rcpt: &str) -> Value {
    let play = format!(
        "S: 220 %NAME% ESMTP\nC: EHLO *\nS: 250-%NAME%\nS: 250-PIPELINING\nS: 250 SIZE 1000\n\
         C: MAIL *\nS: {mail}\nC: RCPT *\nS: {rcpt}\nC: QUIT\nS: 221 bye\nclose\n"
    );
    let lab = crate::scene::Scene::default().server("mx.a.example", "127.70.14.1", &play).open();
    let args = ["--no-ptr", "--rcpt", "jane@a.example", "127.70.14.1"];
    tool(&lab, "smtp-ping").args(args).run().record()
}

#[test]
fn what_is_said_of_recipients_after_a_refused_sender_says_nothing() {
    for rcpt in ["503 5.5.1 no sender", "250 2.1.5 ok"] {
        let record = answering("450 4.7.1 not now", rcpt);
        assert_eq!(outcome(&record), [Some("unknown"), Some("mail.deferred"), Some("mail")]);
        assert_eq!(verdicts(&record), [["jane@a.example", "unknown", "mail.deferred"]]);
    }
}

#[test]
fn a_recipient_that_was_asked_for_and_not_answered_is_in_the_record() {
    let play = "S: 220 %NAME% ESMTP\nC: EHLO *\nS: 250 %NAME%\nC: MAIL *\nS: 250 ok\nC: RCPT *\nS: 250 ok\n\
                C: RCPT *\nclose\n";
    let lab = crate::scene::Scene::default().server("mx.a.example", "127.70.14.2", play).open();
    let args = ["--no-ptr", "--rcpt", "a@a.example", "--rcpt", "b@a.example", "127.70.14.2"];
    let record = tool(&lab, "smtp-ping").args(args).run().record();
    assert_eq!(outcome(&record), [Some("fail"), Some("smtp.closed"), Some("rcpt")]);
    assert_eq!(
        verdicts(&record),
        [["a@a.example", "ok", "rcpt.accepted"], ["b@a.example", "fail", "smtp.closed"]]
    );
}
