//! Many questions over few connections to a DNS server: what is slow delays nothing else, and nothing is lost.

use std::io::Write;

use crate::harness::{internet, tool, world};
use crate::resolver_tls::{Fake, ZONE, answer, both, framed, question, reply, request};
use crate::scene::verdict;

/// Whether the question is about a name that begins so.
fn is_about(question: &[u8], label: &str) -> bool {
    question[13..].to_ascii_lowercase().starts_with(label.as_bytes())
}

/// Of these names the good ones are answered as if nobody else had been asked for.
fn assert_good_are_not_delayed(fake: &Fake, server: &str, names: &[String]) {
    let ran = tool(&internet(), "mxlookup")
        .args(["--ca", &fake.ca(), "--dns", server, "-4", "--no-addresses", "--timeout", "6s", "-j", "1000"])
        .stdin(names.join("\n"))
        .run();
    let records = ran.records_of_words();
    assert_eq!(records.len(), names.len());
    for record in records {
        let total = record["timing_ms"]["total"].as_f64().unwrap();
        match record["domain"].as_str().unwrap().starts_with("good") {
            true => assert!(verdict(&record) == "ok" && total < 2_500.0, "{server}: {record}"),
            false => assert_eq!(verdict(&record), "unknown dns.timeout dns", "{server}"),
        }
    }
}

pub(crate) fn names(kinds: &[(&str, usize)]) -> Vec<String> {
    let all = kinds.iter().enumerate();
    all.flat_map(|(at, (kind, count))| (0..*count).map(move |n| format!("{kind}{at}-{n}.example"))).collect()
}

#[test]
fn silent_domains_delay_no_others_over_https() {
    let fake = Fake::new(|_, mut connection| {
        loop {
            let message = request(&mut connection)?;
            if !is_about(&message, "silent") {
                connection.write_all(&reply("200 -", "application/dns-message", &answer(&message)))?;
            }
        }
    });
    for kinds in [&[("silent", 2), ("good", 60)][..], &[("good", 20), ("silent", 30), ("good", 50)]] {
        assert_good_are_not_delayed(&fake, &fake.https(), &names(kinds));
    }
}

#[test]
fn silent_domains_delay_no_others_over_a_kept_connection() {
    let fake = Fake::new(|_, mut connection| {
        loop {
            let question = question(&mut connection)?;
            if !is_about(&question, "silent") {
                connection.write_all(&framed(&answer(&question)))?;
            }
        }
    });
    assert_good_are_not_delayed(&fake, &fake.tls(), &names(&[("silent", 600), ("good", 60)]));
}

#[test]
fn many_domains_over_kept_connections() {
    const COUNT: usize = 2_000;
    let zone: String = (0..COUNT).map(|n| format!("d{n}.example. 300 IN MX 10 mx.a.example.\n")).collect();
    let lab = world(&format!("zone = '''\n{ZONE}\n{zone}'''"));
    let names: Vec<String> = (0..COUNT).map(|n| format!("d{n}.example")).collect();
    for server in both(&lab).into_iter().chain([format!("tcp://{}", lab.dns())]) {
        let before = lab.queries();
        let ran = tool(&lab, "mxlookup")
            .args(["--dns", &server, "-4", "--concurrency", "500"])
            .stdin(names.join("\n"))
            .run();
        let ok = ran.stdout.lines().filter(|line| line.contains(r#""addresses":["192.0.2.1"]"#)).count();
        assert_eq!((ok, ran.code), (COUNT, 0), "{server}: {}", ran.stderr);
        let asked = lab.queries() - before;
        assert_eq!(asked, u64::try_from(COUNT).unwrap() + 1, "{server}: an MX each, and one address");
    }
}
