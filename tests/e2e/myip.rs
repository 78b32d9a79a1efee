//! `myip` against the sources of the pretend internet, good ones and hostile ones.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;
use std::thread::JoinHandle;

use lab::Lab;
use serde_json::{Value, json};

use crate::harness::{Ran, Run, finish, internet, shell, tool, world};

fn myip(lab: &Lab) -> Run<'_> {
    tool(lab, "myip")
}

/// A run that asks these sources instead of the good ones; `/…` is a page, else a DNS name.
fn via<'a>(lab: &'a Lab, sources: &[&str]) -> Run<'a> {
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

fn keys(record: &Value) -> Vec<&str> {
    record.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The code of the only source's error; a bad answer is never an address.
fn refusal(ran: &Ran) -> String {
    let record = ran.records_of_words().remove(0);
    assert_eq!((record["status"].as_str(), ran.code), (Some("unknown"), 75), "{record:#}");
    assert!(record.get("ip").is_none() && record.get("helo").is_none(), "{record:#}");
    let source = &record["sources"][0];
    assert!(source.get("ip").is_none() && source["elapsed_ms"].is_number(), "{record:#}");
    source["error"]["code"].as_str().unwrap().to_owned()
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
fn every_bad_answer_is_an_error_of_its_source_and_never_an_answer() {
    let lab = internet();
    for (page, code) in [
        ("/html", "http.bad_body"),
        ("/empty", "http.bad_body"),
        ("/two-lines", "http.bad_body"),
        ("/escape", "http.bad_body"),
        ("/huge", "http.bad_body"),
        ("/redirect", "http.redirect"),
        ("/500", "http.status"),
        ("/nosuch", "http.status"),
        ("/ipv6", "net.wrong_family"),
        ("nosuch.example", "dns.nxdomain"),
        ("empty.example", "dns.nodata"),
        ("empty.example/TXT", "dns.bad_answer"),
        ("several.lab.example", "dns.bad_answer"),
        ("myip.lab.example/AAAA", "net.wrong_family"),
        ("broken.example", "dns.servfail"),
        ("denied.example", "dns.refused"),
        ("garbage.example", "dns.bad_answer"),
    ] {
        let ran = via(&lab, &[page]).run();
        assert_eq!(refusal(&ran), code, "{page}");
        assert!(!ran.stdout.contains('\u{1b}') && !ran.stdout.contains("\\u001b"), "{}", ran.stdout);
    }
}

#[test]
fn a_private_address_is_taken_only_when_allowed() {
    let lab = internet();
    for source in ["/private", "private.lab.example"] {
        let ran = via(&lab, &[source]).env("MXPIPE_ALLOW_PRIVATE", "0").run();
        assert_eq!(refusal(&ran), "net.not_public");
        assert!(ran.record()["error"]["hint"].as_str().unwrap().contains("--allow-private"));
        let record = via(&lab, &[source]).env("MXPIPE_ALLOW_PRIVATE", "").args(["--allow-private"]).run();
        let record = record.records_of_words().remove(0);
        assert_eq!((&record["ip"], &record["error"]["code"]), (&json!("10.0.0.7"), &json!("id.no_ptr")));
    }
}

#[test]
fn a_source_that_hangs_ends_within_the_limit_and_others_do_not_wait_for_it() {
    let lab = internet();
    let ran = via(&lab, &["/slow"]).args(["--timeout", "400ms"]).run();
    assert_eq!(refusal(&ran), "http.timeout");
    assert_eq!(ran.record()["error"]["code"], "net.offline");
    assert_eq!(ran.record()["error"]["limit_ms"], json!(300));
    let ran = via(&lab, &["timeout.example"]).args(["--timeout", "400ms"]).run();
    assert_eq!(refusal(&ran), "dns.timeout");
    let record = via(&lab, &["/slow", "/ip", "/json"]).run().record();
    assert_eq!((&record["status"], record["sources"].as_array().unwrap().len()), (&json!("ok"), 2));
    let record = via(&lab, &["/slow", "/ip", "/json"]).args(["--all", "--timeout", "1s"]).run().record();
    assert_eq!(record["status"], "ok");
    assert_eq!(record["sources"][0]["error"]["code"], "http.timeout");
    assert_eq!(record["iprev"], "pass", "there is time left for the names");
}

#[test]
fn servers_that_are_not_there_or_speak_something_else() {
    let lab = internet();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = |scheme: &str, at: &dyn std::fmt::Display| format!("{scheme}://{at}/ip");
    let ran = myip(&lab).env("MXPIPE_VIA", &url("http", &closed)).run();
    assert_eq!(refusal(&ran), "http.unreachable");
    assert_eq!(ran.record()["error"]["code"], "net.offline");
    for (scheme, bytes, code) in [
        ("https", &b"HTTP/1.1 400 -\r\n\r\n"[..], "http.tls"),
        ("http", b"SSH-2.0-server\r\n\r\n", "http.bad_body"),
        ("http", b"HTTP/1.1 200 -\r\nContent-Length: 20\r\n\r\n203.0.113.7\n", "http.bad_body"),
        ("http", b"", "http.bad_body"),
    ] {
        let (address, server) = says(bytes);
        assert_eq!(refusal(&myip(&lab).env("MXPIPE_VIA", &url(scheme, &address)).run()), code);
        server.join().unwrap();
    }
}

/// A server that says the same to one client, whatever it asks, and closes.
fn says(bytes: &'static [u8]) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(bytes);
    });
    (address, server)
}

