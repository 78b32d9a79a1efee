//! What a domain asks of the TLS of its servers, and where it wants reports: every way to say it, and to fail to.

use lab::Lab;
use serde_json::{Value, json};

use crate::harness::{Ran, internet, shell, tool};
use crate::mxlookup::run;
use crate::scene::{Scene, assert_record, findings, verdict};

/// A domain with one host.
const ONE: &str = "a.example. 300 IN MX 10 mx.a.example.\nmx.a.example. 300 IN A 192.0.2.1";
const TXT: &str = "_mta-sts.a.example. 300 IN TXT \"v=STSv1; id=1;\"";
const HOST: &str = "mta-sts.a.example. 300 IN A 127.0.0.1";
const POLICY: &str = "version: STSv1\r\nmode: enforce\r\nmx: mx.a.example\r\nmax_age: 604800\r\n";

/// The only record of `a.example`, and its exit code.
fn look(lab: &Lab) -> (Value, i32) {
    let ran = run(lab, &["--mta-sts", "--stable", "a.example"]);
    let mut records = ran.records_of_words();
    assert_eq!(records.len(), 1);
    (records.remove(0), ran.code)
}

/// `a.example` with this policy.
fn policy(text: &str, options: &str) -> Lab {
    Scene::zone(ONE).policy("a.example", text, options).open()
}

/// A policy that is announced and was not had: the cause.
#[track_caller]
fn assert_not_fetched(lab: &Lab, code: &str, part: &str) -> Value {
    let (record, exit) = look(lab);
    assert_eq!(
        (verdict(&record).as_str(), exit),
        ("unknown tls.sts_policy_fetch_error http", 75),
        "{record:#}"
    );
    assert_eq!(record["error"]["temporary"], true);
    let sts = &record["mta_sts"];
    assert_eq!((&sts["id"], &sts["error"]["code"]), (&json!("1"), &json!(code)), "{record:#}");
    assert!(sts["error"]["message"].as_str().unwrap().contains(part), "{record:#}");
    assert_eq!(sts.as_object().unwrap().len(), 2, "{record:#}");
    assert_eq!(record["mx"][0]["addresses"], json!(["192.0.2.1"]), "the route is there");
    record
}

#[test]
fn a_policy_that_is_enforced_and_where_reports_go() {
    let reports =
        "_smtp._tls.a.example. 300 IN TXT \"v=TLSRPTv1; rua=mailto:\" \"tls@a.example,https://a.example/r\"";
    let lab = Scene::zone(ONE).records(reports).policy("a.example", POLICY, "").open();
    let ran = run(&lab, &["--mta-sts", "--tlsrpt", "a.example"]);
    assert_eq!(ran.code, 0);
    assert_record(
        &lab,
        &ran.stdout,
        r#"{
            "tool": "mxlookup", "v": 1, "status": "ok",
            "domain": "a.example", "input": "a.example",
            "mx": [{
                "preference": 10, "exchange": "mx.a.example", "addresses": ["192.0.2.1"], "ttl": 300,
                "dnssec": "insecure"
            }],
            "dnssec": "insecure", "dnssec_by": "resolver",
            "mta_sts": {"id": "1", "mode": "enforce", "max_age": 604800, "mx": ["mx.a.example"]},
            "tlsrpt": {"rua": ["mailto:tls@a.example", "https://a.example/r"]},
            "resolver": "RESOLVER", "time": "TIME",
            "timing_ms": {"mx": 0, "addresses": 0, "mta_sts": 0, "tlsrpt": 0, "total": 0}
        }"#,
    );
    assert_eq!(lab.queries(), 7, "MX, A, AAAA, two TXT, A and AAAA of the web server");
    assert_eq!(lab.heard("mta-sts.a.example"), ["GET /.well-known/mta-sts.txt HTTP/1.1"]);
    run(&lab, &["a.example"]);
    assert_eq!((lab.queries(), lab.heard("mta-sts.a.example").len()), (10, 1), "unless it is asked for");
}

#[test]
fn a_policy_in_every_mode() {
    for mode in ["enforce", "testing", "none"] {
        let (record, exit) = look(&policy(&POLICY.replace("enforce", mode), ""));
        assert_eq!((verdict(&record).as_str(), exit), ("ok", 0));
        assert_eq!((&record["mta_sts"]["mode"], findings(&record)), (&json!(mode), vec![]));
    }
    let (record, _) = look(&policy("version: STSv1\nmode: none\nmax_age: 86400\n", ""));
    let bare = json!({"id": "1", "mode": "none", "max_age": 86400, "mx": []});
    assert_eq!((verdict(&record).as_str(), &record["mta_sts"]), ("ok", &bare));
}

