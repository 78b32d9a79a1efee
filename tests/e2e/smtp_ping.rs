//! What `smtp-ping` takes for a target, and which addresses it then connects to.

use lab::Lab;
use serde_json::{Value, json};

use crate::harness::{Ran, internet, tool};
use crate::scene::{FRIENDLY, Scene, assert_record, findings, verdict};

/// One server and its name.
fn one() -> Lab {
    Scene::default().server("mx.a.example", "127.66.0.1", FRIENDLY).open()
}

/// Two servers of a domain, the first of which refuses connections.
fn two() -> Lab {
    let scene = Scene::zone("a.example. 300 IN MX 10 mx1.a.example.\na.example. 300 IN MX 20 mx2.a.example.");
    scene
        .server("mx1.a.example", "127.66.0.1", "refused")
        .server("mx2.a.example", "127.66.0.2", FRIENDLY)
        .open()
}

/// A port at `address` where nothing listens as long as the world is there.
fn closed(address: &str) -> Lab {
    Scene::default().nameless("closed", address, "refused").open()
}

fn words(lab: &Lab, words: &[&str]) -> Ran {
    tool(lab, "smtp-ping").args(words.iter().copied()).run()
}

/// The only record of words.
fn ping(lab: &Lab, args: &[&str]) -> Value {
    let ran = words(lab, args);
    let mut records = ran.records_of_words();
    assert_eq!(records.len(), 1, "{}", ran.stdout);
    records.remove(0)
}

/// What comes of a line of stdin, its keys in the order of the targets' own.
fn line(lab: &Lab, args: &[&str], line: &str) -> Ran {
    tool(lab, "smtp-ping").args(["--ordered"]).args(args.iter().copied()).stdin(line).run()
}

/// Where a record's connection went.
fn place(record: &Value) -> (Option<&str>, Option<&str>, Option<u64>) {
    (record["host"].as_str(), record["ip"].as_str(), record["port"].as_u64())
}

fn port(lab: &Lab) -> Option<u64> {
    Some(lab.port().into())
}

#[test]
fn a_host() {
    let lab = one();
    let ran = words(&lab, &["Mx.A.Example."]);
    assert_eq!(ran.code, 0);
    assert_record(
        &lab,
        &ran.stdout,
        r#"{
            "tool": "smtp-ping", "v": 1, "status": "ok",
            "host": "mx.a.example", "ip": "127.66.0.1", "port": 25, "input": "Mx.A.Example.",
            "local_ip": "127.0.0.1",
            "helo": "client.example",
            "banner": {"code": 220, "host": "mx.a.example", "text": "mx.a.example ESMTP ready"},
            "ehlo": {
                "verb": "EHLO", "code": 250, "host": "mx.a.example", "text": "mx.a.example",
                "keywords": {"PIPELINING": [], "SIZE": ["1000"]}
            },
            "ptr": ["mx.a.example"],
            "iprev": "pass",
            "names": {"expected": "mx.a.example", "agree": ["banner", "ehlo", "ptr"], "differ": []},
            "time": "TIME",
            "findings": [
                {
                    "tool": "smtp-ping", "code": "tls.starttls_not_supported", "severity": "warn",
                    "message": "STARTTLS is not offered"
                }
            ],
            "timing_ms": {"dns": 0, "connect": 0, "banner": 0, "ehlo": 0, "quit": 0, "total": 0}
        }"#,
    );
}

#[test]
fn a_host_with_a_port() {
    let (lab, closed) = (one(), closed("127.66.0.1"));
    // The port beside the name is the most particular.
    let target = format!("mx.a.example:{}", lab.port());
    let record = ping(&lab, &["-p", &closed.port().to_string(), &target]);
    assert_eq!(place(&record), (Some("mx.a.example"), Some("127.66.0.1"), port(&lab)));
    assert_eq!((verdict(&record).as_str(), &record["input"]), ("ok", &json!(target)));
    let record = ping(&lab, &[&format!("mx.a.example:{}", closed.port())]);
    assert_eq!(verdict(&record), "fail tcp.refused connect");
}

