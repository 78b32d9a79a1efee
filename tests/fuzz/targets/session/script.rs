//! What the bytes of an input stand for: a plan, and what the server does.
//!
//! Two octets of options, then what the server says. `0xff` and a letter is something else that
//! happens: `.` ends what it says at once, `s` all that was written is out, `l` and an octet: all but
//! so many, `w` and an octet: so many seconds pass, `t` time-out, `c` end of stream, `r` reset; the
//! handshake ends: `h` well, `v` with a certificate that does not verify, `f` not, `e` with the stream.
//! Any other octet after `0xff` stands for itself.

use std::sync::Arc;
use std::time::Duration;

use smtp_core::proto::{
    Content, Delivery, Demand, HelloName, Limits, Mailbox, Phase, Plan, TlsFacts, TlsFailure, TlsLevel,
    TlsPlan, Verb, VerifyError,
};

use crate::watch::Event;

const PHASES: [Phase; 8] = [
    Phase::Banner,
    Phase::Ehlo,
    Phase::Starttls,
    Phase::Tls,
    Phase::EhloTls,
    Phase::Mail,
    Phase::Rcpt,
    Phase::Data,
];

/// The plan and the events of an input; none if it is too short.
pub(crate) fn read(data: &[u8]) -> Option<(Plan, Vec<Event>)> {
    let (&[options, more], script) = data.split_first_chunk()?;
    Some((plan(options, more), events(script)))
}

fn plan(options: u8, more: u8) -> Plan {
    let level = [TlsLevel::None, TlsLevel::May, TlsLevel::Require, TlsLevel::Verify];
    let limit = Duration::from_secs(60);
    Plan {
        verb: [Verb::Ehlo, Verb::Lhlo, Verb::Helo, Verb::Ehlo][usize::from(more >> 6)],
        hello: HelloName::literal([192, 0, 2, 1].into()),
        tls: TlsPlan {
            level: level[usize::from(options & 3)],
            implicit: options & 4 != 0,
            pass_over: options & 8 != 0,
            demand: match more & 15 {
                15 => Demand::Dane,
                14 => Demand::Sts,
                _ => Demand::Nothing,
            },
        },
        delivery: delivery(options >> 4),
        auth: None,
        quit_after: PHASES.get(usize::from(more & 15)).copied(),
        limits: Limits {
            block: limit / 2,
            total: (more & 16 != 0).then_some((limit * 2, limit * 2)),
            ..Limits::uniform(limit)
        },
        transcript: more & 32 != 0,
    }
}

fn delivery(options: u8) -> Option<Delivery> {
    let with_content = match options & 3 {
        0 => return None,
        1 => false,
        _ => true,
    };
    let mut recipients = vec!["a@b.example", "c@d.example", "e@[192.0.2.2]"];
    recipients.truncate(1 + usize::from(options & 4));
    let from = if options & 8 == 0 { "<>" } else { "j\u{f6}rg@b.example" };
    Some(Delivery {
        from: Mailbox::parse(from).ok()?,
        recipients: recipients.into_iter().filter_map(|to| Mailbox::parse(to).ok()).collect(),
        content: with_content.then(|| Content {
            wire: Arc::from(&b"Subject: x\r\n\r\n..\r\n"[..]),
            size: 17,
            eight_bit: options & 3 == 3,
        }),
    })
}

fn events(script: &[u8]) -> Vec<Event> {
    let mut events = Vec::new();
    let mut said = Vec::new();
    let mut octets = script.iter().copied();
    while let Some(octet) = octets.next() {
        if octet != 0xff {
            said.push(octet);
            continue;
        }
        let event = match octets.next() {
            Some(b'.') => None,
            Some(b's') => Some(Event::Sent(0)),
            Some(b'l') => Some(Event::Sent(octets.next().unwrap_or_default().into())),
            Some(b'w') => Some(Event::Wait(Duration::from_secs(octets.next().unwrap_or_default().into()))),
            Some(b't') => Some(Event::Timeout),
            Some(b'c') => Some(Event::Close),
            Some(b'r') => Some(Event::Reset),
            Some(b'h') => Some(Event::Tls(Ok(tls(None)))),
            Some(b'v') => Some(Event::Tls(Ok(tls(Some(VerifyError::Expired))))),
            Some(b'f') => Some(Event::Tls(Err(TlsFailure::Handshake("no".into())))),
            Some(b'e') => Some(Event::Tls(Err(TlsFailure::Closed))),
            Some(other) => {
                said.push(other);
                continue;
            }
            None => break,
        };
        if !said.is_empty() {
            events.push(Event::Bytes(std::mem::take(&mut said)));
        }
        events.extend(event);
    }
    if !said.is_empty() {
        events.push(Event::Bytes(said));
    }
    events
}

fn tls(verify_error: Option<VerifyError>) -> TlsFacts {
    TlsFacts {
        version: "TLSv1.3".into(),
        cipher: "TLS_AES_128_GCM_SHA256".into(),
        verify_error,
        ..TlsFacts::default()
    }
}
