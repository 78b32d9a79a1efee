//! What is known of a server beforehand: nothing is handed over against it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::time::Duration;

use smtp_core::proto::{
    Cause, DaneFault, DaneVerdict, Delivery, Demand, HelloName, Limits, Mailbox, Output, Phase, Plan,
    Session, StsFault, StsMode, StsVerdict, TlsFacts, TlsLevel, TlsPlan, Verb, VerifyError,
};

const NOW: Duration = Duration::ZERO;

/// A session that asks for a recipient, behind the greeting and this reply to EHLO.
fn greeted(tls: TlsPlan, ehlo: &str) -> Session {
    let from = Mailbox::null();
    let recipients = vec![Mailbox::parse("a@b.example").unwrap()];
    let plan = Plan {
        verb: Verb::Ehlo,
        hello: HelloName::new("client.example").unwrap(),
        tls,
        delivery: Some(Delivery { from, recipients, content: None }),
        auth: None,
        quit_after: None,
        limits: Limits::uniform(Duration::from_secs(10)),
        transcript: false,
    };
    let mut session = Session::new(plan, NOW);
    said(&mut session);
    session.handle_input(NOW, b"220 mx.example\r\n");
    said(&mut session);
    session.handle_input(NOW, ehlo.as_bytes());
    session
}

/// What the session does next, as the words of its commands.
fn said(session: &mut Session) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        match session.poll_output() {
            Output::Write(bytes) => {
                let text = String::from_utf8(bytes).unwrap();
                all.extend(text.lines().map(|line| line.split(' ').next().unwrap().to_owned()));
            }
            Output::StartTls => return all,
            Output::Line(_) => {}
            Output::Wait(_) | Output::Done(_) => return all,
        }
    }
}

/// What the session came to, once the server is gone.
fn verdict(mut session: Session) -> Option<(Cause, Phase)> {
    session.handle_input(NOW, b"");
    said(&mut session);
    match session.poll_output() {
        Output::Done(Err(failure)) => Some((failure.cause, failure.phase)),
        Output::Done(Ok(())) => None,
        other => panic!("{other:?}"),
    }
}

fn plan(level: TlsLevel, demand: Demand) -> TlsPlan {
    TlsPlan { level, implicit: false, pass_over: true, demand }
}

/// A session up to the handshake, in which the server has shown this.
fn shaken(level: TlsLevel, facts: TlsFacts) -> Session {
    let mut session = greeted(plan(level, Demand::Dane), "250-mx.example\r\n250 STARTTLS\r\n");
    said(&mut session);
    session.handle_input(NOW, b"220 go\r\n");
    said(&mut session);
    session.handle_tls(NOW, Ok(facts));
    session
}

fn facts(dane: Option<DaneVerdict>, sts: Option<(StsMode, Option<StsFault>)>) -> TlsFacts {
    TlsFacts {
        version: "TLSv1.3".into(),
        cipher: "TLS_AES_128_GCM_SHA256".into(),
        verify_error: Some(VerifyError::SelfSigned),
        dane,
        sts: sts.map(|(mode, fault)| StsVerdict { mode, fault }),
        ..TlsFacts::default()
    }
}

/// The words behind the handshake, and what the session came to.
fn after(level: TlsLevel, facts: TlsFacts) -> (Vec<String>, Option<Cause>) {
    let mut session = shaken(level, facts);
    let mut words = said(&mut session);
    session.handle_input(NOW, b"250 mx.example\r\n");
    words.extend(said(&mut session));
    if words.last().is_some_and(|word| word == "MAIL") {
        return (words, None);
    }
    (
        words,
        verdict(session).map(|(cause, phase)| {
            assert_eq!(phase, Phase::Tls);
            cause
        }),
    )
}

