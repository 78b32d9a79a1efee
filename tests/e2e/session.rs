//! What `smtp-ping` says to a server, and what it makes of the server's names.

use lab::Lab;
use serde_json::{Value, json};

use crate::harness::{internet, shell, tool};
use crate::scene::{FRIENDLY, Scene, assert_record, findings, verdict};

/// One server and its name.
fn one() -> Lab {
    Scene::default().server("mx.a.example", "127.67.0.1", FRIENDLY).open()
}

/// The only record of words.
fn ping(lab: &Lab, args: &[&str]) -> Value {
    let mut records = tool(lab, "smtp-ping").args(args.iter().copied()).run().records_of_words();
    assert_eq!(records.len(), 1);
    records.remove(0)
}

#[test]
fn the_name_given_in_ehlo() {
    let lab = one();
    assert_eq!(ping(&lab, &["mx.a.example"])["helo"], "client.example");
    assert_eq!(ping(&lab, &["--ehlo", "me.example", "mx.a.example"])["helo"], "me.example");
    assert_eq!(ping(&lab, &["--helo", "[192.0.2.1]", "mx.a.example"])["helo"], "[192.0.2.1]");
    assert_eq!(
        lab.heard("mx.a.example"),
        ["EHLO client.example", "QUIT", "EHLO me.example", "QUIT", "EHLO [192.0.2.1]", "QUIT"]
    );
}

#[test]
fn without_a_name_the_literal_of_the_connections_address() {
    let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap().trim().to_lowercase();
    if hostname.contains('.') {
        println!("skipped: this machine has a name to give, {hostname}");
        return;
    }
    let scene = Scene::default().server("mx.a.example", "127.67.0.1", FRIENDLY);
    let lab = scene.server("v6.a.example", "::1", FRIENDLY).open();
    let ran = shell(&lab, "unset MXPIPE_EHLO; smtp-ping mx.a.example v6.a.example").run();
    assert_eq!((ran.records_of_words().len(), ran.code), (2, 0));
    assert_eq!(lab.heard("mx.a.example")[0], "EHLO [127.0.0.1]");
    assert_eq!(lab.heard("v6.a.example")[0], "EHLO [IPv6:::1]");
    let ran = shell(&lab, "unset MXPIPE_EHLO; smtp-ping --source 127.67.0.9 mx.a.example").run();
    assert_eq!(
        (&ran.record()["helo"], &ran.record()["local_ip"]),
        (&json!("[127.67.0.9]"), &json!("127.67.0.9"))
    );
}

#[test]
fn a_name_that_would_end_the_line_is_wrong_usage() {
    let lab = one();
    for name in ["a\r\nRSET", "a\nb", "a b", "", "caf\u{e9}.example", &"a".repeat(506)] {
        let by_option = tool(&lab, "smtp-ping").args(["--ehlo", name, "mx.a.example"]).run();
        let by_environment = tool(&lab, "smtp-ping").env("MXPIPE_EHLO", name).args(["mx.a.example"]).run();
        for ran in [by_option, by_environment] {
            assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{name:?}");
        }
    }
    assert_eq!((lab.queries(), lab.heard("mx.a.example").len()), (0, 0));
}

