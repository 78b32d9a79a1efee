//! What certificate a host says it has, in every state that DNSSEC can be in.

use lab::Lab;
use serde_json::{Value, json};

use crate::mxlookup::{self, run};
use crate::scene::{Scene, assert_record, findings, verdict};

const DATA: &str = "7ac5e50df16ef07169bb283f88e01a5d1ce4a45b602ded09a2ec441bace61752";

/// A domain with one host.
const ONE: &str = "a.example. 300 IN MX 10 mx.a.example.\nmx.a.example. 300 IN A 192.0.2.1";

fn tlsa_at(host: &str) -> String {
    format!("_25._tcp.{host}. 300 IN TLSA 3 1 1 {DATA}")
}

/// The only record of `a.example`.
fn look(lab: &Lab) -> Value {
    mxlookup::look(lab, &["--tlsa", "--stable", "a.example"])
}

/// The keys of the first host that this is about, as they are in its element.
fn first(record: &Value) -> Value {
    let keys = ["dnssec", "tlsa", "tlsa_base", "tlsa_error"];
    let host = record["mx"][0].as_object().unwrap();
    keys.iter().filter_map(|key| Some(((*key).to_owned(), host.get(*key)?.clone()))).collect()
}

fn record_of(data: &str) -> Value {
    json!([{"usage": 3, "selector": 1, "matching": 1, "data": data}])
}

#[test]
fn a_signed_host_with_a_certificate() {
    let more = format!("_25._tcp.mx.a.example. 300 IN TLSA 2 0 2 00FF\n{}", tlsa_at("mx.a.example"));
    let lab = Scene::zone(ONE).records(&more).secure("a.example").open();
    let ran = run(&lab, &["--tlsa", "a.example"]);
    assert_eq!(ran.code, 0);
    assert_record(
        &lab,
        &ran.stdout,
        r#"{
            "tool": "mxlookup", "v": 1, "status": "ok",
            "domain": "a.example", "input": "a.example",
            "mx": [
                {
                    "preference": 10, "exchange": "mx.a.example", "addresses": ["192.0.2.1"], "ttl": 300,
                    "dnssec": "secure",
                    "tlsa": [
                        {"usage": 2, "selector": 0, "matching": 2, "data": "00ff"},
                        {
                            "usage": 3, "selector": 1, "matching": 1,
                            "data": "7ac5e50df16ef07169bb283f88e01a5d1ce4a45b602ded09a2ec441bace61752"
                        }
                    ]
                }
            ],
            "dnssec": "secure", "dnssec_by": "resolver", "resolver": "RESOLVER", "time": "TIME",
            "timing_ms": {"mx": 0, "addresses": 0, "tlsa": 0, "total": 0}
        }"#,
    );
    assert_eq!(lab.queries(), 4, "MX, A, AAAA, TLSA");
    run(&lab, &["a.example"]);
    assert_eq!(lab.queries(), 7, "without --tlsa nobody asks for it");
}

#[test]
fn a_signed_host_without_one() {
    // The name does not exist; it exists and has something else.
    for more in ["", "_25._tcp.mx.a.example. 300 IN TXT x"] {
        let lab = Scene::zone(ONE).records(more).secure("a.example").open();
        assert_eq!(first(&look(&lab)), json!({"dnssec": "secure", "tlsa": []}), "{more}");
    }
}

#[test]
fn a_host_that_is_not_signed_is_not_asked_for() {
    let lab = Scene::zone(ONE)
        .records(&tlsa_at("mx.a.example"))
        .secure("a.example")
        .insecure("mx.a.example")
        .fault("_25._tcp.mx.a.example", "servfail", "")
        .open();
    let record = look(&lab);
    assert_eq!((verdict(&record).as_str(), first(&record)), ("ok", json!({"dnssec": "insecure"})));
    assert_eq!((&record["dnssec"], lab.queries()), (&json!("secure"), 3));
}

#[test]
fn records_that_are_not_signed_do_not_count() {
    let lab = Scene::zone(ONE)
        .records(&tlsa_at("mx.a.example"))
        .secure("a.example")
        .insecure("_tcp.mx.a.example")
        .open();
    assert_eq!(first(&look(&lab)), json!({"dnssec": "secure"}));
}

#[test]
fn an_unsigned_domain_with_a_signed_host() {
    let zone = "a.example. 300 IN MX 10 mx.hoster.example.\nmx.hoster.example. 300 IN A 192.0.2.1";
    let lab = Scene::zone(zone).records(&tlsa_at("mx.hoster.example")).secure("hoster.example").open();
    let record = look(&lab);
    assert_eq!(record["dnssec"], "insecure");
    assert_eq!(first(&record), json!({"dnssec": "secure", "tlsa": record_of(DATA)}));
}

#[test]
fn no_mx_but_a_signed_address() {
    let zone = format!("a.example. 300 IN A 192.0.2.1\n{}", tlsa_at("a.example"));
    let record = look(&Scene::zone(&zone).secure("a.example").open());
    assert_eq!((&record["implicit"], &record["dnssec"]), (&json!(true), &json!("secure")));
    assert_eq!(first(&record), json!({"dnssec": "secure", "tlsa": record_of(DATA)}));
    let zone = format!(
        "a.example. 300 IN CNAME b.a.example.\nb.a.example. 300 IN A 192.0.2.1\n{}",
        tlsa_at("b.a.example")
    );
    let record = look(&Scene::zone(&zone).secure("a.example").open());
    assert_eq!(first(&record)["tlsa_base"], "b.a.example");
}

