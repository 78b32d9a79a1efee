//! What the dialogue files show beside their outcome: what is tolerated is told, and nothing raw
//! reaches a terminal.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

use lab::Lab;
use serde_json::Value;
use smtp_core::proto::dialogue::{Dialogue, Turn};

use crate::harness::{Ran, finish, tool};
use crate::scene::{Scene, findings};

/// Long enough for a server on this machine to say its part, however busy it is.
const LIMIT: &str = "2s";

/// All files by name.
fn dialogues() -> BTreeMap<String, Dialogue> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/smtp-core/scenarios");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let dialogue = Dialogue::parse(&std::fs::read_to_string(&path).unwrap());
        (name.clone(), dialogue.unwrap_or_else(|error| panic!("{name}: {error}")))
    };
    files.filter(|path| path.extension().is_some_and(|ending| ending == "smtp")).map(read).collect()
}

/// A world in which `NAME.example` plays NAME.
fn served(dialogues: &BTreeMap<String, Dialogue>) -> Lab {
    let numbered = dialogues.keys().zip(1..);
    let scene = numbered.fold(Scene::default(), |scene, (name, number)| {
        scene.server(
            &format!("{name}.example"),
            &format!("127.64.{}.{}", number / 250, number % 250 + 1),
            name,
        )
    });
    scene.open()
}

/// Whether only a limit ends it: those are given a short one.
fn is_silent(dialogue: &Dialogue) -> bool {
    let awaited = ["smtp.banner_timeout", "smtp.timeout", "tls.timeout"];
    let times_out = dialogue.expect.code.as_deref().is_some_and(|code| awaited.contains(&code));
    times_out || (dialogue.expect.status == "ok" && dialogue.turns.contains(&Turn::Silence))
}

/// What came of all of them: the silent ones in one run, the others in another.
fn played(lab: &Lab, dialogues: &BTreeMap<String, Dialogue>) -> Vec<Ran> {
    let mut runs = Vec::new();
    for silent in [true, false] {
        let some = dialogues.iter().filter(|(_, dialogue)| is_silent(dialogue) == silent);
        let targets: String = some.map(|(name, _)| format!("{name}.example\n")).collect();
        let limit = if silent { LIMIT } else { "30s" };
        let args = ["-q", "--no-ptr", "-j", "100", "--reply-timeout", limit];
        runs.push(tool(lab, "smtp-ping").args(args).stdin(targets).run());
    }
    runs
}

/// What came of those that wait for a recipient.
fn asked(lab: &Lab, dialogues: &BTreeMap<String, Dialogue>) -> BTreeMap<String, Value> {
    let runs = dialogues.iter().map(|(name, dialogue)| {
        let recipients = dialogue.recipients().into_iter().flat_map(|to| ["--rcpt", to]);
        tool(lab, "smtp-ping").args(recipients).args([format!("{name}.example").as_str()]).run()
    });
    records(&runs.collect::<Vec<_>>())
}

fn records(runs: &[Ran]) -> BTreeMap<String, Value> {
    let records = runs.iter().flat_map(Ran::records_of_words);
    let named = records.map(|record| {
        let host = record["host"].as_str().unwrap();
        (host.trim_end_matches(".example").to_owned(), record)
    });
    named.collect()
}

#[test]
fn no_scenario_gets_a_control_byte_through_to_a_person() {
    let dialogues = dialogues();
    let lab = served(&dialogues);
    for (name, dialogue) in &dialogues {
        let limit = if is_silent(dialogue) { "200ms" } else { "30s" };
        let tls = if dialogue.is_implicit() { "implicit" } else { "may" };
        let lmtp: &[&str] = if dialogue.is_lmtp() { &["--lmtp"] } else { &[] };
        let mut command = tool(&lab, "smtp-ping")
            .args(lmtp.iter().copied())
            .args(["--text", "-v", "--no-ptr", "--tls", tls, "--reply-timeout", limit])
            .args([format!("{name}.example").as_str()])
            .command();
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let output = finish(child.unwrap());
        for (stream, bytes) in [("stdout", output.stdout), ("stderr", output.stderr)] {
            // A lone byte of 0x80 to 0x9f, which some terminals take for C1, is no UTF-8.
            let text = String::from_utf8(bytes).unwrap_or_else(|error| panic!("{name}: {stream}: {error}"));
            assert!(!text.is_empty(), "{name}: {stream}");
            let raw = |c: char| c.is_control() && c != '\n';
            assert!(!text.contains(raw), "{name}: {stream}: {text:?}");
        }
    }
}