#[test]
fn ehlo_refused_and_helo_taken() {
    let lab = Scene::default().server("mx.a.example", "127.67.0.1", "ehlo-refused-helo-taken").open();
    let ran = tool(&lab, "smtp-ping").args(["mx.a.example"]).run();
    assert_record(
        &lab,
        &ran.stdout,
        r#"{
            "tool": "smtp-ping", "v": 1, "status": "ok",
            "host": "mx.a.example", "ip": "127.67.0.1", "port": 25, "input": "mx.a.example",
            "local_ip": "127.0.0.1",
            "helo": "client.example",
            "banner": {"code": 220, "host": "mx.a.example", "text": "mx.a.example Sendmail 5.61/1.34 ready"},
            "ehlo": {
                "verb": "HELO", "code": 250, "host": "mx.a.example",
                "text": "mx.a.example Hello, pleased to meet you", "keywords": {}
            },
            "ptr": ["mx.a.example"],
            "iprev": "pass",
            "names": {"expected": "mx.a.example", "agree": ["banner", "ehlo", "ptr"], "differ": []},
            "time": "TIME",
            "findings": [
                {
                    "tool": "smtp-ping", "code": "smtp.helo_only", "severity": "warn",
                    "message": "EHLO was refused, HELO was taken",
                    "reply": {"code": 502, "text": "Command not implemented"}
                },
                {
                    "tool": "smtp-ping", "code": "tls.starttls_not_supported", "severity": "warn",
                    "message": "STARTTLS is not offered"
                }
            ],
            "timing_ms": {"dns": 0, "connect": 0, "banner": 0, "ehlo": 0, "quit": 0, "total": 0}
        }"#,
    );
    assert_eq!(lab.heard("mx.a.example"), ["EHLO client.example", "HELO client.example", "QUIT"]);
}

#[test]
fn a_refusal_of_several_lines_as_greeting() {
    let dialogue = "S: 554-%NAME%\nS: 554 poor reputation\nC: QUIT\nS: 221 bye\nclose\n";
    let lab = Scene::default().server("mx.a.example", "127.67.0.1", dialogue).open();
    let ran = tool(&lab, "smtp-ping").args(["--no-ptr", "mx.a.example"]).run();
    assert_eq!(ran.code, 1);
    assert_record(
        &lab,
        &ran.stdout,
        r#"{
            "tool": "smtp-ping", "v": 1, "status": "fail",
            "host": "mx.a.example", "ip": "127.67.0.1", "port": 25, "input": "mx.a.example",
            "local_ip": "127.0.0.1",
            "helo": "client.example",
            "banner": {"code": 554, "host": "mx.a.example", "text": "mx.a.example\npoor reputation"},
            "time": "TIME",
            "error": {
                "tool": "smtp-ping", "code": "smtp.greeting_554", "phase": "banner", "temporary": false,
                "message": "the server greets this client with a refusal",
                "reply": {"code": 554, "text": "mx.a.example\npoor reputation"},
                "hint": "the service is up, for others: try from another address"
            },
            "timing_ms": {"dns": 0, "connect": 0, "banner": 0, "quit": 0, "total": 0}
        }"#,
    );
    assert_eq!(lab.heard("mx.a.example"), ["QUIT"], "a refused client says QUIT and nothing else");
}

#[test]
fn nothing_answers_the_connection_attempt() {
    let lab = Scene::default().server("mx.a.example", "127.67.0.1", "blackhole").open();
    let record = ping(&lab, &["--connect-timeout", "300ms", "mx.a.example"]);
    assert_eq!(verdict(&record), "unknown tcp.timeout connect");
    assert_eq!((&record["error"]["limit_ms"], &record["error"]["temporary"]), (&json!(300), &json!(true)));
    assert_eq!(record["error"]["message"], "no answer to the connection attempt within 300 ms");
    assert_eq!((record.get("local_ip"), record.get("banner"), record.get("ptr")), (None, None, None));
}

#[test]
fn nothing_is_said_before_the_greeting() {
    let lab = Scene::default().server("mx.a.example", "127.67.0.1", "greeting-silent").open();
    let record = ping(&lab, &["--reply-timeout", "300ms", "mx.a.example"]);
    assert_eq!(verdict(&record), "unknown smtp.banner_timeout banner");
    assert_eq!(record["error"]["limit_ms"], 300);
    assert!(lab.heard("mx.a.example").is_empty());
}

#[test]
fn the_limit_of_the_target_ends_a_wait_for_a_reply() {
    let lab = Scene::default().server("mx.a.example", "127.67.0.1", "greeting-drip").open();
    let record = ping(&lab, &["--timeout", "1500ms", "mx.a.example"]);
    assert_eq!(
        (verdict(&record).as_str(), &record["error"]["limit_ms"]),
        ("unknown smtp.banner_timeout banner", &json!(1_500))
    );
}