#[test]
fn a_host_that_is_an_alias() {
    let zone = "a.example. 300 IN MX 10 mx.a.example.\nmx.a.example. 300 IN CNAME real.example.\n\
                real.example. 300 IN A 192.0.2.1";
    let other = DATA.replace('7', "0");
    let real = tlsa_at("real.example").replace(DATA, &other);
    let both = || Scene::zone(zone).records(&tlsa_at("mx.a.example")).secure("a.example");
    let first_of = |scene: Scene| first(&look(&scene.open()));
    assert_eq!(
        first_of(both().records(&real).secure("real.example")),
        json!({"dnssec": "secure", "tlsa": record_of(&other), "tlsa_base": "real.example"}),
        "where it leads"
    );
    assert_eq!(
        first_of(both().secure("real.example")),
        json!({"dnssec": "secure", "tlsa": record_of(DATA)}),
        "then the exchange itself"
    );
    assert_eq!(
        first_of(both().records(&real)),
        json!({"dnssec": "insecure", "tlsa": record_of(DATA)}),
        "the alias is signed, where it leads is not"
    );
    assert_eq!(
        first_of(both().insecure("mx.a.example").records(&real).secure("real.example")),
        json!({"dnssec": "insecure"}),
        "an alias that anybody could have made up"
    );
}

#[test]
fn records_behind_an_alias() {
    let alias = format!(
        "_25._tcp.mx.a.example. 300 IN CNAME dane.certs.example.\ndane.certs.example. 300 IN TLSA 3 1 1 {DATA}"
    );
    let lab = Scene::zone(ONE).records(&alias).secure("a.example").secure("certs.example").open();
    assert_eq!(first(&look(&lab)), json!({"dnssec": "secure", "tlsa": record_of(DATA)}));
    let lab = Scene::zone(ONE).records(&alias).secure("a.example").open();
    assert_eq!(first(&look(&lab)), json!({"dnssec": "secure"}), "the way there has to be signed as well");
}

#[test]
fn a_host_whose_records_cannot_be_looked_up() {
    let zone = "a.example. 300 IN MX 10 mx.a.example.\na.example. 300 IN MX 20 other.a.example.\n\
                mx.a.example. 300 IN A 192.0.2.1\nother.a.example. 300 IN A 192.0.2.2";
    for (kind, code) in
        [("servfail", "dns.servfail"), ("refused", "dns.refused"), ("garbage", "dns.bad_answer")]
    {
        let lab = Scene::zone(zone)
            .secure("a.example")
            .fault("_25._tcp.mx.a.example", kind, "ede = 6\nede_text = 'DNSSEC Bogus'")
            .open();
        let record = look(&lab);
        assert_eq!(verdict(&record), "ok", "the other one can be used");
        assert_eq!(findings(&record), [format!("{code} mx.a.example")]);
        let host = first(&record);
        assert_eq!(host.get("tlsa"), None, "never a denial: {kind}");
        assert_eq!(host["tlsa_error"]["code"], "tls.dnssec_invalid", "{kind}");
        if kind == "servfail" {
            let ede = json!([{"code": 6, "text": "DNSSEC Bogus"}]);
            assert_eq!((&host["tlsa_error"]["ede"], &record["findings"][0]["ede"]), (&ede, &ede));
        }
        assert_eq!(record["mx"][1]["tlsa"], json!([]));
    }
}

#[test]
fn no_host_that_can_be_used() {
    let lab = Scene::zone(ONE).secure("a.example").fault("_25._tcp.mx.a.example", "timeout", "").open();
    let ran = run(&lab, &["--tlsa", "--timeout", "300ms", "a.example"]);
    let record = ran.record();
    assert_eq!((verdict(&record).as_str(), ran.code), ("unknown tls.dnssec_invalid dns", 75));
    assert_eq!(
        (&record["error"]["temporary"], findings(&record)),
        (&json!(true), vec!["dns.timeout mx.a.example".to_owned()])
    );
    assert_eq!(record["mx"][0]["addresses"], json!(["192.0.2.1"]));
    let text = run(&lab, &["--tlsa", "--timeout", "300ms", "--text", "a.example"]).stdout;
    assert!(text.contains("the host is not used"), "{text}");
}

#[test]
fn the_word_of_a_resolver_elsewhere() {
    // An address for documentation: nobody answers there (RFC 5737).
    let elsewhere = "192.0.2.53:9";
    let lab = Scene::zone(ONE).secure("a.example").open();
    let said = |words: &[&str]| {
        let words = [&["--dns", elsewhere, "--timeout", "50ms"], words, &["a.example"]].concat();
        run(&lab, &words).stderr
    };
    assert!(said(&["--tlsa"]).contains("--trust-ad"), "it is told that nothing will be asked");
    for quiet in [&["--tlsa", "--trust-ad"][..], &["--tlsa", "-q"], &[]] {
        assert!(!said(quiet).contains("--tlsa"), "{quiet:?}");
    }
    assert_eq!(run(&lab, &["--tlsa", "--no-addresses", "a.example"]).code, 2);
}

#[test]
fn text_shows_a_record_a_line() {
    let lab = Scene::zone(ONE).records(&tlsa_at("mx.a.example")).secure("a.example").open();
    let text = run(&lab, &["--tlsa", "--text", "a.example"]).stdout;
    assert!(text.contains(&format!("tlsa      3 1 1 {DATA}\n")), "{text}");
    let text = run(&Scene::zone(ONE).secure("a.example").open(), &["--tlsa", "--text", "a.example"]).stdout;
    assert!(text.contains("tlsa      none\n"), "{text}");
}
