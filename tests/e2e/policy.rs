//! What a record brings about a server's certificate: nothing is handed over against it.

use lab::Lab;
use serde_json::{Value, json};

use crate::harness::{Ran, internet, shell, tool};
use crate::scene::{FRIENDLY, Scene, findings, verdict};

const WRONG: &str = "0000000000000000000000000000000000000000000000000000000000000000";

fn ping(lab: &Lab, record: &Value, words: &[&str]) -> Ran {
    tool(lab, "smtp-ping").args([&["--no-ptr"], words].concat()).stdin(record.to_string()).run()
}

fn tlsa(usage: u8, data: &str) -> Value {
    json!({"usage": usage, "selector": 1, "matching": 1, "data": data})
}

/// A record of one server, as its host and address.
fn server(lab: &Lab, host: &str, more: Value) -> Value {
    let ip = tool(lab, "mxlookup").args([host]).run().record()["mx"][0]["addresses"][0].clone();
    let mut record = json!({"host": host, "ip": ip});
    record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    record
}

/// The digest of the key that a server uses.
fn key_of(lab: &Lab, host: &str) -> String {
    let record = ping(lab, &server(lab, host, json!({})), &[]).record();
    record["tls"]["certificate"]["spki_sha256"].as_str().unwrap().to_owned()
}

/// Whether a client has named a sender to the server.
fn has_mail(lab: &Lab, host: &str) -> bool {
    lab.heard(host).iter().any(|line| line.starts_with("MAIL"))
}

#[test]
fn a_certificate_that_the_record_vouches_for() {
    let lab = internet();
    let host = "self-signed.tls.example";
    let key = key_of(&lab, host);
    let record = server(&lab, host, json!({"tlsa": [tlsa(3, WRONG), tlsa(3, &key)], "x": 1.0}));
    let ran = ping(&lab, &record, &["--rcpt", "jane@tls.example"]);
    let found = ran.record();
    assert_eq!((verdict(&found).as_str(), ran.code), ("ok", 0), "{found:#}");
    assert_eq!(found["tls"]["dane"], json!({"result": "pass", "matched": "3 1 1"}));
    assert_eq!(
        (&found["tls"]["verified"], &found["tls"]["verify_error"]),
        (&json!(false), &json!("tls.self_signed"))
    );
    assert_eq!(
        found["findings"],
        json!([{
            "tool": "smtp-ping", "code": "tls.self_signed", "severity": "info",
            "message": "self-signed; the DANE record vouches for it"
        }])
    );
    assert_eq!((&found["tlsa"], &found["x"]), (&record["tlsa"], &json!(1.0)), "it stays in the record");
    // Neither time nor name is looked at.
    for host in ["expired.tls.example", "wrong-name.tls.example", "untrusted.tls.example"] {
        let record = server(&lab, host, json!({"tlsa": [tlsa(3, &key_of(&lab, host))]}));
        assert_eq!(verdict(&ping(&lab, &record, &[]).record()), "ok", "{host}");
    }
}

#[test]
fn a_certificate_that_meets_no_record() {
    let lab = internet();
    let host = "good.tls.example";
    let record = server(&lab, host, json!({"tlsa": [tlsa(3, WRONG)]}));
    for level in ["may", "require", "verify"] {
        let ran = ping(&lab, &record, &["--tls", level, "--rcpt", "jane@tls.example"]);
        let found = ran.record();
        assert_eq!((verdict(&found).as_str(), ran.code), ("fail tls.tlsa_invalid tls", 1), "{found:#}");
        assert_eq!(found["tls"]["dane"], json!({"result": "fail", "error": "tls.tlsa_invalid"}));
        assert_eq!((&found["tls"]["verified"], &found["ehlo_tls"]["code"]), (&json!(true), &json!(250)));
        assert!(found.get("recipients").is_none() && found["error"]["hint"].is_string());
    }
    assert!(!has_mail(&lab, host), "nobody is asked for behind it");
}

