//! Servers that find nothing in what we offer, and what a second connection learns of them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::harness::{PATIENCE, internet, world};
use crate::tls::{outcome, ping};

const PROTOCOL_VERSION: &[u8] = b"\x15\x03\x01\x00\x02\x02\x46";
const HANDSHAKE_FAILURE: &[u8] = b"\x15\x03\x03\x00\x02\x02\x28";

/// A ServerHello of this version and suite.
fn server_hello(version: [u8; 2], suite: [u8; 2]) -> Vec<u8> {
    let head = [22, 3, version[1], 0, 42, 2, 0, 0, 38, version[0], version[1]];
    [&head[..], &[7; 32], &[0], &suite, &[0]].concat()
}

/// What a server says, connection by connection; a connection beyond those is closed at once.
enum Says {
    /// In answer to the client's hello.
    InTls(Vec<u8>),
    /// In the place of a greeting.
    Instead(&'static str),
    /// Nothing at all: it waits until the client leaves.
    Nothing,
}

/// A server on a port of its own, TLS from the first byte or after STARTTLS. Each connection gives a
/// line: what the client said, and the length of its hello.
fn serve(says: Vec<Says>, implicit: bool) -> (u16, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        for (stream, says) in
            listener.incoming().zip(says.into_iter().map(Some).chain(std::iter::repeat_with(|| None)))
        {
            let stream = stream.unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let line = says.map_or_else(|| "one too many".to_owned(), |says| talk(stream, says, implicit));
            if tell.send(line).is_err() {
                return;
            }
        }
    });
    (port, told)
}

fn talk(stream: TcpStream, says: Says, implicit: bool) -> String {
    let mut heard = Vec::new();
    let mut stream = BufReader::new(stream);
    let mut say = |stream: &mut BufReader<TcpStream>, words: &str, is_answered: bool| {
        let _ = stream.get_mut().write_all(words.as_bytes());
        let mut line = String::new();
        if is_answered && stream.read_line(&mut line).is_ok() {
            heard.push(line.split_whitespace().next().unwrap_or("nothing").to_owned());
        }
    };
    match &says {
        Says::Instead(words) => say(&mut stream, words, true),
        _ if implicit => {}
        _ => {
            say(&mut stream, "220 old.example\r\n", true);
            say(&mut stream, "250-old.example\r\n250 STARTTLS\r\n", true);
            say(&mut stream, "220 go\r\n", false);
        }
    }
    let mut head = [0; 5];
    if stream.read_exact(&mut head).is_ok() && head[0] == 22 {
        let mut hello = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
        stream.read_exact(&mut hello).unwrap();
        // supported_versions (RFC 8446 section 4.2.1) is what the old way does without.
        let is_new = hello.windows(4).any(|part| part == [0, 43, 0, 5]);
        heard.push(if is_new { "new".to_owned() } else { format!("old {}", 5 + hello.len()) });
    }
    if let Says::InTls(bytes) = &says {
        let _ = stream.get_mut().write_all(bytes);
    }
    let _ = stream.read_to_end(&mut Vec::new());
    heard.join(" ")
}

/// The record of `smtp-ping`, and what the server heard, a line a connection.
fn met(says: Vec<Says>, implicit: bool, options: &[&str]) -> (Value, Vec<String>) {
    let lab = world("");
    let (port, told) = serve(says, implicit);
    let target = format!("127.0.0.1:{port}");
    let implicit: &[&str] = if implicit { &["--implicit"] } else { &[] };
    let record = ping(&lab, &[&["--no-ptr", &target], implicit, options].concat()).record();
    // A further connection shows that those before are over.
    drop(TcpStream::connect(("127.0.0.1", port)).unwrap());
    let mut heard = Vec::new();
    while let Ok(line) = told.recv_timeout(PATIENCE) {
        if line == "one too many" || line.is_empty() {
            break;
        }
        heard.push(line);
    }
    (record, heard)
}

const TOO_OLD: [Option<&str>; 3] = [Some("fail"), Some("tls.protocol_too_old"), Some("tls")];
const FAILED: [Option<&str>; 3] = [Some("fail"), Some("tls.handshake_failed"), Some("tls")];

#[test]
fn a_server_that_knows_old_versions_alone_names_its_best() {
    for implicit in [false, true] {
        let old = server_hello([3, 2], [0, 0x2f]);
        // Newer servers refuse by an alert, older ones answer with what they have.
        for first in [PROTOCOL_VERSION.to_vec(), HANDSHAKE_FAILURE.to_vec(), old.clone()] {
            let (record, heard) = met(vec![Says::InTls(first), Says::InTls(old.clone())], implicit, &[]);
            assert_eq!(outcome(&record), TOO_OLD, "{record:#}");
            let message = "the server speaks TLSv1.1 at best, which is no longer used \
                           (it picks TLS_RSA_WITH_AES_128_CBC_SHA)";
            assert_eq!(record["error"]["message"], message);
            assert_eq!((record.get("tls"), &record["error"]["temporary"]), (None, &false.into()));
            let way = if implicit { "" } else { "EHLO STARTTLS " };
            assert_eq!(heard.len(), 2, "{heard:?}");
            assert_eq!(heard[0], format!("{way}new"));
            assert!(heard[1].starts_with(&format!("{way}old ")), "{heard:?}");
        }
    }
}

