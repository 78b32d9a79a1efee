//! STUN servers as sources of `myip`.

use std::net::UdpSocket;

use lab::Lab;
use serde_json::json;

use crate::harness::{Run, internet};
use crate::myip::myip;
use crate::sources::refusal;

/// A run that asks these STUN servers of the lab.
fn stun<'a>(lab: &'a Lab, servers: &[&str]) -> Run<'a> {
    let sources: Vec<String> = servers.iter().map(|name| source(lab, name)).collect();
    myip(lab).env("MXPIPE_VIA", &sources.join(","))
}

fn source(lab: &Lab, server: &str) -> String {
    format!("stun:{}", lab.stun(server).unwrap())
}

#[test]
fn stun_servers_tell_the_address_in_every_form() {
    let lab = internet();
    for server in ["good", "old", "rewritten", "noise"] {
        let ran = stun(&lab, &[server]).run();
        let record = &ran.records_of_words()[0];
        assert_eq!((&record["ip"], ran.code), (&json!("203.0.113.7"), 0), "{server}: {record:#}");
        let told = &record["sources"][0];
        assert_eq!((&told["via"], &told["ip"]), (&json!(source(&lab, server)), &json!("203.0.113.7")));
        assert_eq!(record["local_ip"], "127.0.0.1");
        assert_eq!(lab.heard(server), ["Binding request"]);
    }
}

#[test]
fn a_request_that_is_lost_is_sent_again() {
    let lab = internet();
    let record = stun(&lab, &["lossy"]).run().record();
    assert_eq!((&record["status"], &record["ip"]), (&json!("ok"), &json!("203.0.113.7")));
    assert_eq!(lab.heard("lossy").len(), 2);
    assert!(record["sources"][0]["elapsed_ms"].as_f64().unwrap() >= 500.0);
}

#[test]
fn what_stun_servers_send_instead_of_an_answer_is_an_error_and_never_an_answer() {
    let lab = internet();
    for (server, code) in [
        ("error", "stun.error"),
        ("empty", "stun.bad_answer"),
        ("unknown", "stun.bad_answer"),
        ("garbage", "stun.bad_answer"),
        ("wrong-id", "stun.bad_answer"),
        ("flood", "stun.bad_answer"),
        ("silent", "stun.timeout"),
        ("ipv6", "net.wrong_family"),
    ] {
        let ran = stun(&lab, &[server]).args(["--timeout", "400ms"]).run();
        assert_eq!(refusal(&ran), code, "{server}");
        assert!(!ran.stdout.contains('\u{1b}') && !ran.stdout.contains("\\u001b"), "{}", ran.stdout);
    }
    let ran = stun(&lab, &["error"]).run();
    assert_eq!(ran.record()["sources"][0]["error"]["message"], "answered with error 420");
    let ran = stun(&lab, &["private"]).env("MXPIPE_ALLOW_PRIVATE", "0").run();
    assert_eq!(refusal(&ran), "net.not_public");
}

#[test]
fn silence_is_waited_for_within_the_limit_and_asked_into_as_the_rfc_says() {
    let lab = internet();
    let ran = stun(&lab, &["silent"]).args(["--timeout", "2200ms"]).run();
    assert_eq!(refusal(&ran), "stun.timeout");
    let record = ran.record();
    assert_eq!(
        (&record["error"]["code"], &record["error"]["limit_ms"]),
        (&json!("net.offline"), &json!(1650))
    );
    // At 0, 500 and 1500 ms (RFC 8489 section 6.2.1).
    assert_eq!(lab.heard("silent").len(), 3);
}

#[test]
fn stun_servers_that_are_not_there() {
    let lab = internet();
    let closed = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ran = myip(&lab).env("MXPIPE_VIA", &format!("stun:{closed}")).run();
    assert_eq!(refusal(&ran), "stun.unreachable");
    assert_eq!(ran.record()["error"]["code"], "net.offline");
    let ran = myip(&lab).env("MXPIPE_VIA", "stun:nosuch.example").run();
    assert_eq!(refusal(&ran), "stun.unreachable");
    let ran = myip(&lab).env("MXPIPE_VIA", "stun:broken.example").run();
    assert_eq!(refusal(&ran), "dns.servfail");
}

#[test]
fn three_protocols_agree_and_stun_is_a_witness_against_dns() {
    let lab = internet();
    let port = lab.stun("good").unwrap().port();
    let three = format!("{}/ip,dns:myip.lab.example@{},stun:www.lab.example:{port}", lab.http(), lab.dns());
    let record = myip(&lab).env("MXPIPE_VIA", &three).args(["--all"]).run().record();
    assert_eq!((&record["status"], &record["agree"]), (&json!("ok"), &json!(3)), "{record:#}");
    let dns = format!("dns:mismatch.lab.example@{}", lab.dns());
    let intercepted = format!("{dns},{dns},{dns},{},{}", source(&lab, "good"), source(&lab, "old"));
    let record = myip(&lab).env("MXPIPE_VIA", &intercepted).run().record();
    assert_eq!((&record["ip"], &record["agree"]), (&json!("203.0.113.7"), &json!(2)), "{record:#}");
    let apart = format!("{},{}", source(&lab, "good"), source(&lab, "elsewhere"));
    let record = myip(&lab).env("MXPIPE_VIA", &apart).run().record();
    let message = "no two sources name the same address: 203.0.113.7 (stun), 198.51.100.9 (stun)";
    assert_eq!(record["error"]["message"], message);
}
