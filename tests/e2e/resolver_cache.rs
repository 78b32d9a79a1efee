//! What many targets have in common is asked once.

use crate::harness::{internet, tool};
use crate::scene::Scene;

fn domains(count: usize, zone: &str) -> String {
    (0..count).map(|n| format!("d{n}.{zone}\n")).collect()
}

#[test]
fn an_exchange_of_many_domains_is_asked_for_once() {
    let lab = internet();
    let ran = tool(&lab, "mxlookup").stdin(domains(500, "bulk.example")).run();
    assert_eq!((ran.code, ran.records().len()), (0, 500));
    assert_eq!(lab.queries(), 500 + 2, "an MX each, one A, one AAAA");
}

#[test]
fn an_exchange_that_fails_is_not_asked_for_by_each_domain() {
    let zone = "*.a.example. 300 IN MX 10 mx.b.example.\nmx.b.example. 300 IN A 192.0.2.1";
    let lab = Scene::zone(zone).fault("mx.b.example", "servfail", "").open();
    let ran = tool(&lab, "mxlookup").stdin(domains(100, "a.example")).run();
    assert_eq!((ran.code, ran.records().len()), (75, 100));
    assert!(ran.records().iter().all(|record| record["error"]["code"] == "dns.servfail"));
    assert_eq!(lab.queries(), 100 + 2);
}

#[test]
fn a_domain_that_is_named_again_while_it_is_asked_for_is_not_asked_for_again() {
    let zone = "a.example. 300 IN MX 10 mx.a.example.\nmx.a.example. 300 IN A 192.0.2.1";
    let lab = Scene::zone(zone).fault("a.example", "delay", "delay_ms = 500").open();
    let ran = tool(&lab, "mxlookup").stdin("a.example\n".repeat(50)).run();
    assert_eq!((ran.code, ran.records().len()), (0, 50));
    assert_eq!(lab.queries(), 3);
}

#[test]
fn what_may_not_be_kept_is_asked_for_each_time() {
    let zone = "*.a.example. 300 IN MX 10 mx.b.example.\nmx.b.example. 0 IN A 192.0.2.1\n\
                mx.b.example. 0 IN AAAA 2001:db8::1";
    let lab = Scene::zone(zone).open();
    let ran = tool(&lab, "mxlookup").args(["-j", "1"]).stdin(domains(5, "a.example")).run();
    assert_eq!((ran.code, ran.records().len()), (0, 5));
    assert_eq!(lab.queries(), 15);
}
