//! Random dialogues, read in random pieces: the pieces decide nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod watch;

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use smtp_core::proto::{
    AuthPlan, Cause, Content, Delivery, Demand, HelloName, Limits, Login, Mailbox, Mechanism, Phase, Plan,
    SaslFault, Secret, TlsFacts, TlsFailure, TlsLevel, TlsPlan, Verb, VerifyError, base64,
};
use watch::{Event, Outcome, Reading, play};

const GREETINGS: &[&str] = &[
    "220 mx.example ESMTP\r\n",
    "220-mx.example\r\n220-no spam\r\n220 \r\n",
    "220\r\n",
    "220 mx\n",
    "421 busy\r\n",
    "450 later\r\n",
    "521 no mail\r\n",
    "554-go\r\n554 away\r\n",
    "200 news\r\n",
    "\x15\x03\x01\x00\x02\x02\x46",
    "SSH-2.0-x\r\n",
];

const HELLOS: &[&str] = &[
    "250-mx\r\n250-STARTTLS\r\n250 PIPELINING\r\n",
    "250-mx\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 PIPELINING\r\n",
    "250-mx\r\n250-AUTH=PLAIN\r\n250-***\r\n250 SIZE 10\r\n",
    "250-mx\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN CRAM-MD5\r\n",
    "250-mx\r\n250-PIPELINING\r\n250 AUTH CRAM-MD5 LOGIN\r\n",
    "250-mx\r\n250 starttls\r\n",
    "250 mx\r\n",
    "250-mx\r\n251 odd\r\n",
    "502 what\r\n",
    "421 too many\r\n",
    "550 no\r\n",
];

const ANSWERS: &[&str] = &[
    "250 ok\r\n",
    "250 2.1.5 ok\r\n",
    "220 go\r\n",
    "354 go\r\n",
    "221 bye\r\n",
    "421 bye\r\n",
    "451 4.3.0 later\r\n",
    "452-full\r\n452 up\r\n",
    "235 2.7.0 welcome\r\n",
    "334 \r\n",
    "334 PGFAYj4=\r\n",
    "334 !\r\n",
    "334-YQ==\r\n334 YQ==\r\n",
    "504 5.5.4 not this one\r\n",
    "535 5.7.8 no: c2VjcmV0IHdvcmQ=, secret word\r\n",
    "454 no TLS\r\n",
    "550 5.1.1 no such user\r\n",
    "250-caf\u{e9}\r\n250 ok\r\n",
    "\r\n",
    "25",
    "250 half",
    "hello\r\n",
    "299 odd\n",
];

fn tls(verify_error: Option<VerifyError>) -> TlsFacts {
    TlsFacts {
        version: "TLSv1.3".into(),
        cipher: "TLS_AES_128_GCM_SHA256".into(),
        verify_error,
        ..TlsFacts::default()
    }
}

fn turn(from: &'static [&'static str], most: usize) -> impl Strategy<Value = Event> {
    let turns = prop::collection::vec(prop::sample::select(from), 1..=most);
    turns.prop_map(|replies| Event::Bytes(replies.concat().into_bytes()))
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        8 => turn(ANSWERS, 4),
        3 => turn(HELLOS, 1),
        1 => prop::collection::vec(any::<u8>(), 1..20).prop_map(Event::Bytes),
        3 => Just(Event::Tls(Ok(tls(None)))),
        1 => Just(Event::Tls(Ok(tls(Some(VerifyError::Expired))))),
        1 => Just(Event::Tls(Err(TlsFailure::Closed))),
        4 => Just(Event::Sent(0)),
        1 => (0_usize..40).prop_map(Event::Sent),
        1 => (0_u64..20).prop_map(|seconds| Event::Wait(Duration::from_secs(seconds))),
        1 => prop::sample::select(vec![Event::Timeout, Event::Close, Event::Reset]),
    ]
}

/// Mostly as far as a good server comes, then anything.
fn dialogue() -> impl Strategy<Value = Vec<Event>> {
    let good =
        |texts: &[&str]| texts.iter().map(|text| Event::Bytes(text.as_bytes().to_vec())).collect::<Vec<_>>();
    let begin = prop_oneof![
        Just(vec![]),
        Just(good(&GREETINGS[..1])),
        Just(good(&[GREETINGS[0], HELLOS[0], "220 go\r\n"])),
        Just(good(&[GREETINGS[1], HELLOS[1]])),
        Just(good(&[GREETINGS[1], HELLOS[4], "334 PGFAYj4=\r\n", "235 2.7.0 welcome\r\n"])),
        Just(good(&[GREETINGS[0], HELLOS[1], "250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n"])),
    ];
    let greeting = prop_oneof![3 => Just(None), 1 => turn(GREETINGS, 2).prop_map(Some)];
    (greeting, begin, prop::collection::vec(event(), 0..8))
        .prop_map(|(greeting, begin, rest)| greeting.into_iter().chain(begin).chain(rest).collect())
}

const SECRET: &str = "secret word";

/// Says the secret as often as it is asked to, up to twice.
#[derive(Debug)]
struct Words {
    begins: bool,
    left: u8,
}