#[test]
fn an_address() {
    let lab = one();
    for target in ["127.66.0.1", "[127.66.0.1]", &format!("127.66.0.1:{}", lab.port())] {
        let record = ping(&lab, &[target]);
        assert_eq!(place(&record), (None, Some("127.66.0.1"), port(&lab)), "{target}");
        // What is known by no name is expected to go by the one that leads back.
        assert_eq!(record["names"]["expected"], "mx.a.example");
        assert_eq!(record["timing_ms"].get("dns"), None);
    }
}

#[test]
fn an_ipv6_address() {
    let lab = Scene::default().server("mx.a.example", "::1", FRIENDLY).open();
    for target in ["::1", "[::1]", "[IPv6:::1]", &format!("[::1]:{}", lab.port())] {
        let record = ping(&lab, &[target]);
        assert_eq!(place(&record), (None, Some("::1"), port(&lab)), "{target}");
        assert_eq!((verdict(&record).as_str(), &record["local_ip"]), ("ok", &json!("::1")));
        assert_eq!((&record["ptr"], &record["iprev"]), (&json!(["mx.a.example"]), &json!("pass")));
    }
}

#[test]
fn words_that_name_no_server() {
    let lab = one();
    for (word, part) in [
        ("user@a.example", "a mail address is not a server"),
        ("mx.a.example:smtp", "a port is"),
        ("mx.a.example:0", "a port is"),
        ("mx.a.example:65536", "a port is"),
        ("[mx.a.example]", "no IP address"),
        ("[::1]x", "no port"),
        ("unix:", "the path of a UNIX socket"),
        ("a..example", "empty label"),
        ("two words", "' '"),
    ] {
        let record = ping(&lab, &[word]);
        assert_eq!(
            (verdict(&record).as_str(), &record["input"]),
            ("fail input.unusable input", &json!(word))
        );
        assert!(record["error"]["message"].as_str().unwrap().contains(part), "{word}: {record}");
    }
    let hint = &ping(&lab, &["user@a.example"])["error"]["hint"];
    assert_eq!(hint, "mxlookup user@a.example names its servers");
    assert_eq!(lab.queries(), 0);
}

#[test]
fn a_line_end_or_nul_in_a_host() {
    let lab = one();
    let lines = r#""mx.a.example\r\nRSET"
"a\u0000b"
{"host":"mx.a.example\nQUIT"}
{"mx":[{"exchange":"mx.a.example\r\nRSET"}]}
{"exchange":"mx.a.example\n"}
"#;
    let ran = line(&lab, &[], lines);
    let records = ran.records();
    assert_eq!((records.len(), ran.code, lab.queries()), (5, 1, 0));
    let codes: Vec<String> = records.iter().map(verdict).collect();
    assert_eq!(codes[..3], ["fail input.injection input"; 3]);
    assert!(codes[3..].iter().all(|verdict| verdict.starts_with("fail input.")), "{codes:?}");
    assert!(lab.heard("mx.a.example").is_empty());
}

