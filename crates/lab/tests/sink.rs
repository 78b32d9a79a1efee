//! Speaks to the sinks of a world as a client would, without TLS.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::time::{Duration, Instant};

use lab::{Lab, Mail, World};

const PATIENCE: Duration = Duration::from_secs(10);

/// A sink with these lines in its table.
fn sink(options: &str) -> Lab {
    let world = "[[server]]\nname = \"mx.example\"\naddress = \"127.63.240.1\"\nplays = \"sink\"\n";
    Lab::start(&World::parse(&format!("{world}{options}")).unwrap()).unwrap()
}

struct Client(BufReader<TcpStream>);

impl Client {
    fn of(lab: &Lab) -> Self {
        let stream = TcpStream::connect((Ipv4Addr::new(127, 63, 240, 1), lab.port())).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(BufReader::new(stream))
    }

    fn send(&mut self, words: &str) {
        self.0.get_mut().write_all(words.as_bytes()).unwrap();
    }

    /// The codes of the next replies.
    fn codes(&mut self, count: usize) -> Vec<String> {
        let mut codes = Vec::new();
        while codes.len() < count {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            if line.is_empty() {
                codes.push("closed".to_owned());
            } else if line.as_bytes()[3] == b' ' {
                codes.push(line[..3].to_owned());
            }
        }
        codes
    }

    /// What is said until the end, in answer to all these words at once, which are the last.
    fn rest(mut self, words: &str) -> String {
        self.send(words);
        self.0.get_ref().shutdown(Shutdown::Write).unwrap();
        let mut all = String::new();
        self.0.read_to_string(&mut all).unwrap();
        all
    }
}

/// A whole session in one go; the codes that come back.
fn codes(lab: &Lab, words: &str) -> Vec<String> {
    let all = Client::of(lab).rest(words);
    all.lines().filter(|line| line.as_bytes()[3] == b' ').map(|line| line[..3].to_owned()).collect()
}

const MESSAGE: &str = "MAIL FROM:<a@client.example>\r\nRCPT TO:<b@mx.example>\r\nDATA\r\nhi\r\n.\r\n";

#[test]
fn a_message_is_kept_as_it_was_meant() {
    let lab = sink("");
    let words = "EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@x>\r\nRCPT TO:<unknown@x>\r\nRCPT TO:<later@x>\r\n\
                 RCPT TO:<grey@x>\r\nRCPT TO:<full@x>\r\nRCPT TO:<\"b c\"@x>\r\nDATA\r\n..dot\r\n\r\nend\r\n.\r\nQUIT\r\n";
    let expected = ["220", "250", "250", "250", "550", "451", "450", "552", "250", "354", "250", "221"];
    assert_eq!(codes(&lab, words), expected);
    let to = vec!["a@x".to_owned(), "\"b c\"@x".to_owned()];
    let mail = Mail { from: String::new(), to, data: b".dot\r\n\r\nend\r\n".to_vec(), tls: false };
    assert_eq!(lab.mail("mx.example"), [mail]);
    assert!(lab.mail("other.example").is_empty());
    assert!(!lab.heard("mx.example").contains(&"end".to_owned()));
}

#[test]
fn several_messages_in_one_session() {
    let lab = sink("");
    let words = format!("EHLO c\r\n{MESSAGE}{MESSAGE}MAIL FROM:<c@d>\r\nRSET\r\nDATA\r\n{MESSAGE}QUIT\r\n");
    assert_eq!(codes(&lab, &words).iter().filter(|code| *code == "354").count(), 3);
    assert_eq!(lab.mail("mx.example").len(), 3);
}

#[test]
fn commands_out_of_place() {
    let lab = sink("size = 10");
    let words = "MAIL FROM:<a@b>\r\nEHLO\r\nEHLO c\r\nRCPT TO:<a@b>\r\nDATA\r\nMAIL FROM: <a@b>\r\n\
                 MAIL FROM:<a@b> SIZE=11\r\nMAIL FROM:<a@b>\r\nMAIL FROM:<a@b>\r\nDATA\r\nRCPT TO:<>\r\nBDAT 3\r\nNOOP\r\n";
    let expected =
        ["220", "503", "501", "250", "503", "503", "501", "552", "250", "503", "554", "501", "500", "250"];
    assert_eq!(codes(&lab, words), expected);
    let words = MESSAGE.replace("hi", "more than ten octets");
    assert_eq!(codes(&lab, &format!("HELO c\r\n{words}")).last().unwrap(), "552");
    assert!(lab.mail("mx.example").is_empty());
}