#[test]
fn a_certificate_counts_only_if_it_leads_to_the_roots_and_has_the_name() {
    let lab = internet();
    let folder = tempfile::TempDir::new().unwrap();
    let own = rcgen::generate_simple_self_signed(["www.lab.example".to_owned()]).unwrap();
    let other = rcgen::generate_simple_self_signed(["www.lab.example".to_owned()]).unwrap();
    let file = |name: &str, certificate: &rcgen::Certificate| {
        let path = folder.path().join(name);
        std::fs::write(&path, certificate.pem()).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (good, bad) = (file("good.pem", &own.cert), file("bad.pem", &other.cert));
    for (host, ca, expected) in [
        ("www.lab.example", &good, Ok("203.0.113.7")),
        ("www.lab.example", &bad, Err("http.tls")),
        ("127.0.0.1", &good, Err("http.tls")),
    ] {
        let (port, server) = secure(&own);
        let ran = myip(&lab).args(["--via", &format!("https://{host}:{port}/"), "--ca", ca]).run();
        match expected {
            Ok(ip) => assert_eq!(ran.record()["ip"], ip),
            Err(code) => assert_eq!(refusal(&ran), code),
        }
        server.join().unwrap();
    }
}

/// A web server over TLS that tells one client its address.
fn secure(key: &rcgen::CertifiedKey<rcgen::KeyPair>) -> (u16, JoinHandle<()>) {
    let private = rustls::pki_types::PrivatePkcs8KeyDer::from(key.signing_key.serialize_der());
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![key.cert.der().clone()], private.into())
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let session = rustls::ServerConnection::new(config.into()).unwrap();
        let mut stream = rustls::StreamOwned::new(session, stream);
        // A client that does not trust it breaks off.
        if stream.read(&mut [0; 4096]).is_ok() {
            stream.write_all(b"HTTP/1.1 200 -\r\nContent-Length: 12\r\n\r\n203.0.113.7\n").unwrap();
        }
    });
    (port, server)
}

