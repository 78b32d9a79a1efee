//! The contract that every tool keeps, tried on each of them.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use lab::Lab;
use serde_json::{Value, json};

use crate::family::{FAMILY, Member};
use crate::harness::{Run, finish, internet, shell, tool};

/// Runs a check on every tool, naming the tool when it fails.
pub(crate) fn each(check: impl Fn(&Member)) {
    for member in FAMILY {
        println!("{}", member.name);
        check(member);
    }
}

/// The tool, reading its targets from stdin.
pub(crate) fn fed<'a>(lab: &'a Lab, member: &Member) -> Run<'a> {
    tool(lab, member.name).args(member.from_stdin.iter().copied())
}

fn keys(line: &str) -> Vec<String> {
    // An ordered map: serde_json's `preserve_order`.
    serde_json::from_str::<serde_json::Map<String, Value>>(line).unwrap().keys().cloned().collect()
}

#[test]
fn a_word_gives_one_record_of_the_schema_and_no_other_key() {
    let lab = internet();
    each(|member| {
        for (word, status, code) in
            [(member.ok, "ok", 0), (member.fail, "fail", 1), (member.unknown, "unknown", 75)]
        {
            let ran = tool(&lab, member.name).args([word]).run();
            let records = ran.records_of_words();
            assert_eq!(records.len(), 1, "{}", ran.stdout);
            assert_eq!((records[0]["status"].as_str(), ran.code), (Some(status), code), "{}", ran.stdout);
            assert_eq!(records[0]["input"], json!(word));
            assert_eq!(records[0]["error"].is_object(), status != "ok");
            assert!(records[0]["time"].is_string());
        }
    });
}

#[test]
fn keys_come_in_the_order_of_the_contract() {
    const ORDER: &[&str] = &[
        "tool",
        "v",
        "status",
        "domain",
        "domain_unicode",
        "address",
        "host",
        "ip",
        "family",
        "port",
        "preference",
        "kind",
        "input",
        "*",
        "time",
        "error",
        "findings",
        "timing_ms",
    ];
    let place = |key: &String| ORDER.iter().position(|known| known == key).unwrap_or(13);
    let lab = internet();
    each(|member| {
        for word in [member.ok, member.fail, member.unknown, "42.."] {
            let ran = tool(&lab, member.name).args([word]).run();
            let places: Vec<usize> = keys(ran.stdout.trim()).iter().map(place).collect();
            assert!(places.is_sorted(), "{}", ran.stdout);
        }
    });
}

#[test]
fn every_key_that_a_tool_writes_is_on_its_list_and_in_its_schema() {
    each(|member| {
        let schema = (member.schema)();
        let mut described: Vec<&str> =
            schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        let mut listed = member.writes();
        described.sort_unstable();
        listed.sort_unstable();
        assert_eq!(described, listed);
    });
}

#[test]
fn foreign_keys_are_carried_byte_for_byte_behind_the_tools_own() {
    let lab = internet();
    each(|member| {
        let foreign = r#""customer":"42","n":12345678901234567890,"x":1.0,"esc":"\u00e9\/","deep":{"a" :[1,{"b":null}]}"#;
        let line = format!("{},{foreign}}}\n", member.object);
        let ran = fed(&lab, member).stdin(line).run();
        ran.record();
        assert!(ran.stdout.trim_end().ends_with(&format!("{foreign}}}")), "{}", ran.stdout);
    });
}

