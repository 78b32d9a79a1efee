//! `myip` on a machine without a network, or without IPv6. Only root can make one; for anybody else
//! these tests have nothing to show.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Ran, bin, finish};
use crate::scene::findings;

/// A run in a network namespace of its own, prepared by a line of shell. `None` where there is none.
fn isolated(prepare: &str, args: &[&str]) -> Option<Ran> {
    let in_namespace = |line: &str| {
        let mut command = Command::new("unshare");
        command.args(["--net", "sh", "-c", line]).env_clear().env("PATH", std::env::var("PATH").unwrap());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().ok().map(|child| Ran::of(finish(child)))
    };
    if !rustix::process::geteuid().is_root() || in_namespace(prepare)?.code != 0 {
        return None;
    }
    let tool = bin().join("myip");
    let ran = in_namespace(&format!("{prepare} && exec {} {}", tool.display(), args.join(" ")))?;
    ran.note_codes();
    Some(ran)
}

fn verdict(ran: &Ran) -> (Value, i32) {
    (ran.record()["error"]["code"].clone(), ran.code)
}

#[test]
fn without_any_network_it_is_unknown_and_says_why() {
    // Not even loopback is up: no source can be looked up or reached.
    let begun = Instant::now();
    let Some(ran) = isolated("true", &["--timeout", "5s"]) else { return };
    assert!(begun.elapsed() < Duration::from_secs(6));
    assert_eq!(verdict(&ran), (json!("net.offline"), 75), "{}", ran.stdout);
    let record = &ran.records_of_words()[0];
    assert_eq!((&record["status"], record.get("ip"), record.get("helo")), (&json!("unknown"), None, None));
    assert_eq!(record["family"], "ipv4");
    assert!(record["error"]["hint"].as_str().unwrap().contains("ip route"));
    assert!(!record["sources"].as_array().unwrap().is_empty());
    let sources =
        "--via http://192.0.2.1/ --via dns:a.example@192.0.2.2 --via stun:192.0.2.3 --via interface";
    let ran = isolated("true", &[sources, "--timeout", "5s"]).unwrap();
    assert_eq!(verdict(&ran), (json!("net.offline"), 75));
    let record = ran.record();
    let codes: Vec<&str> = record["sources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|source| source["error"]["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["http.unreachable", "dns.resolver_unreachable", "stun.unreachable", "net.no_route"]);
    let ran = isolated("true", &["--name", "--timeout", "5s"]).unwrap();
    assert_eq!((ran.code, ran.stdout.as_str()), (75, ""));
    assert!(ran.stderr.contains("no source could be reached"), "{}", ran.stderr);
}

#[test]
fn a_machine_without_ipv6_says_so_and_is_not_wrong() {
    // A way out over IPv4 alone; whoever is asked is this machine itself.
    let prepare = "sysctl -qw net.ipv6.conf.all.disable_ipv6=1 && ip link set lo up && \
        ip addr add 203.0.113.7/32 dev lo && ip route add default dev lo";
    let args = ["--via", "interface", "--dns", "127.0.0.1:1"];
    let Some(ran) = isolated(prepare, &args) else { return };
    let record = &ran.records_of_words()[0];
    assert_eq!((&record["ip"], &record["family"]), (&json!("203.0.113.7"), &json!("ipv4")), "{record:#}");
    assert_eq!(findings(record), ["net.no_ipv6"]);
    assert_eq!(record["findings"][0]["message"], "no route leads out over IPv6");
    // Whoever did not ask for it is told nothing of it; who did has a record.
    let ran = isolated(prepare, &["-4", args[0], args[1], args[2], args[3]]).unwrap();
    assert_eq!(findings(&ran.record()), [""; 0]);
    let ran = isolated(prepare, &["-6", args[0], args[1]]).unwrap();
    assert_eq!(verdict(&ran), (json!("net.offline"), 75));
    assert_eq!(ran.record()["family"], "ipv6");
}
