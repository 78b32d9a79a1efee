//! AUTH (RFC 4954).

use std::collections::VecDeque;
use std::time::Duration;

use super::{Step, hand_over, quit};
use crate::proto::{
    AuthFacts, AuthPlan, Cause, Failure, HIDDEN, Mechanism, Phase, Reply, SaslFault, Secret, Session, base64,
    is_cleartext,
};

/// A login under way.
#[derive(Debug)]
pub(in crate::proto) struct Exchange {
    /// The mechanisms that are left.
    left: VecDeque<String>,
    /// The one in use.
    mechanism: Option<Box<dyn Mechanism>>,
    /// What the client says first, where that was too long for the command.
    held: Option<Secret>,
    /// Whether the reply to AUTH itself is waited for.
    is_first: bool,
    /// Why the exchange was broken off, while the reply to that is waited for.
    cancelled: Option<Failure>,
}

pub(in crate::proto) fn begin(session: &mut Session, now: Duration, plan: &AuthPlan) {
    let offered =
        session.capabilities().and_then(|capabilities| capabilities.params("AUTH")).unwrap_or_default();
    let is_offered = |name: &&String| offered.iter().any(|offer| offer.eq_ignore_ascii_case(name));
    let mut left: VecDeque<String> = plan.mechanisms.iter().filter(is_offered).cloned().collect();
    if left.is_empty() {
        return session.fail_and_quit(now, Failure::new(Cause::AuthUnavailable, Phase::Auth));
    }
    if !session.is_encrypted() && !plan.insecure {
        left.retain(|name| !is_cleartext(name));
        if left.is_empty() {
            return session.fail_and_quit(now, Failure::new(Cause::AuthInClear, Phase::Auth));
        }
    }
    let user = plan.login.user().map(str::to_owned);
    session.facts_mut().auth = Some(AuthFacts { user, ..AuthFacts::default() });
    let exchange = Exchange { left, mechanism: None, held: None, is_first: true, cancelled: None };
    next(session, now, exchange, plan, Failure::new(Cause::AuthUnavailable, Phase::Auth));
}

/// Begins the next mechanism. `otherwise` is what it comes to if there is none.
fn next(session: &mut Session, now: Duration, mut exchange: Exchange, plan: &AuthPlan, otherwise: Failure) {
    let Some(name) = exchange.left.pop_front() else { return session.fail_and_quit(now, otherwise) };
    facts(session).mechanism.clone_from(&name);
    let started = plan
        .login
        .start(&name, plan.server.as_ref())
        .and_then(|mut mechanism| Ok((mechanism.initial()?, mechanism)));
    let (initial, mechanism) = match started {
        Ok(started) => started,
        Err(fault) => {
            let received = match fault {
                SaslFault::Unusable(why) | SaslFault::BadChallenge(why) => Some(why),
                _ => None,
            };
            return next(session, now, exchange, plan, Failure { received, ..otherwise });
        }
    };
    (exchange.mechanism, exchange.held, exchange.is_first) = (Some(mechanism), None, true);
    let command = format!("AUTH {name}");
    match initial.map(|words| Secret::new(base64::encode(&words))) {
        None => session.send(&command),
        Some(words) => {
            /// RFC 4954 section 4: with more the line would be too long, and the words go out when they are asked for.
            const LONGEST: usize = 512;
            session.hide(words.clone());
            // An initial response of no octets.
            let shown = if words.reveal().is_empty() { "=" } else { words.reveal() };
            let line = format!("{command} {shown}");
            if line.len() + 2 > LONGEST {
                exchange.held = Some(words);
                session.send(&command);
            } else {
                session.send_hidden(&line, &format!("{command} {HIDDEN}"));
            }
        }
    }
    session.enter(Step::Auth, now);
    session.set_exchange(exchange);
}

