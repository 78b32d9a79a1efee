//! What the network itself says, in namespaces of our own: refused, dropped, unreachable,
//! prohibited. Only root can make them; for anybody else these tests have nothing to show.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd;
use std::process::{Command, Stdio};
use std::thread;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use serde_json::{Value, json};

use crate::harness::{Ran, bin, finish, shell};
use crate::scene::{FRIENDLY, Scene, findings, verdict};

/// Two hosts on one wire: the client, and a router that leads nowhere. Gone when this is dropped.
struct Wire {
    client: String,
    router: String,
}

impl Wire {
    /// None where it cannot be made: not root, no `ip`, or a kernel without namespaces.
    fn new(test: &str) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            return None;
        }
        let name = |role: &str| format!("mxpipe-{test}-{role}-{}", std::process::id());
        let wire = Self { client: name("client"), router: name("router") };
        let (client, router) = (&wire.client, &wire.router);
        let is_there = ip(&format!("netns add {client}")) && ip(&format!("netns add {router}"));
        if !is_there {
            return None;
        }
        for command in [
            format!("-n {client} link set lo up"),
            format!("-n {client} link add wire type veth peer name wire netns {router}"),
            format!("-n {client} addr add 10.9.0.2/24 dev wire"),
            format!("-n {client} addr add fd09::2/64 dev wire nodad"),
            format!("-n {client} link set wire up"),
            format!("-n {router} addr add 10.9.0.1/24 dev wire"),
            format!("-n {router} addr add fd09::1/64 dev wire nodad"),
            format!("-n {router} link set wire up"),
            // Theirs: what the router answers for.
            format!("-n {client} route add 198.51.100.0/24 via 10.9.0.1"),
            format!("-n {router} route add unreachable 198.51.100.1"),
            format!("-n {router} route add prohibit 198.51.100.2"),
            format!("-n {client} -6 route add 2001:db8:2::/48 via fd09::1"),
            format!("-n {router} -6 route add prohibit 2001:db8:2::/48"),
            // Ours: what this machine does not let out.
            format!("-n {client} route add unreachable 192.0.2.1"),
            format!("-n {client} route add prohibit 192.0.2.2"),
            format!("-n {client} route add blackhole 192.0.2.3"),
            // Somebody who is known to be there and is not.
            format!("-n {client} neigh add 10.9.0.9 lladdr 02:00:00:00:00:09 dev wire nud permanent"),
        ] {
            assert!(ip(&command), "ip {command}");
        }
        for setting in ["net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"] {
            let set = format!("netns exec {router} sysctl -qw {setting}=1");
            assert!(ip(&set), "{set}");
        }
        Some(wire)
    }

    /// What `smtp-ping` says of this target.
    fn ping(&self, target: &str, patience: &str) -> Value {
        self.run(&["--connect-timeout", patience, target], "").record()
    }

    /// A server at the router.
    fn listen(&self, at: &str) -> TcpListener {
        let namespace = File::open(format!("/run/netns/{}", self.router)).unwrap();
        let at: SocketAddr = at.parse().unwrap();
        // A thread of its own goes there; the socket stays there when that is gone.
        let bound = thread::spawn(move || {
            let network = Some(LinkNameSpaceType::Network);
            move_into_link_name_space(namespace.as_fd(), network).unwrap();
            TcpListener::bind(at).unwrap()
        });
        bound.join().unwrap()
    }

    fn run(&self, args: &[&str], stdin: &str) -> Ran {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.client]).arg(bin().join("smtp-ping"));
        command.arg("--no-ptr").args(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        let ran = Ran::of(finish(child));
        ran.note_codes();
        ran
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        for host in [&self.client, &self.router] {
            ip(&format!("netns del {host}"));
        }
    }
}

