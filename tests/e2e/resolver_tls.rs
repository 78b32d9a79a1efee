//! Resolvers that are asked over TLS and HTTPS: who they are, what they say, and when they close.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use lab::Lab;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{internet, tool, world};
use crate::mxlookup::{look, run};
use crate::resolver_many::names;
use crate::scene::verdict;

pub(crate) const ZONE: &str = "a.example. 300 IN MX 10 mx.a.example.\nmx.a.example. 300 IN A 192.0.2.1";

/// The servers of a world whose certificate is of this kind.
fn with_certificate(kind: &str) -> Lab {
    world(&format!("dns_certificate = '{kind}'\nzone = '''\n{ZONE}'''"))
}

pub(crate) fn both(lab: &Lab) -> [String; 2] {
    [lab.dns_over_tls(), lab.dns_over_https()]
}

pub(crate) type Connection = StreamOwned<ServerConnection, TcpStream>;

/// A server of TLS that deals with each connection, the first is number 0, as the test says; and the file of the
/// certificate that it has for its address.
pub(crate) struct Fake {
    address: SocketAddr,
    folder: TempDir,
}

impl Fake {
    pub(crate) fn new(
        serve: impl Fn(usize, Connection) -> std::io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let key = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let private = PrivatePkcs8KeyDer::from(key.signing_key.serialize_der());
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![key.cert.der().clone()], private.into())
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), key.cert.pem()).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (config, serve) = (Arc::new(config), Arc::new(serve));
        thread::spawn(move || {
            for (number, stream) in listener.incoming().flatten().enumerate() {
                let (config, serve) = (config.clone(), serve.clone());
                let session = ServerConnection::new(config).unwrap();
                // A client that breaks off ends its connection and nothing else.
                thread::spawn(move || drop(serve(number, StreamOwned::new(session, stream))));
            }
        });
        Self { address, folder }
    }

    pub(crate) fn tls(&self) -> String {
        format!("tls://{}", self.address)
    }

    pub(crate) fn https(&self) -> String {
        format!("https://{}/dns-query", self.address)
    }

    pub(crate) fn ca(&self) -> String {
        path(&self.folder.path().join("ca.pem"))
    }

    fn look(&self, lab: &Lab, server: &str, words: &[&str]) -> Value {
        look(lab, &[&["--ca", &self.ca(), "--dns", server], words].concat())
    }
}

fn path(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

pub(crate) fn question(connection: &mut Connection) -> std::io::Result<Vec<u8>> {
    let mut length = [0; 2];
    connection.read_exact(&mut length)?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    connection.read_exact(&mut message)?;
    Ok(message)
}

/// One MX `mx.` and the name asked for, or one address.
pub(crate) fn answer(question: &[u8]) -> Vec<u8> {
    answer_of(question, b"\x02mx\xc0\x0c")
}

/// One MX, or one address.
fn answer_of(question: &[u8], exchange: &[u8]) -> Vec<u8> {
    let end = question[12..].iter().position(|octet| *octet == 0).unwrap() + 12 + 5;
    let length = u8::try_from(exchange.len() + 2).unwrap();
    let mx = [b"\xc0\x0c\0\x0f\0\x01\0\0\x01\x2c\0", &[length, 0, 10][..], exchange].concat();
    let data: &[u8] = match question[end - 4..end - 2] {
        [0, 15] => &mx,
        [0, 1] => b"\xc0\x0c\0\x01\0\x01\0\0\x01\x2c\0\x04\xc0\0\x02\x01",
        _ => b"",
    };
    let count = u8::from(!data.is_empty());
    [&question[..2], &[0x81, 0x80, 0, 1, 0, count, 0, 0, 0, 0], &question[12..end], data].concat()
}

pub(crate) fn framed(message: &[u8]) -> Vec<u8> {
    [&u16::try_from(message.len()).unwrap().to_be_bytes(), message].concat()
}

pub(crate) fn request(connection: &mut Connection) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let mut buffer = [0; 4096];
        let count = connection.read(&mut buffer)?;
        bytes.extend_from_slice(&buffer[..count]);
        let head = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        // Every question is padded to a block or two.
        if let Some(head) = head.filter(|head| bytes.len() > head + 4) {
            return Ok(bytes.split_off(head + 4));
        }
        if count == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
    }
}

