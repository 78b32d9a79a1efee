//! Postfix takes mail for its store and for nothing else, and keeps every byte.

use crate::peers::message::{Session, random_body, with_lf};
use crate::peers::postfix::STORED;
use crate::peers::tally::Outcome;
use crate::peers::world::World;

type Check = fn(&World) -> Outcome;

pub(super) const CHECKS: &[(&str, Check)] = &[
    ("a random message is stored byte for byte", delivers),
    ("a recipient of another domain is refused", refuses),
];

fn delivers(world: &World) -> Outcome {
    let recipient = format!("plain-smtp@{STORED}");
    let body = random_body();
    let mut message = vec![b"Subject: a body of random bytes".to_vec(), Vec::new()];
    message.extend(body.iter().cloned());
    let mut session = Session::open(world.postfix.address)?;
    session.deliver(&recipient, &message)?;
    session.say("QUIT", "221")?;
    let stored = world.postfix.stored(&recipient)?;
    if !stored.headers.contains("\nSubject: a body of random bytes\n") {
        return Err("the subject is not among the stored headers".into());
    }
    same(&with_lf(&body), &stored.body)
}

fn refuses(world: &World) -> Outcome {
    let mut session = Session::open(world.postfix.address)?;
    session.say("MAIL FROM:<>", "250")?;
    session.say("RCPT TO:<user@elsewhere.example>", "554")?;
    session.say("QUIT", "221")
}

fn same(sent: &[u8], stored: &[u8]) -> Outcome {
    if sent == stored {
        return Ok(());
    }
    let at = sent.iter().zip(stored).take_while(|(sent, stored)| sent == stored).count();
    let near = |bytes: &[u8]| {
        let near: Vec<u8> = bytes.iter().skip(at.saturating_sub(8)).take(24).copied().collect();
        format!("…{}… ({} bytes)", near.escape_ascii(), bytes.len())
    };
    Err(format!("differs from byte {at} on\nsent:   {}\nstored: {}", near(sent), near(stored)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_two_bodies_begin_to_differ() {
        assert_eq!(same(b"ab\n", b"ab\n"), Ok(()));
        assert!(same(b"ab\n", b"ac\n").unwrap_err().starts_with("differs from byte 1 on"));
        assert!(same(b"ab\n", b"ab").unwrap_err().contains("from byte 2"));
    }
}
