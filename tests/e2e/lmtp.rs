//! LMTP (RFC 2033), and servers on UNIX sockets.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::thread;

use serde_json::{Value, json};

use crate::harness::{shell, tool};
use crate::scene::{Scene, verdict};

/// A server that answers each recipient by itself: `jane` has her message, `full` has no room now,
/// `gone` was not told of at RCPT.
const LMTP: &str = "\
S: 220 %NAME% LMTP
C: LHLO *
S: 250-%NAME%
S: 250-PIPELINING
S: 250 ENHANCEDSTATUSCODES
C: MAIL FROM:<me@client.example>
S: 250 2.1.0 ok
C: RCPT TO:<jane@a.example>
S: 250 2.1.5 ok
C: RCPT TO:<nobody@a.example>
S: 550 5.1.1 no such user
C: RCPT TO:<full@a.example>
S: 250 2.1.5 ok
C: RCPT TO:<gone@a.example>
S: 250 2.1.5 ok
C: DATA
S: 354 go on
C: Subject: x
C:
C: hello
C: .
";

const TO: &str = "jane@a.example,nobody@a.example,full@a.example,gone@a.example";

fn send(dialogue: &str) -> (i32, Value) {
    let lab = Scene::default().server("mx.a.example", "127.70.10.1", dialogue).open();
    let args = ["--lmtp", "--server", "127.70.10.1", "--from", "me@client.example", "--to", TO];
    let ran = tool(&lab, "smtp-send").args(args).args(["--data", "Subject: x\n\nhello\n"]).run();
    (ran.code, ran.record())
}

fn recipients(record: &Value) -> Vec<String> {
    let all = record["recipients"].as_array().unwrap().iter();
    all.map(|one| format!("{} {}", one["status"].as_str().unwrap(), one["verdict"].as_str().unwrap()))
        .collect()
}

#[test]
fn each_recipient_has_the_reply_that_is_its_own() {
    let replies =
        "S: 250 2.1.5 delivered\nS: 452 4.2.2 no room\nS: 550 5.2.1 closed\nC: QUIT\nS: 221 bye\nclose\n";
    let (code, record) = send(&format!("{LMTP}{replies}"));
    assert_eq!(
        recipients(&record),
        ["ok rcpt.accepted", "fail rcpt.unknown_user", "unknown rcpt.deferred", "fail rcpt.disabled"],
        "{record:#}"
    );
    assert_eq!((code, &record["status"]), (1, &json!("fail")));
    assert_eq!(record["reply"]["text"], "2.1.5 delivered");
}

#[test]
fn who_had_no_reply_before_the_connection_broke_is_uncertain() {
    let (code, record) = send(&format!("{LMTP}S: 250 2.1.5 delivered\nclose\n"));
    assert_eq!(
        recipients(&record),
        ["ok rcpt.accepted", "fail rcpt.unknown_user", "unknown data.uncertain", "unknown data.uncertain"],
        "{record:#}"
    );
    assert_eq!(code, 1);
}

#[test]
fn a_reply_for_each_recipient_and_not_one_more() {
    let replies = "S: 250 2.1.5 delivered\nS: 250 2.1.5 delivered\nS: 250 2.1.5 delivered\nC: QUIT\nS: 221 bye\nclose\n";
    let (_, record) = send(&format!("{LMTP}{replies}"));
    let delivered = recipients(&record).iter().filter(|one| *one == "ok rcpt.accepted").count();
    assert_eq!(delivered, 3, "{record:#}");
    assert!(record["timing_ms"]["quit"].is_number());
    assert_eq!(
        record.get("findings").map_or(0, |all| all.as_array().unwrap().len()),
        1,
        "STARTTLS is not offered"
    );
}

/// A server on a UNIX socket, which answers every command with 250 and a message with one too.
fn on_socket(banner: &'static str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.sock");
    let listener = UnixListener::bind(&path).unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            talk(&stream.unwrap(), banner);
        }
    });
    (folder, path)
}

fn talk(mut stream: &UnixStream, banner: &str) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let mut say = |text: &str| stream.write_all(format!("{text}\r\n").as_bytes()).unwrap();
    say(banner);
    while let Some(line) = lines.next() {
        match line.as_str() {
            "DATA" => {
                say("354 go on");
                lines.by_ref().find(|line| line == ".");
                say("250 2.0.0 taken");
            }
            "QUIT" => return say("221 2.0.0 bye"),
            _ => say("250 mail.example"),
        }
    }
}

#[test]
fn a_server_on_a_unix_socket_is_named_by_its_path() {
    let lab = Scene::default().open();
    let (_folder, path) = on_socket("220 mail.example LMTP");
    let target = format!("unix:{}", path.display());
    for (args, verb) in [(&[][..], "EHLO"), (&["--lmtp"][..], "LHLO")] {
        let ran = tool(&lab, "smtp-ping").args(args.iter().copied()).args([target.as_str()]).run();
        let record = ran.records_of_words().remove(0);
        assert_eq!((verdict(&record).as_str(), ran.code), ("ok", 0), "{record:#}");
        assert_eq!((&record["host"], &record["ehlo"]["verb"]), (&json!(target), &json!(verb)));
        for key in ["ip", "port", "local_ip", "ptr", "iprev"] {
            assert_eq!(record.get(key), None, "{key}");
        }
    }
}

#[test]
fn a_unix_socket_goes_down_the_pipe() {
    let lab = Scene::default().open();
    let (_folder, path) = on_socket("220 mail.example ESMTP");
    let line = format!(
        "smtp-ping unix:{} | smtp-send --to jane@a.example --from me@client.example --body hi",
        path.display()
    );
    let ran = shell(&lab, &line).run();
    let record = ran.record();
    assert_eq!((verdict(&record).as_str(), ran.code), ("ok", 0), "{record:#}");
    assert_eq!(record["reply"]["text"], "2.0.0 taken");
}

#[test]
fn a_socket_that_is_not_there_and_one_that_nobody_listens_on_are_refused() {
    let lab = Scene::default().open();
    let folder = tempfile::tempdir().unwrap();
    let stale = folder.path().join("stale.sock");
    drop(UnixListener::bind(&stale).unwrap());
    for (path, message) in [
        (folder.path().join("none.sock"), "there is no such socket: nothing listens there"),
        (stale, "the connection is refused: nothing listens there"),
    ] {
        let record =
            tool(&lab, "smtp-ping").args([format!("unix:{}", path.display()).as_str()]).run().record();
        assert_eq!(verdict(&record), "fail tcp.refused connect", "{record:#}");
        assert_eq!(record["error"]["message"], message);
    }
}
