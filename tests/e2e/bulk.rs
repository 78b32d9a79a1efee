//! Very many lines: memory does not grow with their number, nor while nobody reads the output.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use lab::Lab;

use crate::harness::{finish, tool, watch};
use crate::scene::{FRIENDLY, Scene};

/// What more lines may cost, in KiB.
const MORE: u64 = 10 * 1024;

/// A run that takes longer than this hangs, and is killed so that the test fails.
const PATIENCE: Duration = Duration::from_secs(300);

/// Any number of domains below `bulk.example`, of hosts below `host.example` and of domains that take
/// mail below `mail.example`, on several addresses, since an address has only so many ports. Those
/// below `silent` are not answered.
fn world() -> Lab {
    let zone = "*.bulk.example. 300 IN MX 10 mx.bulk.example.\nmx.bulk.example. 300 IN A 192.0.2.1";
    let mut scene = Scene::zone(zone).fault("*.silent.bulk.example", "timeout", "");
    for n in 0..HOSTS {
        scene = scene.records(&format!("*.{n}.host.example. 300 IN A 127.69.0.{}", n + 1));
        scene = scene.records(&format!("*.{n}.silent.host.example. 300 IN A 127.69.1.{}", n + 1));
        scene = scene.nameless("friendly", &format!("127.69.0.{}", n + 1), FRIENDLY);
        scene = scene.nameless("silent", &format!("127.69.1.{}", n + 1), "greeting-silent");
        scene = scene.records(&format!("*.{n}.mail.example. 300 IN MX 10 mx{n}.mail.example."));
        scene = scene.records(&format!("*.{n}.silent.mail.example. 300 IN MX 10 x.{n}.silent.host.example."));
        scene = scene.server(&format!("mx{n}.mail.example"), &format!("127.69.3.{}", n + 1), "sink");
    }
    scene.open()
}

/// Addresses of each kind.
const HOSTS: u64 = 16;

/// A tool, the options that keep a silent target short, and its targets, of which one in a hundred
/// is silent.
struct Load {
    tool: &'static str,
    /// The key of a record that holds its target.
    key: &'static str,
    args: &'static [&'static str],
    target: fn(u64) -> String,
}

const DOMAINS: Load = Load {
    tool: "mxlookup",
    key: "domain",
    args: &["-q", "--timeout", "1s"],
    target: |n| match n % 100 {
        50 => format!("n{n}.silent.bulk.example"),
        _ => format!("n{n}.bulk.example"),
    },
};

const SERVERS: Load = Load {
    tool: "smtp-ping",
    key: "host",
    args: &["-q", "--timeout", "1s", "--no-ptr"],
    target: |n| match n % 100 {
        50 => format!("n{n}.{}.silent.host.example", n / 100 % HOSTS),
        _ => format!("n{n}.{}.host.example", n % HOSTS),
    },
};

const MESSAGES: Load = Load {
    tool: "smtp-send",
    key: "to",
    args: &["-q", "--timeout", "1s", "-j", "100", "--tls", "none"],
    target: |n| match n % 100 {
        50 => format!("u@n{n}.{}.silent.mail.example", n / 100 % HOSTS),
        _ => format!("u@n{n}.{}.mail.example", n % HOSTS),
    },
};

/// A tool at work. Its stdin stays open, so that it does not end before its memory was looked at.
struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
    feeding: JoinHandle<std::process::ChildStdin>,
    /// How many lines were taken off our hands.
    fed: Arc<AtomicU64>,
    watch: mpsc::Sender<()>,
}

impl Running {
    /// Starts `load` with the lines that `line` makes of the numbers up to `count`.
    fn start(lab: &Lab, load: &Load, count: u64, line: impl Fn(u64) -> String + Send + 'static) -> Self {
        let mut command = tool(lab, load.tool).args(load.args.iter().copied()).command();
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let watch = watch(&child, PATIENCE);
        let mut stdin = child.stdin.take().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let fed = Arc::new(AtomicU64::new(0));
        let feeding = thread::spawn({
            let fed = fed.clone();
            move || {
                for n in 0..count {
                    // A tool that is gone shows in what it wrote.
                    if stdin.write_all((line(n) + "\n").as_bytes()).is_err() {
                        break;
                    }
                    fed.fetch_add(1, Ordering::Relaxed);
                }
                stdin
            }
        });
        Self { child, stdout, feeding, fed, watch }
    }

