//! Does the server respond with the correct name, what is odd about it, and what must hold.

use lab::Lab;
use serde_json::Value;

use crate::harness::tool;
use crate::scene::{Scene, findings, verdict};

/// A server with this greeting and these lines of its EHLO reply, the first of which names it.
fn dialogue(banner: &str, ehlo: &[&str]) -> String {
    let (last, before) = ehlo.split_last().unwrap();
    let before: String = before.iter().map(|line| format!("S: 250-{line}\n")).collect();
    format!("S: 220 {banner}\nC: EHLO *\n{before}S: 250 {last}\nC: QUIT\nS: 221 2.0.0 bye\nclose\n")
}

/// `mx.a.example` in a world where `other.example` is somewhere else.
fn scene(play: &str) -> Lab {
    Scene::zone("other.example. 300 IN A 192.0.2.99\nempty.example. 300 IN TXT x")
        .server("mx.a.example", "127.70.11.1", play)
        .open()
}

fn ping(play: &str, args: &[&str]) -> (i32, Value) {
    let lab = scene(play);
    let ran = tool(&lab, "smtp-ping").args(args.iter().copied()).args(["mx.a.example"]).run();
    (ran.code, ran.records_of_words().remove(0))
}

/// What is found beside that there is no TLS.
fn odd(banner: &str, ehlo: &[&str]) -> Vec<String> {
    let (code, record) = ping(&dialogue(banner, ehlo), &[]);
    assert_eq!((verdict(&record).as_str(), code), ("ok", 0), "{record:#}");
    findings(&record).into_iter().filter(|code| code != "tls.starttls_not_supported").collect()
}

#[test]
fn a_server_that_gives_its_own_name_everywhere_is_not_odd() {
    assert!(odd("mx.a.example ESMTP", &["mx.a.example", "SIZE 1000"]).is_empty());
}

#[test]
fn what_is_odd_about_a_name_is_told_apart() {
    for (banner, expected) in [
        ("ESMTP ready", &["id.banner_no_domain"][..]),
        ("mail1 ESMTP", &["id.banner_not_fqdn", "id.banner_ne_ehlo", "id.ptr_ne_banner"]),
        ("localhost ESMTP", &["id.banner_localhost", "id.banner_ne_ehlo", "id.ptr_ne_banner"]),
        (
            "other.example ESMTP",
            &["id.banner_ne_ehlo", "id.ptr_ne_banner", "id.banner_forward_mismatch 127.70.11.1"],
        ),
        ("empty.example ESMTP", &["id.banner_ne_ehlo", "id.ptr_ne_banner", "id.banner_unresolvable"]),
        ("nosuch.example ESMTP", &["id.banner_ne_ehlo", "id.ptr_ne_banner", "id.banner_unresolvable"]),
    ] {
        assert_eq!(odd(banner, &["mx.a.example", "SIZE 1000"]), expected, "{banner}");
    }
}

#[test]
fn a_numbered_line_as_name_of_the_address_is_a_guess() {
    let play = dialogue("mx.a.example ESMTP", &["mx.a.example"]);
    let records = "mx.a.example. 300 IN A 127.70.11.1\n\
        1.11.70.127.in-addr.arpa. 300 IN PTR 127-70-11-1.dsl.isp.example.\n\
        127-70-11-1.dsl.isp.example. 300 IN A 127.70.11.1";
    let lab = Scene::zone(records).nameless("mx.a.example", "127.70.11.1", &play).open();
    let record = tool(&lab, "smtp-ping").args(["mx.a.example"]).run().record();
    let guess = record["findings"].as_array().unwrap().iter().find(|one| one["code"] == "id.ptr_generic");
    assert_eq!(guess.unwrap()["basis"], "heuristic");
}

#[test]
fn without_ptr_no_name_is_looked_up() {
    let (_, record) = ping(&dialogue("nosuch.example ESMTP", &["nosuch.example"]), &["--no-ptr"]);
    assert_eq!(findings(&record), ["tls.starttls_not_supported"]);
}

#[test]
fn the_marks_of_a_middlebox_are_guesses() {
    let (_, record) =
        ping(&dialogue("****************2****02****0*00", &["mx.a.example", "XXXXXXXA"]), &["--no-ptr"]);
    let all = record["findings"].as_array().unwrap();
    let guesses: Vec<&str> = all
        .iter()
        .filter(|one| one["basis"] == "heuristic")
        .map(|one| one["code"].as_str().unwrap())
        .collect();
    assert_eq!(guesses, ["mbox.banner_masked", "mbox.ehlo_keyword_masked", "mbox.starttls_stripped"]);
}

