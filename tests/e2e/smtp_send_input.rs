//! `smtp-send`: where its messages come from, and what never gets into one.

use lab::Lab;
use serde_json::{Value, json};

use crate::harness::{Ran, internet, shell, tool};
use crate::scene::verdict;
use crate::smtp_send::{
    JANE, MapAddresses, SINK, body, header, only_mail, recipients, send, send_to, shell_null,
};

/// A run on these records.
fn fed(lab: &Lab, args: &[&str], records: &[Value]) -> Ran {
    let lines: String = records.iter().map(|record| format!("{record}\n")).collect();
    tool(lab, "smtp-send").args(args.iter().copied()).stdin(lines).run()
}

#[test]
fn each_line_of_a_loop_is_a_message() {
    let lab = internet();
    let line = r#"printf '%s\n' one two three four |
        while read word; do smtp-send --server mx.sink.example --to jane@sink.example --body "$word"; done"#;
    let ran = shell(&lab, line).run();
    assert_eq!((ran.records().len(), ran.code, ran.stderr.as_str()), (4, 0, ""));
    let bodies: Vec<String> = lab.mail(SINK).iter().map(|mail| body(mail).trim().to_owned()).collect();
    assert_eq!(bodies, ["one", "two", "three", "four"]);
}

#[test]
fn with_a_recipient_alone_a_pipe_is_read_and_a_device_is_not() {
    let lab = internet();
    let ran = fed(&lab, &["--to", JANE], &[json!({"subject": "a"}), json!({"subject": "b"})]);
    assert_eq!((ran.records().len(), ran.code), (2, 0), "{}", ran.stdout);
    let subjects: Vec<String> = lab.mail(SINK).iter().map(|mail| header(mail, "Subject").unwrap()).collect();
    assert_eq!(subjects, ["a", "b"]);

    let ran = shell_null(&lab, &["--to", JANE]);
    assert_eq!((verdict(&ran.record()).as_str(), ran.code), ("ok", 0));
    assert_eq!(lab.mail(SINK).len(), 3);

    let ran = send(&lab, &["--to", JANE]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
    assert_eq!(lab.mail(SINK).len(), 3, "a pipe without a record sends nothing");

    let ran = shell(&lab, "mxlookup nosuch.example | smtp-send --to jane@sink.example").run();
    assert_eq!((verdict(&ran.record()).as_str(), ran.code), ("fail dns.nxdomain dns", 1));
    assert_eq!(lab.mail(SINK).len(), 3);
}

#[test]
fn a_record_can_say_all_of_a_message() {
    let lab = internet();
    let record = json!({
        "to": [JANE, "joe@sink.example"],
        "cc": "carl@sink.example",
        "bcc": ["bea@sink.example"],
        "from": "boss@client.example",
        "subject": "Hello",
        "body": "line\n",
        "headers": {"X-One": "1", "Reply-To": "else@client.example"},
    });
    let everybody = [JANE, "joe@sink.example", "carl@sink.example", "bea@sink.example"];
    let ran = shell(&lab, "unset MXPIPE_FROM; smtp-send").stdin(record.to_string()).run();
    let record = ran.record();
    assert_eq!((verdict(&record).as_str(), ran.code), ("ok", 0), "{record:#}");
    assert_eq!(recipients(&record).map_addresses(), everybody);
    let mail = only_mail(&lab, SINK);
    assert_eq!(
        (mail.from.as_str(), mail.to.as_slice()),
        ("boss@client.example", &everybody.map(str::to_owned)[..])
    );
    let of = |name| header(&mail, name);
    assert_eq!(of("From").unwrap(), "<boss@client.example>");
    assert_eq!(of("To").unwrap().matches('@').count(), 2);
    assert_eq!(of("Cc").unwrap(), "<carl@sink.example>");
    assert_eq!((of("Subject"), of("X-One")), (Some("Hello".to_owned()), Some("1".to_owned())));
    assert_eq!(of("Reply-To").unwrap(), "else@client.example");
    assert_eq!(body(&mail), "line\r\n");
    assert!(!String::from_utf8_lossy(&mail.data).contains("bea@sink"), "nobody else learns of a blind copy");
}

#[test]
fn a_record_can_hold_the_whole_message() {
    let lab = internet();
    let record = json!({"to": JANE, "data": "Subject: x\n\n.\ncaf\u{e9}"});
    assert_eq!(verdict(&fed(&lab, &[], &[record]).record()), "ok");
    assert_eq!(only_mail(&lab, SINK).data, "Subject: x\r\n\r\n.\r\ncaf\u{e9}\r\n".as_bytes());
}

#[test]
fn the_command_line_counts_before_the_record() {
    let lab = internet();
    let record = json!({
        "to": "other@sink.example",
        "from": "other@client.example",
        "subject": "other",
        "body": "other",
        "headers": {"X-A": "other", "X-B": "kept"},
    });
    let args = [
        "--to",
        JANE,
        "--from",
        "boss@client.example",
        "--subject",
        "this",
        "--body",
        "this",
        "--header",
        "x-a: this",
    ];
    let ran = fed(&lab, &args, &[record]);
    assert_eq!(verdict(&ran.record()), "ok");
    let mail = only_mail(&lab, SINK);
    assert_eq!((mail.from.as_str(), mail.to.as_slice()), ("boss@client.example", &[JANE.to_owned()][..]));
    let of = |name| header(&mail, name).unwrap();
    assert_eq!((of("Subject"), of("X-A"), of("X-B")), ("this".into(), "this".into(), "kept".into()));
    assert_eq!(body(&mail).trim_end(), "this");
}

#[test]
fn the_sender_of_a_record_counts_before_that_of_the_environment() {
    let lab = internet();
    let record = json!({"to": JANE, "from": "<>"});
    assert_eq!(fed(&lab, &[], &[record]).record()["from"], "<>");
    assert_eq!(fed(&lab, &[], &[json!({"to": JANE})]).record()["from"], "me@client.example");
    let senders: Vec<String> = lab.mail(SINK).into_iter().map(|mail| mail.from).collect();
    assert_eq!(senders, ["", "me@client.example"]);
}

#[test]
fn a_record_never_reads_a_file() {
    let lab = internet();
    for text in ["@/etc/hostname", "-"] {
        let records = [json!({"to": JANE, "body": text}), json!({"to": JANE, "data": text})];
        let ran = fed(&lab, &[], &records);
        assert_eq!((ran.records().len(), ran.code), (2, 0), "{}", ran.stdout);
        let mails = lab.mail(SINK);
        let [.., with_body, with_data] = mails.as_slice() else { panic!("{mails:?}") };
        assert_eq!(body(with_body).trim_end(), text);
        assert_eq!(with_data.data, format!("{text}\r\n").as_bytes());
    }
}

#[test]
fn the_address_of_a_record_is_its_recipient() {
    let lab = internet();
    let ran = shell(&lab, "mxlookup jane@sink.example | smtp-ping | smtp-send").run();
    let record = ran.record();
    assert_eq!((verdict(&record).as_str(), &record["address"]), ("ok", &json!(JANE)), "{record:#}");
    assert_eq!(only_mail(&lab, SINK).to, [JANE]);
}

/// Texts that would begin another command or header.
const SMUGGLED: [&str; 3] = ["\r\nRCPT TO:<eve@sink.example>", "\nBcc: eve@sink.example", "\rX: y"];

#[test]
fn what_would_be_another_command_or_header_is_wrong_usage() {
    let lab = internet();
    for smuggled in SMUGGLED {
        let address = format!("jane@sink.example{smuggled}");
        let inside = format!("jane@sink.example>{smuggled}");
        let header = format!("X-A: b{smuggled}");
        let name = format!("X-A{smuggled}: b");
        for (option, value) in [
            ("--to", &address),
            ("--to", &inside),
            ("--cc", &address),
            ("--bcc", &address),
            ("--from", &address),
            ("--from", &inside),
            ("--subject", &address),
            ("--header", &header),
            ("--header", &name),
            ("--ehlo", &address),
        ] {
            let ran = send_to(&lab, SINK, &[option, value]);
            assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{option} {value:?}: {}", ran.stdout);
        }
    }
    assert_eq!(lab.heard(SINK), Vec::<String>::new());
}

#[test]
fn in_a_record_it_is_a_record() {
    let lab = internet();
    for smuggled in SMUGGLED {
        let address = format!("jane@sink.example{smuggled}");
        let mut records = vec![
            json!({"to": address}),
            json!({"to": [JANE, address]}),
            json!({"to": JANE, "cc": address}),
            json!({"to": JANE, "bcc": address}),
            json!({"to": JANE, "from": address}),
            json!({"to": JANE, "subject": address}),
            json!({"to": JANE, "headers": {"X-A": address}}),
        ];
        let name = format!("X-A{smuggled}");
        records.push(json!({"to": JANE, "headers": {name: "b"}}));
        let ran = fed(&lab, &[], &records);
        let found = ran.records();
        assert_eq!((found.len(), ran.code), (records.len(), 1));
        for (record, given) in found.iter().zip(&records) {
            assert_eq!(verdict(record), "fail input.injection input", "{given}");
        }
    }
    assert_eq!(lab.heard(SINK), Vec::<String>::new());
}

#[test]
fn what_is_no_message_is_said_so() {
    let lab = internet();
    let records = [
        json!({"to": 7}),
        json!({"to": []}),
        json!({"to": "<>"}),
        json!({"subject": "no recipient"}),
        json!({"to": JANE, "body": 7}),
        json!({"to": JANE, "headers": {"X-A": 7}}),
    ];
    for record in fed(&lab, &[], &records).records() {
        assert_eq!(verdict(&record), "fail input.unusable input", "{record:#}");
    }
    let records = [json!({"to": JANE, "data": "a\rb\n"}), json!({"to": JANE, "data": "x".repeat(999)})];
    let ran = fed(&lab, &[], &records);
    let codes: Vec<String> = ran.records().iter().map(verdict).collect();
    assert!(codes.iter().all(|code| code.starts_with("fail body.") && code.ends_with(" mail")), "{codes:?}");
    assert_eq!(lab.heard(SINK), Vec::<String>::new());
}

#[test]
fn without_a_full_name_of_the_machine_a_sender_has_to_be_given() {
    let lab = internet();
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let line = format!("unset MXPIPE_FROM; smtp-send --server {SINK} --to {JANE}");
    if name.contains('.') {
        // This machine has one.
        let record = shell(&lab, &line).run().record();
        assert!(record["from"].as_str().unwrap().ends_with(name.trim()), "{record:#}");
    } else {
        let ran = shell(&lab, &line).run();
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
        assert!(ran.stderr.contains("--from"), "{}", ran.stderr);
        assert_eq!(lab.heard(SINK), Vec::<String>::new());
    }
    let record = shell(&lab, &format!("{line} --from me@client.example")).run().record();
    assert_eq!((verdict(&record).as_str(), &record["from"]), ("ok", &json!("me@client.example")));
}

#[test]
fn a_file_that_is_not_there_is_wrong_usage() {
    let lab = internet();
    for option in ["--data", "--body"] {
        let ran = send_to(&lab, SINK, &[option, "@/no/such/file"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
        assert!(ran.stderr.contains("/no/such/file"), "{}", ran.stderr);
    }
}
