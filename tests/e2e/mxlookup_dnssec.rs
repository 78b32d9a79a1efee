//! Validation (`--dnssec`): a domain for each state of RFC 4033 section 5, from the root down.

use std::fs;

use hickory_proto::rr::RecordType;
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::harness::{Ran, internet, tool};
use crate::scene::{findings, verdict};
use crate::signed::{Delegation, Fault, Server, Tree};

const DATA: &str = "7ac5e50df16ef07169bb283f88e01a5d1ce4a45b602ded09a2ec441bace61752";

/// What `example` holds: hosts that are right, and names that a test spoils.
fn example() -> String {
    format!(
        "good 300 IN MX 10 mx.good
mx.good 300 IN A 192.0.2.1
_25._tcp.mx.good 300 IN TLSA 3 1 1 {DATA}
bare 300 IN MX 10 mx.bare
mx.bare 300 IN A 192.0.2.2
implicit 300 IN A 192.0.2.3
alias 300 IN CNAME good
out 300 IN CNAME mail.open
half 300 IN MX 10 mx.spoilt
half 300 IN MX 20 mx.good
whole 300 IN MX 10 mx.spoilt
mx.spoilt 300 IN A 192.0.2.4
mx.spoilt 300 IN A 192.0.2.5
spoilt 300 IN MX 10 mx.good
spoilt 300 IN MX 20 mx.bare
abroad 300 IN MX 10 mx.open"
    )
}

const OPEN: &str =
    "mail 300 IN MX 10 mx\n@ 300 IN MX 10 mx\nmx 300 IN A 192.0.2.6\n_25._tcp.mx 300 IN TLSA 3 1 1 00";

fn tree() -> Tree {
    Tree::default()
        .zone(".", Delegation::Signed, "")
        .zone("example.", Delegation::Signed, &example())
        .zone("open.example.", Delegation::Unsigned, OPEN)
        .zone("wrong.example.", Delegation::WrongDs, "@ 300 IN MX 10 mx\nmx 300 IN A 192.0.2.7")
        .zone("child.example.", Delegation::Signed, "@ 300 IN MX 10 mx\nmx 300 IN A 192.0.2.8")
        .zone("island.open.example.", Delegation::Signed, "@ 300 IN MX 10 mx\nmx 300 IN A 192.0.2.9")
        .zone("loose.example.", Delegation::OptOut, "@ 300 IN MX 10 mx\nmx 300 IN A 192.0.2.10")
        .zone("open.loose.example.", Delegation::Unsigned, "@ 300 IN MX 10 mx\nmx 300 IN A 192.0.2.11")
}

fn run(server: &Server, words: &[&str]) -> Ran {
    let lab = internet();
    let dns = server.addr.to_string();
    let first = ["--dns", &dns, "--dnssec", "--trust-anchor", server.anchor("."), "--stable"];
    tool(&lab, "mxlookup").args(first.into_iter().chain(words.iter().copied())).run()
}

fn look(server: &Server, words: &[&str]) -> Value {
    let mut records = run(server, words).records_of_words();
    assert_eq!(records.len(), 1);
    records.remove(0)
}

/// The verdict, what is said of the domain, and what of each host.
fn said(record: &Value) -> String {
    let word = |value: &Value| value["dnssec"].as_str().unwrap_or("-").to_owned();
    let hosts = record["mx"].as_array().into_iter().flatten().map(word).collect::<Vec<_>>();
    format!("{}: {} by {} [{}]", verdict(record), word(record), record["dnssec_by"], hosts.join(" "))
}