pub(in crate::proto) fn on_reply(session: &mut Session, now: Duration, reply: Reply) {
    session.clock(now);
    let (Some(mut exchange), Some(plan)) = (session.take_exchange(), session.plan().auth.clone()) else {
        return quit::begin(session, now);
    };
    if let Some(failure) = exchange.cancelled {
        return session.fail_and_quit(now, failure);
    }
    let is_first = std::mem::replace(&mut exchange.is_first, false);
    let cause = match reply.code {
        // Accepted before anything was given.
        235 if exchange.held.is_some() => Cause::BadReply,
        235 if exchange.mechanism.as_ref().is_some_and(|mechanism| mechanism.may_end()) => {
            facts(session).accepted = true;
            return hand_over(session, now);
        }
        235 => Cause::AuthNotVerified,
        334 => return answer(session, now, exchange, reply),
        421 => Cause::RateLimited,
        // This mechanism is not to be had, which says nothing of the others.
        432 | 504 | 534 | 538 => return refused(session, now, exchange, &plan, reply),
        500 | 502 if is_first => return refused(session, now, exchange, &plan, reply),
        400..=499 => Cause::AuthDeferred,
        500..=599 => Cause::AuthRejected,
        _ => Cause::BadReply,
    };
    session.fail_and_quit(now, Failure::new(cause, Phase::Auth).with_reply(reply));
}

fn refused(session: &mut Session, now: Duration, exchange: Exchange, plan: &AuthPlan, reply: Reply) {
    let cause = if reply.is_transient() { Cause::AuthDeferred } else { Cause::AuthUnavailable };
    let otherwise = Failure::new(cause, Phase::Auth).with_reply(reply.clone());
    let facts = facts(session);
    let name = facts.mechanism.clone();
    facts.refused.push((name, reply));
    next(session, now, exchange, plan, otherwise);
}

/// Answers a challenge.
fn answer(session: &mut Session, now: Duration, mut exchange: Exchange, reply: Reply) {
    let bad =
        |why: &str| Failure { received: Some(why.to_owned()), ..Failure::new(Cause::BadReply, Phase::Auth) };
    let text = match reply.lines.as_slice() {
        [text] => text.trim_matches(' '),
        _ => return cancel(session, now, exchange, bad("a challenge of several lines")),
    };
    let Some(challenge) = base64::decode(text) else {
        return cancel(session, now, exchange, bad("a challenge that is not base64"));
    };
    if let Some(words) = exchange.held.take() {
        return say(session, now, exchange, words);
    }
    let step = exchange.mechanism.as_mut().map(|mechanism| mechanism.step(&challenge));
    match step {
        Some(Ok(words)) => say(session, now, exchange, Secret::new(base64::encode(&words))),
        Some(Err(SaslFault::ServerNotVerified)) => {
            cancel(session, now, exchange, Failure::new(Cause::AuthNotVerified, Phase::Auth));
        }
        Some(Err(SaslFault::Refused { words, answer })) => {
            facts(session).words = Some(session.without_secrets(words));
            match answer {
                Some(answer) => say(session, now, exchange, Secret::new(base64::encode(&answer))),
                None => cancel(session, now, exchange, Failure::new(Cause::AuthRejected, Phase::Auth)),
            }
        }
        Some(Err(SaslFault::BadChallenge(why) | SaslFault::Unusable(why))) => {
            cancel(session, now, exchange, bad(&why));
        }
        None => cancel(session, now, exchange, bad("a challenge that nobody asked for")),
    }
}

fn say(session: &mut Session, now: Duration, exchange: Exchange, words: Secret) {
    session.hide(words.clone());
    session.send_hidden(words.reveal(), HIDDEN);
    session.enter(Step::Auth, now);
    session.set_exchange(exchange);
}

/// Breaks the exchange off (RFC 4954 section 4); the server's answer to that decides nothing.
fn cancel(session: &mut Session, now: Duration, mut exchange: Exchange, failure: Failure) {
    exchange.cancelled = Some(failure);
    session.send("*");
    session.enter(Step::Auth, now);
    session.set_exchange(exchange);
}

fn facts(session: &mut Session) -> &mut AuthFacts {
    session.facts_mut().auth.get_or_insert_default()
}
