//! What an address is called, and the name to give in EHLO.

use serde_json::{Value, json};

use crate::harness::{internet, world};
use crate::myip::{myip, via};

/// PTR records as the world knows them (RFC 2317, RFC 8601 section 3).
const NAMES: &str = r#"
zone = """
; The /25 of a customer, who has a zone of its own for it.
7.113.0.203.in-addr.arpa.      300 IN CNAME 7.0-25.113.0.203.in-addr.arpa.
7.0-25.113.0.203.in-addr.arpa. 300 IN PTR   mail.customer.example.
mail.customer.example.         300 IN A     203.0.113.7
; The name is an alias.
8.113.0.203.in-addr.arpa.      300 IN PTR   alias.example.
alias.example.                 300 IN CNAME real.example.
real.example.                  300 IN A     203.0.113.8
; Of several names one cannot be looked up.
9.113.0.203.in-addr.arpa.      300 IN PTR   broken.example.
9.113.0.203.in-addr.arpa.      300 IN PTR   good.example.
good.example.                  300 IN A     203.0.113.9
10.113.0.203.in-addr.arpa.     300 IN PTR   broken.example.
10.113.0.203.in-addr.arpa.     300 IN PTR   other.example.
other.example.                 300 IN A     203.0.113.99
; Of the other family alone.
11.113.0.203.in-addr.arpa.     300 IN PTR   six.example.
six.example.                   300 IN AAAA  2001:db8::11
; A circle.
12.113.0.203.in-addr.arpa.     300 IN CNAME 13.113.0.203.in-addr.arpa.
13.113.0.203.in-addr.arpa.     300 IN CNAME 12.113.0.203.in-addr.arpa.
1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 300 IN CNAME 1.six.example.
1.six.example.                 300 IN PTR   mail6.example.
mail6.example.                 300 IN AAAA  2001:db8::1
$ORIGIN many.example.
@ 300 IN A 203.0.113.20
$ORIGIN .
%MANY%
"""
[[fault]]
name = "broken.example"
kind = "servfail"
[[fault]]
name = "14.113.0.203.in-addr.arpa"
kind = "timeout"
[[fault]]
name = "15.113.0.203.in-addr.arpa"
kind = "servfail"
"#;

fn names() -> lab::Lab {
    let many: String =
        (0..30).map(|n| format!("20.113.0.203.in-addr.arpa. 300 IN PTR n{n}.many.example.\n")).collect();
    world(&NAMES.replace("%MANY%\n", &many))
}

#[test]
fn iprev_of_every_kind_of_name() {
    let lab = names();
    let iprev = |ip: &str| {
        let ran = myip(&lab).args(["--timeout", "2s", ip]).run();
        let record = ran.records_of_words().remove(0);
        let count = record["ptr"].as_array().map(Vec::len);
        let told = (
            record["iprev"].as_str().unwrap().to_owned(),
            count,
            record["helo"].as_str().unwrap().to_owned(),
        );
        (told, ran.code)
    };
    for (ip, word, count, helo, code) in [
        ("203.0.113.7", "pass", Some(1), "mail.customer.example", 0),
        ("203.0.113.8", "pass", Some(1), "alias.example", 0),
        ("203.0.113.9", "pass", Some(2), "good.example", 0),
        ("203.0.113.10", "temperror", Some(2), "[203.0.113.10]", 75),
        ("203.0.113.11", "fail", Some(1), "[203.0.113.11]", 1),
        ("203.0.113.12", "permerror", Some(0), "[203.0.113.12]", 1),
        ("203.0.113.14", "temperror", None, "[203.0.113.14]", 75),
        ("203.0.113.15", "temperror", None, "[203.0.113.15]", 75),
        ("203.0.113.16", "permerror", Some(0), "[203.0.113.16]", 1),
        ("203.0.113.20", "fail", Some(10), "[203.0.113.20]", 1),
        ("2001:db8::1", "pass", Some(1), "mail6.example", 0),
    ] {
        assert_eq!(iprev(ip), ((word.to_owned(), count, helo.to_owned()), code), "{ip}");
    }
    let record = myip(&lab).args(["203.0.113.11"]).run().record();
    assert_eq!(
        record["error"]["message"],
        "no PTR name leads back to the address: six.example has no address of this family"
    );
}