    /// Reads this many records, and counts those that are `ok`; the others ran into a limit.
    fn read(&mut self, count: u64) -> u64 {
        let mut ok = 0;
        for _ in 0..count {
            let line = self.line();
            let is_ok = line.contains(r#""status":"ok","#);
            assert!(is_ok || line.contains(r#"timeout","phase":"#), "{line}");
            ok += u64::from(is_ok);
        }
        ok
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        assert!(line.ends_with('\n'), "the output ends early");
        line
    }

    /// The most memory it has used so far, in KiB.
    fn peak(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Waits until the tool takes no further line: it was seen asleep time and again, and nothing
    /// was taken meanwhile. Awake now and then it may be, for the sake of its clock.
    fn wait_until_it_takes_no_more(&self) -> u64 {
        const STILL: u32 = 100;
        let (mut still, mut before) = (0, 0);
        while still < STILL {
            let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
            let state = |task: std::fs::DirEntry| {
                let stat = std::fs::read_to_string(task.path().join("stat")).unwrap_or_default();
                stat.rsplit(") ").next().and_then(|rest| rest.chars().next())
            };
            let states: Vec<Option<char>> = tasks.flatten().map(state).collect();
            assert!(!states.contains(&Some('Z')), "it hung, and was killed");
            let now = self.fed.load(Ordering::Relaxed);
            still = match states.iter().all(|state| *state == Some('S')) {
                _ if now != before => 0,
                true => still + 1,
                false => still,
            };
            before = now;
            thread::sleep(Duration::from_millis(1));
        }
        before
    }

    /// Lets it end, and makes sure that nothing is left in it.
    fn end(mut self) -> i32 {
        drop(self.feeding.join().unwrap());
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "");
        drop(self.watch);
        finish(self.child).status.code().unwrap()
    }
}

/// The peak of a run over so many targets, all of which came out.
fn peak(lab: &Lab, load: &Load, count: u64) -> u64 {
    let mut running = Running::start(lab, load, count, load.target);
    assert_answered(running.read(count), count);
    let peak = running.peak();
    assert_eq!(running.end(), 75);
    println!("{} {count} lines: {peak} KiB", load.tool);
    peak
}

/// The silent ones are not `ok`; on a busy machine a few others run into their limit with them.
#[track_caller]
fn assert_answered(ok: u64, count: u64) {
    assert!((count / 2..=count - count / 100).contains(&ok), "{ok} of {count}");
}

#[track_caller]
fn assert_constant(load: &Load, count: u64) {
    let lab = world();
    let (few, many) = (peak(&lab, load, 1_000), peak(&lab, load, count));
    assert!(many <= few + MORE, "{} KiB more", many - few);
}

/// Nobody reads for a while: the tool takes no more lines; then everything comes out.
fn assert_stalls(load: &Load, count: u64, stall: Duration) {
    let lab = world();
    let few = peak(&lab, load, 1_000);
    let target = load.target;
    let key = load.key;
    // Lines so long that what lies in pipes and buffers is little beside what is to be read.
    let line = move |n| format!(r#"{{"{key}":"{}","pad":"{}"}}"#, target(n), "x".repeat(1_000));
    let mut running = Running::start(&lab, load, count, line);
    running.wait_until_it_takes_no_more();
    thread::sleep(stall);
    let taken = running.wait_until_it_takes_no_more();
    // Two pipes and a buffer of 64 KiB, 256 records and as many targets as are under way.
    assert!(taken <= 1_000, "{taken} lines of {count} were taken, though nothing was read");
    let stalled = running.peak();
    assert_answered(running.read(count), count);
    let peak = running.peak();
    assert_eq!(running.end(), 75);
    println!("{} stalled after {taken} of {count} lines: {stalled} KiB, in the end {peak} KiB", load.tool);
    assert!(peak <= few + MORE, "{} KiB more", peak - few);
}

#[test]
fn ten_thousand_domains_cost_what_one_thousand_cost() {
    assert_constant(&DOMAINS, 10_000);
}

#[test]
fn ten_thousand_servers_cost_what_one_thousand_cost() {
    assert_constant(&SERVERS, 10_000);
}

#[test]
#[ignore = "heavy, some minutes: cargo nextest run -p tests --run-ignored only"]
fn a_hundred_thousand_domains_cost_what_one_thousand_cost() {
    assert_constant(&DOMAINS, 100_000);
}

#[test]
#[ignore = "heavy, some minutes: cargo nextest run -p tests --run-ignored only"]
fn a_hundred_thousand_servers_cost_what_one_thousand_cost() {
    assert_constant(&SERVERS, 100_000);
}

#[test]
#[ignore = "heavy, some minutes: cargo nextest run -p tests --run-ignored only"]
fn twenty_thousand_messages_cost_what_one_thousand_cost() {
    // One connection a message, to few addresses: more, so fast, and the system is out of ports.
    assert_constant(&MESSAGES, 20_000);
}

#[test]
fn while_nobody_reads_no_more_domains_are_taken() {
    assert_stalls(&DOMAINS, 2_000, Duration::ZERO);
}

#[test]
fn while_nobody_reads_no_more_servers_are_taken() {
    assert_stalls(&SERVERS, 2_000, Duration::ZERO);
}

#[test]
#[ignore = "heavy, some minutes: cargo nextest run -p tests --run-ignored only"]
fn while_nobody_reads_for_ten_seconds_nothing_grows() {
    assert_stalls(&DOMAINS, 100_000, Duration::from_secs(10));
    assert_stalls(&SERVERS, 100_000, Duration::from_secs(10));
    assert_stalls(&MESSAGES, 100_000, Duration::from_secs(10));
}

#[test]
fn a_banner_line_without_end_costs_no_more_than_its_bound() {
    const SESSIONS: u64 = 300;
    let scene = Scene::zone("*.endless.example. 300 IN A 127.69.2.1\n*.plain.example. 300 IN A 127.69.2.2");
    let scene = scene.nameless("endless", "127.69.2.1", "greeting-endless-line");
    let lab = scene.nameless("plain", "127.69.2.2", FRIENDLY).open();
    let peak = |kind: &'static str, mark: &str| {
        let load = Load { args: &["-q", "--no-ptr"], ..SERVERS };
        let mut running = Running::start(&lab, &load, SESSIONS, move |n| format!("n{n}.{kind}.example"));
        let read: Vec<String> = (0..SESSIONS).map(|_| running.line()).collect();
        assert!(read.iter().all(|line| line.contains(mark)), "{}", read[0]);
        let peak = running.peak();
        running.end();
        println!("{SESSIONS} sessions, {kind}: {peak} KiB");
        peak
    };
    let (plain, endless) = (peak("plain", r#""status":"ok""#), peak("endless", r#""smtp.reply_too_long""#));
    // A hundred at once, 1 MB each; a line is taken up to 8 KiB.
    assert!(endless <= plain + 4 * 1024, "{} KiB more", endless - plain);
}
