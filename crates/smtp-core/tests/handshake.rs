//! A handshake that is over for us, and that the server ends all the same.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use smtp_core::proto::{
    Cause, Content, Delivery, Demand, Failure, HelloName, Limits, Mailbox, Output, Phase, Plan, Session,
    TlsFacts, TlsFailure, TlsLevel, TlsPlan, Verb,
};

const NOW: Duration = Duration::ZERO;

fn facts() -> TlsFacts {
    TlsFacts {
        version: "TLSv1.3".into(),
        cipher: "TLS_AES_128_GCM_SHA256".into(),
        wants_certificate: true,
        ..TlsFacts::default()
    }
}

/// A session that has shaken hands, and heard these replies since.
fn encrypted(implicit: bool, replies: &str) -> Session {
    let content = Content { wire: Arc::from(&b"hello\r\n"[..]), size: 7, eight_bit: false };
    let delivery = Delivery {
        from: Mailbox::null(),
        recipients: vec![Mailbox::parse("a@b.example").unwrap()],
        content: Some(content),
    };
    let plan = Plan {
        verb: Verb::Ehlo,
        hello: HelloName::new("client.example").unwrap(),
        tls: TlsPlan { level: TlsLevel::May, implicit, pass_over: false, demand: Demand::Nothing },
        delivery: Some(delivery),
        auth: None,
        quit_after: None,
        limits: Limits::uniform(Duration::from_secs(10)),
        transcript: false,
    };
    let mut session = Session::new(plan, NOW);
    if !implicit {
        session.handle_input(NOW, b"220 mx\r\n250-mx\r\n250 STARTTLS\r\n");
        drain(&mut session);
        session.handle_input(NOW, b"220 go\r\n");
    }
    drain(&mut session);
    session.handle_tls(NOW, Ok(facts()));
    for reply in replies.split_inclusive("\r\n") {
        drain(&mut session);
        session.handle_input(NOW, reply.as_bytes());
    }
    session
}

/// Does as it is told, up to the next wait.
fn drain(session: &mut Session) -> Output {
    loop {
        match session.poll_output() {
            Output::Write(_) => session.handle_sent(NOW, 0),
            other => return other,
        }
    }
}

/// The verdict after an alert.
fn alerted(mut session: Session) -> Failure {
    drain(&mut session);
    session.handle_tls(NOW, Err(TlsFailure::ClientCertificate(String::new())));
    match drain(&mut session) {
        Output::Done(Err(failure)) => failure,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_alert_in_the_place_of_the_first_reply_is_the_end_of_the_handshake() {
    for (implicit, replies) in [(false, ""), (true, ""), (true, "220 mx\r\n")] {
        let failure = alerted(encrypted(implicit, replies));
        assert_eq!((failure.cause, failure.phase), (Cause::ClientCertificate, Phase::Tls), "{replies:?}");
    }
}

#[test]
fn an_alert_later_on_is_a_connection_that_broke() {
    let ehlo = "250 mx\r\n";
    let at = |replies: &str| {
        let failure = alerted(encrypted(false, replies));
        (failure.cause, failure.phase)
    };
    assert_eq!(at(ehlo), (Cause::Reset, Phase::Mail));
    assert_eq!(at(&format!("{ehlo}250 ok\r\n250 ok\r\n354 go\r\n")), (Cause::Uncertain, Phase::Dot));
}

#[test]
fn an_alert_where_no_tls_is_changes_nothing_that_was_decided() {
    let mut session = encrypted(false, "250 mx\r\n550 no\r\n");
    drain(&mut session);
    session.handle_tls(NOW, Err(TlsFailure::Reset));
    let Output::Done(Err(failure)) = drain(&mut session) else { panic!("not over") };
    assert_eq!((failure.cause, failure.phase), (Cause::MailRefused, Phase::Mail));
    session.handle_tls(NOW, Ok(facts()));
    session.handle_tls(NOW, Err(TlsFailure::Closed));
    let Output::Done(Err(again)) = drain(&mut session) else { panic!("not over") };
    assert_eq!(again, failure);
}