#[test]
fn a_policy_however_it_is_written() {
    let good = json!({"id": "1", "mode": "enforce", "max_age": 604_800, "mx": ["mx.a.example"]});
    for text in [
        POLICY.replace('\r', ""),
        POLICY.trim_end().to_owned(),
        format!("x-key: something else\n{POLICY}mode: none\n"),
        POLICY.replace("mx.a.example", "MX.a.example"),
    ] {
        assert_eq!(look(&policy(&text, "")).0["mta_sts"], good, "{text}");
    }
    // That it is plain text SHOULD be said.
    assert_eq!(look(&policy(POLICY, "content_type = 'text/html'")).0["mta_sts"], good);
    assert_eq!(look(&policy(POLICY, "certificate = 'chain'")).0["mta_sts"], good);
}

#[test]
fn an_exchange_that_the_policy_does_not_name() {
    let zone = "a.example. 300 IN MX 10 mx.a.example.\na.example. 300 IN MX 20 mx.b.a.example.\n\
                a.example. 300 IN MX 30 a.example.\n\
                mx.a.example. 300 IN A 192.0.2.1\nmx.b.a.example. 300 IN A 192.0.2.2\na.example. 300 IN A 192.0.2.3";
    for (mode, unmatched) in [("enforce", json!(["mx.b.a.example", "a.example"])), ("none", Value::Null)] {
        let text = POLICY.replace("mx.a", "*.a").replace("enforce", mode);
        let (record, exit) = look(&Scene::zone(zone).policy("a.example", &text, "").open());
        assert_eq!((verdict(&record).as_str(), exit, &record["mta_sts"]["unmatched"]), ("ok", 0, &unmatched));
        let expected: &[&str] = match mode {
            "none" => &[],
            _ => &["tls.sts_policy_invalid mx.b.a.example", "tls.sts_policy_invalid a.example"],
        };
        assert_eq!(findings(&record), expected, "`*.` is exactly one label: {mode}");
    }
    // Without MX the domain is its own exchange.
    let lab = Scene::zone("a.example. 300 IN A 192.0.2.1").policy("a.example", POLICY, "").open();
    assert_eq!(look(&lab).0["mta_sts"]["unmatched"], json!(["a.example"]));
}

#[test]
fn no_policy_is_announced() {
    for more in
        ["", "_mta-sts.a.example. 300 IN TXT \"v=spf1 -all\"", "_mta-sts.a.example. 300 IN A 192.0.2.1"]
    {
        let lab = Scene::zone(ONE).records(more).records(HOST).open();
        let (record, exit) = look(&lab);
        assert_eq!((verdict(&record).as_str(), exit, &record["mta_sts"]), ("ok", 0, &json!({})), "{more}");
        assert_eq!((findings(&record), lab.queries()), (vec![], 4), "and none is fetched");
    }
    let literal = run(&Scene::zone("").open(), &["--mta-sts", "--tlsrpt", "[192.0.2.1]"]).record();
    assert_eq!((literal.get("mta_sts"), literal.get("tlsrpt")), (None, None), "there is nobody to ask");
}

#[test]
fn an_announcement_that_counts_as_none() {
    let text = |text: &str| format!("_mta-sts.a.example. 300 IN TXT \"{text}\"\n");
    for (more, part) in [
        (text("v=STSv1; id=1;") + &text("v=STSv1; id=2;"), "more than one"),
        (text("v=STSv1; id=a-b;"), "letters and digits"),
        (text("v=STSv1;"), "name=value"),
        (text("v=STSv1; id 1"), "name=value"),
    ] {
        let lab = Scene::zone(ONE).records(&more).records(HOST).open();
        let (record, exit) = look(&lab);
        assert_eq!((verdict(&record).as_str(), exit, &record["mta_sts"]), ("ok", 0, &json!({})), "{more}");
        assert_eq!(findings(&record), ["tls.sts_policy_invalid _mta-sts.a.example"]);
        assert!(record["findings"][0]["message"].as_str().unwrap().contains(part), "{record:#}");
    }
}

