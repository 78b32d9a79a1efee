//! What `mxlookup` makes of a resolver: its failures, its silence, its lies, and which one is asked.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::thread;

use lab::Lab;
use serde_json::json;

use crate::harness::{internet, tool};
use crate::mxlookup::{look, run};
use crate::scene::{Scene, assert_record, findings, resolver, verdict};

const ZONE: &str = "a.example. 300 IN MX 10 mx.a.example.\na.example. 300 IN A 192.0.2.9\n\
                    mx.a.example. 300 IN A 192.0.2.1\nmx.a.example. 300 IN AAAA 2001:db8::1";

/// An address at which no DNS server listens, nor anybody else: the lab has this port on another
/// address, so nobody can have it on all of them.
fn nobody(lab: &Lab) -> String {
    SocketAddr::new(Ipv4Addr::new(127, 65, 0, 1).into(), lab.dns().port()).to_string()
}

#[test]
fn a_domain_that_does_not_exist() {
    let lab = internet();
    let ran = run(&lab, &["nosuch.example"]);
    assert_eq!(ran.code, 1);
    assert_record(
        &lab,
        &ran.stdout,
        r#"{
            "tool": "mxlookup", "v": 1, "status": "fail",
            "domain": "nosuch.example", "input": "nosuch.example",
            "dnssec": "insecure", "dnssec_by": "resolver",
            "resolver": "RESOLVER", "time": "TIME",
            "error": {
                "tool": "mxlookup", "code": "dns.nxdomain", "phase": "dns", "temporary": false,
                "message": "the domain does not exist"
            },
            "timing_ms": {"mx": 0, "total": 0}
        }"#,
    );
}

#[test]
fn a_resolver_that_fails_and_says_why() {
    let ede = "ede = 9\nede_text = 'DNSKEY Missing'";
    let lab = Scene::zone(ZONE).fault("a.example", "servfail", ede).open();
    let line = r#"{"domain":"a.example","customer":"42","ref":12345678901234567890}"#;
    let ran = tool(&lab, "mxlookup").stdin(line).run();
    assert_eq!(ran.code, 75);
    assert_record(
        &lab,
        &ran.stdout,
        r#"{
            "tool": "mxlookup", "v": 1, "status": "unknown",
            "domain": "a.example",
            "resolver": "RESOLVER", "time": "TIME",
            "error": {
                "tool": "mxlookup", "code": "dns.servfail", "phase": "dns", "temporary": true,
                "message": "the resolver could not get an answer for the MX of the domain",
                "ede": [{"code": 9, "text": "DNSKEY Missing"}],
                "hint": "compare with another resolver: mxlookup --dns 9.9.9.9 a.example"
            },
            "timing_ms": {"mx": 0, "total": 0},
            "customer": "42",
            "ref": 12345678901234567890
        }"#,
    );
}

#[test]
fn hostile_words_in_an_extended_error_are_harmless() {
    let ede = r#"ede = 0
ede_text = "\u001b]0;x\u0007\u009b1m\u007f""#;
    let lab = Scene::zone(ZONE).fault("a.example", "servfail", ede).open();
    for args in [["--json", "a.example"], ["--text", "a.example"]] {
        let ran = run(&lab, &args);
        assert!(ran.stdout.contains("]0;x"), "{}", ran.stdout);
        assert!(!ran.stdout.contains(|c: char| c.is_control() && c != '\n'), "{:?}", ran.stdout);
    }
}

/// A server that answers every question with one MX of these labels and no address.
pub(crate) fn liar(labels: &'static [&'static [u8]]) -> SocketAddr {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let addr = socket.local_addr().unwrap();
    let exchange: Vec<u8> =
        labels.iter().flat_map(|l| [&[u8::try_from(l.len()).unwrap()], *l].concat()).collect();
    thread::spawn(move || {
        let mut query = [0; 512];
        while let Ok((_, client)) = socket.recv_from(&mut query) {
            let end = query[12..].iter().position(|octet| *octet == 0).unwrap() + 12 + 5;
            let is_mx = query[end - 4..end - 2] == [0, 15];
            // Response, RA; one question, one answer if any.
            let mut answer =
                [&query[..2], &[0x81, 0x80, 0, 1, 0, is_mx.into(), 0, 0, 0, 0], &query[12..end]].concat();
            if is_mx {
                let length = u8::try_from(exchange.len() + 3).unwrap();
                answer.extend([0xc0, 12, 0, 15, 0, 1, 0, 0, 1, 44, 0, length, 0, 10]);
                answer.extend([&exchange[..], &[0]].concat());
            }
            let _ = socket.send_to(&answer, client);
        }
    });
    addr
}

