//! `smtp-send`: no message is lost, none is sent twice, and none goes to whom it should not.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;
use std::time::{Duration, Instant};

use lab::Lab;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::contract_ends::wait_for_threads_to_sleep;
use crate::harness::{Ran, finish, internet, measure, tool};
use crate::scene::{Scene, verdict};
use crate::smtp_send::{JANE, header, only_mail, recipients, send_to, shell_null};

/// Every point of the dialogue at which a sink can die.
const POINTS: [&str; 8] = ["banner", "ehlo", "mail", "rcpt", "data", "content", "dot", "reply"];
const MESSAGES: usize = 20;
const DEATHS: usize = 3;

/// A route to a sink that dies so often at this point, and to another if there are two.
fn mortal(point: &str, hosts: usize) -> Lab {
    let dies = format!("dies_after = '{point}'\ndies_times = {DEATHS}");
    let scene = Scene::zone("x.example. 300 IN MX 10 first.example.");
    let scene = scene.sink("first.example", "127.63.243.1", &dies);
    match hosts {
        1 => scene.open(),
        _ => {
            let second = scene.records("x.example. 300 IN MX 20 second.example.");
            second.sink("second.example", "127.63.243.2", "").open()
        }
    }
}

/// How often each message is there, by its Message-ID.
fn stored(lab: &Lab) -> HashMap<String, usize> {
    let mut count = HashMap::new();
    for mail in ["first.example", "second.example"].iter().flat_map(|host| lab.mail(host)) {
        let id = header(&mail, "Message-ID").unwrap().trim_matches(['<', '>']).to_owned();
        *count.entry(id).or_default() += 1;
    }
    count
}

fn send_all(lab: &Lab, args: &[&str]) -> Ran {
    let lines: String =
        (0..MESSAGES).map(|n| format!("{{\"to\":\"ann@x.example\",\"subject\":\"{n}\"}}\n")).collect();
    tool(lab, "smtp-send").args(args.iter().copied()).stdin(lines).run()
}

#[test]
fn whatever_point_a_server_dies_at_every_message_is_accounted_for() {
    for point in POINTS {
        for hosts in [1, 2] {
            for jobs in ["1", "5"] {
                let lab = mortal(point, hosts);
                let ran = send_all(&lab, &["-q", "-j", jobs]);
                let records = ran.records();
                let about = format!("{point}, {hosts} hosts, -j {jobs}: {}", ran.stdout);
                assert_eq!(records.len(), MESSAGES, "{about}");
                let stored = stored(&lab);
                assert!(stored.values().all(|count| *count == 1), "{about}");
                let mut unsure = 0;
                for record in &records {
                    let is_stored = stored.contains_key(record["message_id"].as_str().unwrap());
                    match verdict(record).as_str() {
                        "ok" => assert!(is_stored, "{record:#}"),
                        "unknown data.uncertain dot" => unsure += 1,
                        other => assert!(!is_stored && other.starts_with("unknown"), "{record:#}"),
                    }
                }
                let ok = records.iter().filter(|record| record["status"] == "ok").count();
                // A small message is sent whole before it is known that the server died over it.
                let lost = match (point, hosts) {
                    ("reply", _) => 0,
                    // Who is left alone at EHLO comes again with HELO, so two deaths lose one message.
                    ("banner", 1) => (MESSAGES - ok).min(DEATHS / 2),
                    ("dot", _) | (_, 1) => DEATHS,
                    ("data" | "content", _) => unsure,
                    _ => 0,
                };
                assert_eq!(ok, MESSAGES - lost, "{about}");
                match point {
                    "dot" => assert_eq!(unsure, DEATHS, "{about}"),
                    "data" | "content" => assert!(unsure <= DEATHS, "{about}"),
                    _ => assert_eq!(unsure, 0, "{about}"),
                }
                assert_eq!(ran.code, if lost > 0 { 75 } else { 0 });
            }
        }
    }
}

#[test]
fn a_server_that_always_dies_gets_each_message_once() {
    for point in POINTS {
        let dies = format!("dies_after = '{point}'");
        let lab = Scene::default().sink("mx.example", "127.63.243.1", &dies).open();
        let record = send_to(&lab, "mx.example", &[]).record();
        let (status, taken) = match point {
            "reply" => ("ok", 1),
            "dot" => ("unknown", 1),
            _ => ("unknown", 0),
        };
        assert_eq!(
            (record["status"].as_str(), lab.mail("mx.example").len()),
            (Some(status), taken),
            "{point}"
        );
    }
}

