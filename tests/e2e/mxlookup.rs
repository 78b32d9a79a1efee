//! Where mail goes, in every state that the DNS of a domain can be in.

use std::collections::HashSet;

use lab::Lab;
use serde_json::{Value, json};

use crate::harness::{Ran, internet, tool};
use crate::scene::{Scene, assert_record, findings, verdict};

/// What comes of words: no key beyond the schema.
pub(crate) fn run(lab: &Lab, words: &[&str]) -> Ran {
    tool(lab, "mxlookup").args(words.iter().copied()).run()
}

/// The only record of words.
pub(crate) fn look(lab: &Lab, words: &[&str]) -> Value {
    let mut records = run(lab, words).records_of_words();
    assert_eq!(records.len(), 1);
    records.remove(0)
}

/// The exchanges of a record, in its order.
pub(crate) fn exchanges(record: &Value) -> Vec<&str> {
    record["mx"].as_array().into_iter().flatten().map(|host| host["exchange"].as_str().unwrap()).collect()
}

/// The exchanges with their addresses, `-` where they are absent.
pub(crate) fn hosts(record: &Value) -> Vec<String> {
    let host = |host: &Value| {
        let addresses = host.get("addresses").map_or("-".to_owned(), ToString::to_string);
        format!("{} {addresses}", host["exchange"].as_str().unwrap())
    };
    record["mx"].as_array().into_iter().flatten().map(host).collect()
}

#[test]
fn the_route_of_a_domain() {
    let zone = "a.example. 3600 IN MX 100 mail.a.example.\nmail.a.example. 300 IN A 192.0.2.30";
    let lab = Scene::zone(zone).open();
    let ran = run(&lab, &["a.example"]);
    assert_eq!(ran.code, 0);
    assert_record(
        &lab,
        &ran.stdout,
        r#"{
            "tool": "mxlookup", "v": 1, "status": "ok",
            "domain": "a.example", "input": "a.example",
            "mx": [
                {"preference": 100, "exchange": "mail.a.example", "addresses": ["192.0.2.30"], "ttl": 3600, "dnssec": "insecure"}
            ],
            "dnssec": "insecure", "dnssec_by": "resolver", "resolver": "RESOLVER", "time": "TIME",
            "timing_ms": {"mx": 0, "addresses": 0, "total": 0}
        }"#,
    );
}

#[test]
fn preferences_out_of_order() {
    let zone = "a.example. 300 IN MX 30 c.a.example.\na.example. 300 IN MX 5 a.a.example.\n\
                a.example. 300 IN MX 20 b.a.example.\n*.a.example. 300 IN A 192.0.2.1";
    let record = look(&Scene::zone(zone).open(), &["a.example"]);
    assert_eq!(exchanges(&record), ["a.a.example", "b.a.example", "c.a.example"]);
}

/// One host to be tried first, eight alike, one last.
fn eight_alike() -> Lab {
    let alike: String = (1..=8).map(|n| format!("a.example. 300 IN MX 10 n{n}.a.example.\n")).collect();
    Scene::zone(&alike)
        .records("a.example. 300 IN MX 20 last.a.example.\na.example. 300 IN MX 5 zero.a.example.")
        .records("*.a.example. 300 IN A 192.0.2.1")
        .open()
}

#[test]
fn equal_preferences_in_another_order_each_run() {
    let lab = eight_alike();
    let orders: HashSet<String> = (0..4)
        .map(|_| {
            let record = look(&lab, &["a.example"]);
            let order = exchanges(&record);
            assert_eq!((order[0], order[9]), ("zero.a.example", "last.a.example"));
            assert_eq!(order.iter().collect::<HashSet<_>>().len(), 10);
            order.join(" ")
        })
        .collect();
    assert!(orders.len() > 1, "four times the same of 40,320 orders: {orders:?}");
}

#[test]
fn equal_preferences_by_name_with_stable() {
    let lab = eight_alike();
    for _ in 0..2 {
        let record = look(&lab, &["--stable", "a.example"]);
        let names = ["zero", "n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8", "last"];
        assert_eq!(exchanges(&record), names.map(|name| format!("{name}.a.example")));
    }
}