fn ip(arguments: &str) -> bool {
    let mut command = Command::new("ip");
    command.args(arguments.split(' ')).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[test]
fn what_a_router_and_what_this_machine_say_is_told_apart() {
    let Some(wire) = Wire::new("routes") else { return };
    for (target, expected, errno) in [
        ("10.9.0.1", "fail tcp.refused connect", Some(111)),
        ("198.51.100.1", "unknown tcp.unreachable connect", Some(113)),
        // On IPv4 a prohibition looks like a host that is gone.
        ("198.51.100.2", "unknown tcp.unreachable connect", Some(113)),
        ("2001:db8:2::1", "unknown tcp.admin_prohibited connect", Some(13)),
        ("10.9.0.9", "unknown tcp.timeout connect", None),
        ("192.0.2.1", "unknown tcp.unreachable connect", Some(113)),
        ("192.0.2.2", "unknown tcp.admin_prohibited connect", Some(13)),
        ("192.0.2.3", "unknown net.blackholed connect", Some(22)),
        ("192.0.2.4", "unknown net.no_route connect", Some(101)),
    ] {
        // The system says a thing again where the first packet came before the wire was up.
        let patience = if errno.is_some() { "20s" } else { "1s" };
        let record = wire.ping(target, patience);
        assert_eq!(verdict(&record), expected, "{target}: {record:#}");
        assert_eq!(record["error"]["errno"].as_i64(), errno, "{target}");
    }
}

#[test]
fn addresses_of_a_family_without_a_route_are_left_out_and_that_is_said() {
    let Some(wire) = Wire::new("family") else { return };
    let route = r#"{"exchange":"mx.example","addresses":["2001:db8:9::1","10.9.0.1"]}"#;
    let ran = wire.run(&["--allow-private"], &format!("{route}\n"));
    let record = ran.record();
    assert_eq!((verdict(&record).as_str(), &record["ip"]), ("fail tcp.refused connect", &json!("10.9.0.1")));
    assert!(findings(&record).contains(&"net.no_ipv6".to_owned()), "{record:#}");
}

#[test]
fn a_submission_port_without_a_login_is_odd() {
    let Some(wire) = Wire::new("submission") else { return };
    // The port is the point, and in the router's namespace it is nobody else's.
    let listener = wire.listen("10.9.0.1:587");
    let serving = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
        stream.write_all(b"220 mx.a.example ESMTP\r\n").unwrap();
        lines.next();
        stream.write_all(b"250-mx.a.example\r\n250 SIZE 1000\r\n").unwrap();
        lines.next();
        stream.write_all(b"221 bye\r\n").unwrap();
    });
    let record = wire.ping("10.9.0.1:587", "20s");
    serving.join().unwrap();
    assert!(findings(&record).contains(&"ehlo.auth_missing_on_submission".to_owned()), "{record:#}");
}

#[test]
fn a_silent_network_is_waited_for_as_long_as_was_said() {
    let Some(wire) = Wire::new("silence") else { return };
    let record = wire.ping("10.9.0.9", "1s");
    assert_eq!(record["error"]["limit_ms"], 1000);
    let took = record["timing_ms"]["connect"].as_f64().unwrap();
    assert!((1000.0..3000.0).contains(&took), "{took}");
}

#[test]
fn a_session_that_gets_no_file_descriptor_says_so() {
    let lab = Scene::default().open();
    let denied = (4..40).find_map(|files| {
        let line = format!("ulimit -n {files}; exec smtp-ping --no-ptr --json 127.0.0.1:1");
        let ran = shell(&lab, &line).run();
        let record: Value = serde_json::from_str(ran.stdout.lines().next()?).ok()?;
        (record["error"]["code"] == "net.denied_local").then_some((ran.code, record))
    });
    let (code, record) = denied.expect("some limit is enough to start with and not for a socket");
    assert_eq!((code, record["error"]["errno"].as_i64()), (75, Some(24)));
    assert!(record["error"]["message"].as_str().unwrap().contains("ulimit -n"), "{record:#}");
}

#[test]
fn too_few_open_files_lower_the_concurrency_and_are_said() {
    let lab = Scene::default().server("mx.example", "127.70.12.1", FRIENDLY).open();
    let line = "for n in 1 2 3 4 5 6 7 8; do echo 127.70.12.1; done | \
        (ulimit -n 100; exec smtp-ping --no-ptr --per-host 100 -j 1000)";
    let ran = shell(&lab, line).run();
    assert_eq!((ran.records().len(), ran.code), (8, 0));
    assert!(ran.stderr.contains("100 open files are allowed"), "{}", ran.stderr);
    assert!(ran.stderr.contains("going on with -j 18"), "{}", ran.stderr);
}