#[test]
fn the_name_of_a_source_is_looked_up_in_the_dns_that_was_named() {
    let lab = internet();
    let port = lab.http().rsplit(':').next().unwrap().to_owned();
    let named = |host: &str| format!("http://{host}:{port}/ip");
    let record = myip(&lab).env("MXPIPE_VIA", &named("www.lab.example")).run().record();
    assert_eq!((&record["ip"], &record["agree"]), (&json!("203.0.113.7"), &json!(1)));
    for (host, code) in [("nosuch.example", "http.unreachable"), ("broken.example", "dns.servfail")] {
        assert_eq!(refusal(&myip(&lab).env("MXPIPE_VIA", &named(host)).run()), code, "{host}");
    }
    let dns = format!("dns:myip.lab.example@www.lab.example:{}", lab.dns().port());
    let record = myip(&lab).env("MXPIPE_VIA", &dns).run().record();
    assert_eq!(record["sources"][0]["via"], json!(format!("{dns}/A")));
}

#[test]
fn text_records_of_both_classes_are_sources() {
    let lab = internet();
    let record = via(&lab, &["myip.lab.example/TXT", "myip.lab.example/ch-txt"]).run().record();
    assert_eq!((&record["ip"], &record["agree"]), (&json!("203.0.113.7"), &json!(2)));
    assert!(record["sources"][1]["via"].as_str().unwrap().ends_with("/CH-TXT"));
}

#[test]
fn sources_that_disagree_are_no_quorum() {
    let lab = internet();
    let ran = via(&lab, &["/ip", "mismatch.lab.example"]).run();
    let record = &ran.records_of_words()[0];
    assert_eq!(
        keys(record),
        ["tool", "v", "status", "family", "local_ip", "agree", "sources", "time", "error", "timing_ms"]
    );
    assert_eq!((record["status"].as_str(), ran.code), (Some("unknown"), 75));
    assert_eq!(record["agree"], 1);
    assert_eq!(record["error"]["code"], "net.sources_disagree");
    assert_eq!(record["error"]["phase"], "sources");
    assert_eq!(
        record["error"]["message"],
        "no two sources name the same address: 203.0.113.7 (http), 198.51.100.9 (dns)"
    );
    assert_eq!(keys(&record["timing_ms"]), ["sources", "total"]);
}

#[test]
fn the_quorum_is_what_was_asked_for_and_never_more_than_the_sources() {
    let lab = internet();
    assert_eq!(via(&lab, &["/ip"]).run().record()["status"], "ok");
    assert_eq!(via(&lab, &["/ip"]).args(["--quorum", "9"]).run().record()["status"], "ok");
    let two_of_three = ["/ip", "/mismatch", "/json"];
    let record = via(&lab, &two_of_three).args(["--all"]).run().record();
    assert_eq!((&record["status"], &record["agree"]), (&json!("ok"), &json!(2)));
    assert_eq!(record["findings"][0]["code"], "net.sources_disagree");
    assert_eq!(record["findings"][0]["severity"], "warn");
    let record = via(&lab, &two_of_three).args(["--quorum", "3"]).run().record();
    assert_eq!(record["error"]["code"], "net.sources_disagree");
    assert_eq!(record["agree"], 2);
    let record = via(&lab, &["/ip", "/500"]).run().record();
    assert_eq!(record["error"]["message"], "only 1 of 2 sources named an address: 203.0.113.7 (http)");
    let record = via(&lab, &["/ip", "/500"]).args(["--quorum", "1", "--all"]).run().record();
    assert_eq!((&record["status"], &record["agree"]), (&json!("ok"), &json!(1)));
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
fn the_interface_is_a_source_of_its_own() {
    let lab = internet();
    let record = myip(&lab).args(["-4", "--via", "interface"]).run().record();
    let source = &record["sources"][0];
    assert_eq!(source["via"], "interface");
    // A machine without a way out has no such address.
    match source.get("ip") {
        Some(ip) => assert_eq!((ip, record.get("nat")), (&record["local_ip"], None)),
        None => assert_eq!(source["error"]["code"], "net.no_route"),
    }
}

#[test]
fn options_that_cannot_be_used_are_exit_2() {
    let lab = internet();
    for (args, word) in [
        (&["--via", "stun:stun.example"][..], "stun: is not supported"),
        (&["--via", "ftp://a.example/"], "a source is"),
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