#[test]
fn a_hostile_exchange_name_is_harmless() {
    let lab = internet();
    let server = liar(&[b"\x1b]0;x\x07", b"a.b", b"\x9b1m\xff", b"example"]).to_string();
    let shown = r"\027\0930\059x\007.a\046b.\1551m\255.example";
    let record = look(&lab, &["--dns", &server, "port25.com"]);
    assert_eq!(
        (verdict(&record).as_str(), &record["mx"][0]["exchange"]),
        ("fail dns.mx_no_address dns", &json!(shown))
    );
    let text = run(&lab, &["--dns", &server, "--text", "port25.com"]).stdout;
    assert!(text.contains(shown) && !text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
}

#[test]
fn a_temporary_error_at_the_mx_is_never_an_implicit_mx() {
    for (kind, code) in
        [("servfail", "dns.servfail"), ("refused", "dns.refused"), ("garbage", "dns.bad_answer")]
    {
        let lab = Scene::zone(ZONE).fault("a.example", kind, "type = 'MX'").open();
        let record = look(&lab, &["a.example"]);
        assert_eq!(verdict(&record), format!("unknown {code} dns"));
        assert_eq!((record.get("mx"), record.get("implicit")), (None, None), "{kind}");
        assert_eq!((lab.queries(), &record["resolver"]), (1, &json!(resolver(&lab))), "{kind}");
    }
    let lab = Scene::zone(ZONE).fault("a.example", "timeout", "type = 'MX'").open();
    let record = look(&lab, &["--timeout", "300ms", "a.example"]);
    assert_eq!((verdict(&record).as_str(), record.get("mx")), ("unknown dns.timeout dns", None));
    assert_eq!(record["error"]["limit_ms"], 300);
}

#[test]
fn the_address_of_an_implicit_mx_cannot_be_looked_up_now() {
    let lab =
        Scene::zone("a.example. 300 IN A 192.0.2.1").fault("a.example", "servfail", "type = 'A'").open();
    let record = look(&lab, &["a.example"]);
    assert_eq!(verdict(&record), "unknown dns.servfail dns");
    assert_eq!(record.get("mx"), None);
}

#[test]
fn the_silence_about_one_name_is_not_the_lie_about_another() {
    let lab = internet();
    let words = ["wrongid.example", "timeout.example", "wrongquestion.example", "timeout.example"];
    // More questions than sockets: some share one.
    let ran = tool(&lab, "mxlookup").stdin([words; 4].concat().join("\n")).run();
    let records = ran.records_of_words();
    assert_eq!((records.len(), ran.code), (16, 75));
    for record in records {
        let timeout = record["domain"] == "timeout.example";
        let code = if timeout { "dns.timeout" } else { "dns.bad_answer" };
        assert_eq!(verdict(&record), format!("unknown {code} dns"), "{record}");
        // Each try has its limit, and there are two.
        assert_eq!(record["error"].get("limit_ms"), timeout.then_some(&json!(2_500)));
        assert!(record["timing_ms"]["mx"].as_f64().unwrap() >= 5_000.0, "{record}");
    }
}

#[test]
fn a_truncated_answer_is_asked_for_over_tcp() {
    let lab = internet();
    let record = look(&lab, &["truncated.example"]);
    assert_eq!((verdict(&record).as_str(), &record["mx"][0]["exchange"]), ("ok", &json!("mail.port25.com")));
    assert_eq!(record["resolver"], resolver(&lab));
    for (domain, count) in [("long.example", 20), ("many.example", 30)] {
        let record = look(&lab, &[domain]);
        assert_eq!(record["mx"].as_array().unwrap().len(), count, "{domain}");
        let preferences = record["mx"].as_array().unwrap().iter().map(|host| host["preference"].as_u64());
        assert!(preferences.is_sorted());
        assert!(
            record["mx"].as_array().unwrap().iter().all(|host| host["addresses"] == json!(["127.63.2.1"]))
        );
    }
}

#[test]
fn a_middlebox_that_lowers_the_letter_case() {
    let lab = internet();
    let record = look(&lab, &["lowercase.example"]);
    assert_eq!((verdict(&record).as_str(), &record["mx"][0]["exchange"]), ("ok", &json!("mail.port25.com")));
    assert!(record["timing_ms"]["mx"].as_f64().unwrap() < 2_500.0, "asked again at once: {record}");
}

#[test]
fn one_family_is_asked_and_listed() {
    let lab = Scene::zone(ZONE).open();
    let mut before = 0;
    for (args, addresses, questions) in [
        (&["a.example"][..], json!(["192.0.2.1", "2001:db8::1"]), 3),
        (&["-4", "a.example"], json!(["192.0.2.1"]), 2),
        (&["-6", "a.example"], json!(["2001:db8::1"]), 2),
        (&["-4", "-6", "a.example"], json!(["192.0.2.1", "2001:db8::1"]), 3),
    ] {
        assert_eq!(look(&lab, args)["mx"][0]["addresses"], addresses, "{args:?}");
        assert_eq!(lab.queries() - before, questions, "{args:?}");
        before = lab.queries();
    }
    let lab =
        Scene::zone("v4.example. 300 IN MX 10 mx.v4.example.\nmx.v4.example. 300 IN A 192.0.2.1").open();
    assert_eq!(verdict(&look(&lab, &["-6", "v4.example"])), "fail dns.mx_no_address dns");
}

#[test]
fn no_addresses_are_asked() {
    let lab = Scene::zone(ZONE).open();
    let ran = run(&lab, &["--no-addresses", "a.example"]);
    assert_record(
        &lab,
        &ran.stdout,
        r#"{
            "tool": "mxlookup", "v": 1, "status": "ok",
            "domain": "a.example", "input": "a.example",
            "mx": [{"preference": 10, "exchange": "mx.a.example", "ttl": 300}],
            "dnssec": "insecure", "dnssec_by": "resolver",
            "resolver": "RESOLVER", "time": "TIME",
            "timing_ms": {"mx": 0, "total": 0}
        }"#,
    );
    assert_eq!(lab.queries(), 1);
    assert_eq!(run(&lab, &["--no-addresses", "--ptr", "a.example"]).code, 2);
}

