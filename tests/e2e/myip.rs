//! `myip` and the names of addresses.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Stdio;

use lab::Lab;
use serde_json::{Value, json};

use crate::harness::{Ran, Run, finish, internet, shell, tool, world};

pub(crate) fn myip(lab: &Lab) -> Run<'_> {
    tool(lab, "myip")
}

/// A run that asks these sources instead of the good ones; `/…` is a page, else a DNS name.
pub(crate) fn via<'a>(lab: &'a Lab, sources: &[&str]) -> Run<'a> {
    let sources = sources.iter().map(|source| match source.strip_prefix('/') {
        Some(_) => format!("{}{source}", lab.http()),
        None => at(lab, source),
    });
    myip(lab).env("MXPIPE_VIA", &sources.collect::<Vec<_>>().join(","))
}

/// A name, or NAME/TYPE, asked at the lab's DNS server.
fn at(lab: &Lab, source: &str) -> String {
    match source.split_once('/') {
        Some((name, kind)) => format!("dns:{name}@{}/{kind}", lab.dns()),
        None => format!("dns:{source}@{}", lab.dns()),
    }
}

pub(crate) fn keys(record: &Value) -> Vec<&str> {
    record.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_public_address_and_its_name() {
    let lab = internet();
    let ran = myip(&lab).args(["--all"]).run();
    let record = &ran.records_of_words()[0];
    assert_eq!((ran.code, ran.stdout.lines().count()), (0, 1));
    assert_eq!(
        keys(record),
        [
            "tool",
            "v",
            "status",
            "ip",
            "family",
            "local_ip",
            "helo",
            "agree",
            "sources",
            "nat",
            "ptr",
            "iprev",
            "forward",
            "time",
            "timing_ms"
        ]
    );
    assert_eq!(record["ip"], "203.0.113.7");
    assert_eq!(record["family"], "ipv4");
    assert_eq!(record["local_ip"], "127.0.0.1");
    assert_eq!(record["nat"], true);
    assert_eq!(record["helo"], "server.example.com");
    assert_eq!(record["agree"], 3);
    assert_eq!(record["ptr"], json!(["server.example.com"]));
    assert_eq!(record["iprev"], "pass");
    assert_eq!(record["forward"], json!({"server.example.com": ["203.0.113.7"]}));
    assert_eq!(keys(&record["timing_ms"]), ["sources", "ptr", "forward", "total"]);
    let vias: Vec<&str> =
        record["sources"].as_array().unwrap().iter().map(|s| s["via"].as_str().unwrap()).collect();
    let dns = format!("dns:myip.lab.example@{}/A", lab.dns());
    assert_eq!(vias, [&format!("{}/ip", lab.http()), &format!("{}/json", lab.http()), &dns]);
}

#[test]
fn standard_input_is_never_read_without_a_dash() {
    let lab = internet();
    let mut command = myip(&lab).command();
    // Never written to and never closed: whoever reads it waits for ever.
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.unwrap();
    let held = child.stdin.take().unwrap();
    let ran = Ran::of(finish(child));
    drop(held);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let ran = shell(&lab, "printf 'a\\nb\\n' | while read line; do myip | jq -r .ip; done").run();
    assert_eq!(ran.stdout, "203.0.113.7\n203.0.113.7\n");
}

#[test]
fn iprev_decides_and_the_address_is_there_whatever_it_says() {
    let lab = internet();
    for (page, ip, status, code, exit) in [
        ("/noptr", "203.0.113.99", "fail", "id.no_ptr", 1),
        ("/mismatch", "198.51.100.9", "fail", "id.ptr_mismatch", 1),
        ("/temperror", "198.51.100.53", "unknown", "id.ptr_temperror", 75),
    ] {
        let ran = via(&lab, &[page]).run();
        let record = &ran.records_of_words()[0];
        assert_eq!((record["status"].as_str(), ran.code), (Some(status), exit), "{record:#}");
        assert_eq!(record["error"]["code"], code);
        assert_eq!(record["error"]["phase"], "dns");
        assert_eq!(record["ip"], ip);
        assert_eq!(record["helo"], json!(format!("[{ip}]")));
        // With the address as target it is the same.
        let ran = myip(&lab).args([ip]).run();
        let looked_up = &ran.records_of_words()[0];
        assert_eq!((&looked_up["status"], ran.code), (&record["status"], exit));
        for key in ["error", "helo", "ptr", "iprev", "forward"] {
            assert_eq!(looked_up[key], record[key], "{key}");
        }
    }
    let record = myip(&lab).args(["198.51.100.53"]).run().record();
    assert_eq!((record.get("ptr"), &record["error"]["ede"][0]["code"]), (None, &json!(23)));
}

#[test]
fn an_address_as_target_is_looked_up_and_no_source_is_asked() {
    let lab = internet();
    let ran = myip(&lab).args(["203.0.113.99"]).run();
    let record = &ran.records_of_words()[0];
    assert_eq!(
        keys(record),
        [
            "tool",
            "v",
            "status",
            "ip",
            "family",
            "input",
            "helo",
            "ptr",
            "iprev",
            "time",
            "error",
            "timing_ms"
        ]
    );
    assert_eq!(record["ptr"], json!([]));
    assert_eq!(record["iprev"], "permerror");
    assert_eq!(record["error"]["message"], "the address has no PTR record");
    assert_eq!(
        record["error"]["hint"],
        "ask whoever routes 203.0.113.0/24 for one; large receivers refuse mail without it"
    );
    assert_eq!(keys(&record["timing_ms"]), ["ptr", "total"]);
    let v6 = myip(&lab).args(["2001:DB8::7"]).run().record();
    assert_eq!((&v6["ip"], &v6["family"]), (&json!("2001:db8::7"), &json!("ipv6")));
    assert_eq!((&v6["helo"], &v6["iprev"]), (&json!("server.example.com"), &json!("pass")));
    assert_eq!(myip(&lab).args(["2001:db8::8"]).run().record()["helo"], "[IPv6:2001:db8::8]");
    let ran = myip(&lab).args(["-4", "2001:db8::7"]).run();
    assert_eq!((ran.record()["error"]["code"].as_str(), ran.code), (Some("input.unusable"), 1));
    assert_eq!(lab.heard("http"), [""; 0]);
}

#[test]
fn many_addresses_and_records_come_from_a_pipe() {
    let lab = internet();
    let stdin = "203.0.113.7\n{\"ip\":\"203.0.113.99\",\"customer\":42}\nmail.port25.com\n";
    let ran = myip(&lab).args(["-", "--ordered"]).stdin(stdin).run();
    let records = ran.records();
    let told: Vec<_> =
        records.iter().map(|r| (r["status"].as_str().unwrap(), r["customer"].as_u64())).collect();
    assert_eq!((told, ran.code), (vec![("ok", None), ("fail", Some(42)), ("fail", None)], 1));
    assert!(records[2]["error"]["hint"].as_str().unwrap().contains("smtp-ping"));
    let ran = shell(&lab, "mxlookup port25.com | smtp-ping | myip -").run();
    let record = ran.record();
    assert_eq!((&record["status"], &record["helo"]), (&json!("ok"), &json!("mail.port25.com")));
    assert!(record["banner"].is_object(), "what it does not write is carried");
}

#[test]
fn the_name_is_one_line_and_nothing_else() {
    let lab = internet();
    let line = |ran: Ran| (ran.code, ran.stdout, ran.stderr);
    let ran = myip(&lab).args(["--name"]).run();
    assert_eq!(line(ran), (0, "server.example.com\n".into(), String::new()));
    let ran = via(&lab, &["/noptr"]).args(["--name"]).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (1, "[203.0.113.99]\n"));
    assert_eq!(ran.stderr, "myip: the address has no PTR record\n");
    let ran = via(&lab, &["/html"]).args(["--name"]).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (75, ""));
    assert!(ran.stderr.starts_with("myip: no source named a usable address"), "{}", ran.stderr);
    let ran = via(&lab, &["/html"]).args(["--name", "-q"]).run();
    assert_eq!(line(ran), (75, String::new(), String::new()));
    let ran = shell(&lab, "smtp-ping --ehlo \"$(myip --name)\" mail.port25.com").run();
    assert_eq!(ran.record()["helo"], "server.example.com");
}