#[test]
fn no_mx_but_an_address() {
    let lab = Scene::zone("www.a.example. 300 IN A 192.0.2.38").open();
    assert_record(
        &lab,
        &run(&lab, &["www.a.example"]).stdout,
        r#"{
            "tool": "mxlookup", "v": 1, "status": "ok",
            "domain": "www.a.example", "input": "www.a.example",
            "implicit": true,
            "mx": [{"preference": 0, "exchange": "www.a.example", "addresses": ["192.0.2.38"], "dnssec": "insecure"}],
            "dnssec": "insecure", "dnssec_by": "resolver", "resolver": "RESOLVER", "time": "TIME",
            "findings": [
                {
                    "tool": "mxlookup", "code": "dns.implicit_mx", "severity": "info",
                    "message": "no MX record: mail goes to the address of the domain itself"
                }
            ],
            "timing_ms": {"mx": 0, "addresses": 0, "total": 0}
        }"#,
    );
}

#[test]
fn neither_mx_nor_address() {
    let record = look(&internet(), &["empty.example"]);
    assert_eq!(verdict(&record), "fail dns.nodata dns");
    assert_eq!((record.get("mx"), record.get("implicit")), (None, None));
}

#[test]
fn a_domain_that_takes_no_mail() {
    let lab = Scene::zone("a.example. 86400 IN MX 0 .").open();
    let ran = run(&lab, &["a.example"]);
    assert_eq!(ran.code, 1);
    assert_record(
        &lab,
        &ran.stdout,
        r#"{
            "tool": "mxlookup", "v": 1, "status": "fail",
            "domain": "a.example", "input": "a.example",
            "null_mx": true,
            "mx": [{"preference": 0, "exchange": ".", "addresses": [], "ttl": 86400}],
            "dnssec": "insecure", "dnssec_by": "resolver", "resolver": "RESOLVER", "time": "TIME",
            "error": {
                "tool": "mxlookup", "code": "dns.null_mx", "phase": "dns", "temporary": false,
                "message": "the domain declares that it takes no mail (null MX)"
            },
            "timing_ms": {"mx": 0, "total": 0}
        }"#,
    );
    assert_eq!(lab.queries(), 1);
}

