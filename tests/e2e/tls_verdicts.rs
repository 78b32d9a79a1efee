//! Certificates of every kind, and what is said of them while the session goes on.

use serde_json::{Value, json};

use crate::harness::internet;
use crate::tls::{findings, outcome, ping};

/// The kinds of certificates that do not verify, and their codes.
pub(crate) const UNVERIFIED: [(&str, &str); 8] = [
    ("expired.tls.example", "tls.certificate_expired"),
    ("not-yet-valid.tls.example", "tls.certificate_not_yet_valid"),
    ("self-signed.tls.example", "tls.self_signed"),
    ("wrong-name.tls.example", "tls.certificate_host_mismatch"),
    ("untrusted.tls.example", "tls.certificate_not_trusted"),
    ("incomplete.tls.example", "tls.chain_incomplete"),
    ("cn-only.tls.example", "tls.certificate_host_mismatch"),
    ("issuer-expired.tls.example", "tls.certificate_expired"),
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

/// The message of the finding or error with this code.
fn message(record: &Value, code: &str) -> String {
    let findings = record["findings"].as_array().into_iter().flatten();
    let all = findings.chain([&record["error"]]).find(|told| told["code"] == code);
    all.and_then(|told| told["message"].as_str()).unwrap_or_default().to_owned()
}

#[test]
fn of_several_faults_each_is_told_and_the_first_is_the_error() {
    let lab = internet();
    let host = "all-wrong.tls.example";
    let all = ["tls.certificate_expired", "tls.self_signed", "tls.certificate_host_mismatch"];
    let record = ping(&lab, &[host]).record();
    assert_eq!((&record["status"], &record["tls"]["verify_error"]), (&json!("ok"), &json!(all[0])));
    assert_eq!(findings(&record), all);
    let record = ping(&lab, &["--tls", "verify", host]).record();
    assert_eq!(outcome(&record), [Some("fail"), Some(all[0]), Some("tls")]);
    assert_eq!(findings(&record), all[1..], "what is the error is no finding");
}

#[test]
fn a_chain_that_is_whole_verifies_and_is_in_the_record() {
    let lab = internet();
    let record = ping(&lab, &["--tls", "verify", "chain.tls.example"]).record();
    assert_eq!((&record["status"], &record["tls"]["verified"]), (&json!("ok"), &json!(true)));
    let (leaf, chain) = (&record["tls"]["certificate"], record["tls"]["chain"].as_array().unwrap());
    assert_eq!((chain.len(), &chain[0]["subject"]), (1, &leaf["issuer"]));
    assert_eq!(chain[0]["issuer"], "CN=the throwaway authority of the lab");
    assert_eq!(chain[0]["fingerprint_sha256"].as_str().unwrap().len(), 64);
    assert!(chain[0]["not_after"].as_str().unwrap().ends_with('Z'));
    assert_eq!((chain[0].get("pem"), leaf.get("pem")), (None, None));
}

#[test]
fn a_chain_that_is_cut_short_names_the_issuer_that_is_missing() {
    let lab = internet();
    let code = "tls.chain_incomplete";
    let record = ping(&lab, &["--tls", "verify", "incomplete.tls.example"]).record();
    assert_eq!(outcome(&record), [Some("fail"), Some(code), Some("tls")]);
    assert!(message(&record, code).ends_with("CN=an intermediate of the lab"), "{record:#}");
    assert!(record["error"]["hint"].as_str().unwrap().contains("--ca"), "{record:#}");
    // An authority that is sent, and known to nobody, is another matter.
    let record = ping(&lab, &["untrusted.tls.example"]).record();
    assert_eq!(record["tls"]["chain"].as_array().unwrap().len(), 1);
    assert_eq!(findings(&record), ["tls.certificate_not_trusted"]);
}

#[test]
fn an_issuer_that_has_ended_is_named() {
    let lab = internet();
    let record = ping(&lab, &["issuer-expired.tls.example"]).record();
    assert!(record["tls"]["certificate"]["days_left"].as_i64().unwrap() > 0);
    let message = message(&record, "tls.certificate_expired");
    assert!(message.starts_with("the certificate of CN=an intermediate of the lab ended on 2"), "{message}");
}

#[test]
fn a_common_name_is_told_to_be_none() {
    let lab = internet();
    let record = ping(&lab, &["cn-only.tls.example"]).record();
    assert_eq!(record["tls"]["certificate"]["subject"], "CN=cn-only.tls.example");
    assert_eq!(record["tls"]["certificate"]["san"], json!([]));
    assert_eq!(record["names"]["differ"], json!(["certificate"]));
    let message = message(&record, "tls.certificate_host_mismatch");
    assert_eq!(message, "the certificate is for no name (its subject CN=cn-only.tls.example is none)");
}

#[test]
fn a_certificate_that_ends_soon_fails_where_that_is_asked_for() {
    let lab = internet();
    let code = "tls.certificate_expires_soon";
    for (host, which) in [
        ("ends-soon.tls.example", "the certificate ends in 5 days, on 2"),
        (
            "issuer-ends-soon.tls.example",
            "the certificate of CN=an intermediate of the lab ends in 5 days, on 2",
        ),
    ] {
        assert_eq!(outcome(&ping(&lab, &[host]).record()), [Some("ok"), None, None]);
        assert_eq!(outcome(&ping(&lab, &["--warn-days", "5", host]).record()), [Some("ok"), None, None]);
        let ran = ping(&lab, &["--warn-days", "6", host]);
        let record = ran.record();
        assert_eq!((outcome(&record), ran.code), ([Some("fail"), Some(code), Some("tls")], 1), "{record:#}");
        assert!(message(&record, code).starts_with(which), "{record:#}");
        assert_eq!(
            (&record["error"]["temporary"], &record["tls"]["verified"]),
            (&json!(false), &json!(true))
        );
        assert_eq!(record["ehlo_tls"]["code"], 250);
    }
    let record = ping(&lab, &["--warn-days", "91", "good.tls.example"]).record();
    assert_eq!(outcome(&record), [Some("fail"), Some(code), Some("tls")]);
    // One that has ended does not hold for any number of days.
    let record = ping(&lab, &["--warn-days", "0", "expired.tls.example"]).record();
    assert_eq!(outcome(&record), [Some("fail"), Some("tls.certificate_expired"), Some("tls")]);
    assert_eq!(findings(&record), Vec::<&str>::new());
}

#[test]
fn what_is_worse_than_a_certificate_that_ends_soon_is_the_error() {
    let lab = internet();
    let warn = ["--warn-days", "6"];
    let host = "ends-soon.tls.example";
    let rcpt = ["--rcpt", "unknown@tls.example", host];
    let record = ping(&lab, &[&warn[..], &rcpt].concat()).record();
    assert_eq!(outcome(&record), [Some("fail"), Some("rcpt.unknown_user"), Some("rcpt")]);
    assert_eq!(findings(&record), ["tls.certificate_expires_soon"]);
    let args = [&warn[..], &["--tls", "verify", "127.63.7.12"]].concat();
    let record = ping(&lab, &args).record();
    assert_eq!(outcome(&record), [Some("fail"), Some("tls.certificate_host_mismatch"), Some("tls")]);
    assert!(findings(&record).contains(&"tls.certificate_expires_soon"), "{record:#}");
    // Nothing can be said of a certificate that is not shown.
    let record = ping(&lab, &[&warn[..], &["none.tls.example"]].concat()).record();
    assert_eq!(outcome(&record), [Some("ok"), None, None]);
}