#[test]
fn a_record_of_mxlookup_is_a_record_an_address() {
    let lab = two();
    let record = r#"{"tool":"mxlookup","v":1,"status":"ok","domain":"a.example","address":"u@a.example","input":"u@a.example","mx":[{"preference":10,"exchange":"mx1.a.example","addresses":["127.66.0.1"],"ttl":300},{"preference":20,"exchange":"mx2.a.example","addresses":["127.66.0.2"],"ttl":300}],"resolver":"udp://192.0.2.53:53","time":"2026-11-24T08:08:40.512Z","timing_ms":{"mx":11.2},"x":1.0}"#;
    let ran = line(&lab, &[], record);
    let mut records = ran.records();
    records.sort_by_key(|record| record["preference"].as_u64());
    assert_eq!((records.len(), ran.code), (2, 1));
    let expected = [("mx1.a.example", "127.66.0.1", 10), ("mx2.a.example", "127.66.0.2", 20)];
    for (record, (host, ip, preference)) in records.iter().zip(expected) {
        assert_eq!(place(record), (Some(host), Some(ip), port(&lab)));
        assert_eq!(record["preference"], preference);
        for (key, value) in [
            ("domain", "a.example"),
            ("address", "u@a.example"),
            ("input", "u@a.example"),
            ("resolver", "udp://192.0.2.53:53"),
        ] {
            assert_eq!(record[key], value);
        }
        assert_eq!((record.get("mx"), record["timing_ms"].get("mx")), (None, None));
        assert_ne!(record["time"], "2026-11-24T08:08:40.512Z");
    }
    assert_eq!(records.iter().map(verdict).collect::<Vec<_>>(), ["fail tcp.refused connect", "ok"]);
    assert!(
        ran.stdout.lines().all(|line| line.ends_with(r#""resolver":"udp://192.0.2.53:53","x":1.0}"#)),
        "{}",
        ran.stdout
    );
}

#[test]
fn one_element_of_a_route() {
    let lab = one();
    let element = r#"{"preference":10,"exchange":"mx.a.example","addresses":["127.66.0.1"],"ttl":300,"ptr":[{"ip":"127.66.0.1","names":["known.example"],"iprev":"fail"}]}"#;
    let ran = line(&lab, &[], element);
    let record = ran.record();
    assert_eq!(place(&record), (Some("mx.a.example"), Some("127.66.0.1"), port(&lab)));
    assert_eq!((&record["preference"], &record["ttl"]), (&json!(10), &json!(300)));
    assert_eq!((record.get("exchange"), record.get("addresses")), (None, None));
    // Brought along, so not asked for again.
    assert_eq!((&record["ptr"], &record["iprev"]), (&json!(["known.example"]), &json!("fail")));
    assert_eq!(lab.queries(), 0);
}

#[test]
fn a_host_and_its_address_in_a_record() {
    let lab = one();
    let ran = line(&lab, &["--no-ptr"], r#"{"host":"other.example","ip":"127.66.0.1"}"#);
    assert_eq!(place(&ran.record()), (Some("other.example"), Some("127.66.0.1"), port(&lab)));
    assert_eq!((ran.code, lab.queries()), (0, 0));
    let ran = line(&lab, &["--no-ptr"], r#"{"ip":"127.66.0.1"}"#);
    assert_eq!(place(&ran.record()), (None, Some("127.66.0.1"), port(&lab)));
    assert_eq!(lab.queries(), 0);
    let ran = line(&lab, &["--no-ptr"], r#"{"host":"mx.a.example","mx":[],"exchange":"gone.example"}"#);
    assert_eq!((place(&ran.record()).1, lab.queries()), (Some("127.66.0.1"), 2), "a host is looked up");
}

#[test]
fn an_exchange_whose_addresses_are_not_known_is_looked_up() {
    let lab = one();
    for record in [r#"{"exchange":"mx.a.example"}"#, r#"{"mx":[{"preference":0,"exchange":"mx.a.example"}]}"#]
    {
        let record = line(&lab, &[], record).record();
        assert_eq!((verdict(&record).as_str(), place(&record).1), ("ok", Some("127.66.0.1")));
        assert!(record["timing_ms"]["dns"].is_number());
    }
    let record = line(&lab, &[], r#"{"exchange":"gone.a.example"}"#).record();
    assert_eq!(
        (verdict(&record).as_str(), place(&record)),
        ("fail dns.nxdomain dns", (Some("gone.a.example"), None, None))
    );
}

#[test]
fn an_exchange_without_addresses() {
    let lab = one();
    for record in [
        r#"{"exchange":"mx.a.example","addresses":[]}"#,
        r#"{"mx":[{"exchange":"mx.a.example","addresses":[]}]}"#,
        r#"{"mx":[]}"#,
    ] {
        assert_eq!(verdict(&line(&lab, &[], record).record()), "fail dns.mx_no_address dns", "{record}");
    }
    assert_eq!(lab.queries(), 0);
}

#[test]
fn a_domain_is_not_a_server() {
    let lab = one();
    let ran = line(&lab, &[], r#"{"domain":"a.example","customer":"42"}"#);
    assert_eq!(ran.code, 1);
    assert_record(
        &lab,
        &ran.stdout,
        r#"{
            "tool": "smtp-ping", "v": 1, "status": "fail",
            "domain": "a.example", "time": "TIME",
            "error": {
                "tool": "smtp-ping", "code": "input.unusable", "phase": "input", "temporary": false,
                "message": "the record names a domain but no host", "line": 1,
                "hint": "a domain is not a server: mxlookup | smtp-ping"
            },
            "customer": "42"
        }"#,
    );
    let record = ping(&two(), &["a.example"]);
    assert_eq!(verdict(&record), "fail dns.nodata dns");
    assert_eq!(record["error"]["hint"], "a domain is not a server: mxlookup DOMAIN | smtp-ping");
}

#[test]
fn keys_of_a_record_that_are_of_another_kind() {
    let lab = one();
    for (record, key) in [
        (r#"{"host":7}"#, "host"),
        (r#"{"host":"mx.a.example","ip":"nonsense"}"#, "ip"),
        (r#"{"host":"mx.a.example","port":70000}"#, "port"),
        (r#"{"host":"mx.a.example","port":"25"}"#, "port"),
        (r#"{"host":"mx.a.example:25"}"#, "host"),
        (r#"{"mx":"mx.a.example"}"#, "mx"),
        (r#"{"exchange":"mx.a.example","addresses":["x"]}"#, "addresses"),
    ] {
        let record = line(&lab, &[], record).record();
        assert_eq!(verdict(&record), "fail input.unusable input");
        assert!(record["error"]["message"].as_str().unwrap().contains(&format!("{key:?}")), "{record}");
    }
    assert_eq!(lab.queries(), 0);
}

#[test]
fn a_list_of_ports_is_a_record_each() {
    let (lab, closed) = (one(), closed("127.66.0.1"));
    let list = format!("{},{}", closed.port(), lab.port());
    let ran = words(&lab, &["-p", &list, "mx.a.example"]);
    let by_port = |ran: &Ran| {
        let records = ran.records_of_words().into_iter();
        let mut found: Vec<_> = records.map(|record| (record["port"].as_u64(), verdict(&record))).collect();
        found.sort();
        found
    };
    let mut expected =
        [(port(&lab), "ok".to_owned()), (port(&closed), "fail tcp.refused connect".to_owned())];
    expected.sort();
    assert_eq!((by_port(&ran), ran.code), (expected.to_vec(), 1));
    let ran = tool(&lab, "smtp-ping").args(["mx.a.example"]).env("MXPIPE_PORT", &list).run();
    assert_eq!(by_port(&ran), expected);
    // With --first the ports are tried in turn.
    let record = ping(&lab, &["--first", "-p", &list, "mx.a.example"]);
    assert_eq!((verdict(&record).as_str(), record["attempts"].as_array().unwrap().len()), ("ok", 2));
}

#[test]
fn the_port_of_a_record_between_environment_and_command_line() {
    let (lab, closed) = (one(), closed("127.66.0.1"));
    let (good, bad) = (lab.port(), closed.port());
    let record = |port: u16| format!(r#"{{"host":"mx.a.example","port":{port}}}"#);
    // The environment says `good`.
    assert_eq!(verdict(&line(&lab, &[], &record(bad)).record()), "fail tcp.refused connect");
    assert_eq!(verdict(&line(&lab, &["-p", &good.to_string()], &record(bad)).record()), "ok");
    assert_eq!(
        verdict(&line(&lab, &["-p", &bad.to_string()], &record(good)).record()),
        "fail tcp.refused connect"
    );
    assert_eq!(place(&line(&lab, &[], r#"{"host":"mx.a.example"}"#).record()).2, port(&lab));
}

#[test]
fn every_address_of_a_host() {
    let scene = Scene::default().server("mx.a.example", "127.66.0.1", FRIENDLY);
    let lab = scene
        .server("mx.a.example", "127.66.0.2", "greeting-554")
        .server("mx.a.example", "::1", FRIENDLY)
        .open();
    let found = |args: &[&str]| {
        let mut found: Vec<String> = words(&lab, args)
            .records_of_words()
            .iter()
            .map(|record| {
                format!("{} {}", record["ip"].as_str().unwrap(), record["status"].as_str().unwrap())
            })
            .collect();
        found.sort();
        found
    };
    assert_eq!(found(&["mx.a.example"]), ["127.66.0.1 ok", "127.66.0.2 fail", "::1 ok"]);
    assert_eq!(found(&["-4", "mx.a.example"]), ["127.66.0.1 ok", "127.66.0.2 fail"]);
    assert_eq!(found(&["-6", "mx.a.example"]), ["::1 ok"]);
    let record = r#"{"mx":[{"exchange":"mx.a.example","addresses":["127.66.0.1","::1"]}]}"#;
    for (family, ip) in [("-4", "127.66.0.1"), ("-6", "::1")] {
        assert_eq!(place(&line(&lab, &[family], record).record()).1, Some(ip));
    }
}

#[test]
fn no_address_of_the_family_asked_for() {
    let lab = one();
    assert_eq!(verdict(&ping(&lab, &["-6", "mx.a.example"])), "fail dns.nodata dns");
    assert_eq!(verdict(&ping(&lab, &["-6", "127.66.0.1"])), "fail input.unusable input");
    let element = r#"{"exchange":"mx.a.example","addresses":["127.66.0.1"]}"#;
    assert_eq!(verdict(&line(&lab, &["-6"], element).record()), "fail dns.mx_no_address dns");
    assert!(lab.heard("mx.a.example").is_empty());
}

#[test]
fn a_host_that_cannot_be_looked_up() {
    let lab = internet();
    for (host, expected) in [
        ("nosuch.example", "fail dns.nxdomain dns"),
        ("empty.example", "fail dns.nodata dns"),
        ("mx.hidden.example", "unknown dns.servfail dns"),
        ("denied.example", "unknown dns.refused dns"),
        ("garbage.example", "unknown dns.bad_answer dns"),
        ("loop.example", "fail dns.cname_loop dns"),
    ] {
        let record = ping(&lab, &[host]);
        assert_eq!((verdict(&record).as_str(), place(&record)), (expected, (Some(host), None, None)));
    }
    let record = ping(&lab, &["--timeout", "300ms", "timeout.example"]);
    assert_eq!(
        (verdict(&record).as_str(), &record["error"]["limit_ms"]),
        ("unknown dns.timeout dns", &json!(300))
    );
}

#[test]
fn one_family_of_a_host_cannot_be_looked_up() {
    let scene = Scene::default().server("mx.a.example", "127.66.0.1", FRIENDLY);
    let record = ping(&scene.fault("mx.a.example", "servfail", "type = 'AAAA'").open(), &["mx.a.example"]);
    assert_eq!((verdict(&record).as_str(), place(&record).1), ("ok", Some("127.66.0.1")));
    assert!(findings(&record).contains(&"dns.servfail mx.a.example".to_owned()), "{record}");
}

#[test]
fn loopback_out_of_the_dns_is_never_connected_to() {
    let lab = one();
    let refusing = |args: &[&str], record: &str| {
        let run = tool(&lab, "smtp-ping").args(args.iter().copied()).env("MXPIPE_ALLOW_PRIVATE", "");
        run.stdin(record).run().record()
    };
    for record in [
        r#"{"mx":[{"preference":10,"exchange":"mx.a.example","addresses":["127.66.0.1"]}]}"#,
        r#"{"exchange":"mx.a.example","addresses":["127.66.0.1"]}"#,
        r#"{"exchange":"mx.a.example"}"#,
        r#"{"exchange":"mx.a.example","addresses":["::ffff:127.66.0.1"]}"#,
    ] {
        let record = refusing(&[], record);
        assert_eq!(verdict(&record), "fail dns.mx_non_public dns");
        assert_eq!((place(&record).0, record["timing_ms"].get("connect")), (Some("mx.a.example"), None));
        assert_eq!(record["error"]["hint"], "--allow-private connects all the same");
    }
    let record = refusing(&[], r#"{"exchange":"localhost","addresses":["127.66.0.1"]}"#);
    assert_eq!(verdict(&record), "fail dns.mx_localhost dns");
    let record = refusing(&[], r#"{"exchange":"127.66.0.1"}"#);
    assert_eq!(verdict(&record), "fail dns.mx_ip_literal dns");
    assert!(lab.heard("mx.a.example").is_empty());

    let element = r#"{"exchange":"mx.a.example","addresses":["127.66.0.1"]}"#;
    let record = refusing(&["--allow-private"], element);
    assert_eq!(verdict(&record), "ok");
    assert!(findings(&record).contains(&"dns.mx_non_public mx.a.example".to_owned()), "{record}");
    // Typed, or as good as typed.
    for record in [
        r#"{"host":"mx.a.example","ip":"127.66.0.1"}"#,
        r#"{"ip":"127.66.0.1"}"#,
        "mx.a.example",
        "127.66.0.1",
    ] {
        let record = refusing(&[], record);
        assert_eq!(verdict(&record), "ok");
        assert!(!findings(&record).iter().any(|finding| finding.starts_with("dns.")), "{record}");
    }
}

#[test]
fn the_hosts_file_is_for_typed_names_only() {
    // A name of the file that the DNS has at another address.
    let file = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
    if !file
        .lines()
        .any(|line| line.split_ascii_whitespace().collect::<Vec<_>>() == ["127.0.0.1", "localhost"])
    {
        println!("skipped: /etc/hosts has no line for localhost alone");
        return;
    }
    let scene = Scene::zone("localhost. 300 IN A 127.66.0.2").nameless("typed", "127.0.0.1", FRIENDLY);
    let lab = scene.nameless("from.the.dns", "127.66.0.2", FRIENDLY).open();
    assert_eq!(
        place(&ping(&lab, &["-4", "--no-ptr", "localhost"])),
        (Some("localhost"), Some("127.0.0.1"), port(&lab))
    );
    assert_eq!((lab.queries(), lab.heard("from.the.dns").len()), (0, 0));
    let record = line(&lab, &["-4", "--no-ptr"], r#"{"exchange":"localhost"}"#).record();
    assert_eq!((place(&record).1, lab.heard("from.the.dns").len()), (Some("127.66.0.2"), 2));
}

#[test]
fn an_exchange_of_a_record_is_read_as_a_name() {
    let lab = one();
    let record = |line: &str| tool(&lab, "smtp-ping").args(["--no-ptr"]).stdin(line).run().record();
    let shown = record(r#"{"exchange":"MX.A.Example.","addresses":["127.66.0.1"],"ttl":"x"}"#);
    assert_eq!(shown["host"], "mx.a.example", "{shown}");
    for exchange in ["a b", ""] {
        let line = format!(r#"{{"exchange":"{exchange}","addresses":["127.66.0.1"]}}"#);
        assert_eq!(verdict(&record(&line)), "fail input.unusable input", "{exchange:?}");
    }
    for exchange in ["2001:db8::1", "[127.66.0.1]", "192.0.2.1", "[IPv6:2001:db8::1]"] {
        let line = format!(r#"{{"exchange":"{exchange}","addresses":["127.66.0.1"]}}"#);
        assert_eq!(verdict(&record(&line)), "fail dns.mx_ip_literal dns", "{exchange:?}");
    }
}

#[test]
fn a_record_of_very_many_hosts_ends_within_its_limit() {
    let lab = one();
    let hosts: Vec<String> =
        (0..5_000).map(|n| format!(r#"{{"exchange":"h{n}.nowhere.example"}}"#)).collect();
    let line = format!(r#"{{"mx":[{}]}}"#, hosts.join(","));
    let ran = tool(&lab, "smtp-ping").args(["--timeout", "2s", "-j", "100"]).stdin(line).run();
    assert_eq!(ran.records().len(), 5_000);
}