#[test]
fn an_announcement_behind_an_alias() {
    let alias = "_mta-sts.a.example. 300 IN CNAME _mta-sts.hoster.example.\n\
                 _mta-sts.hoster.example. 300 IN TXT \"v=STSv1; id=7;\"\n\
                 mta-sts.a.example. 300 IN CNAME web.hoster.example.\nweb.hoster.example. 300 IN A 127.0.0.1";
    let page = format!(
        "[[page]]\nhost = 'mta-sts.a.example'\npath = '/.well-known/mta-sts.txt'\nbody = {POLICY:?}\n"
    );
    let world = format!("zone = '''\n{ONE}\n{alias}\n'''\n{page}");
    let (record, _) = look(&crate::harness::world(&world));
    assert_eq!((&record["mta_sts"]["id"], &record["mta_sts"]["mode"]), (&json!("7"), &json!("enforce")));
}

#[test]
fn an_announcement_that_cannot_be_looked_up() {
    for (kind, code) in [("servfail", "dns.servfail"), ("refused", "dns.refused")] {
        let ede = "ede = 22\nede_text = 'no reachable authority'";
        let lab = Scene::zone(ONE).fault("_mta-sts.a.example", kind, ede).open();
        let (record, exit) = look(&lab);
        assert_eq!((verdict(&record), exit), (format!("unknown {code} dns"), 75));
        assert_eq!(record["mta_sts"]["error"]["code"], code);
        assert_eq!(record["mta_sts"]["error"]["ede"], record["error"]["ede"]);
        assert_eq!(record["mx"][0]["addresses"], json!(["192.0.2.1"]));
    }
}

#[test]
fn a_web_server_that_is_not_to_be_found() {
    let scene = || Scene::zone(ONE).records(TXT);
    assert_not_fetched(&scene().open(), "http.unreachable", "mta-sts.a.example does not exist");
    let bare = scene().records("mta-sts.a.example. 300 IN TXT x").open();
    assert_not_fetched(&bare, "http.unreachable", "has no address");
    let broken = scene().fault("mta-sts.a.example", "servfail", "").open();
    assert_not_fetched(&broken, "dns.servfail", "the addresses of mta-sts.a.example");
    // Nothing listens there.
    let closed = scene().records("mta-sts.a.example. 300 IN A 127.91.6.1").open();
    assert_not_fetched(&closed, "http.unreachable", "refused");
}

#[test]
fn a_web_server_on_this_machine_is_not_connected_to() {
    let lab = policy(POLICY, "");
    let ran = tool(&lab, "mxlookup").args(["--mta-sts", "a.example"]).env("MXPIPE_ALLOW_PRIVATE", "0").run();
    let record = ran.record();
    assert_eq!(verdict(&record), "unknown tls.sts_policy_fetch_error http");
    let message = "no connection: mta-sts.a.example leads to 127.0.0.1, which is not connected to";
    assert_eq!(record["mta_sts"]["error"], json!({"code": "http.unreachable", "message": message}));
    assert!(lab.heard("mta-sts.a.example").is_empty());
}

#[test]
fn a_web_server_whose_certificate_does_not_verify() {
    for (certificate, part) in [
        ("wrong-name", "not valid for name"),
        ("expired", "expired"),
        ("not-yet-valid", "not valid yet"),
        ("untrusted", "UnknownIssuer"),
        ("self-signed", ""),
        ("cn-only", ""),
        ("incomplete", "UnknownIssuer"),
    ] {
        let lab = policy(POLICY, &format!("certificate = '{certificate}'"));
        assert_not_fetched(&lab, "http.tls", part);
        assert!(lab.heard("mta-sts.a.example").is_empty(), "{certificate}");
    }
    // Without --ca the authority of the lab is nobody's.
    let lab = policy(POLICY, "");
    let mut command = tool(&lab, "mxlookup").args(["--mta-sts", "a.example"]).command();
    let output = command.env_remove("MXPIPE_CA").output().unwrap();
    assert_eq!(Ran::of(output).record()["mta_sts"]["error"]["code"], "http.tls");
}

#[test]
fn a_web_server_that_does_not_answer_with_a_policy() {
    assert_not_fetched(&policy(POLICY, "status = 404"), "http.status", "404");
    assert_not_fetched(&policy(POLICY, "status = 500"), "http.status", "500");
    assert_not_fetched(&policy(POLICY, "status = 203"), "http.status", "203");
    let lab = policy(POLICY, "status = 301\nlocation = '/elsewhere'");
    assert_not_fetched(&lab, "http.redirect", "301");
    assert_eq!(lab.heard("mta-sts.a.example").len(), 1, "no redirect is followed");
    assert_not_fetched(
        &policy(&format!("x: {}\n", "y".repeat(900)), "repeat = 80"),
        "http.bad_body",
        "64 KiB",
    );
}

