//! `smtp-send`: what arrives is what was meant, and the dialogue in which it goes.

use lab::{Lab, Mail};
use serde_json::{Value, json};

use crate::harness::{Ran, internet, shell, tool};
use crate::scene::{Scene, findings, verdict};

/// The sink of the built-in world.
pub(crate) const SINK: &str = "mx.sink.example";
/// Somebody there.
pub(crate) const JANE: &str = "jane@sink.example";

/// `smtp-send` with these arguments, and nothing to read but the end of stdin.
pub(crate) fn send(lab: &Lab, args: &[&str]) -> Ran {
    tool(lab, "smtp-send").args(args.iter().copied()).run()
}

/// A message to one server, which needs no record and no MX.
pub(crate) fn send_to(lab: &Lab, server: &str, args: &[&str]) -> Ran {
    send(lab, &[&["--server", server, "--to", JANE], args].concat())
}

/// The only message that a server has taken.
#[track_caller]
pub(crate) fn only_mail(lab: &Lab, server: &str) -> Mail {
    let mut mails = lab.mail(server);
    assert_eq!(mails.len(), 1, "{mails:?}");
    mails.remove(0)
}

/// A header of a message that was taken.
pub(crate) fn header(mail: &Mail, name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(&mail.data);
    let head = text.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ").replace("\r\n\t", " ");
    let line = head
        .split("\r\n")
        .find(|line| line.split_once(':').is_some_and(|(known, _)| known.eq_ignore_ascii_case(name)));
    line.map(|line| line.split_once(':').unwrap().1.trim().to_owned())
}

/// What stands after the headers.
pub(crate) fn body(mail: &Mail) -> String {
    let text = String::from_utf8(mail.data.clone()).unwrap();
    text.split_once("\r\n\r\n").unwrap().1.to_owned()
}

/// Address, status and verdict of each recipient.
pub(crate) fn recipients(record: &Value) -> Vec<[&str; 3]> {
    let all = record["recipients"].as_array().unwrap().iter();
    all.map(|one| ["address", "status", "verdict"].map(|key| one[key].as_str().unwrap())).collect()
}

/// A message as a user writes it, and as it is meant.
const MESSAGES: [(&str, &str); 7] = [
    ("Subject: x\n\n.\n..\n.x\n", "Subject: x\r\n\r\n.\r\n..\r\n.x\r\n"),
    ("Subject: x\r\n\r\n.\r\n..\r\n.x\r\n", "Subject: x\r\n\r\n.\r\n..\r\n.x\r\n"),
    ("Subject: x\n\nno end", "Subject: x\r\n\r\nno end\r\n"),
    ("Subject: x\n\n\n\n", "Subject: x\r\n\r\n\r\n\r\n"),
    ("Subject: x\n\n.", "Subject: x\r\n\r\n.\r\n"),
    ("Subject: x\n\ncaf\u{e9} \u{1f4e8}\n", "Subject: x\r\n\r\ncaf\u{e9} \u{1f4e8}\r\n"),
    ("Subject: x\n\nQUIT\n.\nMAIL FROM:<a@b>\n", "Subject: x\r\n\r\nQUIT\r\n.\r\nMAIL FROM:<a@b>\r\n"),
];

#[test]
fn what_arrives_is_what_was_meant_however_it_was_given() {
    let lab = internet();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("message.eml");
    let mut taken = 0;
    for (given, meant) in MESSAGES {
        std::fs::write(&file, given).unwrap();
        let at_file = format!("@{}", file.display());
        for data in [given, at_file.as_str(), "-"] {
            let args = ["--to", JANE, "--server", SINK, "--data", data];
            let ran = tool(&lab, "smtp-send").args(args).stdin(given).run();
            let record = ran.record();
            assert_eq!((verdict(&record).as_str(), ran.code), ("ok", 0), "{record:#}");
            assert_eq!(record["size_bytes"], json!(meant.len()), "{given:?}");
            let mails = lab.mail(SINK);
            taken += 1;
            assert_eq!(mails.len(), taken);
            assert_eq!(String::from_utf8_lossy(&mails[taken - 1].data), meant);
        }
    }
    let sized = |line: &&String| line.starts_with("MAIL FROM:<me@client.example> SIZE=");
    assert_eq!(lab.heard(SINK).iter().filter(sized).count(), taken);
    let declared = |line: &&String| line.ends_with(" BODY=8BITMIME");
    assert_eq!(
        lab.heard(SINK).iter().filter(declared).count(),
        3,
        "where there are eight bits, and only there"
    );
}

