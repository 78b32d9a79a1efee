//! Sessions with one address: no more at a time than `--per-host`, and one result for all with
//! `--reuse`.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Run, tool};
use crate::scene::{FRIENDLY, Scene, verdict};

/// A server that counts its clients, and greets none before so many are there at once.
struct Counting {
    port: u16,
    clients: Arc<(Mutex<Clients>, Condvar)>,
}

#[derive(Default)]
struct Clients {
    now: usize,
    most: usize,
}

impl Counting {
    fn start(together: usize) -> Self {
        let listener = TcpListener::bind("127.70.9.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let clients = Arc::new((Mutex::new(Clients::default()), Condvar::new()));
        let shared = clients.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = shared.clone();
                thread::spawn(move || serve(stream.unwrap(), &shared, together));
            }
        });
        Self { port, clients }
    }

    fn most(&self) -> usize {
        self.clients.0.lock().unwrap().most
    }
}

fn serve(stream: TcpStream, (clients, changed): &(Mutex<Clients>, Condvar), together: usize) {
    let mut known = clients.lock().unwrap();
    known.now += 1;
    known.most = known.most.max(known.now);
    changed.notify_all();
    // Who waits in vain is told so by the limit of the tool.
    let patience = Duration::from_secs(30);
    drop(changed.wait_timeout_while(known, patience, |known| known.most < together).unwrap());
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let say = |text: &str| (&stream).write_all(format!("{text}\r\n").as_bytes());
    let _ = say("220 mx.example ESMTP");
    while let Some(Ok(line)) = lines.next() {
        if line.starts_with("QUIT") {
            // Before the client can know: whoever comes next comes after this one.
            clients.lock().unwrap().now -= 1;
            let _ = say("221 2.0.0 bye");
            break;
        }
        let _ = say("250 mx.example");
    }
}

/// Lines for one address under many names.
fn lines(port: u16, count: usize) -> String {
    (0..count)
        .map(|n| format!("{}\n", json!({"host": format!("mx{n}.example"), "ip": "127.70.9.1", "port": port})))
        .collect()
}

fn ping<'a>(lab: &'a lab::Lab, args: &[&'a str]) -> Run<'a> {
    tool(lab, "smtp-ping").args(["--no-ptr", "--tls", "none", "-q"]).args(args.iter().copied())
}

#[test]
fn one_address_has_one_session_at_a_time_whatever_the_concurrency() {
    let lab = Scene::default().open();
    let server = Counting::start(1);
    let ran = ping(&lab, &["-j", "50"]).stdin(lines(server.port, 60)).run();
    assert_eq!((ran.records().len(), ran.code), (60, 0));
    assert_eq!(server.most(), 1);
}

#[test]
fn per_host_allows_for_more_and_no_more_than_that() {
    let lab = Scene::default().open();
    let server = Counting::start(3);
    let ran = ping(&lab, &["-j", "50", "--per-host", "3"]).stdin(lines(server.port, 60)).run();
    assert_eq!((ran.records().len(), ran.code), (60, 0));
    assert_eq!(server.most(), 3);
}

#[test]
fn waiting_for_a_turn_is_no_part_of_the_time_of_a_target() {
    let scene = Scene::default().sink("mx.example", "127.70.9.2", "delay_ms = 50\ncertificate = 'none'");
    let lab = scene.open();
    let line = json!({"host": "mx.example", "ip": "127.70.9.2"}).to_string() + "\n";
    // Eight sessions of some 400 ms, one after the other, each within its second and a half.
    let ran = ping(&lab, &["--timeout", "1500ms"]).stdin(line.repeat(8)).run();
    let records = ran.records();
    assert_eq!((records.len(), ran.code), (8, 0), "{}", ran.stdout);
    assert!(records.iter().all(|record| record["timing_ms"]["total"].as_f64().unwrap() < 1500.0));
}

#[test]
fn reuse_asks_a_server_once_and_gives_the_result_again() {
    let lab = Scene::default().server("mx.example", "127.70.9.3", FRIENDLY).open();
    let domain = |n: usize| {
        let host = json!({"preference": 10, "exchange": "mx.example", "addresses": ["127.70.9.3"]});
        json!({"domain": format!("d{n}.example"), "mx": [host]}).to_string() + "\n"
    };
    let input: String = (0..40).map(domain).collect();
    let ran = ping(&lab, &["--reuse", "--allow-private"]).stdin(input).run();
    let records = ran.records();
    assert_eq!((records.len(), ran.code), (40, 0));
    let greeted = lab.heard("mx.example").iter().filter(|line| line.starts_with("EHLO")).count();
    assert_eq!(greeted, 1);
    let again: Vec<&Value> = records.iter().filter(|record| record["reused"] == json!(true)).collect();
    assert_eq!(again.len(), 39);
    let mut domains: Vec<&str> = records.iter().map(|record| record["domain"].as_str().unwrap()).collect();
    domains.sort_unstable();
    domains.dedup();
    assert_eq!(domains.len(), 40, "each record is about its own domain");
    assert!(
        again.iter().all(|record| verdict(record) == "ok" && record["ehlo"]["keywords"]["SIZE"].is_array())
    );
}

#[test]
fn reuse_gives_a_failure_again_and_asks_anew_for_another_recipient() {
    let lab = Scene::default().sink("mx.example", "127.70.9.4", "certificate = 'none'").open();
    let line =
        |address: &str| json!({"host": "mx.example", "ip": "127.70.9.4", "address": address}).to_string();
    let input = [line("unknown@x.example"), line("unknown@x.example"), line("jane@x.example")].join("\n");
    let ran = ping(&lab, &["--reuse", "--rcpt", "-", "--ordered", "-j", "1"]).stdin(input).run();
    let records = ran.records();
    let verdicts: Vec<String> = records.iter().map(verdict).collect();
    assert_eq!(verdicts, ["fail rcpt.unknown_user rcpt", "fail rcpt.unknown_user rcpt", "ok"]);
    let reused: Vec<bool> = records.iter().map(|record| record["reused"] == json!(true)).collect();
    assert_eq!(reused, [false, true, false]);
}