#[test]
fn what_may_have_been_delivered_is_never_sent_again() {
    let lab = mortal("dot", 2);
    let ran = shell_null(&lab, &["--to", "ann@x.example", "--to", "unknown@x.example"]);
    let record = ran.record();
    assert_eq!((record["host"].as_str(), lab.mail("first.example").len()), (Some("first.example"), 1));
    assert_eq!(
        recipients(&record),
        [["ann@x.example", "unknown", "data.uncertain"], ["unknown@x.example", "fail", "rcpt.unknown_user"]]
    );
    assert_eq!(lab.heard("second.example"), Vec::<String>::new(), "the next host is not asked");

    let ran = shell_null(&lab, &["--to", "ann@x.example"]);
    let record = ran.record();
    assert_eq!((verdict(&record).as_str(), ran.code), ("unknown data.uncertain dot", 75), "{record:#}");
    assert_eq!(record["error"]["temporary"], false);
    let again = tool(&lab, "smtp-send").args(["--retry"]).stdin(ran.stdout.clone()).run();
    let record = again.record();
    assert_eq!((verdict(&record).as_str(), again.code), ("unknown data.uncertain dot", 75), "{record:#}");
    assert_eq!(lab.mail("first.example").len(), 2);
    assert_eq!(lab.heard("second.example"), Vec::<String>::new());
}

#[test]
fn a_message_that_broke_off_before_its_dot_goes_to_the_next_host() {
    let lab = mortal("content", 2);
    let message = format!("Subject: large\r\n\r\n{}", "a line of many\r\n".repeat(1_000_000));
    let record = json!({"to": "ann@x.example"}).to_string();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("message");
    std::fs::write(&file, &message).unwrap();
    let data = format!("@{}", file.display());
    let record = tool(&lab, "smtp-send").args(["--data", &data]).stdin(record).run().record();
    assert_eq!((verdict(&record).as_str(), &record["host"]), ("ok", &json!("second.example")), "{record:#}");
    assert!(lab.mail("first.example").is_empty());
    assert!(only_mail(&lab, "second.example").data == message.into_bytes());
}

#[test]
fn a_retry_takes_up_those_that_were_put_off_and_no_others() {
    let lab = internet();
    let args = ["--to", "good@sink.example", "--to", "later@sink.example"];
    let before = shell_null(&lab, &args);
    assert_eq!(before.code, 75);
    // The mailbox is back.
    let lines = before.stdout.replace("later@", "back@");
    let ran = tool(&lab, "smtp-send").args(["--retry"]).stdin(lines).run();
    assert_eq!(verdict(&ran.record()), "ok", "{}", ran.stdout);
    let to: Vec<Vec<String>> = lab.mail("mx.sink.example").into_iter().map(|mail| mail.to).collect();
    assert_eq!(to, [["good@sink.example"], ["back@sink.example"]]);
}

#[test]
fn a_server_that_holds_its_replies_gets_its_message() {
    let lab = Scene::default().sink("mx.example", "127.63.243.1", "holds_replies = true").open();
    let record = send_to(&lab, "mx.example", &["--timeout", "20s"]).record();
    assert_eq!(verdict(&record), "ok", "{record:#}");
    only_mail(&lab, "mx.example");
}

#[test]
fn a_server_that_wants_a_message_for_nobody_gets_a_dot() {
    let options = "data_despite_refusal = true\ncertificate = 'none'";
    let lab = Scene::default().sink("mx.example", "127.63.243.1", options).open();
    let args = ["--server", "mx.example", "--to", "unknown@x.example", "-v"];
    let ran = tool(&lab, "smtp-send").args(args).run();
    assert_eq!((verdict(&ran.record()).as_str(), ran.code), ("fail rcpt.unknown_user rcpt", 1));
    let said: Vec<&str> = ran.stderr.lines().filter(|line| line.starts_with("-> ")).collect();
    let said: Vec<&str> = said.iter().map(|line| line.rsplit("  ").next().unwrap()).collect();
    assert_eq!(said[said.len() - 3..], ["DATA", ".", "QUIT"], "{}", ran.stderr);
    assert!(lab.mail("mx.example").is_empty());
}

#[test]
fn a_server_that_is_not_who_it_says_gets_nothing() {
    let lab = internet();
    for (host, code) in [
        ("expired.tls.example", "tls.certificate_expired"),
        ("not-yet-valid.tls.example", "tls.certificate_not_yet_valid"),
        ("self-signed.tls.example", "tls.self_signed"),
        ("wrong-name.tls.example", "tls.certificate_host_mismatch"),
        ("untrusted.tls.example", "tls.certificate_not_trusted"),
        ("none.tls.example", "tls.starttls_not_supported"),
    ] {
        let ran = send_to(&lab, host, &["--tls", "verify"]);
        let record = ran.record();
        assert_eq!((record["status"].as_str(), ran.code), (Some("fail"), 1), "{record:#}");
        assert_eq!(record["error"]["code"], code);
        assert!(!lab.heard(host).iter().any(|line| line.starts_with("MAIL")), "{:?}", lab.heard(host));
        // Unasked, a certificate is no reason to keep mail back.
        let record = send_to(&lab, host, &[]).record();
        assert_eq!((verdict(&record).as_str(), lab.mail(host).len()), ("ok", 1), "{record:#}");
    }
    let record = send_to(&lab, "good.tls.example", &["--tls", "verify"]).record();
    assert_eq!(verdict(&record), "ok", "{record:#}");
}