#[test]
fn what_is_tolerated_is_told() {
    let mut dialogues = dialogues();
    dialogues.retain(|name, _| TOLERATED.iter().any(|(tolerated, ..)| tolerated == name));
    assert_eq!(dialogues.len(), TOLERATED.len());
    let mut records = records(&played(&served(&dialogues), &dialogues));
    dialogues.retain(|_, dialogue| !dialogue.recipients().is_empty());
    records.extend(asked(&served(&dialogues), &dialogues));
    for (name, quirks, codes) in TOLERATED {
        let record = &records[*name];
        assert_eq!(record["status"], "ok", "{name}");
        let named = record["quirks"].as_array().into_iter().flatten().map(|word| word.as_str().unwrap());
        assert_eq!(named.collect::<Vec<_>>(), *quirks, "{name}");
        let found = findings(record);
        let found: Vec<&str> = found.iter().map(String::as_str).filter(|code| *code != NO_TLS).collect();
        assert_eq!(found, *codes, "{name}");
    }
}

/// What is found in an EHLO reply of garbage.
const GARBAGE: &[&str] = &[
    "mbox.ehlo_keyword_masked",
    "mbox.starttls_stripped",
    "ehlo.inconsistent",
    "ehlo.bad_keyword",
    "text.invalid_utf8",
];

/// What none of them offers.
const NO_TLS: &str = "tls.starttls_not_supported";

/// Scenario, its quirks and its findings beside [`NO_TLS`].
const TOLERATED: &[(&str, &[&str], &[&str])] = &[
    ("greeting-bare-lf", &["bare_lf"], &[]),
    ("greeting-code-only", &[], &["id.banner_no_domain"]),
    ("greeting-nul", &["nul"], &["id.banner_no_domain"]),
    ("greeting-long-line", &["long_line"], &[]),
    ("ehlo-bare-lf", &["bare_lf"], &[]),
    ("ehlo-code-only", &[], &[]),
    ("ehlo-drop-helo-taken", &["ehlo_drop"], &["smtp.helo_only"]),
    ("ehlo-reset-helo-taken", &["ehlo_drop"], &["smtp.helo_only"]),
    ("ehlo-invalid-utf8", &[], &["text.invalid_utf8"]),
    ("ehlo-nul", &["nul"], &[]),
    ("ehlo-odd-code", &["ehlo_code", "odd_code"], &[]),
    ("rcpt-enhanced-mismatch", &["enhanced_mismatch"], &[]),
    ("quit-multiline", &[], &[]),
    ("greeting-mixed-codes", &["mixed_codes"], &[]),
    ("greeting-invalid-utf8", &[], &["text.invalid_utf8"]),
    ("greeting-multiline", &[], &[]),
    ("greeting-split-bytes", &[], &["id.banner_ne_ehlo"]),
    ("ehlo-garbage-keywords", &["bad_keyword", "nul"], GARBAGE),
    ("ehlo-legacy-auth", &["auth_equals"], &["ehlo.auth_plain_in_clear"]),
    ("ehlo-lowercase-keywords", &[], &[]),
    ("ehlo-refused-helo-taken", &[], &["smtp.helo_only"]),
    ("quit-close", &[], &["smtp.quit_no_221"]),
    ("quit-no-answer", &[], &["smtp.quit_no_221"]),
    ("quit-refused", &[], &["smtp.quit_no_221"]),
];

#[test]
fn keywords_are_read_in_any_case_and_garbage_is_none() {
    let mut dialogues = dialogues();
    dialogues.retain(|name, _| name == "ehlo-garbage-keywords" || name == "ehlo-lowercase-keywords");
    let records = records(&played(&served(&dialogues), &dialogues));
    let keywords = |name: &str| records[name]["ehlo"]["keywords"].to_string();
    assert_eq!(keywords("ehlo-lowercase-keywords"), r#"{"PIPELINING":[],"SIZE":["10240000"],"8BITMIME":[]}"#);
    assert_eq!(
        keywords("ehlo-garbage-keywords"),
        r#"{"XXXXXXXA":[],"SIZE":["lots","and","lots"],"8BITMIME":["8BITMIME"],"PIPELINING":[]}"#
    );
}