#[test]
fn a_family_that_was_asked_for_has_a_record_and_another_is_left_out_quietly() {
    let lab = internet();
    // The sources are on IPv4, so nothing can be asked over IPv6.
    let records = myip(&lab).run().records_of_words();
    assert_eq!(records.iter().map(|r| r["family"].as_str().unwrap()).collect::<Vec<_>>(), ["ipv4"]);
    assert_eq!(myip(&lab).args(["-4"]).run().record()["family"], "ipv4");
    let ran = myip(&lab).args(["-6"]).run();
    let record = &ran.records_of_words()[0];
    assert_eq!((&record["family"], ran.code), (&json!("ipv6"), 75));
    assert_eq!(record["error"]["code"], "net.offline");
    assert_eq!(record["sources"].as_array().unwrap().len(), 3);
    let ran = myip(&lab).args(["-6", "--name"]).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (75, ""));
}

#[test]
fn options_that_cannot_be_used_are_exit_2() {
    let lab = internet();
    for (args, word) in [
        (&["--via", "ftp://a.example/"][..], "a source is"),
        (&["--via", "stun:stun.example:0"], "a port is"),
        (&["--helo", "203.0.113.7"], "the name to check is a host name"),
        (&["--helo", "a b"], "helo"),
        (&["--via", "http://me:secret@a.example/"], "login"),
        (&["--via", "dns:a.example"], "dns:NAME@SERVER"),
        (&["--quorum", "0"], "quorum"),
        (&["--ca", "no-such-file"], "no-such-file"),
        (&["--name", "203.0.113.7"], "cannot be used with"),
        (&["--name", "--json"], "cannot be used with"),
    ] {
        let ran = myip(&lab).args(args.iter().copied()).run();
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{args:?}");
        assert!(ran.stderr.starts_with("error: ") && ran.stderr.contains(word), "{}", ran.stderr);
    }
    let ran = myip(&lab).env("MXPIPE_CA", "no-such-file").run();
    assert_eq!(ran.code, 2);
    let ran = myip(&lab).args(["--via", &format!("{}/noptr", lab.http())]).run();
    assert_eq!(ran.record()["ip"], "203.0.113.99", "the command line counts before the environment");
}

