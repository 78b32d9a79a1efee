//! The tools joined by pipes, as a user joins them.

use serde_json::{Value, json};

use crate::harness::{Ran, internet, shell, tool};
use crate::scene::{FRIENDLY, Scene, findings, resolver, verdict};

/// The record about this domain.
fn about(ran: &Ran, domain: &str) -> Value {
    let mut records = ran.records();
    records.retain(|record| record["domain"] == domain);
    assert_eq!(records.len(), 1, "{domain}: {}", ran.stdout);
    records.remove(0)
}

#[test]
fn two_domains_of_which_one_does_not_exist() {
    let lab = internet();
    let ran = shell(&lab, r#"printf "port25.com\nnosuch.example\n" | mxlookup | smtp-ping"#).run();
    assert_eq!((ran.stdout.lines().count(), ran.code, ran.stderr.as_str()), (2, 1, ""));

    let record = about(&ran, "port25.com");
    assert_eq!((verdict(&record).as_str(), &record["tool"]), ("ok", &json!("smtp-ping")));
    assert_eq!((&record["host"], &record["ip"]), (&json!("mail.port25.com"), &json!("127.63.149.30")));
    assert_eq!((&record["preference"], &record["input"]), (&json!(100), &json!("port25.com")));
    assert_eq!((&record["resolver"], record.get("mx")), (&json!(resolver(&lab)), None));

    let record = about(&ran, "nosuch.example");
    assert_eq!(verdict(&record), "fail dns.nxdomain dns");
    assert_eq!((&record["tool"], &record["error"]["tool"]), (&json!("smtp-ping"), &json!("mxlookup")));
    assert_eq!(record["input"], "nosuch.example");
}

#[test]
fn a_record_that_failed_comes_out_as_it_came() {
    let lab = internet();
    let before = tool(&lab, "mxlookup").args(["nosuch.example", "broken.example", "nullmx.example"]).run();
    let ran = tool(&lab, "smtp-ping").args(["--ordered"]).stdin(before.stdout.clone()).run();
    assert_eq!(ran.stdout, before.stdout.replace(r#"{"tool":"mxlookup","v""#, r#"{"tool":"smtp-ping","v""#));
    assert_eq!((before.code, ran.code), (1, 1));
}

#[test]
fn what_cannot_be_told_now_is_never_a_failure() {
    let lab = internet();
    let ran = shell(&lab, "mxlookup broken.example hidden.example busy.example | smtp-ping").run();
    assert_eq!((ran.records().len(), ran.code), (3, 75));
    let tools = ["broken.example", "hidden.example", "busy.example"].map(|domain| {
        let record = about(&ran, domain);
        assert_eq!((&record["status"], &record["error"]["temporary"]), (&json!("unknown"), &json!(true)));
        record["error"]["tool"].as_str().unwrap().to_owned()
    });
    assert_eq!(tools, ["mxlookup", "mxlookup", "smtp-ping"]);
    let ran = shell(&lab, "mxlookup broken.example refused.example | smtp-ping").run();
    assert_eq!(ran.code, 1);
    let ran = shell(&lab, "mxlookup broken.example refused.example | smtp-ping --exit-zero").run();
    assert_eq!((ran.records().len(), ran.code), (2, 0));
}

#[test]
fn the_users_own_keys_come_out_at_the_end_byte_for_byte() {
    let lab = internet();
    let object = r#"{"domain":"port25.com","customer":"42","n":12345678901234567890,"x":1.0}"#;
    let ran = shell(&lab, "mxlookup | smtp-ping").stdin(format!("{object}\n")).run();
    assert_eq!((verdict(&ran.record()).as_str(), ran.code), ("ok", 0));
    let carried =
        format!(r#","resolver":"{}","customer":"42","n":12345678901234567890,"x":1.0}}"#, resolver(&lab));
    assert!(ran.stdout.trim_end().ends_with(&carried), "{}", ran.stdout);
    assert_eq!(ran.record().get("input"), None, "an object has no word");
    // A failure carries them too.
    let ran = shell(&lab, "mxlookup | smtp-ping").stdin(object.replace("port25.com", "nosuch.example")).run();
    assert!(
        ran.stdout.trim_end().ends_with(r#","customer":"42","n":12345678901234567890,"x":1.0}"#),
        "{}",
        ran.stdout
    );
}

#[test]
fn one_exchange_taken_out_between_the_tools() {
    let lab = internet();
    let route = tool(&lab, "mxlookup").args(["two.example"]).run().record();
    let element = route["mx"][1].to_string();
    let ran = tool(&lab, "smtp-ping").stdin(element).run();
    let record = ran.record();
    assert_eq!((verdict(&record).as_str(), &record["host"]), ("ok", &json!("mx2.two.example")));
    assert_eq!((&record["preference"], &record["ttl"]), (&json!(20), &json!(300)));
    assert_eq!(record.get("domain"), None);
    // And in the form that jq -r '.mx[].exchange' gives: a word.
    let words: String =
        route["mx"].as_array().unwrap().iter().map(|host| format!("{}\n", host["exchange"])).collect();
    let ran = tool(&lab, "smtp-ping").args(["--ordered"]).stdin(words).run();
    let verdicts: Vec<String> = ran.records_of_words().iter().map(verdict).collect();
    assert_eq!(verdicts, ["fail tcp.refused connect", "ok"]);
}

#[test]
fn every_exchange_of_a_domain() {
    let lab = internet();
    let ran = shell(&lab, "mxlookup yahoo.com aol.com user@two.example | smtp-ping").run();
    let mut hosts: Vec<String> = ran
        .records()
        .iter()
        .map(|record| {
            let word = |key: &str| record[key].as_str().unwrap_or("-").to_owned();
            format!("{} {} {} {}", word("domain"), word("address"), word("host"), word("status"))
        })
        .collect();
    hosts.sort();
    assert_eq!(
        hosts,
        [
            "aol.com - mailin-01.mx.aol.com ok",
            "aol.com - mailin-02.mx.aol.com ok",
            "two.example user@two.example mx1.two.example fail",
            "two.example user@two.example mx2.two.example ok",
            "yahoo.com - mta5.am0.yahoodns.net ok",
            "yahoo.com - mta6.am0.yahoodns.net ok",
            "yahoo.com - mta7.am0.yahoodns.net ok",
        ]
    );
    assert_eq!(ran.code, 1);
}

#[test]
fn the_first_exchange_that_works() {
    let lab = internet();
    let ran = shell(&lab, "mxlookup two.example | smtp-ping --first").run();
    let record = ran.record();
    assert_eq!((verdict(&record).as_str(), ran.code), ("ok", 0));
    assert_eq!((&record["domain"], &record["host"]), (&json!("two.example"), &json!("mx2.two.example")));
    assert_eq!(record["attempts"].as_array().unwrap().len(), 2);
}

#[test]
fn findings_are_joined_and_those_about_another_host_left_out() {
    let lab = internet();
    let route = tool(&lab, "mxlookup").args(["halfparked.example"]).run().record();
    assert_eq!(
        findings(&route),
        ["dns.mx_no_address mx.parked.example", "dns.mx_non_public mail.port25.com"]
    );
    let ran = tool(&lab, "smtp-ping").stdin(route.to_string()).run();
    let mut records = ran.records();
    records.sort_by_key(|record| record["preference"].as_u64());
    assert_eq!(verdict(&records[0]), "fail dns.mx_no_address dns");
    assert_eq!(findings(&records[0]), ["dns.mx_no_address mx.parked.example"]);
    assert_eq!(records[1]["host"], "mail.port25.com");
    let found: Vec<(&str, &str)> = records[1]["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| (finding["tool"].as_str().unwrap(), finding["code"].as_str().unwrap()))
        .collect();
    assert_eq!(found[..2], [("mxlookup", "dns.mx_non_public"), ("smtp-ping", "dns.mx_non_public")]);
    assert!(
        !ran.stdout
            .lines()
            .any(|line| line.contains("mail.port25.com") && line.contains("mx.parked.example"))
    );
}

#[test]
fn what_the_first_tool_knows_the_second_does_not_ask() {
    let zone = "a.example. 300 IN MX 10 mx.a.example.";
    let lab = Scene::zone(zone).server("mx.a.example", "127.68.0.1", FRIENDLY).open();
    let route = tool(&lab, "mxlookup").args(["--ptr", "a.example"]).run();
    let asked = lab.queries();
    let record = tool(&lab, "smtp-ping").stdin(route.stdout).run().record();
    assert_eq!((verdict(&record).as_str(), lab.queries()), ("ok", asked));
    assert_eq!((&record["ptr"], &record["iprev"]), (&json!(["mx.a.example"]), &json!("pass")));
    assert_eq!(record["names"]["agree"], json!(["banner", "ehlo", "ptr"]));
}

#[test]
fn a_route_without_addresses_is_looked_up_by_the_second() {
    let lab = internet();
    let ran = shell(&lab, "mxlookup --no-addresses port25.com | smtp-ping").run();
    assert_eq!((verdict(&ran.record()).as_str(), &ran.record()["ip"]), ("ok", &json!("127.63.149.30")));
    let ran = shell(&lab, "mxlookup halfhidden.example | smtp-ping").run();
    let mut records = ran.records();
    records.sort_by_key(|record| record["preference"].as_u64());
    let verdicts: Vec<String> = records.iter().map(verdict).collect();
    assert_eq!((verdicts, ran.code), (vec!["unknown dns.servfail dns".to_owned(), "ok".to_owned()], 75));
}

#[test]
fn an_unknown_of_the_first_tool_stays_what_it_is_with_retry() {
    let lab = internet();
    let before = tool(&lab, "mxlookup").args(["broken.example"]).run();
    // It names no host, so it is no target of the second tool, but one of the first.
    let ran = tool(&lab, "smtp-ping").args(["--retry"]).stdin(before.stdout.clone()).run();
    assert_eq!(ran.stdout, before.stdout.replace(r#""tool":"mxlookup","v""#, r#""tool":"smtp-ping","v""#));
    assert_eq!(ran.code, 75);
    let asked = lab.queries();
    let ran = tool(&lab, "mxlookup").args(["--retry"]).stdin(ran.stdout).run();
    assert_eq!((verdict(&ran.record()).as_str(), ran.code), ("unknown dns.servfail dns", 75));
    assert!(lab.queries() > asked);
}

#[test]
fn an_unknown_of_yesterday_is_tried_again() {
    let lab = internet();
    let before = shell(&lab, "mxlookup busy.example port25.com refused.example | smtp-ping").run();
    let places = |ran: &Ran| {
        let place = |record: &Value| [&record["host"], &record["ip"], &record["port"]].map(Value::to_string);
        let mut places: Vec<_> = ran.records().iter().map(place).collect();
        places.sort();
        places
    };
    let (busy, refused) = (lab.heard("mx.busy.example").len(), lab.heard("mx.refused.example").len());
    let ran = tool(&lab, "smtp-ping").args(["--retry"]).stdin(before.stdout.clone()).run();
    assert_eq!((places(&ran), ran.code), (places(&before), 1));
    assert!(lab.heard("mx.busy.example").len() > busy, "the unknown one is asked again");
    assert_eq!(lab.heard("mx.refused.example").len(), refused);
}

#[test]
fn a_person_reads_who_found_the_failure() {
    let lab = internet();
    let ran = shell(&lab, "mxlookup nosuch.example port25.com | smtp-ping --text --ordered").run();
    assert!(ran.stdout.contains("fail    nosuch.example  the domain does not exist\n"), "{}", ran.stdout);
    assert!(ran.stdout.contains("code      dns.nxdomain, found by mxlookup\n"), "{}", ran.stdout);
    assert!(
        ran.stdout
            .contains(&format!("ok      mail.port25.com 127.63.149.30:{} for port25.com\n", lab.port()))
    );
}

#[test]
fn an_internationalised_domain_keeps_both_its_names() {
    let lab = internet();
    let record = shell(&lab, "mxlookup bücher.example | smtp-ping").run().record();
    let names = (&record["domain"], &record["domain_unicode"], &record["input"]);
    assert_eq!(names, (&json!("xn--bcher-kva.example"), &json!("bücher.example"), &json!("bücher.example")));
}