#[test]
fn a_large_message_arrives_whole() {
    let lab = internet();
    let line = "..a line that begins with dots, of which there are many\r\n";
    let message = format!("Subject: large\r\n\r\n{}", line.repeat(100_000));
    let args = ["--to", JANE, "--server", SINK, "--data", "-"];
    let record = tool(&lab, "smtp-send").args(args).stdin(message.clone()).run().record();
    assert_eq!(verdict(&record), "ok", "{record:#}");
    assert!(only_mail(&lab, SINK).data == message.into_bytes());
}

#[test]
fn a_message_goes_along_the_route_of_its_domain() {
    let lab = internet();
    let args = ["--to", JANE, "--subject", "Caf\u{e9}", "--body", "Good day\n.\n", "--header", "X-Test: 1"];
    let ran = shell_null(&lab, &args);
    let record = ran.record();
    assert_eq!((verdict(&record).as_str(), ran.code), ("ok", 0), "{record:#}");
    assert_eq!((&record["domain"], &record["host"]), (&json!("sink.example"), &json!(SINK)));
    assert_eq!((&record["from"], &record["helo"]), (&json!("me@client.example"), &json!("client.example")));
    assert_eq!((&record["queue_id"], &record["reply"]["code"]), (&json!("1"), &json!(250)));
    assert_eq!(recipients(&record), [[JANE, "ok", "rcpt.accepted"]]);
    assert_eq!(record["tls"]["verified"], true);

    let mail = only_mail(&lab, SINK);
    assert_eq!((mail.from.as_str(), mail.to.as_slice()), ("me@client.example", &[JANE.to_owned()][..]));
    assert!(mail.tls);
    assert_eq!(header(&mail, "From").unwrap(), "<me@client.example>");
    assert_eq!(header(&mail, "To").unwrap(), format!("<{JANE}>"));
    assert_eq!(header(&mail, "Message-ID").unwrap(), format!("<{}>", record["message_id"].as_str().unwrap()));
    assert!(header(&mail, "Date").is_some());
    assert_eq!(header(&mail, "X-Test").unwrap(), "1");
    assert!(header(&mail, "Subject").unwrap().starts_with("=?utf-8?"), "{mail:?}");
    assert_eq!(body(&mail), "Good day\r\n.\r\n");
}

/// A run with nothing on stdin that could be a record.
pub(crate) fn shell_null(lab: &Lab, args: &[&str]) -> Ran {
    let quoted: Vec<String> = args.iter().map(|arg| format!("'{}'", arg.replace('\'', r"'\''"))).collect();
    shell(lab, &format!("smtp-send {} < /dev/null", quoted.join(" "))).run()
}

#[test]
fn two_domains_are_two_records_with_one_message_id() {
    let lab = internet();
    let ran = shell_null(&lab, &["--to", JANE, "--to", "joe@good.tls.example", "--to", "ann@sink.example"]);
    let mut records = ran.records();
    records.sort_by_key(|record| record["domain"].as_str().map(str::to_owned));
    assert_eq!((records.len(), ran.code), (2, 0), "{}", ran.stdout);
    assert_eq!(recipients(&records[0]), [["joe@good.tls.example", "ok", "rcpt.accepted"]]);
    assert_eq!(recipients(&records[1]).map_addresses(), [JANE, "ann@sink.example"]);
    assert_eq!(records[0]["message_id"], records[1]["message_id"]);
    let (here, there) = (only_mail(&lab, SINK), only_mail(&lab, "good.tls.example"));
    assert_eq!(here.data, there.data);
    assert_eq!(header(&here, "To").unwrap().matches('@').count(), 3);
}

/// The addresses of a list of verdicts.
pub(crate) trait MapAddresses<'a> {
    fn map_addresses(&self) -> Vec<&'a str>;
}

impl<'a> MapAddresses<'a> for Vec<[&'a str; 3]> {
    fn map_addresses(&self) -> Vec<&'a str> {
        self.iter().map(|[address, ..]| *address).collect()
    }
}

