//! Asks the built-in world over plain sockets.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::process::Command;
use std::time::Duration;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, RecordType};
use lab::{Lab, World};

const PATIENCE: Duration = Duration::from_secs(10);

fn internet() -> Lab {
    Lab::start(&World::named("internet").unwrap()).unwrap()
}

fn question(name: &str, kind: RecordType) -> Vec<u8> {
    let mut message = Message::new(7, MessageType::Query, OpCode::Query);
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
    let mut edns = Edns::new();
    edns.set_max_payload(1232);
    message.set_edns(edns);
    message.to_vec().unwrap()
}

fn udp(lab: &Lab, name: &str, kind: RecordType) -> Message {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.send_to(&question(name, kind), lab.dns()).unwrap();
    let mut buffer = [0; 4096];
    let length = socket.recv(&mut buffer).unwrap();
    Message::from_vec(&buffer[..length]).unwrap()
}

fn tcp(lab: &Lab, names: &[&str], kind: RecordType) -> Vec<Message> {
    let mut stream = TcpStream::connect(lab.dns()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    for name in names {
        let query = question(name, kind);
        stream.write_all(&u16::try_from(query.len()).unwrap().to_be_bytes()).unwrap();
        stream.write_all(&query).unwrap();
    }
    let mut answer = || {
        let mut length = [0; 2];
        stream.read_exact(&mut length).unwrap();
        let mut bytes = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut bytes).unwrap();
        Message::from_vec(&bytes).unwrap()
    };
    names.iter().map(|_| answer()).collect()
}

fn shown(message: &Message) -> Vec<String> {
    message.answers.iter().map(ToString::to_string).collect()
}

fn connect(lab: &Lab, address: &str) -> BufReader<TcpStream> {
    let address: IpAddr = address.parse().unwrap();
    let stream = TcpStream::connect(SocketAddr::new(address, lab.port())).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    BufReader::new(stream)
}

fn line(stream: &mut BufReader<TcpStream>) -> String {
    let mut line = String::new();
    stream.read_line(&mut line).unwrap();
    line
}

#[test]
fn the_route_of_the_walk_through() {
    let lab = internet();
    let mx = udp(&lab, "pOrT25.cOm.", RecordType::MX);
    assert_eq!(shown(&mx), ["pOrT25.cOm. 3600 IN MX 100 mail.port25.com."]);
    assert_eq!(
        shown(&udp(&lab, "mail.port25.com.", RecordType::A))[0],
        "mail.port25.com. 3600 IN A 127.63.149.30"
    );
    let ptr = udp(&lab, "30.149.63.127.in-addr.arpa.", RecordType::PTR);
    assert!(shown(&ptr)[0].ends_with("IN PTR mail.port25.com."));
    assert_eq!(udp(&lab, "nosuch.example.", RecordType::MX).metadata.response_code, ResponseCode::NXDomain);
    assert_eq!(lab.queries(), 4);
}

#[test]
fn what_is_too_long_for_a_datagram_is_whole_over_tcp() {
    let lab = internet();
    assert!(udp(&lab, "long.example.", RecordType::MX).metadata.truncation);
    assert!(udp(&lab, "truncated.example.", RecordType::MX).metadata.truncation);
    let answers = tcp(&lab, &["long.example.", "truncated.example."], RecordType::MX);
    assert_eq!(answers.iter().map(|answer| answer.answers.len()).collect::<Vec<_>>(), [20, 1]);
    assert_eq!(udp(&lab, "many.example.", RecordType::MX).answers.len(), 30);
}

#[test]
fn a_broken_domain_says_why() {
    let broken = udp(&internet(), "broken.example.", RecordType::MX);
    assert_eq!(broken.metadata.response_code, ResponseCode::ServFail);
    assert_eq!(broken.edns.unwrap().options().options.len(), 1);
}

#[test]
fn every_exchange_has_an_address_unless_the_world_says_otherwise() {
    let lab = internet();
    let lonely = ["mx.parked.example.", "nosuch.nohost.example.", "127.63.149.30.", "mail.", "."];
    let domains = [
        "yahoo.com.",
        "aol.com.",
        "nullmixed.example.",
        "parked.example.",
        "nohost.example.",
        "literal.example.",
        "label.example.",
        "localmx.example.",
        "two.example.",
        "refused.example.",
        "many.example.",
        "x.bulk.example.",
        "x.dead.bulk.example.",
    ];
    for domain in domains {
        let mx = udp(&lab, domain, RecordType::MX);
        assert!(!mx.answers.is_empty(), "{domain}");
        for exchange in shown(&mx).iter().map(|record| record.rsplit(' ').next().unwrap()) {
            let found = !udp(&lab, exchange, RecordType::A).answers.is_empty();
            assert_eq!(found, !lonely.contains(&exchange), "{exchange}");
        }
    }
}