#[test]
fn an_enhanced_code_in_a_greeting_is_no_name() {
    let dialogue = "S: 421 4.3.2 %NAME% try again later\nclose\n";
    let lab = Scene::default().server("mx.a.example", "127.67.0.1", dialogue).open();
    let record = ping(&lab, &["mx.a.example"]);
    assert_eq!(record["banner"], json!({"code": 421, "text": "4.3.2 mx.a.example try again later"}));
}

#[test]
fn the_address_that_the_server_sees() {
    let dialogue = FRIENDLY.replace("S: 250-%NAME%\n", "S: 250-%NAME% Hello client [%PEER%]\n");
    let lab = Scene::default().server("mx.a.example", "127.67.0.1", &dialogue).open();
    assert_eq!(ping(&lab, &["--source", "127.67.0.9", "mx.a.example"])["client_addr_seen"], "127.67.0.9");
}

#[test]
fn the_names_of_the_address() {
    let lab = internet();
    for (host, ptr, iprev, finding) in [
        ("mail.port25.com", Some(json!(["mail.port25.com"])), "pass", None),
        ("mx.twoptr.example", Some(json!(["host4.twoptr.example", "mx.twoptr.example"])), "pass", None),
        ("mx.noptr.example", Some(json!([])), "permerror", Some("id.no_ptr")),
        ("mx.badptr.example", Some(json!(["mail.port25.com"])), "fail", Some("id.ptr_mismatch")),
        ("mx.lostptr.example", Some(json!(["nosuch.lostptr.example"])), "fail", Some("id.ptr_mismatch")),
        ("mx.brokenptr.example", None, "temperror", Some("id.ptr_temperror")),
    ] {
        let record = ping(&lab, &[host]);
        assert_eq!(
            (record["status"].as_str(), record.get("ptr"), record["iprev"].as_str()),
            (Some("ok"), ptr.as_ref(), Some(iprev)),
            "{host}"
        );
        let found = findings(&record).into_iter().find(|code| code.starts_with("id."));
        assert_eq!(found, finding.map(|code| format!("{code} {}", record["ip"].as_str().unwrap())));
    }
}

#[test]
fn an_address_as_target_asks_the_dns_for_nothing_but_its_names() {
    let lab = one();
    let record = ping(&lab, &["--no-ptr", "127.67.0.1"]);
    assert_eq!((verdict(&record).as_str(), record.get("ptr"), record.get("iprev")), ("ok", None, None));
    assert_eq!(lab.queries(), 0);
    ping(&lab, &["127.67.0.1"]);
    assert_eq!(lab.queries(), 2, "PTR, and the address of its name");
}

#[test]
fn names_that_differ() {
    let dialogue =
        "S: 220 Other.Example. ESMTP\nC: EHLO *\nS: 250 [127.67.0.1] hi\nC: QUIT\nS: 221 bye\nclose\n";
    let scene = Scene::zone("line-1.isp.example. 300 IN A 127.67.0.1\nmx.a.example. 300 IN A 127.67.0.1");
    let scene = scene.records("1.0.67.127.in-addr.arpa. 300 IN PTR line-1.isp.example.");
    let lab = scene.nameless("mx.a.example", "127.67.0.1", dialogue).open();
    let record = ping(&lab, &["mx.a.example"]);
    assert_eq!(
        (&record["banner"]["host"], &record["ehlo"]["host"]),
        (&json!("other.example"), &json!("[127.67.0.1]"))
    );
    let names = json!({"expected": "mx.a.example", "agree": [], "differ": ["banner", "ehlo", "ptr"]});
    assert_eq!((&record["names"], &record["status"]), (&names, &json!("ok")));
    // An address goes by its confirmed name.
    assert_eq!(ping(&lab, &["127.67.0.1"])["names"]["expected"], "line-1.isp.example");
    assert_eq!(ping(&lab, &["--no-ptr", "127.67.0.1"])["names"]["expected"], "other.example");
}