/// Round trips of a session after the banner; the best of a few, since a busy machine only adds.
fn round_trips(options: &str, expected: f64) -> f64 {
    const ROUND_TRIP: f64 = 200.0;
    let options = format!("delay_ms = 100\n{options}");
    let lab = Scene::default().sink("mx.example", "127.63.243.1", &options).open();
    let once = || {
        let record = send_to(&lab, "mx.example", &[]).record();
        assert_eq!(verdict(&record), "ok", "{record:#}");
        let phases = record["timing_ms"].as_object().unwrap().iter();
        let counted =
            phases.filter(|(phase, _)| !["dns", "connect", "banner", "total"].contains(&phase.as_str()));
        counted.map(|(_, took)| took.as_f64().unwrap()).sum::<f64>() / ROUND_TRIP
    };
    measure(|took| *took < expected + 0.5, once)
}

#[test]
fn no_round_trip_is_wasted() {
    for (options, expected) in [
        ("certificate = 'none'", 3.0),
        ("", 6.0),
        ("certificate = 'none'\nholds_replies = true", 3.0),
        ("certificate = 'none'\npipelining = false", 6.0),
    ] {
        let took = round_trips(options, expected);
        assert!((expected..expected + 0.5).contains(&took), "{options}: {took} instead of {expected}");
    }
}

#[test]
fn an_interrupted_run_accounts_for_every_message() {
    // It takes the message, and never says so.
    let mute = "S: 220 %NAME%\nC: EHLO *\nS: 250 %NAME%\nC: MAIL *\nS: 250 ok\nC: RCPT *\nS: 250 ok\n\
                C: DATA\nS: 354 go on\nsilence\n";
    let lab = Scene::zone("x.example. 300 IN MX 10 mx.example.\nmute.example. 300 IN MX 10 mute.example.")
        .sink("mx.example", "127.63.243.1", "")
        .server("mute.example", "127.63.243.2", mute)
        .open();
    let mut command = tool(&lab, "smtp-send").args(["-j", "1"]).command();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for to in ["a@x.example", "b@x.example", "c@mute.example", "d@x.example", "e@x.example"] {
        writeln!(stdin, "{}", json!({ "to": to })).unwrap();
    }
    let mut lines = String::new();
    for _ in 0..2 {
        stdout.read_line(&mut lines).unwrap();
    }
    let begun = Instant::now();
    while !lab.heard("mute.example").iter().any(|line| line == ".") {
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::yield_now();
    }
    wait_for_threads_to_sleep(child.id());
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    stdout.read_to_string(&mut lines).unwrap();
    drop(stdin);
    let ran = Ran { stdout: lines, ..Ran::of(finish(child)) };
    ran.note_codes();
    let records = ran.records();
    let outcomes: Vec<(&str, String)> =
        records.iter().map(|record| (recipient(record), verdict(record))).collect();
    assert_eq!(
        (outcomes, ran.code),
        (
            vec![
                ("a@x.example", "ok".to_owned()),
                ("b@x.example", "ok".to_owned()),
                ("c@mute.example", "unknown data.uncertain dot".to_owned())
            ],
            130
        )
    );
    // What was not taken up was not sent.
    let to: Vec<Vec<String>> = lab.mail("mx.example").into_iter().map(|mail| mail.to).collect();
    assert_eq!(to, [["a@x.example"], ["b@x.example"]]);
}

fn recipient(record: &Value) -> &str {
    recipients(record)[0][0]
}

#[test]
fn a_message_interrupted_before_its_dot_was_not_sent() {
    let (record, code) = interrupted_after("MAIL", "C: MAIL *\nsilence\n");
    assert_eq!((verdict(&record).as_str(), code), ("unknown run.interrupted mail", 130), "{record:#}");
    assert_eq!(recipients(&record), [[JANE, "unknown", "run.interrupted"]]);
}

#[test]
fn a_message_interrupted_after_its_dot_may_have_been_delivered() {
    // It was even said so; only the farewell is missing.
    let taken = "C: MAIL *\nS: 250 ok\nC: RCPT *\nS: 250 ok\nC: DATA\nS: 354 go on\n\
                 C: Subject: x\nC: *\nC: hello\nC: .\nS: 250 ok\nsilence\n";
    let (record, code) = interrupted_after("QUIT", taken);
    assert_eq!((verdict(&record).as_str(), code), ("unknown data.uncertain dot", 130), "{record:#}");
    assert_eq!(recipients(&record), [[JANE, "unknown", "data.uncertain"]]);
}

/// The record and the exit code of a run that was interrupted once the server had heard this.
fn interrupted_after(heard: &str, dialogue: &str) -> (Value, i32) {
    let mute = format!("S: 220 %NAME%\nC: EHLO *\nS: 250 %NAME%\n{dialogue}");
    let lab = Scene::default().server("mute.example", "127.63.243.2", &mute).open();
    let args = ["--server", "mute.example", "--to", JANE, "--data", "Subject: x\n\nhello"];
    let mut command = tool(&lab, "smtp-send").args(args).command();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let begun = Instant::now();
    while !lab.heard("mute.example").iter().any(|line| line.starts_with(heard)) {
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::yield_now();
    }
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let ran = Ran::of(finish(child));
    (ran.record(), ran.code)
}