/// `helo`, `helo_check` and the code of the error.
fn checked(record: &Value) -> (Value, Value, Value) {
    (record["helo"].clone(), record["helo_check"].clone(), record["error"]["code"].clone())
}

#[test]
fn a_name_of_ones_own_is_checked_both_ways() {
    let lab = world(
        r#"
zone = """
7.113.0.203.in-addr.arpa. 300 IN PTR   server.example.
server.example.           300 IN A     203.0.113.7
mail.example.             300 IN A     203.0.113.7
mail.example.             300 IN A     203.0.113.8
moved.example.            300 IN A     203.0.113.99
six.example.              300 IN AAAA  2001:db8::7
"""
[[fault]]
name = "broken.example"
kind = "servfail"
[[page]]
path = "/ip"
body = "203.0.113.7"
"#,
    );
    let check = |name: &str| {
        let ran = via(&lab, &["/ip"]).args(["--helo", name]).run();
        (checked(&ran.records_of_words()[0]), ran.code)
    };
    let record = |name: &str, forward: &[&str], leads_here, is_ptr| json!({"name": name, "forward": forward, "leads_here": leads_here, "is_ptr": is_ptr});
    let ours = record("server.example", &["203.0.113.7"], true, true);
    assert_eq!(check("Server.Example"), ((json!("server.example"), ours, Value::Null), 0));
    let ours = record("mail.example", &["203.0.113.7", "203.0.113.8"], true, false);
    assert_eq!(check("mail.example"), ((json!("mail.example"), ours, Value::Null), 0));
    let mismatch = json!("id.helo_mismatch");
    for (name, forward) in
        [("moved.example", &["203.0.113.99"][..]), ("nosuch.example", &[]), ("six.example", &[])]
    {
        let theirs = record(name, forward, false, false);
        assert_eq!(check(name), ((json!("server.example"), theirs, mismatch.clone()), 1));
    }
    let unknown = json!({"name": "broken.example", "is_ptr": false});
    assert_eq!(check("broken.example"), ((json!("server.example"), unknown, json!("dns.servfail")), 75));

    let record = via(&lab, &["/ip"]).args(["--helo", "mail.example"]).run().record();
    assert_eq!((&record["status"], &record["findings"][0]["code"]), (&json!("ok"), &json!("id.ptr_ne_helo")));
    let record = via(&lab, &["/ip"]).args(["--helo", "moved.example"]).run().record();
    assert_eq!(record.get("findings"), None, "the error says it already");
    let error = &record["error"];
    assert_eq!(error["message"], "moved.example leads to 203.0.113.99, not to this address");
    assert_eq!(error["hint"], "let the name have this address, or give server.example in EHLO");
    // The line for a shell, and the same for any address.
    let ran = via(&lab, &["/ip"]).args(["--name", "--helo", "mail.example"]).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "mail.example\n"));
    let ran = via(&lab, &["/ip"]).args(["--name", "--helo", "moved.example"]).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (1, "server.example\n"));
    let ran = myip(&lab)
        .args(["--helo", "mail.example", "--ordered", "-"])
        .stdin("203.0.113.7\n203.0.113.8\n")
        .run();
    let told: Vec<_> = ran.records().iter().map(|record| checked(record).2).collect();
    assert_eq!(told, [Value::Null, json!("id.no_ptr")]);
    assert_eq!(ran.records()[1]["helo"], "mail.example", "it leads there, whatever the PTR");
}

#[test]
fn an_error_that_is_definite_decides_before_one_that_is_not() {
    let lab = internet();
    let record = myip(&lab).args(["--helo", "nosuch.example", "198.51.100.53"]).run().record();
    assert_eq!(
        (&record["iprev"], &record["error"]["code"]),
        (&json!("temperror"), &json!("id.helo_mismatch"))
    );
    assert_eq!(record["helo_check"].get("is_ptr"), None, "the PTR could not be looked up");
    let record = myip(&lab).args(["--helo", "broken.example", "203.0.113.99"]).run().record();
    assert_eq!(record["error"]["code"], "id.no_ptr");
    let ran = myip(&lab).args(["--text", "--helo", "server.example.com", "203.0.113.7"]).run();
    assert!(ran.stdout.contains("server.example.com (leads here, is a PTR name)"), "{}", ran.stdout);
}