#[test]
fn what_is_offered() {
    let offers = |options: &str| Client::of(&sink(options)).rest("EHLO c\r\nQUIT\r\n");
    let usual = offers("");
    for keyword in ["PIPELINING", "SIZE 52428800", "8BITMIME", "STARTTLS"] {
        assert!(usual.contains(&format!("250-{keyword}\r\n")), "{usual}");
    }
    assert!(!usual.contains("CHUNKING"));
    let less = offers("pipelining = false\ncertificate = \"none\"");
    assert!(!less.contains("PIPELINING") && !less.contains("STARTTLS"), "{less}");
}

#[test]
fn held_replies_come_with_that_to_data() {
    let lab = sink("holds_replies = true");
    let mut client = Client::of(&lab);
    client.send("EHLO c\r\n");
    client.codes(2);
    client.send("MAIL FROM:<a@b>\r\nRCPT TO:<unknown@d>\r\nRCPT TO:<c@d>\r\n");
    client.0.get_ref().set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    assert!(client.0.read_line(&mut String::new()).is_err());
    client.0.get_ref().set_read_timeout(Some(PATIENCE)).unwrap();
    client.send("DATA\r\n");
    assert_eq!(client.codes(4), ["250", "550", "250", "354"]);
    client.send("hi\r\n.\r\nQUIT\r\n");
    assert_eq!(client.codes(3), ["250", "221", "closed"]);
}

#[test]
fn data_goes_on_without_a_recipient_where_the_world_says_so() {
    let words = "EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<unknown@d>\r\nDATA\r\n.\r\nQUIT\r\n";
    let lab = sink("data_despite_refusal = true");
    assert_eq!(codes(&lab, words), ["220", "250", "250", "550", "354", "554", "221"]);
    assert!(lab.mail("mx.example").is_empty());
    // Elsewhere the dot is no command.
    assert_eq!(codes(&sink(""), words), ["220", "250", "250", "550", "554", "500", "221"]);
}

#[test]
fn a_connection_that_ends_at_every_point() {
    let words = format!("EHLO c\r\n{MESSAGE}QUIT\r\n");
    let points = ["banner", "ehlo", "mail", "rcpt", "data", "content", "dot", "reply"]
        .into_iter()
        .zip([1, 2, 3, 4, 5, 5, 5, 6]);
    for (point, replies) in points {
        let lab = sink(&format!("dies_after = \"{point}\"\ndies_times = 1"));
        assert_eq!(codes(&lab, &words).len(), replies, "{point}");
        let kept = usize::from(matches!(point, "dot" | "reply"));
        assert_eq!(lab.mail("mx.example").len(), kept, "{point}");
        assert_eq!(codes(&lab, &words).len(), 7, "{point}");
        assert_eq!(lab.mail("mx.example").len(), kept + 1, "{point}");
    }
}

#[test]
fn a_long_way_takes_its_time_in_both_directions() {
    let lab = sink("delay_ms = 40");
    let begun = Instant::now();
    let mut client = Client::of(&lab);
    client.codes(1);
    client.send("EHLO c\r\n");
    client.codes(1);
    let took = begun.elapsed();
    // One way for the banner, there and back for EHLO.
    assert!(took >= Duration::from_millis(120), "{took:?}");
    assert_eq!(client.rest("QUIT\r\n").get(..3), Some("221"));
}

#[test]
fn each_message_is_a_file_too() {
    let lab = sink("");
    let message =
        "MAIL FROM:<>\r\nRCPT TO:<a@x.example>\r\nDATA\r\nSubject: x\r\n\r\n..\r\ncaf\u{e9}\r\n.\r\n";
    codes(&lab, &format!("EHLO a\r\n{message}{message}QUIT\r\n"));
    let (_, folder) = lab.env().into_iter().find(|(name, _)| *name == "MXPIPE_LAB_MAIL").unwrap();
    let mails = lab.mail("mx.example");
    assert_eq!(mails.len(), 2);
    for (mail, number) in mails.iter().zip(1..) {
        let file = std::path::Path::new(&folder).join(format!("mx.example-{number:04}.eml"));
        assert_eq!(std::fs::read(file).unwrap(), mail.data);
        assert_eq!(mail.data, "Subject: x\r\n\r\n.\r\ncaf\u{e9}\r\n".as_bytes());
    }
    drop(lab);
    assert!(!std::path::Path::new(&folder).exists());
}

#[test]
fn a_sink_speaks_as_a_dialogue_file_does() {
    let lab = sink("speaks = \"greeting-port25\"\n");
    let all = Client::of(&lab).rest("EHLO a\r\nMAIL FROM:<>\r\nQUIT\r\n");
    assert!(all.starts_with(
        "220 mx.example (PowerMTA(TM) v4.0) ESMTP service ready\r\n250-mx.example says hello\r\n"
    ));
    assert!(all.ends_with("250 2.1.0 sender ok\r\n221 2.0.0 mx.example says goodbye\r\n"), "{all}");
}
