//! `smtp-ping` and TLS: certificates of every kind, what is demanded of them, and recipients.

use serde_json::{Value, json};

use crate::harness::{Ran, internet, measure, tool, world};

/// The codes of the findings.
fn findings(record: &Value) -> Vec<&str> {
    let all = record["findings"].as_array().into_iter().flatten();
    all.filter_map(|finding| finding["code"].as_str()).collect()
}

/// Status, and code and phase of the error.
fn outcome(record: &Value) -> [Option<&str>; 3] {
    [record["status"].as_str(), record["error"]["code"].as_str(), record["error"]["phase"].as_str()]
}

/// `smtp-ping` with these arguments.
fn ping(lab: &lab::Lab, args: &[&str]) -> Ran {
    tool(lab, "smtp-ping").args(args.iter().copied()).run()
}

/// The kinds of certificates that do not verify, and their codes.
const UNVERIFIED: [(&str, &str); 5] = [
    ("expired.tls.example", "tls.certificate_expired"),
    ("not-yet-valid.tls.example", "tls.certificate_not_yet_valid"),
    ("self-signed.tls.example", "tls.self_signed"),
    ("wrong-name.tls.example", "tls.certificate_host_mismatch"),
    ("untrusted.tls.example", "tls.certificate_not_trusted"),
];

#[test]
fn a_certificate_that_does_not_verify_is_a_finding() {
    let lab = internet();
    for (host, code) in UNVERIFIED {
        for options in [&[host][..], &["--tls", "may", host], &["--tls", "require", host]] {
            let ran = ping(&lab, options);
            let record = ran.record();
            assert_eq!((outcome(&record), ran.code), ([Some("ok"), None, None], 0), "{record:#}");
            assert_eq!(record["tls"]["verified"], false);
            assert_eq!(record["tls"]["verify_error"], code, "{host}");
            assert!(findings(&record).contains(&code), "{record:#}");
        }
        assert!(lab.heard(host).ends_with(&["EHLO client.example".to_owned(), "QUIT".to_owned()]));
    }
}

#[test]
fn with_verify_it_is_the_error_and_the_session_is_in_the_record_all_the_same() {
    let lab = internet();
    for (host, code) in UNVERIFIED {
        let ran = ping(&lab, &["--tls", "verify", host]);
        let record = ran.record();
        assert_eq!((outcome(&record), ran.code), ([Some("fail"), Some(code), Some("tls")], 1), "{record:#}");
        assert_eq!(record["error"]["temporary"], false);
        assert!(!findings(&record).contains(&code), "said once");
        assert_eq!(record["tls"]["verify_error"], code);
        assert_eq!(record["ehlo_tls"]["code"], 250);
    }
    let record = ping(&lab, &["--tls", "verify", "good.tls.example"]).record();
    assert_eq!(record["status"], "ok", "{record:#}");
}

#[test]
fn with_verify_nothing_is_asked_of_a_server_that_is_not_who_it_says() {
    let lab = internet();
    let host = "wrong-name.tls.example";
    let record = ping(&lab, &["--tls", "verify", "--rcpt", "jane@tls.example", host]).record();
    assert_eq!(outcome(&record), [Some("fail"), Some("tls.certificate_host_mismatch"), Some("tls")]);
    assert_eq!(record.get("recipients"), None);
    assert!(!lab.heard(host).iter().any(|line| line.starts_with("MAIL")));
}

