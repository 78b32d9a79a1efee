//! Handing a message over: what may have been taken is never reported as not taken.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use smtp_core::proto::{
    Cause, Content, Delivery, Demand, HelloName, Limits, Mailbox, Output, Phase, Plan, Session, TlsLevel,
    TlsPlan, Verb,
};

const NOW: Duration = Duration::ZERO;

/// A session that delivers, in front of a server that has said this much.
fn told(replies: &[u8], quit_after: Option<Phase>) -> Session {
    let content =
        Content { wire: Arc::from(&b"Subject: x\r\n\r\nhello\r\n"[..]), size: 20, eight_bit: false };
    let delivery = Delivery {
        from: Mailbox::null(),
        recipients: vec![Mailbox::parse("a@b.example").unwrap()],
        content: Some(content),
    };
    session(delivery, quit_after, replies)
}

fn session(delivery: Delivery, quit_after: Option<Phase>, replies: &[u8]) -> Session {
    let plan = Plan {
        verb: Verb::Ehlo,
        hello: HelloName::new("client.example").unwrap(),
        tls: TlsPlan { level: TlsLevel::None, implicit: false, pass_over: false, demand: Demand::Nothing },
        delivery: Some(delivery),
        auth: None,
        quit_after,
        limits: Limits::uniform(Duration::from_secs(10)),
        transcript: false,
    };
    let mut session = Session::new(plan, NOW);
    session.handle_input(NOW, replies);
    session
}

/// A session that only asks, in front of a server that has said this much.
fn asking(replies: &[u8]) -> Session {
    let delivery = Delivery {
        from: Mailbox::null(),
        recipients: vec![Mailbox::parse("a@b.example").unwrap()],
        content: None,
    };
    session(delivery, None, replies)
}

/// Greeting and EHLO of a server that takes groups of commands.
const GROUPS: &str = "220 mx\r\n250-mx\r\n250 PIPELINING\r\n";

/// What was written so far, in pieces.
fn written(session: &mut Session) -> Vec<String> {
    let mut pieces = Vec::new();
    while let Output::Write(bytes) = session.poll_output() {
        pieces.push(String::from_utf8(bytes).unwrap());
    }
    pieces
}

/// A session that has just put message, dot and QUIT out in one piece.
fn sending() -> (Session, usize) {
    let mut session = told(format!("{GROUPS}250 ok\r\n250 ok\r\n354 go\r\n").as_bytes(), None);
    let mut last = Vec::new();
    while let Output::Write(bytes) = session.poll_output() {
        last = bytes;
    }
    assert!(last.ends_with(b"\r\n.\r\nQUIT\r\n"));
    (session, last.len())
}

fn end(session: &mut Session) -> (Cause, Phase) {
    match session.poll_output() {
        Output::Done(Err(failure)) => (failure.cause, failure.phase),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_reset_once_the_dot_is_out_is_uncertain_though_quit_is_not() {
    for left in 0..=6 {
        let (mut session, _) = sending();
        session.handle_sent(NOW, left);
        session.handle_reset(NOW);
        assert_eq!(end(&mut session), (Cause::Uncertain, Phase::Dot), "{left}");
    }
}

#[test]
fn a_reset_before_the_dot_is_out_leaves_the_message_unsent() {
    for left in 7..=sending().1 {
        let (mut session, _) = sending();
        session.handle_sent(NOW, left);
        session.handle_reset(NOW);
        assert_eq!(end(&mut session), (Cause::Reset, Phase::Data), "{left}");
    }
}

#[test]
fn a_reply_that_comes_before_the_rest_of_the_flight_is_that_to_the_dot() {
    let (mut session, _) = sending();
    session.handle_sent(NOW, 6);
    session.handle_input(NOW, b"250 queued\r\n");
    session.handle_reset(NOW);
    assert_eq!(session.poll_output(), Output::Done(Ok(())));
}

#[test]
fn any_reply_before_the_message_is_whole_ends_it_there() {
    for (reply, cause) in [
        ("250 queued", Cause::BadReply),
        ("354 go on", Cause::BadReply),
        ("451 no room", Cause::DataRefused),
        ("552 too large", Cause::DataRefused),
        ("421 bye", Cause::RateLimited),
    ] {
        let (mut session, whole) = sending();
        session.handle_sent(NOW, whole - 3);
        session.handle_input(NOW, format!("{reply}\r\n").as_bytes());
        // No further word: what is not out yet must not make the message whole.
        assert_eq!(end(&mut session), (cause, Phase::Data), "{reply}");
    }
}

#[test]
fn replies_that_come_with_the_354_send_nothing_of_the_message() {
    let replies = format!("{GROUPS}250 ok\r\n250 ok\r\n354 go\r\n354 go\r\n");
    let mut session = told(replies.as_bytes(), None);
    assert!(written(&mut session).iter().all(|piece| !piece.contains("hello")));
}

#[test]
fn a_two_hundred_to_data_is_no_delivery() {
    for replies in ["250 ok\r\n250 ok\r\n250 ok\r\n", "250 ok\r\n250 ok\r\n299 ok\r\n"] {
        let mut session = told(format!("{GROUPS}{replies}221 bye\r\n").as_bytes(), None);
        assert!(written(&mut session).iter().all(|piece| !piece.contains("hello")));
        assert_eq!(end(&mut session), (Cause::BadReply, Phase::Data));
    }
}

#[test]
fn an_empty_message_after_a_refused_sender_is_no_delivery() {
    let replies = format!("{GROUPS}451 not now\r\n250 ok\r\n354 go\r\n250 queued\r\n221 bye\r\n");
    let mut session = told(replies.as_bytes(), None);
    assert_eq!(written(&mut session)[2..], [".\r\n", "QUIT\r\n"]);
    assert_eq!(end(&mut session), (Cause::MailRefused, Phase::Mail));
}

#[test]
fn a_senseless_reply_to_the_dot_is_uncertain() {
    let (mut session, _) = sending();
    session.handle_sent(NOW, 0);
    session.handle_input(NOW, b"354 what\r\n");
    assert_eq!(end(&mut session), (Cause::Uncertain, Phase::Dot));
}

#[test]
fn nothing_is_handed_over_after_a_phase_that_did_not_occur() {
    for phase in [Phase::Banner, Phase::Ehlo, Phase::Tls, Phase::EhloTls] {
        let mut session = told(GROUPS.as_bytes(), Some(phase));
        assert!(written(&mut session).iter().all(|piece| !piece.contains("MAIL")), "{phase:?}");
    }
}

#[test]
fn a_group_that_ends_in_quit_is_followed_by_no_other_quit() {
    for (reply, cause) in [("421 bye", Cause::RateLimited), ("354 what", Cause::BadReply)] {
        let mut session = asking(format!("{GROUPS}{reply}\r\n").as_bytes());
        let written = written(&mut session).concat();
        assert_eq!(written.matches("QUIT\r\n").count(), 1, "{written}");
        session.handle_input(NOW, &[]);
        assert_eq!(end(&mut session), (cause, Phase::Mail));
    }
}