/// A web server that says this to every request.
fn web(reply: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static) -> Fake {
    Fake::new(move |_, mut connection| {
        loop {
            let message = request(&mut connection)?;
            connection.write_all(&reply(&message))?;
        }
    })
}

#[test]
fn answers_and_denials() {
    let lab = internet();
    for server in both(&lab) {
        let record = look(&lab, &["--dns", &server, "port25.com"]);
        assert_eq!((verdict(&record).as_str(), &record["resolver"]), ("ok", &json!(server)));
        assert_eq!(record["dnssec"], "insecure", "the lab is on this machine: {record}");
        let record = look(&lab, &["--dns", &server, "nosuch.example"]);
        assert_eq!(
            (verdict(&record).as_str(), &record["resolver"]),
            ("fail dns.nxdomain dns", &json!(server))
        );
        let record = look(&lab, &["--dns", &server, "many.example"]);
        assert_eq!(record["mx"].as_array().unwrap().len(), 30, "it needs no truncation");
    }
}

#[test]
fn every_tool_asks_over_tls() {
    let lab = internet();
    for server in both(&lab) {
        for (name, words) in [
            ("myip", &["127.63.2.1"][..]),
            ("smtp-ping", &["mail.port25.com"]),
            ("smtp-send", &["user@port25.com", "--body", "x", "--quit-after", "ehlo"]),
        ] {
            let before = lab.queries();
            let words = [&["--dns", server.as_str()], words].concat();
            let ran = tool(&lab, name).args(words.iter().copied()).run();
            assert_ne!(ran.code, 2, "{}", ran.stderr);
            assert!(!ran.stdout.contains("dns.resolver_unreachable"), "{}", ran.stdout);
            assert!(lab.queries() > before, "{name} {server}: {}", ran.stdout);
        }
    }
}

#[test]
fn a_certificate_that_does_not_verify_is_said() {
    for (kind, cause) in [
        ("wrong-name", "not valid for name"),
        ("expired", "expired"),
        ("untrusted", "UnknownIssuer"),
        ("self-signed", "invalid peer certificate"),
    ] {
        let lab = with_certificate(kind);
        for server in both(&lab) {
            let record = look(&lab, &["--dns", &server, "a.example"]);
            assert_eq!(verdict(&record), "unknown dns.resolver_unreachable dns", "{kind}");
            let message = record["error"]["message"].as_str().unwrap();
            let begin = "no resolver could be reached: TLS failed: ";
            assert!(message.starts_with(begin) && message.contains(cause), "{kind}: {message}");
            assert_eq!(record["resolver"], json!(server));
        }
        assert_eq!(lab.queries(), 0, "nothing was told to it");
    }
}

#[test]
fn the_certificate_must_be_for_what_was_typed() {
    let lab = with_certificate("good");
    for server in both(&lab) {
        let bare = server.replace("dns.lab.example@", "");
        let record = look(&lab, &["--dns", &bare, "a.example"]);
        assert_eq!(verdict(&record), "unknown dns.resolver_unreachable dns");
        assert!(record["error"]["message"].as_str().unwrap().contains("not valid for name"), "{record}");
    }
}