#[test]
fn the_record_of_a_ping_names_the_server_and_what_was_carried_comes_out() {
    let lab = internet();
    let line = "{\"domain\":\"sink.example\",\"customer\":\"42\"}\n";
    let ran = shell(&lab, "mxlookup | smtp-ping | smtp-send --to jane@sink.example").stdin(line).run();
    let record = ran.record();
    assert_eq!((verdict(&record).as_str(), ran.code), ("ok", 0), "{record:#}");
    assert_eq!((&record["customer"], &record["host"]), (&json!("42"), &json!(SINK)));
    assert_eq!((&record["domain"], &record["ip"]), (&json!("sink.example"), &json!("127.63.8.1")));
    only_mail(&lab, SINK);
}

/// What was said, with its marks and without its times.
fn dialogue(stderr: &str) -> Vec<String> {
    let said = stderr.lines().filter(|line| line.starts_with("-> ") || line.starts_with("<- "));
    said.map(|line| {
        let (mark, rest) = line.split_at(3);
        format!("{mark}{}", rest.trim_start().split_once("  ").map_or("", |(_, text)| text))
    })
    .collect()
}

#[test]
fn verbose_shows_the_dialogue_line_by_line() {
    let lab = Scene::default().sink("mx.example", "127.63.241.1", "certificate = 'none'").open();
    let ran = send_to(&lab, "mx.example", &["-v", "--data", "Subject: x\n\n.hello\n"]);
    let expected = "\
        <- 220 mx.example ESMTP sink\n-> EHLO client.example\n<- 250-mx.example\n<- 250-PIPELINING\n\
        <- 250-SIZE 52428800\n<- 250-8BITMIME\n<- 250 ENHANCEDSTATUSCODES\n\
        -> MAIL FROM:<me@client.example> SIZE=22\n-> RCPT TO:<jane@sink.example>\n-> DATA\n\
        <- 250 2.1.0 sender ok\n<- 250 2.1.5 recipient ok\n<- 354 end the message with a dot\n\
        -> Subject: x\n-> \n-> ..hello\n-> .\n-> QUIT\n\
        <- 250 2.0.0 queued as 1\n<- 221 2.0.0 bye";
    assert_eq!(dialogue(&ran.stderr), expected.split('\n').collect::<Vec<_>>(), "{}", ran.stderr);
    assert_eq!(ran.record()["status"], "ok");
    assert_eq!(findings(&ran.record()).iter().filter(|code| code.starts_with("smtp.")).count(), 0);
}

#[test]
fn it_takes_leave_after_each_phase() {
    const MAIL: &str = "MAIL FROM:<me@client.example>";
    const EHLO: &str = "EHLO client.example";
    let words: [(&str, &[&str]); 6] = [
        ("banner", &[]),
        ("first-ehlo", &[EHLO]),
        ("tls", &[EHLO, "STARTTLS"]),
        ("ehlo", &[EHLO, "STARTTLS", EHLO]),
        ("mail", &[EHLO, "STARTTLS", EHLO, MAIL]),
        ("rcpt", &[EHLO, "STARTTLS", EHLO, MAIL, "RCPT TO:<jane@sink.example>"]),
    ];
    for (word, said) in words {
        let lab = internet();
        let ran = send_to(&lab, SINK, &["--quit-after", word]);
        let record = ran.record();
        assert_eq!((verdict(&record).as_str(), ran.code), ("ok", 0), "{word}: {record:#}");
        let heard: Vec<String> = lab.heard(SINK).iter().map(|line| without_size(line)).collect();
        assert_eq!(heard, [said, &["QUIT"]].concat(), "{word}");
        assert!(lab.mail(SINK).is_empty());
        assert_eq!((record.get("message_id"), record.get("reply")), (None, None), "{record:#}");
    }
}

fn without_size(line: &str) -> String {
    line.split_once(" SIZE=").map_or(line, |(before, _)| before).to_owned()
}

#[test]
fn the_text_for_people_says_who_got_it() {
    let lab = internet();
    let ran = send_to(&lab, SINK, &["--text"]);
    assert!(ran.stdout.starts_with("ok"), "{}", ran.stdout);
    assert!(ran.stdout.contains("jane@sink.example: ok, rcpt.accepted"), "{}", ran.stdout);
    assert!(ran.stdout.contains("250 2.0.0 queued as 1"), "{}", ran.stdout);
}