#[test]
fn a_server_without_a_cipher_of_ours_names_the_one_it_would_take() {
    let says = vec![Says::InTls(HANDSHAKE_FAILURE.to_vec()), Says::InTls(server_hello([3, 3], [0, 0x35]))];
    let (record, heard) = met(says, false, &[]);
    assert_eq!((outcome(&record), heard.len()), (FAILED, 2), "{record:#}");
    let message = record["error"]["message"].as_str().unwrap();
    assert!(message.ends_with("it picks TLS_RSA_WITH_AES_256_CBC_SHA of TLSv1.2"), "{message}");
}

#[test]
fn a_second_connection_that_fails_leaves_the_first_verdict() {
    let seconds: [fn() -> Says; 7] = [
        || Says::InTls(HANDSHAKE_FAILURE.to_vec()),
        || Says::InTls(b"\x16\x03\x01\x40".to_vec()),
        || Says::InTls(b"500 5.5.2 what?\r\n".to_vec()),
        || Says::InTls(vec![22; 10_000]),
        || Says::Instead("421 4.7.0 not so fast\r\n"),
        || Says::Instead("SSH-2.0-x\r\n"),
        || Says::Instead(""),
    ];
    for (at, second) in seconds.into_iter().enumerate() {
        let says = vec![Says::InTls(HANDSHAKE_FAILURE.to_vec()), second()];
        let (record, _) = met(says, false, &["--reply-timeout", "2s"]);
        assert_eq!(outcome(&record), FAILED, "{at}: {record:#}");
        let message = "the TLS handshake failed: the server finds nothing that both sides can do";
        assert_eq!(record["error"]["message"], message, "{at}");
        assert_eq!(record["banner"]["code"], 220, "{at}: that of the first connection");
    }
}

#[test]
fn a_second_connection_that_is_silent_ends_with_the_limits_and_takes_no_time_of_the_first() {
    for options in [["--reply-timeout", "300ms"], ["--timeout", "700ms"]] {
        let says = vec![Says::InTls(PROTOCOL_VERSION.to_vec()), Says::Nothing];
        let (record, _) = met(says, false, &options);
        assert_eq!(outcome(&record), TOO_OLD, "{record:#}");
        assert_eq!(record["error"]["message"], "the server refuses every version of TLS that is asked for");
        let took = |phase: &str| record["timing_ms"][phase].as_f64();
        assert!(
            took("tls").unwrap() + took("banner").unwrap() < took("total").unwrap() - 250.0,
            "{record:#}"
        );
        assert_eq!(record["error"].get("limit_ms"), None);
    }
}

#[test]
fn a_handshake_that_fails_for_another_reason_is_not_tried_again() {
    let internal_error = b"\x15\x03\x03\x00\x02\x02\x50".to_vec();
    for first in [internal_error, b"500 5.5.2 what?\r\n".to_vec()] {
        let (record, heard) = met(vec![Says::InTls(first)], false, &[]);
        assert_eq!((outcome(&record), heard), (FAILED, vec!["EHLO STARTTLS new".to_owned()]), "{record:#}");
    }
}

#[test]
fn the_transcript_shows_the_second_connection_too() {
    let lab = internet();
    let old = server_hello([3, 1], [0, 4]);
    let (port, _told) = serve(vec![Says::InTls(old.clone()), Says::InTls(old)], false);
    let ran = ping(&lab, &["-v", "--no-ptr", &format!("127.0.0.1:{port}")]);
    assert_eq!(ran.stderr.matches("220 old.example").count(), 2, "{}", ran.stderr);
    assert!(ran.record()["error"]["message"].as_str().unwrap().contains("TLSv1.0"), "{}", ran.stdout);
}

#[test]
fn many_old_servers_at_once() {
    let lab = world("");
    let old = server_hello([3, 1], [0, 4]);
    let ports: Vec<_> =
        (0..20).map(|_| serve(vec![Says::InTls(old.clone()), Says::InTls(old.clone())], false)).collect();
    let targets: String = ports.iter().map(|(port, _)| format!("127.0.0.1:{port}\n")).collect();
    let ran = crate::harness::tool(&lab, "smtp-ping").args(["--no-ptr", "-j", "20"]).stdin(targets).run();
    let records = ran.records();
    assert_eq!((records.len(), ran.code), (20, 1));
    for record in records {
        assert_eq!(outcome(&record), TOO_OLD);
    }
    for (_, told) in ports {
        assert!(
            told.recv_timeout(Duration::from_secs(10)).is_ok()
                && told.recv_timeout(Duration::from_secs(10)).is_ok()
        );
    }
}