#[test]
fn a_server_without_starttls() {
    let of = |level, demand| {
        let mut session = greeted(plan(level, demand), "250 mx.example\r\n");
        let words = said(&mut session);
        (words.join(" "), verdict(session))
    };
    let required = ("QUIT".to_owned(), Some((Cause::DaneRequired, Phase::Tls)));
    assert_eq!(of(TlsLevel::May, Demand::Dane), required);
    assert_eq!(of(TlsLevel::Require, Demand::Dane), required);
    let not_supported = ("QUIT".to_owned(), Some((Cause::StarttlsNotSupported, Phase::Starttls)));
    assert_eq!(of(TlsLevel::May, Demand::Sts), not_supported);
    assert_eq!(of(TlsLevel::May, Demand::Nothing).0, "MAIL");
}

#[test]
fn a_client_that_was_told_to_use_no_tls() {
    let of = |demand| {
        let mut session = greeted(plan(TlsLevel::None, demand), "250-mx.example\r\n250 STARTTLS\r\n");
        let words = said(&mut session);
        (words.join(" "), verdict(session).map(|(cause, _)| cause))
    };
    assert_eq!(of(Demand::Dane), ("QUIT".to_owned(), Some(Cause::DaneRequired)));
    assert_eq!(of(Demand::Sts), ("QUIT".to_owned(), Some(Cause::StarttlsNotSupported)));
    assert_eq!(of(Demand::Nothing).0, "MAIL");
}

#[test]
fn a_starttls_that_is_refused_is_passed_over_only_where_nothing_is_known() {
    let of = |demand, reply: &[u8]| {
        let mut session = greeted(plan(TlsLevel::May, demand), "250-mx.example\r\n250 STARTTLS\r\n");
        said(&mut session);
        session.handle_input(NOW, reply);
        said(&mut session).join(" ")
    };
    for reply in [&b"454 4.7.0 not now\r\n"[..], b"501 5.5.4 no\r\n"] {
        assert_eq!(of(Demand::Nothing, reply), "MAIL");
        assert_eq!(of(Demand::Dane, reply), "QUIT");
        assert_eq!(of(Demand::Sts, reply), "QUIT");
    }
}

#[test]
fn the_session_goes_on_inside_tls_and_asks_nothing() {
    let fault = DaneFault::NoMatch;
    let (words, cause) = after(TlsLevel::May, facts(Some(DaneVerdict::Fail(fault)), None));
    assert_eq!((words.join(" ").as_str(), cause), ("EHLO QUIT", Some(Cause::Dane(fault))));
}

#[test]
fn what_dane_and_mta_sts_come_to_together() {
    use StsMode::{Enforce, Testing};
    let (pass, fail) = (DaneVerdict::Pass(3, 1, 1), DaneVerdict::Fail(DaneFault::NoMatch));
    let (host, certificate) = (StsFault::Host, StsFault::Certificate(VerifyError::SelfSigned));
    for (dane, sts, refused) in [
        (Some(pass), None, None),
        (Some(DaneVerdict::Unusable), None, None),
        (None, Some((Enforce, None)), None),
        (None, Some((Enforce, Some(host))), Some(Cause::Sts(host))),
        (None, Some((Enforce, Some(certificate))), Some(Cause::Sts(certificate))),
        (None, Some((Testing, Some(certificate))), None),
        (Some(pass), Some((Enforce, Some(certificate))), None),
        (Some(DaneVerdict::Unusable), Some((Enforce, Some(host))), Some(Cause::Sts(host))),
        (Some(fail), Some((Enforce, None)), Some(Cause::Dane(DaneFault::NoMatch))),
        (Some(fail), Some((Enforce, Some(host))), Some(Cause::Dane(DaneFault::NoMatch))),
    ] {
        let (words, cause) = after(TlsLevel::May, facts(dane, sts));
        assert_eq!(cause, refused, "{dane:?} {sts:?}");
        assert_eq!(words.contains(&"MAIL".to_owned()), refused.is_none(), "{dane:?} {sts:?}");
    }
    let (_, cause) = after(TlsLevel::Verify, facts(Some(pass), None));
    assert_eq!(cause, Some(Cause::Certificate(VerifyError::SelfSigned)), "who asks for WebPKI gets it");
}
