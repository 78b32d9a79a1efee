//! `smtp-ping --first`: one record, with the attempts that led to it.

use lab::Lab;
use serde_json::{Value, json};

use crate::harness::{Ran, tool};
use crate::scene::{FRIENDLY, Scene, verdict};

/// Three servers: `mx1` plays this, and so on.
fn servers(plays: [&str; 3]) -> Lab {
    let numbered = plays.into_iter().zip(1..);
    let scene = numbered.fold(Scene::default(), |scene, (play, n)| {
        scene.server(&format!("mx{n}.a.example"), &format!("127.70.0.{n}"), play)
    });
    scene.open()
}

/// What comes of a route over these exchanges.
fn first(lab: &Lab, exchanges: &[&str]) -> Ran {
    let host = |(name, n): (&&str, usize)| json!({"preference": n, "exchange": format!("{name}.a.example")});
    let hosts: Vec<Value> = exchanges.iter().zip(1..).map(host).collect();
    let route = json!({"domain": "a.example", "mx": hosts}).to_string();
    tool(lab, "smtp-ping").args(["--first"]).stdin(route).run()
}

/// The attempts of a record, without how long they took.
fn attempts(record: &Value) -> Value {
    let mut attempts = record["attempts"].clone();
    for attempt in attempts.as_array_mut().unwrap() {
        assert!(attempt.as_object_mut().unwrap().remove("elapsed_ms").unwrap().is_number());
    }
    attempts
}

#[test]
fn the_second_works() {
    let lab = servers(["refused", FRIENDLY, FRIENDLY]);
    let ran = first(&lab, &["mx1", "mx2", "mx3"]);
    let record = ran.record();
    assert_eq!((verdict(&record).as_str(), ran.code), ("ok", 0));
    assert_eq!((&record["host"], &record["ip"]), (&json!("mx2.a.example"), &json!("127.70.0.2")));
    assert_eq!((&record["domain"], &record["preference"]), (&json!("a.example"), &json!(2)));
    assert_eq!(
        attempts(&record),
        json!([
            {
                "host": "mx1.a.example", "ip": "127.70.0.1", "port": lab.port(),
                "status": "fail", "code": "tcp.refused", "phase": "connect"
            },
            {"host": "mx2.a.example", "ip": "127.70.0.2", "port": lab.port(), "status": "ok"},
        ])
    );
    assert!(lab.heard("mx3.a.example").is_empty(), "nothing is tried after the one that works");
}

#[test]
fn the_first_works() {
    let lab = servers([FRIENDLY; 3]);
    let record = first(&lab, &["mx1", "mx2"]).record();
    assert_eq!((&record["host"], attempts(&record).as_array().unwrap().len()), (&json!("mx1.a.example"), 1));
    assert!(lab.heard("mx2.a.example").is_empty());
    let word = tool(&lab, "smtp-ping").args(["--first", "mx1.a.example"]).run();
    assert_eq!(word.records_of_words()[0]["attempts"].as_array().unwrap().len(), 1);
    let word = tool(&lab, "smtp-ping").args(["mx1.a.example"]).run();
    assert_eq!(word.records_of_words()[0].get("attempts"), None);
}

#[test]
fn none_works_and_the_record_is_that_of_the_first_unknown() {
    let lab = servers(["greeting-554", "greeting-421", "greeting-450"]);
    let ran = first(&lab, &["mx1", "gone", "mx2", "mx3"]);
    let record = ran.record();
    assert_eq!((verdict(&record).as_str(), ran.code), ("unknown smtp.greeting_421 banner", 75));
    assert_eq!((&record["host"], &record["preference"]), (&json!("mx2.a.example"), &json!(3)));
    assert_eq!(record["banner"]["code"], 421);
    let codes: Vec<&str> = record["attempts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|attempt| attempt["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["smtp.greeting_554", "dns.nxdomain", "smtp.greeting_421", "smtp.greeting_4xx"]);
    assert_eq!(
        attempts(&record)[1],
        json!({"host": "gone.a.example", "status": "fail", "code": "dns.nxdomain", "phase": "dns"})
    );
}

#[test]
fn all_fail_and_the_record_is_that_of_the_first() {
    let lab = servers(["greeting-554", "refused", "greeting-521"]);
    let ran = first(&lab, &["mx1", "mx2", "mx3", "gone"]);
    let record = ran.record();
    assert_eq!((verdict(&record).as_str(), ran.code), ("fail smtp.greeting_554 banner", 1));
    assert_eq!((&record["host"], attempts(&record).as_array().unwrap().len()), (&json!("mx1.a.example"), 4));
    let record = first(&lab, &["gone", "mx2"]).record();
    assert_eq!(
        (verdict(&record).as_str(), &record["host"]),
        ("fail dns.nxdomain dns", &json!("gone.a.example"))
    );
}

#[test]
fn text_tells_the_attempts() {
    let lab = servers(["refused", FRIENDLY, FRIENDLY]);
    let hosts = r#"{"mx":[{"exchange":"mx1.a.example"},{"exchange":"mx2.a.example"}]}"#;
    let ran = tool(&lab, "smtp-ping").args(["--first", "--text"]).stdin(hosts).run();
    assert!(ran.stdout.starts_with("ok      mx2.a.example 127.70.0.2:"), "{}", ran.stdout);
    assert!(ran.stdout.contains("tried     mx1.a.example 127.70.0.1: tcp.refused after "), "{}", ran.stdout);
    assert!(ran.stdout.contains("tried     mx2.a.example 127.70.0.2: ok after "), "{}", ran.stdout);
}

#[test]
fn what_there_was_no_time_for_is_no_attempt() {
    let lab = servers(["greeting-silent", FRIENDLY, FRIENDLY]);
    let host = |n| json!({"preference": n, "exchange": format!("mx{n}.a.example")});
    let route = json!({"domain": "a.example", "mx": [host(1), host(2)]}).to_string();
    let record = tool(&lab, "smtp-ping").args(["--first", "--timeout", "1s"]).stdin(route).run().record();
    assert_eq!(verdict(&record), "unknown smtp.banner_timeout banner");
    assert_eq!(attempts(&record).as_array().unwrap().len(), 1, "{record:#}");
}
