//! What a session inside TLS shows, and what it costs.

use serde_json::{Value, json};

use crate::harness::{Ran, internet, measure, tool, world};
use crate::tls_verdicts::UNVERIFIED;

/// The codes of the findings.
pub(crate) fn findings(record: &Value) -> Vec<&str> {
    let all = record["findings"].as_array().into_iter().flatten();
    all.filter_map(|finding| finding["code"].as_str()).collect()
}

/// Status, and code and phase of the error.
pub(crate) fn outcome(record: &Value) -> [Option<&str>; 3] {
    [record["status"].as_str(), record["error"]["code"].as_str(), record["error"]["phase"].as_str()]
}

/// `smtp-ping` with these arguments.
pub(crate) fn ping(lab: &lab::Lab, args: &[&str]) -> Ran {
    tool(lab, "smtp-ping").args(args.iter().copied()).run()
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
    assert_eq!((&leaf["days_left"], &leaf["key"]), (&json!(90), &json!("ecdsa-p256")));
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
fn an_address_has_no_name_to_ask_for() {
    let lab = internet();
    let record = ping(&lab, &["127.63.7.1"]).record();
    assert_eq!((record["status"].as_str(), record["tls"].get("sni")), (Some("ok"), None));
    assert_eq!(record["tls"]["verify_error"], "tls.certificate_host_mismatch");
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
    assert_eq!((records.len(), ran.code), (2 * 20 * UNVERIFIED.len(), 0));
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
    const CLEAR: &[(&str, f64)] = &[("banner", 1.0), ("ehlo", 2.0), ("quit", 2.0)];
    const TLS: &[(&str, f64)] =
        &[("banner", 1.0), ("ehlo", 2.0), ("starttls", 2.0), ("tls", 2.0), ("ehlo_tls", 2.0), ("quit", 2.0)];
    for (level, ways) in [("none", CLEAR), ("may", TLS)] {
        let took = |record: &Value, phase: &str| record["timing_ms"][phase].as_f64().unwrap();
        let fits =
            |record: &Value| ways.iter().all(|(phase, ways)| took(record, phase) < ways * 100.0 + 95.0);
        let record = measure(fits, || ping(&lab, &["--no-ptr", "--tls", level, "127.63.240.2"]).record());
        assert!(fits(&record), "{record:#}");
        // What a busy machine reads late counts to one phase and is missing in the next.
        let all = ways.iter().map(|(phase, _)| took(&record, phase)).sum::<f64>();
        assert!(all >= ways.iter().map(|(_, ways)| ways * 100.0).sum::<f64>(), "{record:#}");
        let phases = record["timing_ms"].as_object().unwrap().keys().map(String::as_str);
        let phases: Vec<&str> = phases.filter(|phase| !["connect", "total"].contains(phase)).collect();
        assert_eq!(phases, ways.iter().map(|(phase, _)| *phase).collect::<Vec<_>>(), "{record:#}");
    }
}