#[test]
fn the_server_of_the_walk_through() {
    let lab = internet();
    let mut stream = connect(&lab, "127.63.149.30");
    assert_eq!(line(&mut stream), "220 mail.port25.com (PowerMTA(TM) v4.0) ESMTP service ready\r\n");
    stream.get_mut().write_all(b"EHLO client.example\r\n").unwrap();
    assert_eq!(line(&mut stream), "250-mail.port25.com says hello\r\n");
    while line(&mut stream).starts_with("250-") {}
    stream.get_mut().write_all(b"QUIT\r\n").unwrap();
    assert!(line(&mut stream).starts_with("221 "));
    assert_eq!(line(&mut stream), "");
    assert_eq!(lab.heard("mail.port25.com"), ["EHLO client.example", "QUIT"]);
}

#[test]
fn the_pages_that_tell_who_asks() {
    let lab = internet();
    let page = |path: &str| {
        let mut stream = TcpStream::connect(lab.http().trim_start_matches("http://")).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    };
    assert!(page("/ip").starts_with("HTTP/1.1 200 ") && page("/ip").ends_with("\r\n\r\n203.0.113.7\n"));
    assert!(page("/redirect").contains("Location: /ip\r\n"));
    assert!(page("/huge").len() > 65_536);
    assert!(page("/nosuch").starts_with("HTTP/1.1 404 "));
    assert_eq!(lab.heard("http").last().unwrap(), "GET /nosuch HTTP/1.1");
}

#[test]
fn a_name_that_tells_who_asks_in_class_ch() {
    let lab = internet();
    let mut query = Query::query(Name::from_ascii("myip.lab.example.").unwrap(), RecordType::TXT);
    query.set_query_class(DNSClass::CH);
    let mut message = Message::new(7, MessageType::Query, OpCode::Query);
    message.add_query(query);
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.send_to(&message.to_vec().unwrap(), lab.dns()).unwrap();
    let mut buffer = [0; 4096];
    let length = socket.recv(&mut buffer).unwrap();
    let answer = Message::from_vec(&buffer[..length]).unwrap();
    assert_eq!(shown(&answer), ["myip.lab.example. 300 CH TXT 203.0.113.7"]);
}

#[test]
fn a_thousand_clients_at_once() {
    let lab = internet();
    let mut streams: Vec<_> = (0..1_000).map(|_| connect(&lab, "127.63.6.1")).collect();
    assert!(streams.iter_mut().all(|stream| line(stream).starts_with("220 mx.bulk.example ")));
}

#[test]
fn servers_that_are_not_there() {
    let lab = internet();
    let to = |address: &str| SocketAddr::new(address.parse().unwrap(), lab.port());
    let refused = TcpStream::connect(to("127.63.4.1")).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    let nothing = TcpStream::connect_timeout(&to("127.63.4.2"), Duration::from_millis(50)).unwrap_err();
    assert_eq!(nothing.kind(), std::io::ErrorKind::TimedOut);
}

#[test]
fn a_dropped_world_is_gone() {
    let lab = internet();
    let (dns, mut open) = (lab.dns(), connect(&lab, "127.63.149.30"));
    let port = lab.port();
    assert!(line(&mut open).starts_with("220 "));
    drop(lab);
    assert_eq!(line(&mut open), "");
    assert!(TcpStream::connect(dns).is_err());
    assert!(TcpStream::connect(("127.63.149.30", port)).is_err());
}

#[test]
fn worlds_run_side_by_side() {
    let labs: Vec<Lab> = (0..4).map(|_| internet()).collect();
    for lab in &labs {
        assert!(line(&mut connect(lab, "127.63.66.5")).starts_with("220 mta5.am0.yahoodns.net "));
    }
}

#[test]
fn a_command_runs_in_the_environment_and_passes_its_status_on() {
    let lab = env!("CARGO_BIN_EXE_lab");
    let script =
        "echo $MXPIPE_EHLO $MXPIPE_ALLOW_PRIVATE; echo $MXPIPE_DNS | grep -q '^127.0.0.1:' && exit 9";
    let output = Command::new(lab).args(["run", "--", "sh", "-c", script]).output().unwrap();
    assert_eq!(output.status.code(), Some(9));
    assert_eq!(output.stdout, b"client.example 1\n");
    let missing = Command::new(lab).args(["run", "--", "no-such-command"]).output().unwrap();
    assert_eq!(missing.status.code(), Some(127));
}

#[test]
fn a_command_that_runs_for_ever_ends_with_the_lab() {
    let lab = env!("CARGO_BIN_EXE_lab");
    let script = "trap 'exit 5' TERM; echo ready; while :; do read line; done";
    let mut child = Command::new(lab)
        .args(["run", "--", "sh", "-c", script])
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(5));
}

#[test]
fn up_prints_the_environment_until_it_is_told_to_stop() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_lab"))
        .arg("up")
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut hint = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut hint).unwrap();
    let lines: Vec<String> =
        BufReader::new(child.stdout.take().unwrap()).lines().take(4).map(Result::unwrap).collect();
    assert!(lines[0].starts_with("export MXPIPE_DNS=127.0.0.1:"), "{lines:?}");
    assert!(TcpStream::connect(lines[0].rsplit('=').next().unwrap()).is_ok());
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