#[test]
fn a_web_server_that_hangs() {
    let lab = policy(POLICY, "hangs = true");
    let ran = run(&lab, &["--mta-sts", "--ptr", "--timeout", "1s", "a.example"]);
    let record = ran.record();
    assert_eq!((verdict(&record).as_str(), ran.code), ("unknown tls.sts_policy_fetch_error http", 75));
    assert_eq!(
        (&record["mta_sts"]["error"]["code"], &record["error"]["limit_ms"]),
        (&json!("http.timeout"), &json!(1000))
    );
    assert_eq!(record["mx"][0]["ptr"][0]["iprev"], "permerror", "meanwhile everything else was asked");
}

#[test]
fn what_was_fetched_is_no_policy() {
    for (text, part) in [
        ("<!doctype html>\n<title>404</title>", "line 1"),
        ("", "line 1"),
        ("version: STSv2\nmode: none\nmax_age: 1\n", "STSv1"),
        ("version: STSv1\nmode: enforced\nmx: a\nmax_age: 1\n", "mode"),
        ("version: STSv1\nmode: enforce\nmax_age: 1\n", "it has no mx"),
        ("version: STSv1\nmode: enforce\nmx: a.*\nmax_age: 1\n", "value of mx"),
        ("version: STSv1\nmode: enforce\nmx: a\nmax_age: 99999999\n", "max_age"),
        ("version: STSv1\n\nmode: none\nmax_age: 1\n", "line 2"),
    ] {
        let (record, exit) = look(&policy(text, ""));
        assert_eq!((verdict(&record).as_str(), exit), ("fail tls.sts_policy_invalid http", 1), "{text}");
        assert_eq!(record["mta_sts"]["error"]["code"], "http.bad_body");
        assert!(record["error"]["message"].as_str().unwrap().contains(part), "{record:#}");
        assert_eq!(record["mx"][0]["addresses"], json!(["192.0.2.1"]), "the route is there");
    }
}

#[test]
fn another_error_comes_first() {
    let zone = "a.example. 300 IN MX 0 .";
    let (record, _) = look(&Scene::zone(zone).records(TXT).open());
    assert_eq!(
        (verdict(&record).as_str(), findings(&record)),
        ("fail dns.null_mx dns", vec!["tls.sts_policy_fetch_error".to_owned()])
    );
    let lab = Scene::zone(zone).policy("a.example", POLICY, "").open();
    let (record, _) = look(&lab);
    assert_eq!(
        (verdict(&record).as_str(), record["mta_sts"].get("unmatched")),
        ("fail dns.null_mx dns", None)
    );
    let (record, _) = look(&Scene::zone("").open());
    assert_eq!((verdict(&record).as_str(), &record["mta_sts"]), ("fail dns.nxdomain dns", &json!({})));
}

#[test]
fn reports_are_wanted_or_not() {
    let text = |text: &str| format!("_smtp._tls.a.example. 300 IN TXT \"{text}\"\n");
    let rua = |lab: &Lab| {
        let record = run(lab, &["--tlsrpt", "a.example"]).record();
        assert_eq!(verdict(&record), "ok", "nothing rests on it");
        (record.get("tlsrpt").cloned(), findings(&record))
    };
    let none = Some(json!({"rua": []}));
    let of = |more: &str| rua(&Scene::zone(ONE).records(more).open());
    assert_eq!(of(""), (none.clone(), vec![]));
    assert_eq!(of(&text("v=spf1 -all")), (none.clone(), vec![]));
    let one = text("v=TLSRPTv1; rua=mailto:tls@a.example");
    assert_eq!(of(&one), (Some(json!({"rua": ["mailto:tls@a.example"]})), vec![]));
    let broken = vec!["tls.tlsrpt_invalid _smtp._tls.a.example".to_owned()];
    assert_eq!(of(&text("v=TLSRPTv1; rua=tls@a.example")), (none.clone(), broken.clone()));
    assert_eq!(of(&(one + &text("v=TLSRPTv1; rua=mailto:x@a.example"))), (none, broken));
    let lost = Scene::zone(ONE).fault("_smtp._tls.a.example", "servfail", "").open();
    assert_eq!(rua(&lost), (None, vec!["dns.servfail _smtp._tls.a.example".to_owned()]));
}