#[test]
fn a_signed_domain() {
    let server = tree().open();
    for domain in ["good.example", "alias.example", "child.example"] {
        let record = look(&server, &["--tlsa", domain]);
        assert_eq!(said(&record), r#"ok: secure by "validation" [secure]"#, "{domain}");
        assert_eq!(record["resolver"], format!("udp://{}", server.addr), "{domain}");
    }
    let record = look(&server, &["--tlsa", "good.example"]);
    let tlsa = json!([{"usage": 3, "selector": 1, "matching": 1, "data": DATA}]);
    assert_eq!((&record["mx"][0]["tlsa"], &record["mx"][0]["ttl"]), (&tlsa, &json!(300)));
}

#[test]
fn what_there_is_not_is_proved_too() {
    let server = tree().open();
    let record = look(&server, &["--tlsa", "bare.example"]);
    assert_eq!(record["mx"][0]["tlsa"], json!([]), "no TLSA");
    let record = look(&server, &["implicit.example"]);
    assert_eq!(said(&record), r#"ok: secure by "validation" [secure]"#, "no MX");
    let record = look(&server, &["nosuch.example"]);
    assert_eq!(said(&record), r#"fail dns.nxdomain dns: secure by "validation" []"#);
}

#[test]
fn a_domain_that_is_not_signed() {
    let server = tree().open();
    let ran = run(&server, &["--tlsa", "open.example"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let record = &ran.records_of_words()[0];
    assert_eq!(said(record), r#"ok: insecure by "validation" [insecure]"#);
    assert_eq!(record["mx"][0].get("tlsa"), None);
    let record = look(&server, &["nosuch.open.example"]);
    assert_eq!(said(&record), r#"fail dns.nxdomain dns: insecure by "validation" []"#);
}

#[test]
fn what_opt_out_says_nothing_of_is_insecure() {
    let server = tree().open();
    let secure = |domain| said(&look(&server, &[domain]));
    assert_eq!(secure("loose.example"), r#"ok: secure by "validation" [secure]"#);
    assert_eq!(secure("mx.loose.example"), r#"ok: secure by "validation" [secure]"#, "no MX");
    assert_eq!(secure("open.loose.example"), r#"ok: insecure by "validation" [insecure]"#);
    let denied = r#"fail dns.nxdomain dns: insecure by "validation" []"#;
    assert_eq!(secure("nosuch.loose.example"), denied);
    let forger = tree().fault("open.loose.example", RecordType::MX, Fault::Denied).open();
    assert_eq!(said(&look(&forger, &["open.loose.example"])), denied);
    let forger = tree().fault("open.example", RecordType::MX, Fault::Denied).open();
    let record = look(&forger, &["open.example"]);
    assert_eq!(said(&record), r#"unknown dns.bogus dns: bogus by "validation" []"#, "without Opt-Out");
}

/// What the file holds that has the keys of these zones.
fn anchors(server: &Server, zones: &[&str]) -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    let texts = zones.iter().map(|zone| fs::read_to_string(server.anchor(zone)).unwrap());
    fs::write(file.path(), texts.collect::<String>()).unwrap();
    file
}

#[test]
fn an_island_of_trust_has_nothing_above() {
    let lab = internet();
    for (fault, expected) in [
        (None, r#"ok: secure by "validation" [secure]"#),
        (Some(Fault::Unsigned), r#"unknown dns.bogus dns: secure by "validation" [bogus]"#),
    ] {
        // Who strips the signatures hides that a zone begins there, too.
        let faulty = |fault| {
            let faulty = tree().fault("mx.island.open.example", RecordType::A, fault);
            faulty.fault("island.open.example", RecordType::NS, Fault::Empty)
        };
        let server = fault.map_or_else(tree, faulty).open();
        let file = anchors(&server, &[".", "island.open.example."]);
        let (dns, path) = (server.addr.to_string(), file.path().to_str().unwrap());
        let words = ["--dns", &dns, "--dnssec", "--trust-anchor", path, "island.open.example"];
        let ran = tool(&lab, "mxlookup").args(words).run();
        assert_eq!(said(&ran.records_of_words()[0]), expected);
    }
}

#[test]
fn keys_that_are_not_those_trusted_are_asked_for_again() {
    let server = tree().fault("example", RecordType::DNSKEY, Fault::EmptyAtFirst).open();
    let lab = internet();
    let dns = server.addr.to_string();
    let domains = ["--concurrency", "1", "good.example", "good.example"];
    let words = ["--dns", &dns, "--dnssec", "--trust-anchor", server.digest("example.")];
    let ran = tool(&lab, "mxlookup").args(words.into_iter().chain(domains)).run();
    let all: Vec<String> = ran.records_of_words().iter().map(said).collect();
    let expected =
        [r#"unknown dns.bogus dns: bogus by "validation" []"#, r#"ok: secure by "validation" [secure]"#];
    assert_eq!(all, expected);
}

#[test]
fn the_questions_of_a_lookup_are_counted_along_its_aliases() {
    // Without a signature it is asked at each of its labels whether a zone begins there.
    let link = |n: usize| format!("l{n}{}", format!(".{n:x}").repeat(25));
    let alias = |n: usize| format!("{} 300 IN CNAME {}\n", link(n), link(n + 1));
    let records: String = (0..14).map(alias).collect();
    let server = tree().zone("far.example.", Delegation::Unsigned, &records).open();
    let record = look(&server, &[&format!("{}.far.example", link(0))]);
    assert_eq!(verdict(&record), "unknown dns.bogus dns");
    assert!(server.asked().len() < 300, "{}", server.asked().len());
}

#[test]
fn a_chain_is_as_secure_as_its_weakest_link() {
    let server = tree().open();
    let record = look(&server, &["out.example"]);
    assert_eq!(said(&record), r#"ok: insecure by "validation" [insecure]"#);
    assert_eq!(record["cname"], json!(["mail.open.example"]));
    let record = look(&server, &["abroad.example"]);
    assert_eq!(said(&record), r#"ok: secure by "validation" [insecure]"#);
}

#[test]
fn a_bogus_domain_is_unknown() {
    for fault in [Fault::Late, Fault::Unsigned, Fault::Forged] {
        let server = tree().fault("spoilt.example", RecordType::MX, fault).open();
        let ran = run(&server, &["spoilt.example"]);
        assert_eq!(ran.code, 75);
        let record = &ran.records_of_words()[0];
        assert_eq!(said(record), r#"unknown dns.bogus dns: bogus by "validation" []"#, "{fault:?}");
    }
    let server = tree().open();
    let record = look(&server, &["wrong.example"]);
    assert_eq!(said(&record), r#"unknown dns.bogus dns: bogus by "validation" []"#, "wrong DS");
}

#[test]
fn a_bogus_exchange_is_a_finding() {
    let server = tree().fault("mx.spoilt.example", RecordType::A, Fault::Forged).open();
    let record = look(&server, &["half.example"]);
    assert_eq!(said(&record), r#"ok: secure by "validation" [bogus secure]"#);
    assert_eq!(findings(&record), ["dns.bogus mx.spoilt.example"]);
    assert_eq!(record["mx"][0].get("addresses"), None);
    let record = look(&server, &["whole.example"]);
    assert_eq!(said(&record), r#"unknown dns.bogus dns: secure by "validation" [bogus]"#);
}

#[test]
fn a_bogus_tlsa_record_makes_the_host_unusable() {
    let server = tree().fault("_25._tcp.mx.good.example", RecordType::TLSA, Fault::Late).open();
    let record = look(&server, &["--tlsa", "good.example"]);
    assert_eq!(verdict(&record), "unknown tls.dnssec_invalid dns");
    assert_eq!(findings(&record), ["dns.bogus mx.good.example"]);
}

#[test]
fn keys_that_cannot_be_had_prove_nothing() {
    let server = tree().fault("example", RecordType::DNSKEY, Fault::ServFail).open();
    assert_eq!(verdict(&look(&server, &["good.example"])), "unknown dns.servfail dns");
    let server = tree().fault("example", RecordType::DNSKEY, Fault::Silent).open();
    assert_eq!(verdict(&look(&server, &["--timeout", "1s", "good.example"])), "unknown dns.timeout dns");
    let server = tree().fault("good.example", RecordType::MX, Fault::ServFail).open();
    assert_eq!(verdict(&look(&server, &["good.example"])), "unknown dns.servfail dns");
}

#[test]
fn what_is_below_no_anchor_is_indeterminate() {
    let server = tree().open();
    let lab = internet();
    let dns = server.addr.to_string();
    let look = |domain: &str| {
        let words = ["--dns", &dns, "--dnssec", "--trust-anchor", server.anchor("child.example."), domain];
        tool(&lab, "mxlookup").args(words).run().records_of_words().remove(0)
    };
    assert_eq!(said(&look("good.example")), r#"ok: indeterminate by "validation" [indeterminate]"#);
    assert_eq!(said(&look("child.example")), r#"ok: secure by "validation" [secure]"#);
    assert_eq!(said(&look("nosuch.example")), r#"fail dns.nxdomain dns: indeterminate by "validation" []"#);
}

#[test]
fn digests_of_keys_are_trusted_too() {
    let server = tree().open();
    let lab = internet();
    let dns = server.addr.to_string();
    for (apex, domain) in [(".", "good.example"), (".", "child.example"), ("child.example.", "child.example")]
    {
        let words = ["--dns", &dns, "--dnssec", "--trust-anchor", server.digest(apex), domain];
        let ran = tool(&lab, "mxlookup").args(words).run();
        assert_eq!(said(&ran.records_of_words()[0]), r#"ok: secure by "validation" [secure]"#, "{apex}");
    }
    let words =
        ["--dns", &dns, "--dnssec", "--trust-anchor", server.digest("wrong.example."), "wrong.example"];
    let ran = tool(&lab, "mxlookup").args(words).run();
    assert_eq!(verdict(&ran.records_of_words()[0]), "unknown dns.bogus dns");
}

#[test]
fn another_key_than_the_root_has() {
    let (server, other) = (tree().open(), tree().open());
    let lab = internet();
    let dns = server.addr.to_string();
    let words = ["--dns", &dns, "--dnssec", "--trust-anchor", other.anchor("."), "good.example"];
    let ran = tool(&lab, "mxlookup").args(words).run();
    assert_eq!(verdict(&ran.records_of_words()[0]), "unknown dns.bogus dns");
}

#[test]
fn a_file_that_holds_no_key() {
    let lab = internet();
    let file = NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    let cases = [
        ("", "there is neither a DNSKEY nor a DS record in it"),
        (". 300 IN A 192.0.2.1\n", "not DNSKEY or DS records: "),
        (". 300 IN DNSKEY 257 3 1 AwEAAQ==\n", "the key of . cannot be used: algorithm 1 is not supported"),
        (". 300 IN DS 1 13 2 00\n", "the DS of . cannot be used: its digest is not 64 hexadecimal digits"),
        (". 300 IN DNSKEY 0 3 13 AwEAAQ==\n", "its flags do not make it a key of a zone"),
    ];
    for (text, cause) in cases {
        fs::write(path, text).unwrap();
        let ran = tool(&lab, "mxlookup").args(["--dnssec", "--trust-anchor", path, "a.example"]).run();
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{text}");
        assert!(ran.stderr.contains(&format!("--trust-anchor: failed to read {path}: ")), "{}", ran.stderr);
        assert!(ran.stderr.contains(cause), "{}", ran.stderr);
    }
    let ran = tool(&lab, "mxlookup").args(["--dnssec", "--trust-anchor", "/nowhere", "a.example"]).run();
    assert!(ran.code == 2 && ran.stderr.contains("/nowhere: No such file"), "{}", ran.stderr);
    let ran = tool(&lab, "mxlookup").args(["--trust-anchor", path, "a.example"]).run();
    assert!(ran.code == 2 && ran.stderr.contains("--dnssec"), "{}", ran.stderr);
}

#[test]
fn keys_are_asked_for_once_in_a_run() {
    let server = tree().open();
    let ran =
        run(&server, &["good.example", "bare.example", "half.example", "abroad.example", "good.example"]);
    assert_eq!(ran.records_of_words().len(), 5);
    let asked = server.asked();
    let keys: Vec<_> =
        asked.iter().filter(|(_, kind)| matches!(kind, RecordType::DNSKEY | RecordType::DS)).collect();
    let mut once = keys.clone();
    once.sort();
    once.dedup();
    assert_eq!((keys.len(), keys.len() >= 3), (once.len(), true), "{asked:?}");
}