#[test]
fn a_key_given_twice_counts_as_its_last() {
    let lab = internet();
    each(|member| {
        let ran = fed(&lab, member).stdin(format!("{},\"k\":1,\"k\":2}}\n", member.object)).run();
        assert!(ran.stdout.contains(r#""k":2"#) && !ran.stdout.contains(r#""k":1"#), "{}", ran.stdout);
    });
}

#[test]
fn a_status_of_the_users_own_means_nothing() {
    let lab = internet();
    each(|member| {
        let line = format!(r#"{},"status":"fail","error":{{"code":"mine"}}}}"#, member.object);
        let record = fed(&lab, member).stdin(line).run().record();
        assert_eq!(record["status"], "ok");
        assert_eq!(record.get("error"), None);
    });
}

#[test]
fn a_failed_record_passes_through_with_only_its_tool_replaced() {
    let lab = internet();
    each(|member| {
        for (status, code) in [("fail", 1), ("unknown", 75)] {
            let rest = format!(
                r#""v":1,"status":"{status}","domain":"port25.com","host":"mail.port25.com","n":1.0,"error":{{"tool":"mxlookup","code":"dns.servfail","temporary":true}}}}"#
            );
            let ran = fed(&lab, member).stdin(format!(r#"{{"tool":"other",{rest}"#)).run();
            assert_eq!(ran.stdout, format!("{{\"tool\":\"{}\",{rest}\n", member.name));
            assert_eq!(ran.code, code);
        }
    });
}

#[test]
fn with_retry_an_unknown_record_is_a_target_again_and_a_failed_one_is_not() {
    let lab = internet();
    each(|member| {
        let before = tool(&lab, member.name).args([member.unknown]).run().stdout;
        let fixed = before.replace(member.unknown, member.ok);
        // Where the target is a host, its address is looked up again.
        let fixed = match fixed.contains(r#""host":"#) {
            true => fixed.replace(r#""ip":"#, r#""was_ip":"#),
            false => fixed,
        };
        let ran = fed(&lab, member).args(["--retry"]).stdin(fixed).run();
        assert_eq!(ran.record()["status"], "ok", "{}", ran.stdout);
        let failed = tool(&lab, member.name).args([member.fail]).run().stdout;
        let ran = fed(&lab, member).args(["--retry"]).stdin(failed.clone()).run();
        assert_eq!((ran.stdout, ran.code), (failed, 1));
    });
}

#[test]
fn earlier_findings_come_first_and_each_once() {
    let lab = internet();
    each(|member| {
        let known = r#"{"tool":"t","code":"dns.implicit_mx","severity":"info","message":"m","x":1.0}"#;
        let line = format!(r#"{},"findings":[{known},{known},7]}}"#, member.object);
        let ran = fed(&lab, member).stdin(line).run();
        assert!(ran.stdout.contains(&format!(r#""findings":[{known}"#)), "{}", ran.stdout);
        assert_eq!(ran.stdout.matches(r#""x":1.0"#).count(), 1);
    });
}

#[test]
fn lines_that_cannot_be_used_are_records_too() {
    let lab = internet();
    each(|member| {
        let lines: [&[u8]; 9] = [
            b"{\"domain\":\"port25.com\"",
            b"42",
            b"null",
            b"[1]",
            b"{}",
            b"a\0b",
            b"caf\xe9",
            b"\"\"",
            b"two words",
        ];
        let ran = fed(&lab, member).args(["--ordered"]).stdin(lines.join(&b'\n')).run();
        let records = ran.records_of_words();
        assert_eq!((records.len(), ran.code), (lines.len(), 1), "{}", ran.stdout);
        for (at, record) in records.iter().enumerate() {
            assert_eq!(record["error"]["code"], "input.unusable", "{record}");
            assert_eq!(record["error"]["phase"], "input");
            assert_eq!(record["error"]["line"], json!(at + 1), "{record}");
        }
    });
}

#[test]
fn blank_lines_comments_bom_and_crlf_are_no_targets_and_no_errors() {
    let lab = internet();
    each(|member| {
        let stdin = format!("\u{feff}# list\r\n\r\n   \n  {}  \r\n\"{}\"\n#end", member.ok, member.ok);
        let ran = fed(&lab, member).stdin(stdin).run();
        let records = ran.records_of_words();
        assert_eq!((records.len(), ran.code), (2, 0), "{}", ran.stdout);
        assert!(records.iter().all(|record| record["input"] == json!(member.ok)));
    });
}

#[test]
fn a_line_beyond_the_bound_is_one_record_and_the_next_line_is_whole() {
    let lab = internet();
    each(|member| {
        let stdin = format!("{}\n{}\n", "x".repeat(3 << 20), member.ok);
        let ran = fed(&lab, member).args(["--ordered"]).stdin(stdin).run();
        let records = ran.records_of_words();
        assert_eq!(records[0]["error"]["code"], "input.unusable");
        assert_eq!(records[0]["input"].as_str().unwrap().len(), 256);
        assert_eq!(records[1]["status"], "ok");
        let ran = fed(&lab, member).args(["--max-line", "5"]).stdin(format!("{}\n", member.ok)).run();
        assert_eq!(ran.record()["error"]["code"], "input.unusable");
    });
}

#[test]
fn an_empty_input_is_no_target_and_no_failure() {
    let lab = internet();
    each(|member| {
        let ran = fed(&lab, member).run();
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
    });
}

#[test]
fn wrong_usage_is_exit_2_and_nothing_on_stdout() {
    let lab = internet();
    each(|member| {
        for args in [
            &["--nonsense"][..],
            &["--timeout", "0"],
            &["-j", "0"],
            &["-j", "10001"],
            &["--rate", "0"],
            &["--explain", "no.such"],
            &["--json", "--text"],
            &["--dns", "nonsense"],
            &[member.ok, "-"],
        ] {
            let ran = tool(&lab, member.name).args(args.iter().copied()).run();
            assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{args:?}: {}", ran.stderr);
            assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
        }
    });
}

#[test]
fn an_input_that_cannot_be_read_is_exit_74() {
    let lab = internet();
    each(|member| {
        let ran = shell(&lab, &format!("{} {} < /", member.name, member.from_stdin.join(" "))).run();
        assert_eq!((ran.code, ran.stdout.as_str()), (74, ""));
        assert!(ran.stderr.contains("failed to read standard input"), "{}", ran.stderr);
    });
}

#[test]
fn exit_zero_is_for_pipelines_that_judge_by_the_records() {
    let lab = internet();
    each(|member| {
        let ran = tool(&lab, member.name).args(["--exit-zero", member.fail, member.unknown]).run();
        assert_eq!((ran.code, ran.records_of_words().len()), (0, 2));
        let ran = tool(&lab, member.name).args([member.fail, member.unknown]).run();
        assert_eq!(ran.code, 1);
    });
}

#[test]
fn the_first_record_comes_out_before_stdin_ends() {
    let lab = internet();
    each(|member| {
        let mut command = fed(&lab, member).command();
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        for _ in 0..3 {
            writeln!(stdin, "{}", member.ok).unwrap();
            let mut line = String::new();
            stdout.read_line(&mut line).unwrap();
            assert!(line.contains(r#""status":"ok""#), "{line}");
        }
        drop(stdin);
        assert!(finish(child).status.success());
    });
}

#[test]
fn ordered_keeps_the_order_though_the_first_is_the_slowest() {
    let lab = internet();
    each(|member| {
        let words = [member.slow, member.fail, member.ok, member.unknown, member.ok];
        let ran = fed(&lab, member).args(["--ordered", "--timeout", "1s"]).stdin(words.join("\n")).run();
        let inputs: Vec<Value> =
            ran.records_of_words().iter().map(|record| record["input"].clone()).collect();
        assert_eq!(inputs, words.map(Value::from));
        let ran = fed(&lab, member).args(["--timeout", "1s", "-j", "5"]).stdin(words.join("\n")).run();
        assert_eq!(ran.records_of_words().last().unwrap()["input"], json!(member.slow));
    });
}

#[test]
fn the_limit_of_a_target_always_holds_and_is_named() {
    let lab = internet();
    each(|member| {
        let record = tool(&lab, member.name).args(["--timeout", "300ms", member.slow]).run().record();
        assert_eq!(record["status"], "unknown");
        assert_eq!(record["error"]["limit_ms"], json!(300), "{record}");
        assert!(record["timing_ms"]["total"].as_f64().unwrap() < 5_000.0);
    });
}

#[test]
fn a_panic_over_one_target_is_one_record_and_the_rest_goes_on() {
    let lab = internet();
    each(|member| {
        let stdin = format!("{}\npanic.example\n{}\n", member.ok, member.ok);
        let ran = fed(&lab, member).args(["--ordered"]).stdin(stdin).run();
        let records = ran.records_of_words();
        assert_eq!(records.len(), 3);
        assert_eq!(records[1]["error"]["code"], "internal.panic");
        assert_eq!(records[1]["input"], "panic.example");
        assert_eq!(
            (&records[0]["status"], &records[2]["status"], ran.code),
            (&json!("ok"), &json!("ok"), 70)
        );
        assert!(ran.stderr.contains("a defect"), "{}", ran.stderr);
    });
}

#[test]
fn text_has_no_json_and_json_is_the_default_of_a_pipe() {
    let lab = internet();
    each(|member| {
        for word in [member.ok, member.fail, member.unknown, "two words"] {
            let ran = tool(&lab, member.name).args(["--text", word]).run();
            assert!(!ran.stdout.contains(['{', '\x1b']), "{}", ran.stdout);
            assert!(
                ran.stdout.starts_with("ok  ")
                    || ran.stdout.starts_with("fail  ")
                    || ran.stdout.starts_with("unknown ")
            );
        }
        let ran = tool(&lab, member.name).args(["--text", "--color", "always", member.ok]).run();
        assert!(ran.stdout.contains("\x1b["));
        let ran = tool(&lab, member.name)
            .args(["--text", "--color", "always", member.ok])
            .env("NO_COLOR", "1")
            .run();
        assert!(ran.stdout.contains("\x1b["), "an option counts more than the environment");
    });
}

#[test]
fn help_version_schema_and_explain_go_to_stdout_and_end() {
    let lab = internet();
    each(|member| {
        for args in [&["--help"][..], &["-h"], &["--version"], &["--schema"], &["--explain", "dns.nxdomain"]]
        {
            let ran = tool(&lab, member.name).args(args.iter().copied()).run();
            assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{args:?}");
            assert!(!ran.stdout.is_empty());
        }
        (member.command)().debug_assert();
        let ran = shell(&lab, &format!("{} --help > /dev/full", member.name)).run();
        assert_ne!(ran.code, 101, "{}", ran.stderr);
    });
}

#[test]
fn a_rate_holds_the_targets_back() {
    let lab = internet();
    each(|member| {
        let begun = std::time::Instant::now();
        let stdin = format!("{}\n", member.ok).repeat(11);
        let ran = fed(&lab, member).args(["--rate", "20", "-q"]).stdin(stdin).run();
        assert_eq!(ran.records_of_words().len(), 11);
        assert!(begun.elapsed().as_millis() >= 500, "{:?}", begun.elapsed());
    });
}