#[test]
fn a_null_mx_beside_others() {
    let zone =
        "a.example. 300 IN MX 0 .\na.example. 300 IN MX 10 mx.a.example.\nmx.a.example. 300 IN A 192.0.2.1";
    let record = look(&Scene::zone(zone).open(), &["a.example"]);
    assert_eq!((verdict(&record).as_str(), record.get("null_mx")), ("ok", None));
    assert_eq!(hosts(&record), [r#"mx.a.example ["192.0.2.1"]"#]);
    assert_eq!(findings(&record), ["dns.null_mx_mixed"]);
}

#[test]
fn a_domain_that_is_an_alias() {
    let zone = "a.example. 300 IN CNAME b.example.\nb.example. 300 IN CNAME c.example.\n\
                c.example. 300 IN MX 10 mx.c.example.\nmx.c.example. 300 IN A 192.0.2.1";
    let record = look(&Scene::zone(zone).open(), &["a.example"]);
    assert_eq!(verdict(&record), "ok");
    assert_eq!(
        (&record["domain"], &record["cname"]),
        (&json!("a.example"), &json!(["b.example", "c.example"]))
    );
    assert_eq!(exchanges(&record), ["mx.c.example"]);
}

#[test]
fn an_alias_of_a_host_without_mx() {
    let zone = "a.example. 300 IN CNAME b.example.\nb.example. 300 IN A 192.0.2.1";
    let record = look(&Scene::zone(zone).open(), &["a.example"]);
    assert_eq!((verdict(&record).as_str(), &record["implicit"]), ("ok", &json!(true)));
    assert_eq!(
        (hosts(&record), &record["cname"]),
        (vec![r#"a.example ["192.0.2.1"]"#.to_owned()], &json!(["b.example"]))
    );
}

#[test]
fn an_alias_that_leads_nowhere() {
    let record = look(&internet(), &["dangling.example"]);
    assert_eq!(verdict(&record), "fail dns.nxdomain dns");
    assert_eq!(record["cname"], json!(["nosuch.example"]));
}

#[test]
fn aliases_in_a_circle() {
    let record = look(&internet(), &["loop.example"]);
    assert_eq!(verdict(&record), "fail dns.cname_loop dns");
    let record = look(&Scene::zone("self.example. 300 IN CNAME self.example.").open(), &["self.example"]);
    assert_eq!(verdict(&record), "fail dns.cname_loop dns");
}

#[test]
fn an_exchange_that_is_an_alias() {
    let zone = "a.example. 300 IN MX 10 mx.a.example.\nmx.a.example. 300 IN CNAME mail.b.example.\n\
                mail.b.example. 300 IN A 192.0.2.1";
    let record = look(&Scene::zone(zone).open(), &["a.example"]);
    assert_eq!(
        record["mx"],
        json!([{
            "preference": 10, "exchange": "mx.a.example", "addresses": ["192.0.2.1"], "ttl": 300,
            "cname": ["mail.b.example"], "dnssec": "insecure"
        }])
    );
    assert_eq!(
        (verdict(&record).as_str(), findings(&record)),
        ("ok", vec!["dns.mx_cname mx.a.example".to_owned()])
    );
}

#[test]
fn an_exchange_whose_aliases_lead_in_a_circle() {
    let zone = "a.example. 300 IN MX 10 mx.a.example.\nmx.a.example. 300 IN CNAME ym.a.example.\n\
                ym.a.example. 300 IN CNAME mx.a.example.";
    let record = look(&Scene::zone(zone).open(), &["a.example"]);
    assert_eq!(verdict(&record), "fail dns.mx_no_address dns");
    assert_eq!(hosts(&record), ["mx.a.example []"]);
    assert!(findings(&record).contains(&"dns.mx_no_address mx.a.example".to_owned()), "{record:#}");
}

#[test]
fn an_address_where_an_exchange_belongs() {
    let lab = Scene::zone("a.example. 300 IN MX 10 192.0.2.30.").open();
    let record = look(&lab, &["a.example"]);
    assert_eq!(verdict(&record), "fail dns.mx_no_address dns");
    assert_eq!(
        (hosts(&record), findings(&record)),
        (vec!["192.0.2.30 []".to_owned()], vec!["dns.mx_ip_literal 192.0.2.30".to_owned()])
    );
    assert_eq!(lab.queries(), 1, "no address is asked for what is one");
}

#[test]
fn an_exchange_of_one_label() {
    let record = look(&internet(), &["label.example"]);
    assert_eq!(verdict(&record), "fail dns.mx_no_address dns");
    assert_eq!(findings(&record), ["dns.mx_single_label mail", "dns.nxdomain mail"]);
}

#[test]
fn an_exchange_called_localhost() {
    let record = look(&internet(), &["localmx.example"]);
    assert_eq!(
        (verdict(&record).as_str(), hosts(&record)),
        ("ok", vec![r#"localhost ["127.0.0.1"]"#.to_owned()])
    );
    assert_eq!(findings(&record), ["dns.mx_localhost localhost", "dns.mx_non_public localhost"]);
}

#[test]
fn addresses_that_are_not_public() {
    for address in [
        "A 127.0.0.1",
        "A 10.1.2.3",
        "A 192.168.1.1",
        "A 169.254.1.1",
        "AAAA ::1",
        "AAAA fe80::1",
        "AAAA fd00::1",
    ] {
        let zone = format!("a.example. 300 IN MX 10 mx.a.example.\nmx.a.example. 300 IN {address}");
        let record = look(&Scene::zone(&zone).open(), &["a.example"]);
        assert_eq!(verdict(&record), "ok", "that is what the DNS says: {address}");
        assert_eq!(findings(&record), ["dns.mx_non_public mx.a.example"], "{address}");
        assert_eq!(record["findings"][0]["ip"], record["mx"][0]["addresses"][0]);
    }
}

#[test]
fn no_exchange_has_an_address() {
    let lab = Scene::zone("a.example. 300 IN MX 10 mx.a.example.\nmx.a.example. 300 IN TXT x").open();
    assert_record(
        &lab,
        &run(&lab, &["a.example"]).stdout,
        r#"{
            "tool": "mxlookup", "v": 1, "status": "fail",
            "domain": "a.example", "input": "a.example",
            "mx": [{"preference": 10, "exchange": "mx.a.example", "addresses": [], "ttl": 300, "dnssec": "insecure"}],
            "dnssec": "insecure", "dnssec_by": "resolver", "resolver": "RESOLVER", "time": "TIME",
            "error": {
                "tool": "mxlookup", "code": "dns.mx_no_address", "phase": "dns", "temporary": false,
                "message": "no exchange of the domain has an address"
            },
            "findings": [
                {
                    "tool": "mxlookup", "code": "dns.mx_no_address", "severity": "warn",
                    "message": "the exchange has neither an A nor an AAAA record", "host": "mx.a.example"
                }
            ],
            "timing_ms": {"mx": 0, "addresses": 0, "total": 0}
        }"#,
    );
}

#[test]
fn an_exchange_that_does_not_exist() {
    let zone = "a.example. 300 IN MX 10 gone.a.example.\na.example. 300 IN MX 20 mx.a.example.\n\
                mx.a.example. 300 IN A 192.0.2.1\nb.example. 300 IN MX 10 gone.b.example.";
    let lab = Scene::zone(zone).open();
    let record = look(&lab, &["a.example"]);
    assert_eq!(verdict(&record), "ok");
    assert_eq!(hosts(&record), ["gone.a.example []", r#"mx.a.example ["192.0.2.1"]"#]);
    assert_eq!(findings(&record), ["dns.nxdomain gone.a.example"]);
    assert_eq!(record["findings"][0]["severity"], "warn");
    let record = look(&lab, &["b.example"]);
    assert_eq!(verdict(&record), "fail dns.mx_no_address dns");
    assert_eq!(findings(&record), ["dns.nxdomain gone.b.example"]);
}

#[test]
fn an_exchange_that_cannot_be_looked_up_now() {
    let zone = "a.example. 300 IN MX 10 mx.b.example.\na.example. 300 IN MX 20 mx.a.example.\n\
                mx.a.example. 300 IN A 192.0.2.1\nb.example. 300 IN MX 10 mx.b.example.";
    let lab = Scene::zone(zone)
        .fault("mx.b.example", "servfail", "ede = 22\nede_text = 'No Reachable Authority'")
        .open();
    let record = look(&lab, &["a.example"]);
    assert_eq!(verdict(&record), "ok", "the other one works");
    assert_eq!(hosts(&record), ["mx.b.example -", r#"mx.a.example ["192.0.2.1"]"#]);
    assert_eq!(
        record["findings"],
        json!([{
            "tool": "mxlookup", "code": "dns.servfail", "severity": "warn",
            "message": "the addresses could not be looked up now", "host": "mx.b.example",
            "ede": [{"code": 22, "text": "No Reachable Authority"}]
        }])
    );
    let record = look(&lab, &["b.example"]);
    assert_eq!(verdict(&record), "unknown dns.servfail dns", "never a fail");
    assert_eq!(
        (hosts(&record), &record["error"]["temporary"]),
        (vec!["mx.b.example -".to_owned()], &json!(true))
    );
}

#[test]
fn one_family_of_an_exchange_cannot_be_looked_up_now() {
    let zone = "a.example. 300 IN MX 10 mx.a.example.\nmx.a.example. 300 IN A 192.0.2.1";
    let lab = Scene::zone(zone).fault("mx.a.example", "servfail", "type = 'AAAA'").open();
    let record = look(&lab, &["a.example"]);
    assert_eq!(
        (verdict(&record).as_str(), hosts(&record)),
        ("ok", vec![r#"mx.a.example ["192.0.2.1"]"#.to_owned()])
    );
    assert_eq!(findings(&record), ["dns.servfail mx.a.example"]);
}

#[test]
fn an_exchange_named_twice() {
    let zone = "a.example. 300 IN MX 20 mx.a.example.\na.example. 300 IN MX 10 mx.a.example.\n\
                mx.a.example. 300 IN A 192.0.2.1";
    let record = look(&Scene::zone(zone).open(), &["a.example"]);
    assert_eq!(
        (hosts(&record), &record["mx"][0]["preference"]),
        (vec![r#"mx.a.example ["192.0.2.1"]"#.to_owned()], &json!(10))
    );
    assert_eq!(findings(&record), ["dns.mx_duplicate mx.a.example"]);
}

#[test]
fn a_mail_address_keeps_its_local_part_as_given() {
    let lab = internet();
    let record = look(&lab, &["Post.Master@Port25.COM."]);
    assert_eq!(
        (&record["domain"], &record["address"]),
        (&json!("port25.com"), &json!("Post.Master@port25.com"))
    );
    assert_eq!(record["input"], "Post.Master@Port25.COM.");
    let ran = tool(&lab, "mxlookup").stdin(r#"{"domain":"nosuch.example","address":"a@port25.com"}"#).run();
    assert_eq!((&ran.record()["domain"], ran.code), (&json!("port25.com"), 0), "the address comes first");
}

#[test]
fn an_address_literal_asks_nothing() {
    let lab = internet();
    for (word, domain, ip, address) in [
        ("[192.0.2.1]", "[192.0.2.1]", "192.0.2.1", None),
        ("user@[192.0.2.1]", "[192.0.2.1]", "192.0.2.1", Some("user@[192.0.2.1]")),
        ("[IPv6:2001:DB8::1]", "[IPv6:2001:db8::1]", "2001:db8::1", None),
        ("a@[2001:db8::1]", "[IPv6:2001:db8::1]", "2001:db8::1", Some("a@[IPv6:2001:db8::1]")),
    ] {
        let record = look(&lab, &[word]);
        assert_eq!((&record["domain"], record["address"].as_str()), (&json!(domain), address), "{word}");
        assert_eq!(record["mx"], json!([{"preference": 0, "exchange": domain, "addresses": [ip]}]));
        assert_eq!((record.get("resolver"), record.get("findings")), (None, None));
    }
    assert_eq!(findings(&look(&lab, &["[10.0.0.1]"])), ["dns.mx_non_public [10.0.0.1]"]);
    assert_eq!(lab.queries(), 0);
    assert_eq!(verdict(&look(&lab, &["[192.0.2]"])), "fail input.unusable input");
}

#[test]
fn an_internationalised_domain() {
    let lab = internet();
    for word in ["bücher.example", "BÜCHER.example", "xn--bcher-kva.example", "bu\u{308}cher.example"] {
        let record = look(&lab, &[word]);
        assert_eq!(verdict(&record), "ok", "{word}");
        let names = (&record["domain"], &record["domain_unicode"], &record["input"]);
        assert_eq!(names, (&json!("xn--bcher-kva.example"), &json!("bücher.example"), &json!(word)));
    }
    let record = look(&lab, &["Jürgen@bücher.example"]);
    assert_eq!(record["address"], "Jürgen@xn--bcher-kva.example");
    assert_eq!(look(&lab, &["port25.com"]).get("domain_unicode"), None);
}

#[test]
fn capitals_and_a_trailing_dot() {
    let record = look(&internet(), &["PORT25.Com."]);
    assert_eq!((&record["domain"], &record["input"]), (&json!("port25.com"), &json!("PORT25.Com.")));
    assert_eq!(exchanges(&record), ["mail.port25.com"]);
}

#[test]
fn names_that_cannot_be() {
    let lab = internet();
    let long = [&["a".repeat(60).as_str(); 5].join("."), ".example"].concat();
    for (word, message) in [
        ("a..example", "an empty label"),
        (".example", "an empty label"),
        (&format!("{}.example", "a".repeat(64)), "longer than 63 octets"),
        (&long, "longer than 253 characters"),
        ("a b.example", "' '"),
        ("user@", "empty"),
        ("@port25.com", "before the @"),
    ] {
        let record = look(&lab, &[word]);
        assert_eq!(verdict(&record), "fail input.unusable input", "{word}");
        assert!(record["error"]["message"].as_str().unwrap().contains(message), "{word}: {record}");
        let shown: String = word.chars().take(256).collect();
        assert_eq!((&record["input"], record.get("domain")), (&json!(shown), None));
    }
    assert_eq!(lab.queries(), 0);
    let longest =
        [["a".repeat(63), "b".repeat(63), "c".repeat(63)].join(".").as_str(), &"d".repeat(61)].join(".");
    assert_eq!((longest.len(), verdict(&look(&lab, &[&longest])).as_str()), (253, "fail dns.nxdomain dns"));
}

#[test]
fn a_line_end_or_nul_in_a_name() {
    let lab = internet();
    let lines = r#""a\nb"
"port25.com\r\nRSET"
"a\u0000b"
{"domain":"port25.com\n"}
{"address":"a\rb@port25.com"}
"#;
    let ran = tool(&lab, "mxlookup").args(["--ordered"]).stdin(lines).run();
    let records = ran.records();
    assert_eq!((records.len(), ran.code, lab.queries()), (5, 1, 0));
    for (record, line) in records.iter().zip(1..) {
        assert_eq!(verdict(record), "fail input.injection input", "{record}");
        assert_eq!(record["error"]["line"], line);
    }
    assert!(!ran.stdout.contains(['\r', '\0']));
    assert_eq!(verdict(&look(&lab, &["a\nb"])), "fail input.injection input");
}

#[test]
fn text_names_the_cause_first() {
    let lab = internet();
    let first = |word: &str| run(&lab, &["--text", word]).stdout.lines().next().unwrap().to_owned();
    assert_eq!(first("port25.com"), "ok      port25.com");
    assert_eq!(first("bücher.example"), "ok      bücher.example");
    assert_eq!(first("nosuch.example"), "fail    nosuch.example  the domain does not exist");
    assert!(
        first("broken.example").starts_with("unknown broken.example  the resolver could not get an answer")
    );
    let text = run(&lab, &["--text", "--ptr", "port25.com"]).stdout;
    assert!(
        text.contains("mx 100    mail.port25.com  127.63.149.30 (mail.port25.com, iprev pass)"),
        "{text}"
    );
    let text = run(&lab, &["--text", "parked.example"]).stdout;
    assert!(text.contains("mx 10     mx.parked.example  no address"), "{text}");
    assert!(text.contains("code      dns.mx_no_address in phase dns"), "{text}");
}