#[test]
fn the_authorities_are_those_of_the_file_or_of_the_system() {
    let (lab, other) = (with_certificate("good"), internet());
    for server in both(&lab) {
        let record = look(&lab, &["--ca", &path(&other.ca()), "--dns", &server, "a.example"]);
        // By the same name, but another.
        assert!(
            record["error"]["message"].as_str().unwrap().contains("invalid peer certificate"),
            "{record}"
        );
        let mut command = tool(&lab, "mxlookup").args(["--dns", &server, "a.example"]).command();
        let output = command.env_remove("MXPIPE_CA").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("UnknownIssuer"), "{text}");
        let ran = run(&lab, &["--ca", "no-such-file", "--dns", &server, "a.example"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
        assert!(ran.stderr.contains("--ca: no-such-file"), "{}", ran.stderr);
    }
    // Nothing is read for a server without a certificate.
    let ran = run(&lab, &["--ca", "no-such-file", "a.example"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[test]
fn a_name_is_looked_up_where_the_system_says() {
    let fake = Fake::new(|_, mut connection| {
        loop {
            let question = question(&mut connection)?;
            connection.write_all(&framed(&answer(&question)))?;
        }
    });
    let lab = internet();
    // In /etc/hosts, so that it was found; but the certificate is for the address.
    let server = format!("tls://localhost:{}", fake.address.port());
    let record = fake.look(&lab, &server, &["a.example"]);
    let message = record["error"]["message"].as_str().unwrap();
    assert!(message.contains("not valid for name \"localhost\""), "{message}");
    for server in ["tls://dns.nosuch.invalid", "https://dns.nosuch.invalid/dns-query"] {
        let record = fake.look(&lab, server, &["--timeout", "30s", "a.example"]);
        assert_eq!(verdict(&record), "unknown dns.resolver_unreachable dns");
        let message = record["error"]["message"].as_str().unwrap();
        assert!(message.contains("the address of dns.nosuch.invalid cannot be looked up"), "{message}");
    }
    assert_eq!(lab.queries(), 0);
}

#[test]
fn another_resolver_takes_over_from_one_that_is_not_who_it_should_be() {
    let (good, wrong) = (with_certificate("good"), with_certificate("expired"));
    let broken = world(&format!("zone = '''\n{ZONE}'''\n[[fault]]\nname = 'a.example'\nkind = 'servfail'"));
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let firsts = [
        wrong.dns_over_tls(),
        wrong.dns_over_https(),
        // Signed by the authority of another world.
        broken.dns_over_tls(),
        format!("tls://{closed}"),
        format!("https://{closed}"),
    ];
    for first in firsts {
        for second in [good.dns().to_string(), good.dns_over_tls(), good.dns_over_https()] {
            let record = look(&good, &["--dns", &first, "--dns", &second, "a.example"]);
            assert_eq!(verdict(&record), "ok", "{first} {second}: {record}");
            assert!(record["resolver"].as_str().unwrap().contains(&second), "{record}");
        }
    }
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let servers = format!("tls://{},{}", silent.local_addr().unwrap(), good.dns_over_tls());
    let record = look(&good, &["--dns", &servers, "a.example"]);
    assert_eq!((verdict(&record).as_str(), &record["resolver"]), ("ok", &json!(good.dns_over_tls())));
    assert!(record["timing_ms"]["mx"].as_f64().unwrap() >= 2_500.0, "after one try: {record}");
}

#[test]
fn a_server_that_fails_says_so_over_tls_too() {
    let fault =
        "[[fault]]\nname = 'a.example'\nkind = 'servfail'\nede = 22\nede_text = 'no reachable authority'";
    let lab = world(&format!("zone = '''\n{ZONE}'''\n{fault}"));
    let good = with_certificate("good");
    for server in both(&lab) {
        let record = look(&lab, &["--dns", &server, "a.example"]);
        assert_eq!(verdict(&record), "unknown dns.servfail dns");
        assert_eq!(record["error"]["ede"][0]["text"], "no reachable authority");
        let servers = format!("{server},{}", good.dns());
        assert_eq!(look(&lab, &["--dns", &servers, "a.example"])["status"], "ok");
    }
}

#[test]
fn a_server_that_closes_after_each_answer() {
    let fake = Fake::new(|_, mut connection| {
        let question = question(&mut connection)?;
        connection.write_all(&framed(&answer(&question)))?;
        connection.conn.send_close_notify();
        connection.flush()
    });
    let lab = internet();
    let names: Vec<String> = (0..20).map(|n| format!("d{n}.example")).collect();
    let ran = tool(&lab, "mxlookup")
        .args(["--ca", &fake.ca(), "--dns", &fake.tls(), "-4"])
        .stdin(names.join("\n"))
        .run();
    let records = ran.records_of_words();
    assert_eq!((records.len(), ran.code), (20, 0), "{}", ran.stdout);
    assert!(records.iter().all(|record| record["mx"][0]["addresses"] == json!(["192.0.2.1"])));
}

#[test]
fn a_server_that_closes_in_the_middle_of_an_answer() {
    let half = |number: usize, mut connection: Connection| -> std::io::Result<()> {
        let question = question(&mut connection)?;
        let bytes = framed(&answer(&question));
        // It does better the second time, except for one name.
        let is_cut = number == 0 || question[12..].to_ascii_lowercase().starts_with(b"\x03bad");
        connection.write_all(if is_cut { &bytes[..bytes.len() / 2] } else { &bytes })
    };
    let lab = internet();
    let fake = Fake::new(half);
    assert_eq!(verdict(&fake.look(&lab, &fake.tls(), &["-4", "a.example"])), "ok");
    let record = fake.look(&lab, &fake.tls(), &["bad.example"]);
    assert_eq!(verdict(&record), "unknown dns.bad_answer dns");
    let message = record["error"]["message"].as_str().unwrap();
    assert!(message.ends_with(": the connection ended before the answer"), "{message}");
}

#[test]
fn answers_come_in_any_order() {
    let fake = Fake::new(|_, mut connection| {
        loop {
            // Of two addresses the second is answered first.
            let first = question(&mut connection)?;
            if first.windows(4).any(|kind| kind == [0, 15, 0, 1]) {
                connection.write_all(&framed(&answer(&first)))?;
                continue;
            }
            let second = question(&mut connection)?;
            connection.write_all(&[framed(&answer(&second)), framed(&answer(&first))].concat())?;
        }
    });
    let record = fake.look(&internet(), &fake.tls(), &["a.example"]);
    assert_eq!((verdict(&record).as_str(), &record["mx"][0]["addresses"]), ("ok", &json!(["192.0.2.1"])));
}

#[test]
fn what_is_no_answer_is_told_at_once() {
    let lab = internet();
    type Damage = fn(&mut Vec<u8>);
    let damages: [Damage; 4] =
        [|bytes| bytes[0] ^= 1, |bytes| bytes[13] ^= 1, |bytes| bytes[2] &= 0x7f, |bytes| bytes.truncate(5)];
    for (at, damage) in damages.into_iter().enumerate() {
        let fake = Fake::new(move |_, mut connection| {
            loop {
                let mut bytes = answer(&question(&mut connection)?);
                damage(&mut bytes);
                connection.write_all(&framed(&bytes))?;
            }
        });
        let record = fake.look(&lab, &fake.tls(), &["a.example"]);
        assert_eq!(verdict(&record), "unknown dns.bad_answer dns", "{at}");
        assert!(record["timing_ms"]["total"].as_f64().unwrap() < 2_500.0, "{at}: {record}");
        let fake = web(move |message| {
            let mut bytes = answer(message);
            damage(&mut bytes);
            reply("200 -", "application/dns-message", &bytes)
        });
        let record = fake.look(&lab, &fake.https(), &["a.example"]);
        assert_eq!(verdict(&record), "unknown dns.bad_answer dns", "{at}");
    }
}

pub(crate) fn reply(status: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

#[test]
fn a_server_that_speaks_something_else() {
    let fake = Fake::new(|_, mut connection| {
        connection.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
    });
    let record = fake.look(&internet(), &fake.tls(), &["a.example"]);
    assert_eq!(verdict(&record), "unknown dns.bad_answer dns");
}

#[test]
fn a_web_server_that_does_not_answer_for_the_dns() {
    let lab = internet();
    let message = "application/dns-message";
    for (what, cause) in [
        (reply("500 -", message, b""), "HTTP status 500"),
        (reply("404 -", "text/html", b"<html>"), "HTTP status 404"),
        (reply("302 -\r\nLocation: /elsewhere", message, b""), "a redirect, which is not followed"),
        (reply("200 -", "text/html", b"<html>"), "the body is not application/dns-message"),
        (reply("200 -", message, &vec![0; 65 << 10]), "the body is longer than 64 KiB"),
        (b"220 mail.example ESMTP\r\n".to_vec(), ""),
    ] {
        let fake = web(move |_| what.clone());
        let record = fake.look(&lab, &fake.https(), &["a.example"]);
        assert_eq!(verdict(&record), "unknown dns.bad_answer dns", "{cause}");
        assert!(record["error"]["message"].as_str().unwrap().ends_with(cause), "{record}");
    }
    let fake = web(move |message| reply("200 -", "Application/DNS-Message; x=y", &answer(message)));
    assert_eq!(verdict(&fake.look(&lab, &fake.https(), &["-4", "a.example"])), "ok");
}

#[test]
fn a_server_that_hangs() {
    let lab = internet();
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = silent.local_addr().unwrap();
    let hangs = Fake::new(|_, mut connection| {
        while question(&mut connection).is_ok() {}
        Ok(())
    });
    let servers =
        [format!("tls://{address}"), format!("https://{address}/q"), hangs.tls(), format!("tcp://{address}")];
    for server in servers {
        let record = hangs.look(&lab, &server, &["--timeout", "700ms", "a.example"]);
        assert_eq!(verdict(&record), "unknown dns.timeout dns", "{server}");
        assert_eq!(record["error"]["limit_ms"], 700, "{server}");
    }
    // One try, and then another on a connection of its own.
    let second = Fake::new(|number, mut connection| {
        loop {
            let question = question(&mut connection)?;
            if number > 0 {
                connection.write_all(&framed(&answer(&question)))?;
            }
        }
    });
    let record = second.look(&lab, &second.tls(), &["-4", "a.example"]);
    assert_eq!(verdict(&record), "ok");
    assert!(record["timing_ms"]["mx"].as_f64().unwrap() >= 2_500.0, "{record}");
}

#[test]
fn the_time_that_an_answer_was_kept_on_the_way_counts() {
    let asked = Arc::new(AtomicUsize::new(0));
    for (age, expected) in [("0", 1), ("300", 20), ("99999999999", 20), ("soon", 1)] {
        let counted = asked.clone();
        let fake = web(move |message| {
            if message[12..].windows(4).any(|kind| kind == [0, 1, 0, 1]) {
                counted.fetch_add(1, Ordering::Relaxed);
            }
            // All have one host; its address lasts 300 seconds.
            let status = format!("200 -\r\nAge: {age}");
            let shared = answer_of(message, b"\x02mx\x04many\x07example\0");
            reply(&status, "application/dns-message", &shared)
        });
        let lab = internet();
        let ran = tool(&lab, "mxlookup")
            .args(["--ca", &fake.ca(), "--dns", &fake.https(), "-4", "-j", "1"])
            .stdin(names(&[("d", 20)]).join("\n"))
            .run();
        assert_eq!((ran.records_of_words().len(), ran.code), (20, 0));
        assert_eq!(asked.swap(0, Ordering::Relaxed), expected, "{age}");
    }
}

#[test]
fn what_is_of_another_media_type_is_asked_for_once_a_try() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let fake = web(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        reply("200 -", "text/html", b"<html>")
    });
    let record = fake.look(&internet(), &fake.https(), &["a.example"]);
    assert_eq!(verdict(&record), "unknown dns.bad_answer dns");
    assert_eq!(asked.load(Ordering::Relaxed), 2, "two tries");
}