#[test]
fn an_authority_of_the_hosts_own() {
    let lab = internet();
    let data = hex_of_pem(&std::fs::read_to_string(lab.ca()).unwrap());
    let records = |host: &str, more: Value| {
        let tlsa = json!([{"usage": 2, "selector": 0, "matching": 0, "data": data}]);
        let mut record = server(&lab, host, json!({"tlsa": tlsa}));
        record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ping(&lab, &record, &[]).record()
    };
    let dane = |record: &Value| record["tls"]["dane"].clone();
    assert_eq!(dane(&records("good.tls.example", json!({}))), json!({"result": "pass", "matched": "2 0 0"}));
    for (host, error) in [
        ("wrong-name.tls.example", "tls.certificate_host_mismatch"),
        ("expired.tls.example", "tls.certificate_expired"),
        ("untrusted.tls.example", "tls.certificate_not_trusted"),
    ] {
        let found = records(host, json!({}));
        assert_eq!(verdict(&found), "fail tls.tlsa_invalid tls", "{host}");
        assert_eq!(dane(&found), json!({"result": "fail", "error": error}), "{host}");
    }
    // The name may be the domain's, if that was securely said.
    let domain = |dnssec: &str| {
        records("wrong-name.tls.example", json!({"domain": "wrong-name.example", "dnssec": dnssec}))
    };
    assert_eq!(verdict(&domain("secure")), "ok");
    assert_eq!(verdict(&domain("insecure")), "fail tls.tlsa_invalid tls");
}

/// The octets between the lines of a PEM file, in hex.
fn hex_of_pem(pem: &str) -> String {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let body: Vec<u8> = pem.lines().filter(|line| !line.starts_with("-----")).flat_map(str::bytes).collect();
    let octets = body.chunks(4).flat_map(|four| {
        let digits = four.iter().filter_map(|byte| DIGITS.find(char::from(*byte)));
        let (bits, count) = digits.fold((0, 0), |(bits, count), digit| (bits << 6 | digit, count + 1));
        (bits << (6 * (4 - count))).to_be_bytes()[5..5 + count - 1].to_vec()
    });
    octets.map(|octet| format!("{octet:02x}")).collect()
}

#[test]
fn records_that_cannot_be_used_demand_tls_and_no_more() {
    let lab = internet();
    for host in ["good.tls.example", "self-signed.tls.example"] {
        let record = server(&lab, host, json!({"tlsa": [tlsa(1, WRONG)]}));
        let found = ping(&lab, &record, &[]).record();
        assert_eq!(verdict(&found), "ok", "{host}");
        assert_eq!(found["tls"]["dane"], json!({"result": "unusable"}));
    }
    let record = server(&lab, "none.tls.example", json!({"tlsa": [tlsa(1, WRONG)]}));
    assert_eq!(verdict(&ping(&lab, &record, &[]).record()), "fail tls.dane_required tls");
    let record = server(&lab, "none.tls.example", json!({"tlsa": []}));
    let found = ping(&lab, &record, &[]).record();
    assert_eq!((verdict(&found).as_str(), &found["tlsa"]), ("ok", &json!([])), "there is none");
}

#[test]
fn a_server_without_tls_though_it_has_records() {
    let lab = internet();
    let host = "none.tls.example";
    let record = server(&lab, host, json!({"tlsa": [tlsa(3, WRONG)]}));
    let ran = ping(&lab, &record, &["--rcpt", "jane@tls.example"]);
    let found = ran.record();
    assert_eq!((verdict(&found).as_str(), ran.code), ("fail tls.dane_required tls", 1));
    assert_eq!(found.get("tls"), None);
    // Nor may it be asked for.
    let host = "good.tls.example";
    let record = server(&lab, host, json!({"tlsa": [tlsa(3, &key_of(&lab, host))]}));
    let found = ping(&lab, &record, &["--tls", "none", "--rcpt", "jane@tls.example"]).record();
    assert_eq!(verdict(&found), "fail tls.dane_required tls");
    assert!(!has_mail(&lab, "none.tls.example") && !has_mail(&lab, host));
}