#[test]
fn the_names_of_the_addresses() {
    let zone = "a.example. 300 IN MX 10 mx.a.example.\na.example. 300 IN MX 20 none.a.example.\n\
                a.example. 300 IN MX 30 other.a.example.\na.example. 300 IN MX 40 now.a.example.\n\
                mx.a.example. 300 IN A 192.0.2.1\nmx.a.example. 300 IN AAAA 2001:db8::1\n\
                none.a.example. 300 IN A 192.0.2.2\nother.a.example. 300 IN A 192.0.2.3\n\
                now.a.example. 300 IN A 192.0.2.4\n\
                1.2.0.192.in-addr.arpa. 300 IN PTR Mx.A.example.\n\
                1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 300 IN PTR mx.a.example.\n\
                3.2.0.192.in-addr.arpa. 300 IN PTR mx.a.example.";
    let lab = Scene::zone(zone).fault("4.2.0.192.in-addr.arpa", "servfail", "").open();
    let record = look(&lab, &["--ptr", "a.example"]);
    assert_eq!(verdict(&record), "ok");
    let ptr = record["mx"].as_array().unwrap().iter().map(|host| &host["ptr"]);
    assert_eq!(
        ptr.collect::<Vec<_>>(),
        [
            &json!([
                {"ip": "192.0.2.1", "names": ["mx.a.example"], "iprev": "pass"},
                {"ip": "2001:db8::1", "names": ["mx.a.example"], "iprev": "pass"}
            ]),
            &json!([{"ip": "192.0.2.2", "names": [], "iprev": "permerror"}]),
            &json!([{"ip": "192.0.2.3", "names": ["mx.a.example"], "iprev": "fail"}]),
            &json!([{"ip": "192.0.2.4", "iprev": "temperror"}]),
        ]
    );
    assert_eq!(
        findings(&record),
        ["id.no_ptr none.a.example", "id.ptr_mismatch other.a.example", "id.ptr_temperror now.a.example"]
    );
    let steps: Vec<&String> = record["timing_ms"].as_object().unwrap().keys().collect();
    assert_eq!(steps, ["mx", "addresses", "ptr", "total"]);
    assert_eq!(look(&lab, &["a.example"])["mx"][0].get("ptr"), None, "only when asked");
}

