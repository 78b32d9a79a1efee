//! The sources that `myip` asks: good ones, hostile ones, and what they agree on.

use std::fmt::Display;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread::JoinHandle;

use serde_json::json;

use crate::harness::{Ran, internet};
use crate::myip::{keys, myip, via};

/// The code of the only source's error; a bad answer is never an address.
pub(crate) fn refusal(ran: &Ran) -> String {
    let record = ran.records_of_words().remove(0);
    assert_eq!((record["status"].as_str(), ran.code), (Some("unknown"), 75), "{record:#}");
    assert!(record.get("ip").is_none() && record.get("helo").is_none(), "{record:#}");
    let source = &record["sources"][0];
    assert!(source.get("ip").is_none() && source["elapsed_ms"].is_number(), "{record:#}");
    source["error"]["code"].as_str().unwrap().to_owned()
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
        ("/redirect-plain", "http.redirect"),
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
    let url = |scheme: &str, at: &dyn Display| format!("{scheme}://{at}/ip");
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
fn a_source_that_is_named_twice_has_one_word() {
    let lab = internet();
    let record = via(&lab, &["/ip", "/ip", "mismatch.lab.example"]).run().record();
    assert_eq!(record["sources"].as_array().unwrap().len(), 2, "{record:#}");
    assert_eq!(record["error"]["code"], "net.sources_disagree");
}

#[test]
fn as_many_for_one_address_as_for_another() {
    let lab = internet();
    let record = via(&lab, &["/ip", "/mismatch"]).args(["--all", "--quorum", "1"]).run().record();
    let message = record["error"]["message"].as_str().unwrap();
    assert!(message.starts_with("as many sources name one address as another: "), "{message}");
}

#[test]
fn dns_that_is_intercepted_does_not_outvote_the_others() {
    let lab = internet();
    // Two DNS sources agree, and are the first; the web sees another address.
    let intercepted = ["mismatch.lab.example", "mismatch.lab.example/A", "/ip", "/json"];
    for more in [&[][..], &["--all"]] {
        let record = via(&lab, &intercepted).args(more.iter().copied()).run().record();
        assert_eq!((&record["status"], &record["ip"]), (&json!("ok"), &json!("203.0.113.7")), "{record:#}");
        assert_eq!(record["agree"], 2);
        let finding = &record["findings"][0];
        assert_eq!(finding["code"], "net.sources_disagree");
        let message = finding["message"].as_str().unwrap();
        assert!(message.ends_with("DNS queries are intercepted, or leave by another address"), "{message}");
    }
    // One witness against two of them: nobody is believed.
    let ran = via(&lab, &intercepted[..3]).run();
    let record = ran.record();
    assert_eq!((&record["agree"], ran.code), (&json!(1), 75));
    let message = record["error"]["message"].as_str().unwrap();
    assert!(message.starts_with("198.51.100.9 is named over DNS alone, and other sources do not agree"));
    // No witness has an answer, or none was named: then DNS is all there is.
    for sources in [&["mismatch.lab.example", "mismatch.lab.example/A", "/500"][..], &intercepted[..2]] {
        let record = via(&lab, sources).run().record();
        assert_eq!((&record["ip"], &record["agree"]), (&json!("198.51.100.9"), &json!(2)), "{record:#}");
    }
}

#[test]
fn a_source_that_drips_or_never_ends_is_cut_off() {
    let lab = internet();
    for endless in [false, true] {
        let (address, server) = dripping(endless);
        let ran =
            myip(&lab).env("MXPIPE_VIA", &format!("http://{address}/")).args(["--timeout", "800ms"]).run();
        assert_eq!(refusal(&ran), if endless { "http.bad_body" } else { "http.timeout" });
        server.join().unwrap();
    }
}

/// A web server whose page is never complete: without end, or a line of it and then silence.
fn dripping(endless: bool) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        stream.write_all(b"HTTP/1.1 200 -\r\nConnection: close\r\n\r\n203.0.113.7\n").unwrap();
        while endless && stream.write_all(&[b' '; 4096]).is_ok() {}
        // Until the client has had enough.
        let _ = stream.read(&mut [0; 1]);
    });
    (address, server)
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