#[test]
fn a_host_that_is_an_address_goes_by_its_confirmed_name() {
    let lab = one();
    let record = tool(&lab, "smtp-ping").stdin(r#"{"host":"127.67.0.1"}"#).run().record();
    assert_eq!((&record["host"], &record["ip"]), (&json!("127.67.0.1"), &json!("127.67.0.1")));
    let names = json!({"expected": "mx.a.example", "agree": ["banner", "ehlo", "ptr"], "differ": []});
    assert_eq!(record["names"], names);
}

#[test]
fn a_server_that_names_itself_nowhere() {
    let lab = Scene::default().nameless("mx.a.example", "127.67.0.1", "greeting-code-only").open();
    let record = ping(&lab, &["--no-ptr", "127.67.0.1"]);
    assert_eq!((verdict(&record).as_str(), record.get("names")), ("ok", None));
    assert_eq!(record["banner"], json!({"code": 220, "text": ""}));
}

#[test]
fn text_names_the_cause_first() {
    let lab = internet();
    let ran = tool(&lab, "smtp-ping").args(["--text", "--ehlo", "me.example", "mx.strict.example"]).run();
    let place = format!("mx.strict.example 127.63.4.5:{}", lab.port());
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(lines[0], format!("fail    {place}  the server greets this client with a refusal"));
    assert_eq!(
        lines[1],
        "        reply     554 5.7.1 mx.strict.example no SMTP service here for [127.0.0.1]"
    );
    assert_eq!(lines[2], "        code      smtp.greeting_554 in phase banner");
    assert!(lines.last().unwrap().starts_with("        try       "), "{}", ran.stdout);
    let ran = tool(&lab, "smtp-ping").args(["--text", "mx.silent.example", "--reply-timeout", "100ms"]).run();
    assert!(ran.stdout.starts_with("unknown mx.silent.example "), "{}", ran.stdout);
    assert!(ran.stdout.lines().next().unwrap().ends_with("no greeting came within 100 ms"));
    let ran = tool(&lab, "smtp-ping").args(["--text", "[::1]"]).run();
    assert!(ran.stdout.contains(&format!(" [::1]:{}", lab.port())), "{}", ran.stdout);
}

#[test]
fn half_a_greeting_is_not_silence() {
    let lab = Scene::default().server("mx.a.example", "127.70.15.1", "greeting-half").open();
    let record = tool(&lab, "smtp-ping").args(["--no-ptr", "127.70.15.1"]).run().record();
    assert_eq!(verdict(&record), "fail smtp.closed_before_banner banner");
    let message = record["error"]["message"].as_str().unwrap();
    assert!(message.ends_with("in the middle of its greeting: mx.a.example is the first line"), "{message}");
}

#[test]
fn the_dialogue_is_told_on_stderr() {
    let lab = one();
    let ran = tool(&lab, "smtp-ping").args(["-v", "mx.a.example"]).run();
    assert_eq!((verdict(&ran.record()).as_str(), ran.code), ("ok", 0), "stdout is data all the same");
    let told = |line: &str| match line.split_once("  ") {
        // The time of a line of the dialogue is not compared.
        Some((mark, rest)) if mark == "<-" || mark == "->" => {
            format!("{mark} {}", rest.trim_start().split_once("  ").unwrap().1)
        }
        _ => line.to_owned(),
    };
    let place = format!("127.67.0.1:{}", lab.port());
    assert_eq!(
        ran.stderr.lines().map(told).collect::<Vec<_>>(),
        [
            &*format!("** connecting to mx.a.example ({place})"),
            &*format!("** connected ({place})"),
            "<- 220 mx.a.example ESMTP ready",
            "-> EHLO client.example",
            "<- 250-mx.a.example",
            "<- 250-PIPELINING",
            "<- 250 SIZE 1000",
            "-> QUIT",
            "<- 221 2.0.0 bye",
        ]
    );
    // Of several at once each line says whose it is.
    let ran = tool(&lab, "smtp-ping").args(["-v", "mx.a.example", "127.67.0.1"]).run();
    assert!(ran.stderr.lines().all(|line| line.starts_with(&place)), "{}", ran.stderr);
}
