//! Handing a message over: what may have been taken is never reported as not taken.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use smtp_core::proto::{
    Cause, Content, Delivery, HelloName, Limits, Mailbox, Output, Phase, Plan, Session, TlsLevel, TlsPlan,
};

const NOW: Duration = Duration::ZERO;

/// A session that has just put message, dot and QUIT out in one piece.
fn sending() -> (Session, usize) {
    let content =
        Content { wire: Arc::from(&b"Subject: x\r\n\r\nhello\r\n"[..]), size: 20, eight_bit: false };
    let delivery = Delivery {
        from: Mailbox::null(),
        recipients: vec![Mailbox::parse("a@b.example").unwrap()],
        content: Some(content),
    };
    let plan = Plan {
        hello: HelloName::new("client.example").unwrap(),
        tls: TlsPlan { level: TlsLevel::None, implicit: false, pass_over: false },
        delivery: Some(delivery),
        quit_after: None,
        limits: Limits::uniform(Duration::from_secs(10)),
        transcript: false,
    };
    let mut session = Session::new(plan, NOW);
    session.handle_input(NOW, b"220 mx\r\n250-mx\r\n250 PIPELINING\r\n250 ok\r\n250 ok\r\n354 go\r\n");
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
fn a_two_hundred_before_the_message_is_whole_is_no_acceptance() {
    let (mut session, whole) = sending();
    session.handle_sent(NOW, whole - 3);
    session.handle_input(NOW, b"250 queued\r\n");
    session.handle_reset(NOW);
    while let Output::Write(_) = session.poll_output() {}
    assert_eq!(end(&mut session), (Cause::BadReply, Phase::Data));
}