#[test]
fn over_tcp_only() {
    let lab = Scene::zone(ZONE).open();
    let server = format!("tcp://{}", lab.dns());
    let record = look(&lab, &["--dns", &server, "a.example"]);
    assert_eq!((verdict(&record).as_str(), &record["resolver"]), ("ok", &json!(server)));
    let server = format!("udp://{}", lab.dns());
    assert_eq!(look(&lab, &["--dns", &server, "a.example"])["resolver"], json!(server));
}

#[test]
fn no_resolver_that_could_be_reached() {
    let lab = internet();
    for scheme in ["", "tcp://"] {
        let server = format!("{scheme}{}", nobody(&lab));
        let record = look(&lab, &["--dns", &server, "port25.com"]);
        assert_eq!(verdict(&record), "unknown dns.resolver_unreachable dns");
        let hint = "check the servers in /etc/resolv.conf, or name one with --dns";
        assert_eq!((&record["error"]["hint"], &record["error"]["temporary"]), (&json!(hint), &json!(true)));
    }
    assert_eq!(lab.queries(), 0, "the command line counts more than the environment");
}

#[test]
fn another_resolver_takes_over() {
    let broken =
        Scene::zone(ZONE).fault("a.example", "servfail", "").fault("mx.a.example", "refused", "").open();
    let lab = Scene::zone(ZONE).open();
    let good = lab.dns().to_string();
    for first in [nobody(&lab), format!("tcp://{}", nobody(&lab)), broken.dns().to_string()] {
        let record = look(&lab, &["--dns", &first, "--dns", &good, "a.example"]);
        assert_eq!(
            (verdict(&record).as_str(), &record["resolver"]),
            ("ok", &json!(resolver(&lab))),
            "{first}"
        );
        assert_eq!(record["mx"][0]["addresses"], json!(["192.0.2.1", "2001:db8::1"]));
        let both = format!("{first},{good}");
        assert_eq!(look(&lab, &["--dns", &both, "a.example"])["status"], "ok");
    }
    assert!(broken.queries() > 0);
}

#[test]
fn another_resolver_takes_over_from_one_that_says_nothing() {
    let silent = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let lab = Scene::zone(ZONE).open();
    let servers = format!("{},{}", silent.local_addr().unwrap(), lab.dns());
    let record = look(&lab, &["--dns", &servers, "a.example"]);
    assert_eq!((verdict(&record).as_str(), &record["resolver"]), ("ok", &json!(resolver(&lab))));
    let timing = &record["timing_ms"];
    assert!(timing["mx"].as_f64().unwrap() >= 2_500.0, "after one try: {timing}");
    assert!(timing["addresses"].as_f64().unwrap() < 2_500.0, "and is asked first from then on: {timing}");
}

#[test]
fn of_several_failures_the_one_that_says_most() {
    let lab = Scene::zone(ZONE).fault("a.example", "servfail", "ede = 22").open();
    let servers = format!("{},{}", lab.dns(), nobody(&lab));
    let record = look(&lab, &["--dns", &servers, "a.example"]);
    assert_eq!(verdict(&record), "unknown dns.servfail dns");
    assert_eq!(record["error"]["ede"], json!([{"code": 22, "text": ""}]));
    assert_eq!(record["resolver"], json!(resolver(&lab)));
}