#[test]
fn the_facts_of_a_session_inside_tls() {
    let lab = internet();
    let record = ping(&lab, &["mail.port25.com"]).record();
    let tls = &record["tls"];
    assert_eq!((tls["how"].as_str(), tls["version"].as_str()), (Some("starttls"), Some("TLSv1.3")));
    assert!(tls["cipher"].as_str().unwrap().starts_with("TLS_"), "{tls:#}");
    assert_eq!((&tls["sni"], &tls["verified"]), (&json!("mail.port25.com"), &json!(true)));
    assert_eq!((tls.get("verify_error"), &tls["chain"]), (None, &json!([])));
    let leaf = &tls["certificate"];
    assert_eq!(leaf["subject"], "CN=mail.port25.com");
    assert_eq!(leaf["issuer"], "CN=the throwaway authority of the lab");
    assert_eq!(leaf["san"], json!(["mail.port25.com"]));
    assert_eq!((&leaf["days_left"], &leaf["key"]), (&json!(90), &json!("ecdsa-256")));
    for fingerprint in ["fingerprint_sha256", "spki_sha256"] {
        assert_eq!(leaf[fingerprint].as_str().unwrap().len(), 64);
    }
    // What is offered in clear and inside, the one without the other's STARTTLS.
    let offers = |ehlo: &str, keyword: &str| record[ehlo]["keywords"].get(keyword).is_some();
    assert!(offers("ehlo", "STARTTLS") && !offers("ehlo_tls", "STARTTLS"));
    assert!(offers("ehlo", "XACK") && offers("ehlo_tls", "XACK"));
    assert_eq!(findings(&record), Vec::<&str>::new());
    assert_eq!(record["names"]["agree"], json!(["banner", "ehlo", "certificate", "ptr"]));
    for phase in ["connect", "banner", "ehlo", "starttls", "tls", "ehlo_tls", "quit"] {
        assert!(record["timing_ms"][phase].is_number(), "{phase}");
    }
    let heard = ["EHLO client.example", "STARTTLS", "EHLO client.example", "QUIT"];
    assert_eq!(lab.heard("mail.port25.com"), heard);
}

#[test]
fn the_days_left_of_a_certificate_are_negative_when_it_is_over() {
    let lab = internet();
    let days = |host| ping(&lab, &[host]).record()["tls"]["certificate"]["days_left"].as_i64();
    assert_eq!(days("expired.tls.example"), Some(-2), "a day and a half, rounded down");
    assert_eq!(days("good.tls.example"), Some(90));
}

#[test]
fn a_certificate_for_another_name_is_among_the_names() {
    let lab = internet();
    let record = ping(&lab, &["wrong-name.tls.example"]).record();
    assert_eq!(record["names"]["differ"], json!(["certificate"]));
    assert_eq!(record["tls"]["certificate"]["san"], json!(["wrong-name.example"]));
}

#[test]
fn an_address_has_no_name_to_ask_for() {
    let lab = internet();
    let record = ping(&lab, &["127.63.7.1"]).record();
    assert_eq!((record["status"].as_str(), record["tls"].get("sni")), (Some("ok"), None));
    assert_eq!(record["tls"]["verify_error"], "tls.certificate_host_mismatch");
}

#[test]
fn a_server_without_starttls() {
    let lab = internet();
    let host = "none.tls.example";
    for level in ["may", "auto"] {
        let record = ping(&lab, &["--tls", level, host]).record();
        assert_eq!(outcome(&record), [Some("ok"), None, None]);
        assert!(findings(&record).contains(&"tls.starttls_not_supported"), "{record:#}");
        assert_eq!((record.get("tls"), record.get("ehlo_tls")), (None, None));
    }
    for level in ["require", "starttls", "verify"] {
        let ran = ping(&lab, &["--tls", level, host]);
        let record = ran.record();
        let code = "tls.starttls_not_supported";
        assert_eq!(
            (outcome(&record), ran.code),
            ([Some("fail"), Some(code), Some("starttls")], 1),
            "{level}"
        );
        assert!(!findings(&record).contains(&code), "said once");
        assert_eq!(record["ehlo"]["code"], 250);
    }
}

#[test]
fn without_tls_starttls_is_not_sent() {
    let lab = internet();
    let record = ping(&lab, &["--tls", "none", "mail.port25.com"]).record();
    assert_eq!((record["status"].as_str(), record.get("tls")), (Some("ok"), None));
    assert_eq!(lab.heard("mail.port25.com"), ["EHLO client.example", "QUIT"]);
}

#[test]
fn tls_from_the_first_byte() {
    let lab = internet();
    for options in [&["--implicit"][..], &["--tls", "implicit"], &["--implicit", "--tls", "verify"]] {
        let args = [options, &["implicit.tls.example"]].concat();
        let record = ping(&lab, &args).record();
        assert_eq!(outcome(&record), [Some("ok"), None, None], "{record:#}");
        assert_eq!((&record["tls"]["how"], &record["tls"]["verified"]), (&json!("implicit"), &json!(true)));
        assert_eq!((record.get("ehlo"), &record["ehlo_tls"]["code"]), (None, &json!(250)));
        assert_eq!(record["banner"]["code"], 220);
        assert_eq!(findings(&record), Vec::<&str>::new());
    }
    assert!(!lab.heard("implicit.tls.example").contains(&"STARTTLS".to_owned()));
}

