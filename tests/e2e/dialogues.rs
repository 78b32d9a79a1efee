//! Every dialogue file, played to `smtp-ping`: it ends as the file says.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use lab::Lab;
use serde_json::{Value, json};
use smtp_core::proto::dialogue::{Dialogue, Turn};

use crate::harness::{tool, world};

/// The name of each server.
const NAME: &str = "mx.example";

/// A server for each file; the file's name, its address, and what it says.
fn servers() -> (Lab, Vec<(String, String, Dialogue)>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/smtp-core/scenarios");
    let mut servers = Vec::new();
    let mut text = String::new();
    for (at, entry) in std::fs::read_dir(folder).unwrap().enumerate() {
        let path = entry.unwrap().path();
        let dialogue = Dialogue::parse(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let address = format!("127.63.{}.{}", 230 + at / 200, at % 200 + 1);
        text += &format!("[[server]]\nname = \"{NAME}\"\naddress = \"{address}\"\nplays = \"{name}\"\n");
        servers.push((name, address, dialogue));
    }
    (world(&text), servers)
}

/// The record of each file among those that `options` are for.
fn records(
    lab: &Lab,
    servers: &[(String, String, Dialogue)],
    options: &[&str],
    is_for: impl Fn(&Dialogue) -> bool,
) -> BTreeMap<String, Value> {
    let ours = servers.iter().filter(|(_, _, dialogue)| is_for(dialogue));
    let lines: Vec<String> = ours
        .map(|(name, address, _)| json!({"host": NAME, "ip": address, "scenario": name}).to_string())
        .collect();
    let ran = tool(lab, "smtp-ping")
        .args(["--no-ptr", "-q"])
        .args(options.iter().copied())
        .stdin(lines.join("\n"))
        .run();
    let records = ran.records();
    assert_eq!(records.len(), lines.len(), "{}", ran.stderr);
    records.into_iter().map(|record| (record["scenario"].as_str().unwrap().to_owned(), record)).collect()
}

#[test]
fn every_dialogue_ends_as_it_says() {
    let (lab, servers) = servers();
    let is_asked = |dialogue: &Dialogue| !dialogue.recipients().is_empty();
    // Who takes that long is waited for longer than those who never speak.
    let is_slow = |dialogue: &Dialogue| {
        dialogue.turns.iter().any(|turn| matches!(turn, Turn::Pause(time) if *time > Duration::from_secs(3)))
    };
    let is_plain = |dialogue: &Dialogue| {
        !dialogue.is_implicit() && !dialogue.is_lmtp() && !is_asked(dialogue) && !is_slow(dialogue)
    };
    let mut all = records(&lab, &servers, &["--reply-timeout", "3s"], is_plain);
    all.extend(records(&lab, &servers, &[], is_slow));
    all.extend(records(&lab, &servers, &["--implicit"], Dialogue::is_implicit));
    all.extend(records(&lab, &servers, &["--lmtp"], Dialogue::is_lmtp));
    let rcpt = ["--rcpt", "jane@example.org"];
    all.extend(records(&lab, &servers, &[&rcpt[..], &["--reply-timeout", "3s"]].concat(), is_asked));
    assert_eq!(all.len(), servers.len());
    let mut wrong = Vec::new();
    for (name, _, dialogue) in &servers {
        let record = &all[name];
        let expect = &dialogue.expect;
        let expected = [Some(&expect.status), expect.code.as_ref(), expect.phase.as_ref()];
        let expected = expected.map(|word| word.map(String::as_str));
        let error = &record["error"];
        let mut outcome = [&record["status"], &error["code"], &error["phase"]].map(Value::as_str);
        // A reset may overtake the end of the connection attempt.
        if name == "greeting-reset" && outcome[2] == Some("connect") {
            outcome[2] = Some("banner");
        }
        if outcome != expected {
            wrong.push(format!("{name}: {expected:?}, but {record}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_odd_about_a_server_that_works_is_a_finding() {
    let (lab, servers) = servers();
    let odd = [
        ("ehlo-tls-changed-keywords", "ehlo.changed_after_tls"),
        ("starttls-offered-again-inside", "ehlo.starttls_after_tls"),
        ("quit-no-answer", "smtp.quit_no_221"),
        ("ehlo-refused-helo-taken", "smtp.helo_only"),
        ("greeting-yahoo", "tls.starttls_not_supported"),
        ("greeting-slow", "smtp.banner_slow"),
    ];
    let names: Vec<&str> = odd.iter().map(|(name, _)| *name).collect();
    let servers: Vec<_> = servers
        .into_iter()
        .filter(|(name, ..)| names.contains(&name.as_str()) || name == "greeting-port25")
        .collect();
    let all = records(&lab, &servers, &["--reply-timeout", "8s"], |_| true);
    for (name, code) in odd {
        let findings = all[name]["findings"].as_array().unwrap();
        assert!(findings.iter().any(|finding| finding["code"] == code), "{name}: {findings:?}");
    }
    assert_eq!(all["greeting-port25"].get("findings"), None, "STARTTLS that vanishes inside is no change");
}