#[test]
fn a_host_whose_records_are_not_known_is_not_connected_to() {
    let lab = internet();
    let error = json!({"code": "tls.dnssec_invalid", "message": "no answer"});
    let host = "good.tls.example";
    let record = server(&lab, host, json!({"tlsa_error": error}));
    let ran = ping(&lab, &record, &[]);
    let found = ran.record();
    assert_eq!((verdict(&found).as_str(), ran.code), ("unknown tls.dnssec_invalid dns", 75));
    assert_eq!((&found["error"]["temporary"], &found["ip"]), (&json!(true), &record["ip"]));
    assert_eq!((found.get("banner"), &found["tlsa_error"]), (None, &error));
    assert!(lab.heard(host).is_empty());
    let sent = tool(&lab, "smtp-send").args(["--to", "jane@tls.example"]).stdin(record.to_string()).run();
    assert_eq!((verdict(&sent.record()).as_str(), sent.code), ("unknown tls.dnssec_invalid dns", 75));
    assert!(lab.heard(host).is_empty());
}

#[test]
fn each_host_of_a_list_takes_its_own_along() {
    let lab = internet();
    let hosts = ["good.tls.example", "self-signed.tls.example", "expired.tls.example"];
    let of = |host: &str, more: Value| {
        let record = server(&lab, host, more);
        let mut element = json!({"exchange": host, "addresses": [record["ip"]]});
        for key in ["tlsa", "tlsa_base", "tlsa_error"] {
            if let Some(value) = record.get(key) {
                element[key] = value.clone();
            }
        }
        element
    };
    let key = key_of(&lab, hosts[1]);
    let list = json!([
        of(hosts[0], json!({"tlsa": [tlsa(3, WRONG)]})),
        of(hosts[1], json!({"tlsa": [tlsa(3, &key)], "tlsa_base": "base.example"})),
        of(hosts[2], json!({})),
    ]);
    let record = json!({"domain": "tls.example", "mx": list, "dnssec": "secure", "tlsa": "another's"});
    let ran = ping(&lab, &record, &["-j1", "--ordered"]);
    let records = ran.records();
    let by_host = |host: &str| records.iter().find(|record| record["host"] == host).unwrap();
    let [wrong, right, without] = hosts.map(by_host);
    assert_eq!(verdict(wrong), "fail tls.tlsa_invalid tls");
    assert_eq!(wrong["tlsa"], json!([tlsa(3, WRONG)]));
    assert_eq!((verdict(right).as_str(), &right["tls"]["sni"]), ("ok", &json!("base.example")));
    assert_eq!((&right["tlsa_base"], right["tls"].get("dane").is_some()), (&json!("base.example"), true));
    assert_eq!(
        (verdict(without).as_str(), without.get("tlsa"), without["tls"].get("dane")),
        ("ok", None, None)
    );
    let line = ran.stdout.lines().find(|line| line.contains(&key)).unwrap();
    assert!(line.contains(r#"},"tlsa":[{"#) && line.ends_with(r#""dnssec":"secure"}"#), "{line}");
    // What came out goes in again.
    let again = tool(&lab, "smtp-ping").args(["--no-ptr"]).stdin(right.to_string()).run().record();
    assert_eq!(again["tls"]["dane"], json!({"result": "pass", "matched": "3 1 1"}));
}

#[test]
fn records_that_cannot_be_read_are_not_passed_over() {
    let lab = internet();
    for broken in [json!({"tlsa": "3 1 1"}), json!({"mta_sts": {"mode": "enforced"}})] {
        let record = server(&lab, "good.tls.example", broken);
        assert_eq!(verdict(&ping(&lab, &record, &[]).record()), "fail input.unusable input", "{record}");
    }
    assert!(lab.heard("good.tls.example").is_empty());
}

fn sts(mode: &str, mx: &[&str]) -> Value {
    json!({"mta_sts": {"id": "1", "mode": mode, "max_age": 86400, "mx": mx}})
}

#[test]
fn a_policy_of_mta_sts_that_is_met() {
    let lab = internet();
    for pattern in ["good.tls.example", "*.tls.example"] {
        for mode in ["enforce", "testing"] {
            let found = ping(&lab, &server(&lab, "good.tls.example", sts(mode, &[pattern])), &[]).record();
            assert_eq!((verdict(&found).as_str(), findings(&found)), ("ok", vec![]), "{pattern} {mode}");
            assert_eq!(found["tls"]["mta_sts"], json!({"result": "pass", "mode": mode}));
        }
    }
    let found = ping(&lab, &server(&lab, "none.tls.example", sts("none", &[])), &[]).record();
    assert_eq!(verdict(&found), "ok");
}

#[test]
fn a_policy_of_mta_sts_that_is_not_met() {
    let (host, certificate) = ("tls.sts_policy_invalid", "tls.sts_webpki_invalid");
    for (name, pattern, code) in [
        ("good.tls.example", "*.example", host),
        ("good.tls.example", "other.tls.example", host),
        ("self-signed.tls.example", "*.tls.example", certificate),
        ("wrong-name.tls.example", "*.tls.example", certificate),
        ("expired.tls.example", "*.tls.example", certificate),
    ] {
        let lab = internet();
        let asked = &["--rcpt", "jane@tls.example"];
        let ran = ping(&lab, &server(&lab, name, sts("enforce", &[pattern])), asked);
        let found = ran.record();
        // Not the handshake is at fault where the policy names other hosts.
        let phase = if code == host { "http" } else { "tls" };
        assert_eq!((verdict(&found), ran.code), (format!("fail {code} {phase}"), 1), "{name} {pattern}");
        assert_eq!(found["tls"]["mta_sts"], json!({"result": "fail", "mode": "enforce", "error": code}));
        assert!(!findings(&found).contains(&code.to_owned()), "said once");
        assert!(!has_mail(&lab, name));
        let found = ping(&lab, &server(&lab, name, sts("testing", &[pattern])), asked).record();
        assert!(has_mail(&lab, name), "only said: {name}");
        assert_eq!(found["tls"]["mta_sts"], json!({"result": "fail", "mode": "testing", "error": code}));
        assert!(findings(&found).contains(&code.to_owned()), "{found:#}");
        let found = ping(&lab, &server(&lab, name, sts("none", &[pattern])), &[]).record();
        assert_eq!((verdict(&found).as_str(), found["tls"].get("mta_sts")), ("ok", None));
    }
    let lab = internet();
    let found =
        ping(&lab, &server(&lab, "none.tls.example", sts("enforce", &["*.tls.example"])), &[]).record();
    assert_eq!(verdict(&found), "fail tls.starttls_not_supported starttls");
}

#[test]
fn dane_comes_before_mta_sts() {
    let lab = internet();
    let both = |host: &str, data: &str, pattern: &str| {
        let mut more = sts("enforce", &[pattern]);
        more["tlsa"] = json!([tlsa(3, data)]);
        ping(&lab, &server(&lab, host, more), &[]).record()
    };
    let host = "self-signed.tls.example";
    let key = key_of(&lab, host);
    let found = both(host, &key, "*.tls.example");
    assert_eq!(verdict(&found), "ok", "what DANE has passed no policy refuses");
    assert_eq!(findings(&found), ["tls.self_signed", "tls.sts_webpki_invalid"]);
    assert_eq!(found["findings"][1]["severity"], "warn");
    assert_eq!(
        findings(&both(host, &key, "elsewhere.example")),
        ["tls.self_signed", "tls.sts_policy_invalid"]
    );
    let found = both("good.tls.example", WRONG, "*.tls.example");
    assert_eq!(verdict(&found), "fail tls.tlsa_invalid tls", "no policy passes what DANE refuses");
    assert_eq!(found["tls"]["mta_sts"]["result"], "pass");
}

#[test]
fn from_the_dns_to_the_verdict() {
    let lab = internet();
    let of = |domain: &str| {
        let line = format!("mxlookup --tlsa {domain}.example | smtp-ping --ordered -j1");
        let ran = shell(&lab, &line).run();
        let verdicts: Vec<String> = ran.records().iter().map(verdict).collect();
        verdicts.join(", ")
    };
    assert_eq!(of("dane"), "ok");
    assert_eq!(of("stale.dane"), "fail tls.tlsa_invalid tls");
    assert_eq!(of("clear.dane"), "fail tls.dane_required tls");
    assert_eq!(of("bare.dane"), "ok, ok");
    assert_eq!(of("broken.dane"), "unknown tls.dnssec_invalid dns");
    assert_eq!(of("unusable.dane"), "ok");
    assert_eq!(of("open.dane"), "ok");
    let ran =
        shell(&lab, "mxlookup --tlsa dane.example open.dane.example unusable.dane.example | smtp-ping").run();
    let dane = |host: &str| {
        let records = ran.records();
        let found = records.iter().find(|record| record["host"] == host).unwrap();
        found["tls"].get("dane").map(|dane| dane["result"].as_str().unwrap().to_owned())
    };
    assert_eq!(dane("mx.dane.example").as_deref(), Some("pass"));
    assert_eq!(dane("mx.unusable.dane.example").as_deref(), Some("unusable"));
    assert_eq!(dane("mx.open.dane.example"), None, "anybody could have said so");
}

#[test]
fn a_result_is_not_reused_for_another_policy() {
    let lab = internet();
    let host = "good.tls.example";
    let key = key_of(&lab, host);
    let with = |data: &str| server(&lab, host, json!({"tlsa": [tlsa(3, data)]})).to_string();
    let lines = [with(&key), with(WRONG), with(&key)].join("\n");
    let ran = tool(&lab, "smtp-ping").args(["--no-ptr", "--reuse", "--ordered", "-j1"]).stdin(lines).run();
    let verdicts: Vec<String> = ran.records().iter().map(verdict).collect();
    assert_eq!(verdicts, ["ok", "fail tls.tlsa_invalid tls", "ok"]);
    assert_eq!(ran.records()[2]["reused"], true);
}

/// A record that `smtp-send` is given, and what the server has taken.
fn send(lab: &Lab, record: &Value, words: &[&str], host: &str) -> (String, usize) {
    let words = [&["--to", "jane@tls.example"], words].concat();
    let found = tool(lab, "smtp-send").args(words).stdin(record.to_string()).run().record();
    (verdict(&found), lab.mail(host).len())
}

#[test]
fn a_message_is_not_handed_over_against_a_record() {
    let lab = internet();
    let host = "good.tls.example";
    let key = key_of(&lab, host);
    let with = |more: Value| server(&lab, host, more);
    let refused = |verdict: &str| (verdict.to_owned(), 0);
    let wrong = with(json!({"tlsa": [tlsa(3, WRONG)]}));
    assert_eq!(send(&lab, &wrong, &[], host), refused("fail tls.tlsa_invalid tls"));
    let right = with(json!({"tlsa": [tlsa(3, &key)]}));
    assert_eq!(send(&lab, &right, &["--tls", "none"], host), refused("fail tls.dane_required tls"));
    let unnamed = with(sts("enforce", &["other.example"]));
    assert_eq!(send(&lab, &unnamed, &[], host), refused("fail tls.sts_policy_invalid http"));
    let clear = server(&lab, "none.tls.example", json!({"tlsa": [tlsa(3, &key)]}));
    assert_eq!(send(&lab, &clear, &[], "none.tls.example"), refused("fail tls.dane_required tls"));
    let clear = server(&lab, "none.tls.example", sts("enforce", &["*.tls.example"]));
    assert_eq!(
        send(&lab, &clear, &[], "none.tls.example"),
        refused("fail tls.starttls_not_supported starttls")
    );
    assert_eq!(send(&lab, &right, &[], host), ("ok".to_owned(), 1));
    assert_eq!(send(&lab, &with(sts("testing", &["other.example"])), &[], host), ("ok".to_owned(), 2));
}

#[test]
fn a_message_goes_past_the_host_that_does_not_meet_its_record() {
    let lab = internet();
    let element = |host: &str, data: &str, preference: u16| {
        let record = server(&lab, host, json!({}));
        json!({"exchange": host, "addresses": [record["ip"]], "preference": preference, "tlsa": [tlsa(3, data)]})
    };
    let key = key_of(&lab, "self-signed.tls.example");
    let list = json!([element("good.tls.example", WRONG, 10), element("self-signed.tls.example", &key, 20)]);
    let record = json!({"domain": "tls.example", "mx": list});
    let sent = tool(&lab, "smtp-send").args(["--to", "jane@tls.example"]).stdin(record.to_string()).run();
    let found = sent.record();
    assert_eq!((verdict(&found).as_str(), &found["host"]), ("ok", &json!("self-signed.tls.example")));
    assert_eq!(found["attempts"][0]["code"], "tls.tlsa_invalid");
    assert_eq!(found["tlsa"], json!([tlsa(3, &key)]), "that of the host that took it");
    assert_eq!((lab.mail("good.tls.example").len(), lab.mail("self-signed.tls.example").len()), (0, 1));
}

#[test]
fn what_is_tried_again_is_tried_by_the_same_policy() {
    let records = "a.example. 300 IN MX 10 mx.a.example.";
    let lab = Scene::zone(records).sink("mx.a.example", "127.91.4.1", "").open();
    let ours = |more: Value| {
        let mut record = json!({
            "tool": "smtp-send", "v": 1, "status": "unknown", "domain": "a.example", "host": "mx.a.example",
            "ip": "127.91.4.1", "from": "me@client.example", "error": {"code": "smtp.timeout"},
            "recipients": [{"address": "jane@a.example", "status": "unknown", "verdict": "smtp.timeout"}],
        });
        record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let ran = tool(&lab, "smtp-send").args(["--retry", "--body", "x"]).stdin(record.to_string()).run();
        (verdict(&ran.record()), lab.mail("mx.a.example").len())
    };
    assert_eq!(ours(json!({"tlsa": [tlsa(3, WRONG)]})), ("fail tls.tlsa_invalid tls".to_owned(), 0));
    let unknown = json!({"tlsa_error": {"code": "tls.dnssec_invalid"}});
    assert_eq!(ours(unknown), ("unknown tls.dnssec_invalid dns".to_owned(), 0));
    assert_eq!(ours(sts("enforce", &["b.example"])), ("fail tls.sts_policy_invalid http".to_owned(), 0));
    assert_eq!(ours(json!({"tlsa": []})), ("ok".to_owned(), 1));
}

#[test]
fn a_dialogue_without_tls() {
    let lab = Scene::default().server("mx.a.example", "127.91.4.2", FRIENDLY).open();
    let record = json!({"host": "mx.a.example", "ip": "127.91.4.2", "tlsa": [tlsa(3, WRONG)]});
    let found = ping(&lab, &record, &[]).record();
    assert_eq!(verdict(&found), "fail tls.dane_required tls");
    assert_eq!(found["error"]["message"], "the host's TLSA records demand TLS, and there is none");
    assert_eq!(lab.heard("mx.a.example"), ["EHLO client.example", "QUIT"]);
}

#[test]
fn a_route_that_is_tried_again_keeps_what_each_of_its_hosts_had_to_show() {
    let zone = "a.example. 300 IN MX 10 mx1.a.example.\na.example. 300 IN MX 20 mx2.a.example.";
    let lab = Scene::zone(zone)
        .server("mx1.a.example", "127.91.4.3", "refused")
        .sink("mx2.a.example", "127.91.4.4", "")
        .open();
    let element = |host: &str, ip: &str, tlsa: Value| json!({"preference": 10, "exchange": host, "addresses": [ip], "tlsa": tlsa});
    let mx = json!([
        element("mx1.a.example", "127.91.4.3", json!([])),
        element("mx2.a.example", "127.91.4.4", json!([tlsa(3, WRONG)])),
    ]);
    let record = json!({"domain": "a.example", "mx": mx}).to_string();
    let args = ["--allow-private", "--from", "me@client.example", "--body", "x"];
    let first = tool(&lab, "smtp-send").args(args).args(["--to", "jane@a.example"]).stdin(record).run();
    assert_eq!(verdict(&first.record()), "unknown tcp.refused connect");
    assert_eq!(first.record()["mx"], mx, "the hosts are still named, with what they have to show");
    let again = tool(&lab, "smtp-send").args(args).args(["--retry"]).stdin(first.stdout.clone()).run();
    assert_eq!(verdict(&again.record()), "unknown tcp.refused connect", "{}", again.stdout);
    assert!(lab.mail("mx2.a.example").is_empty(), "the host that fails its records gets nothing");
}