#[test]
fn tls_from_the_first_byte_where_the_other_side_does_not_know_of_it() {
    let lab = internet();
    // The server speaks first, in clear.
    let record = ping(&lab, &["--implicit", "good.tls.example"]).record();
    assert_eq!(outcome(&record), [Some("fail"), Some("tls.handshake_failed"), Some("tls")]);
    // Each waits for the other.
    let record = ping(&lab, &["--reply-timeout", "300ms", "implicit.tls.example"]).record();
    assert_eq!(outcome(&record), [Some("unknown"), Some("smtp.banner_timeout"), Some("banner")]);
}

#[test]
fn the_authorities_come_from_a_file() {
    let lab = internet();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let bad = [
        "no-such-file".to_owned(),
        folder.path().to_str().unwrap().to_owned(),
        file("empty.pem", ""),
        file("text.pem", "no certificate\n"),
        file("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    ];
    for path in &bad {
        let ran = ping(&lab, &["--ca", path, "mail.port25.com"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{path}");
        assert!(ran.stderr.starts_with("error: ") && ran.stderr.contains("--ca"), "{}", ran.stderr);
    }
    assert!(lab.heard("mail.port25.com").is_empty());
    // That of another world is an authority, but not ours.
    let other = internet();
    let path = other.ca();
    let record = ping(&lab, &["--ca", path.to_str().unwrap(), "mail.port25.com"]).record();
    assert_eq!(record["tls"]["verified"], false);
    let path = lab.ca();
    let run = tool(&lab, "smtp-ping").env("MXPIPE_CA", bad[0].as_str());
    let record = run.args(["--ca", path.to_str().unwrap(), "mail.port25.com"]).run().record();
    assert_eq!(record["tls"]["verified"], true, "the command line counts more than the environment");
}

#[test]
fn the_transcript_shows_where_tls_begins() {
    let lab = internet();
    let ran = ping(&lab, &["-v", "good.tls.example"]);
    assert_eq!(ran.stderr.matches("EHLO client.example").count(), 2, "{}", ran.stderr);
    assert_eq!(ran.stderr.matches("STARTTLS").count(), 2, "offered once, and sent: {}", ran.stderr);
}

#[test]
fn many_sessions_at_once_share_one_client() {
    let lab = internet();
    let hosts: String = UNVERIFIED.iter().map(|(host, _)| format!("{host}\ngood.tls.example\n")).collect();
    let ran = tool(&lab, "smtp-ping").args(["-j", "50", "-q"]).stdin(hosts.repeat(20)).run();
    let records = ran.records_of_words();
    assert_eq!((records.len(), ran.code), (200, 0));
    for record in records {
        let host = record["host"].as_str().unwrap();
        let expected = UNVERIFIED.iter().find(|(known, _)| *known == host).map(|(_, code)| *code);
        assert_eq!(record["tls"]["verify_error"].as_str(), expected, "{host}");
    }
}

#[test]
fn a_long_way_costs_the_round_trips_of_the_protocol_and_no_more() {
    let lab = world(
        "[[server]]\nname = \"mx.example\"\naddress = \"127.63.240.2\"\nplays = \"sink\"\ndelay_ms = 100\n",
    );
    // The connection itself is not delayed: the banner goes one way, all else there and back.
    const WAYS: [(&str, f64); 6] =
        [("banner", 1.0), ("ehlo", 2.0), ("starttls", 2.0), ("tls", 2.0), ("ehlo_tls", 2.0), ("quit", 2.0)];
    let took = |record: &Value, phase: &str| record["timing_ms"][phase].as_f64().unwrap();
    let fits = |record: &Value| WAYS.iter().all(|(phase, ways)| took(record, phase) < ways * 100.0 + 95.0);
    let record = measure(fits, || ping(&lab, &["--no-ptr", "127.63.240.2"]).record());
    assert!(fits(&record), "{record:#}");
    // What a busy machine reads late counts to one phase and is missing in the next.
    let all = WAYS.iter().map(|(phase, _)| took(&record, phase)).sum::<f64>();
    assert!(all >= WAYS.iter().map(|(_, ways)| ways * 100.0).sum::<f64>(), "{record:#}");
}