#[test]
fn from_the_policy_to_the_verdict() {
    let lab = internet();
    let of = |domain: &str, then: &str| {
        let ran = shell(&lab, &format!("mxlookup --mta-sts --stable {domain} | {then}")).run();
        let records = ran.records();
        let verdicts: Vec<String> = records.iter().map(verdict).collect();
        (verdicts.join(", "), records)
    };
    let ping = "smtp-ping --ordered -j1";
    let (verdicts, records) = of("sts.example", ping);
    assert_eq!(
        (verdicts.as_str(), &records[0]["tls"]["mta_sts"]),
        ("ok", &json!({"result": "pass", "mode": "enforce"}))
    );
    let (verdicts, _) = of("stale.sts.example", ping);
    assert_eq!(verdicts, "fail tls.sts_webpki_invalid tls");
    let (verdicts, records) = of("moved.sts.example", ping);
    assert_eq!(verdicts, "ok, fail tls.sts_policy_invalid http");
    let is_named = |record: &Value| !findings(record).iter().any(|finding| finding.starts_with("tls."));
    assert!(is_named(&records[0]), "what is about the other host stays with it");
    let (verdicts, records) = of("gone.sts.example", ping);
    assert_eq!(verdicts, "unknown tls.sts_policy_fetch_error http", "{records:?}");
    assert!(lab.heard("good.tls.example").iter().filter(|line| line.starts_with("QUIT")).count() == 2);
    let (verdicts, records) = of("port25.com", ping);
    assert_eq!((verdicts.as_str(), records[0]["tls"].get("mta_sts")), ("ok", None), "none is announced");
    // A message goes past the host that the policy does not name, and not to one that it refuses.
    let send = "smtp-send --body x --to jane@";
    assert_eq!(of("moved.sts.example", &format!("{send}moved.sts.example")).0, "ok");
    assert_eq!(
        of("stale.sts.example", &format!("{send}stale.sts.example")).0,
        "fail tls.sts_webpki_invalid tls"
    );
    assert!(lab.mail("expired.tls.example").is_empty());
}

#[test]
fn a_slow_policy_delays_its_own_domain_and_many_are_fetched() {
    let mut scene = Scene::zone("mx.a.example. 300 IN A 192.0.2.1");
    for n in 0..60 {
        scene = scene.records(&format!("d{n}.example. 300 IN MX 10 mx.a.example."));
        let options = if n == 0 { "hangs = true" } else { "" };
        scene = scene.policy(&format!("d{n}.example"), POLICY, options);
    }
    let lab = scene.open();
    let domains: String = (0..60).map(|n| format!("d{n}.example\n")).collect();
    let words = ["--mta-sts", "-j", "4", "--timeout", "3s"];
    let ran = tool(&lab, "mxlookup").args(words).stdin(domains).run();
    let records = ran.records();
    assert_eq!((records.len(), ran.code), (60, 75));
    let (last, others) = records.split_last().unwrap();
    assert_eq!(
        (&last["domain"], &last["mta_sts"]["error"]["code"]),
        (&json!("d0.example"), &json!("http.timeout"))
    );
    assert!(others.iter().all(|record| record["mta_sts"]["mode"] == "enforce"));
}

#[test]
fn text_says_what_is_asked_for() {
    let lab = internet();
    let text = run(&lab, &["--mta-sts", "--tlsrpt", "--text", "sts.example"]).stdout;
    assert!(text.contains("mta-sts   enforce good.tls.example, for 604800 s\n"), "{text}");
    assert!(text.contains("tlsrpt    mailto:tls-reports@sts.example\n"), "{text}");
    let text = run(&lab, &["--mta-sts", "--tlsrpt", "--text", "port25.com"]).stdout;
    assert!(text.contains("mta-sts   none\n") && text.contains("tlsrpt    none\n"), "{text}");
    let text = run(&lab, &["--mta-sts", "--text", "gone.sts.example"]).stdout;
    assert!(
        text.contains("mta-sts   not known: no connection: mta-sts.gone.sts.example does not exist\n"),
        "{text}"
    );
}

#[test]
fn a_file_of_roots_that_cannot_be_used() {
    let lab = Scene::zone(ONE).open();
    let ran = run(&lab, &["--mta-sts", "--ca", "no-such-file", "a.example"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("--ca: no-such-file cannot be used"), "{}", ran.stderr);
}