#[test]
fn a_name_of_a_customer_line_is_a_finding() {
    let record = via(&internet(), &["/generic"]).run().record();
    let finding = &record["findings"][0];
    assert_eq!((&finding["code"], &finding["basis"]), (&json!("id.ptr_generic"), &json!("heuristic")));
    assert_eq!(record["status"], "ok");
}

#[test]
fn of_several_names_the_one_that_leads_back_is_given() {
    let lab = world(
        r#"
zone = """
7.113.0.203.in-addr.arpa. 300 IN PTR   old.example.
7.113.0.203.in-addr.arpa. 300 IN PTR   mail.example.
old.example.              300 IN A     203.0.113.8
mail.example.             300 IN A     203.0.113.7
"""
[[page]]
path = "/ip"
body = "203.0.113.7"
"#,
    );
    let record = via(&lab, &["/ip"]).run().record();
    assert_eq!((&record["status"], &record["helo"]), (&json!("ok"), &json!("mail.example")));
    assert_eq!(record["forward"], json!({"old.example": ["203.0.113.8"], "mail.example": ["203.0.113.7"]}));
}

#[test]
fn each_family_that_is_answered_has_a_record() {
    let lab = internet();
    let Ok(listener) = TcpListener::bind("[::1]:0") else { return };
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        for stream in listener.incoming().take(2) {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            stream.write_all(b"HTTP/1.1 200 -\r\nContent-Length: 11\r\n\r\n2001:db8::7").unwrap();
        }
    });
    let sources = format!("{}/ip,http://{address}/", lab.http());
    let ran = myip(&lab).env("MXPIPE_VIA", &sources).args(["--ordered"]).run();
    let mut records = ran.records_of_words();
    records.sort_by_key(|record| record["family"].to_string());
    let told: Vec<_> =
        records.iter().map(|r| (r["ip"].as_str().unwrap(), r["helo"].as_str().unwrap())).collect();
    assert_eq!(told, [("203.0.113.7", "server.example.com"), ("2001:db8::7", "server.example.com")]);
    assert_eq!(records[1]["local_ip"], "::1");
    let ran = myip(&lab).env("MXPIPE_VIA", &sources).args(["--name", "-6"]).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "server.example.com\n"));
    server.join().unwrap();
}

#[test]
fn an_interrupted_question_has_a_record_too() {
    use rustix::process::{Pid, Signal, kill_process};
    let lab = internet();
    let mut command = via(&lab, &["/slow"]).command();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    while lab.heard("http").is_empty() {
        std::thread::yield_now();
    }
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let ran = Ran::of(finish(child));
    let record = &ran.records_of_words()[0];
    assert_eq!((record["error"]["code"].as_str(), ran.code), (Some("run.interrupted"), 130));
    assert_eq!(record["error"]["phase"], "sources");
}

#[test]
fn people_read_the_cause_first() {
    let lab = internet();
    let ran = myip(&lab).args(["--text", "--all"]).run();
    let lines: Vec<&str> = ran.stdout.lines().map(str::trim).collect();
    assert!(lines[0].ends_with("203.0.113.7") && lines[0].starts_with("ok"), "{}", ran.stdout);
    assert!(lines.contains(&"ptr       server.example.com (iprev pass)"), "{}", ran.stdout);
    assert!(ran.stdout.contains("127.0.0.1 (behind NAT)"));
    let ran = via(&lab, &["/html", "/500"]).args(["--text"]).run();
    let first = ran.stdout.lines().next().unwrap();
    assert!(first.starts_with("unknown") && first.contains("no source named a usable address"), "{first}");
    assert!(ran.stdout.contains("answered 500 (http.status)"), "{}", ran.stdout);
    let ran = myip(&lab).args(["-v", "--all"]).run();
    assert_eq!(ran.stderr.lines().count(), 3);
}