#[test]
fn offers_that_contradict_one_another() {
    assert_eq!(odd("mx.a.example ESMTP", &["mx.a.example", "BINARYMIME"]), ["ehlo.inconsistent"]);
}

#[test]
fn what_was_expected_holds() {
    let play = dialogue("mx.a.example ESMTP", &["mx.a.example", "SIZE 1000", "AUTH CRAM-MD5"]);
    for args in [
        &["--expect-name", "MX.a.example."][..],
        &["--expect-keyword", "size"],
        &["--expect-keyword", "SIZE,AUTH=cram-md5"],
    ] {
        let (code, record) = ping(&play, args);
        assert_eq!((verdict(&record).as_str(), code), ("ok", 0), "{args:?}");
    }
}

#[test]
fn what_was_expected_and_is_not_so_is_a_failure() {
    let play = dialogue("mx.a.example ESMTP", &["mx.a.example", "SIZE 1000", "AUTH CRAM-MD5"]);
    for (args, expected) in [
        (&["--expect-name", "mail.a.example"][..], "fail id.unexpected ehlo"),
        (&["--expect-keyword", "PIPELINING"], "fail expect.keyword_missing ehlo"),
        (&["--expect-keyword", "AUTH=PLAIN"], "fail expect.keyword_missing ehlo"),
        (&["--expect-keyword", "STARTTLS"], "fail expect.keyword_missing ehlo"),
        (&["--expect-tls"], "fail expect.tls_missing tls"),
    ] {
        let (code, record) = ping(&play, args);
        assert_eq!((verdict(&record).as_str(), code), (expected, 1), "{args:?}");
        assert!(record["ehlo"].is_object(), "what was seen is told all the same");
    }
}

#[test]
fn what_ended_the_session_says_more_than_what_was_expected() {
    let (_, record) = ping("greeting-421", &["--expect-tls", "--expect-name", "x.example"]);
    assert_eq!(verdict(&record), "unknown smtp.greeting_421 banner");
}

#[test]
fn tls_and_what_is_offered_only_there_hold_inside() {
    let lab = Scene::default().sink("mx.a.example", "127.70.11.2", "").open();
    let args = ["--expect-tls", "--expect-keyword", "STARTTLS,PIPELINING", "--expect-name", "mx.a.example"];
    let record = tool(&lab, "smtp-ping").args(args).args(["mx.a.example"]).run().record();
    assert_eq!(verdict(&record), "ok", "{record:#}");
}

#[test]
fn starttls_that_is_offered_and_then_not_known_is_said_twice_over() {
    let (_, record) = ping("starttls-unknown", &["--no-ptr"]);
    assert_eq!(verdict(&record), "fail tls.starttls_rejected starttls");
    assert!(findings(&record).contains(&"cmd.advertised_but_rejected".to_owned()));
}

#[test]
fn a_certificate_that_a_device_on_the_way_has_made_is_a_guess() {
    for (certificate, is_guessed) in [("intercepted", true), ("untrusted", false)] {
        let options = format!("certificate = '{certificate}'");
        let lab = Scene::default().sink("mx.a.example", "127.70.11.4", &options).open();
        let record = tool(&lab, "smtp-ping").args(["--no-ptr", "mx.a.example"]).run().record();
        let found = findings(&record).contains(&"mbox.tls_intercepted".to_owned());
        assert_eq!(found, is_guessed, "{certificate}: {record:#}");
    }
}

#[test]
fn a_certificate_that_is_for_no_server_is_a_fault_of_its_own() {
    let lab = Scene::default().sink("mx.a.example", "127.70.11.5", "certificate = 'client-only'").open();
    let run =
        |level| tool(&lab, "smtp-ping").args(["--no-ptr", "--tls", level, "mx.a.example"]).run().record();
    let record = run("may");
    assert_eq!((verdict(&record).as_str(), &record["tls"]["verified"]), ("ok", &Value::Bool(false)));
    assert_eq!(findings(&record), ["tls.validation_failure"]);
    assert_eq!(verdict(&run("verify")), "fail tls.validation_failure tls");
}