impl Mechanism for Words {
    fn initial(&mut self) -> Result<Option<Vec<u8>>, SaslFault> {
        Ok(self.begins.then(|| SECRET.into()))
    }

    fn step(&mut self, challenge: &[u8]) -> Result<Vec<u8>, SaslFault> {
        self.left = self.left.checked_sub(1).ok_or(SaslFault::ServerNotVerified)?;
        match challenge {
            b"" => Err(SaslFault::BadChallenge("nothing".to_owned())),
            _ => Ok(SECRET.into()),
        }
    }

    fn may_end(&self) -> bool {
        self.left < 2 || self.begins
    }
}

#[derive(Debug)]
struct Somebody;

impl Login for Somebody {
    fn user(&self) -> Option<&str> {
        Some("user")
    }

    fn secrets(&self) -> Vec<Secret> {
        vec![Secret::new(SECRET), Secret::new(base64::encode(SECRET.as_bytes()))]
    }

    fn start(&self, mechanism: &str, _: Option<&(String, u16)>) -> Result<Box<dyn Mechanism>, SaslFault> {
        Ok(Box::new(Words { begins: mechanism == "PLAIN", left: 2 }))
    }
}

fn auth() -> impl Strategy<Value = Option<AuthPlan>> {
    let all = ["PLAIN", "CRAM-MD5", "LOGIN"].map(str::to_owned);
    let plan =
        (prop::sample::subsequence(all.to_vec(), 1..=3), any::<bool>()).prop_map(|(mechanisms, insecure)| {
            AuthPlan { mechanisms, insecure, server: None, login: Arc::new(Somebody) }
        });
    prop::option::of(plan)
}

fn plan() -> impl Strategy<Value = Plan> {
    let level =
        prop::sample::select(vec![TlsLevel::None, TlsLevel::May, TlsLevel::Require, TlsLevel::Verify]);
    let ends =
        [Phase::Banner, Phase::Ehlo, Phase::Tls, Phase::EhloTls, Phase::Auth, Phase::Mail, Phase::Rcpt];
    let quit_after = prop_oneof![3 => Just(None), 1 => prop::sample::select(ends.to_vec()).prop_map(Some)];
    let verb = prop::sample::select(vec![Verb::Ehlo, Verb::Ehlo, Verb::Lhlo, Verb::Helo]);
    let demand = prop::sample::select(vec![Demand::Nothing, Demand::Nothing, Demand::Dane, Demand::Sts]);
    (verb, level, prop::bool::weighted(0.1), any::<bool>(), demand, 0..4_u8, quit_after, auth()).prop_map(
        |(verb, level, implicit, pass_over, demand, delivery, quit_after, auth)| Plan {
            verb,
            hello: HelloName::new("client.example").unwrap(),
            tls: TlsPlan { level, implicit, pass_over, demand },
            delivery: (delivery > 0).then(|| Delivery {
                from: Mailbox::parse("me@client.example").unwrap(),
                recipients: ["a@b.example", "c@b.example"].map(|to| Mailbox::parse(to).unwrap()).to_vec(),
                content: (delivery > 1).then(|| Content {
                    wire: Arc::from(&b"Subject: x\r\n\r\nhello\r\n..\r\n"[..]),
                    size: 24,
                    eight_bit: delivery > 2,
                }),
            }),
            auth,
            quit_after,
            limits: Limits::uniform(Duration::from_secs(10)),
            transcript: true,
        },
    )
}

/// The client was still to ask for TLS when the answer was there. Seen in one piece that is an
/// attack; seen after the question it is an answer: the one thing that timing decides.
fn is_answered_unasked(outcome: &Outcome) -> bool {
    outcome.verdict.as_ref().is_err_and(|failure| {
        failure.cause == Cause::PlaintextAfterStarttls && failure.phase == Phase::Starttls
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn any_cut_across_replies_gives_the_same_verdict_facts_and_commands(
        plan in plan(),
        events in dialogue(),
        lengths in prop::collection::vec(1_usize..40, 1..20),
    ) {
        let whole = play(&plan, &events, Reading::Whole, || usize::MAX);
        let told = format!("{:?} {:?}", whole.verdict, whole.facts);
        let is_told = told.contains(SECRET) || told.contains(&base64::encode(SECRET.as_bytes()));
        prop_assert!(plan.auth.is_none() || !is_told);
        let mut cycle = lengths.iter().copied().cycle();
        let mut cut = || cycle.next().unwrap_or(1);
        prop_assert_eq!(&whole, &play(&plan, &events, Reading::Pieces, &mut cut));
        prop_assert_eq!(&whole, &play(&plan, &events, Reading::Pieces, || 1));
        if !is_answered_unasked(&whole) {
            for drained in [
                play(&plan, &events, Reading::Drained, &mut cut),
                play(&plan, &events, Reading::Drained, || 1),
            ] {
                prop_assert_eq!(&whole.verdict, &drained.verdict);
                prop_assert_eq!(&whole.facts, &drained.facts);
                // What was taken back before it went out in the one was out in the other.
                prop_assert!(drained.written.starts_with(&whole.written));
                prop_assert!(whole.verdict.is_err() || drained.written == whole.written);
            }
        }
    }
}
