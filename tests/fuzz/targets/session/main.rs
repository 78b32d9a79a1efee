//! A whole session with a server that says and does anything.
#![no_main]

mod script;
#[path = "../../../../crates/smtp-core/tests/watch/mod.rs"]
mod watch;

use fuzz::Cutter;
use libfuzzer_sys::fuzz_target;
use smtp_core::proto::{Cause, Phase};
use watch::{Reading, play};

fuzz_target!(|data: &[u8]| {
    let Some((&seed, data)) = data.split_first() else { return };
    let Some((plan, events)) = script::read(data) else { return };
    let whole = play(&plan, &events, Reading::Whole, || usize::MAX);
    let mut cutter = Cutter::new(seed);
    assert_eq!(whole, play(&plan, &events, Reading::Pieces, || cutter.cut()));

    // An answer to STARTTLS that is there before the question is told from one after it by nothing
    // but when it is read.
    let is_answered_unasked = whole.verdict.as_ref().is_err_and(|failure| {
        failure.cause == Cause::PlaintextAfterStarttls && failure.phase == Phase::Starttls
    });
    if !is_answered_unasked {
        let drained = play(&plan, &events, Reading::Drained, || cutter.cut());
        assert_eq!(whole.verdict, drained.verdict);
        assert_eq!(whole.facts, drained.facts);
        // What was taken back before it went out in the one was out in the other.
        assert!(drained.written.starts_with(&whole.written));
        assert!(whole.verdict.is_err() || drained.written == whole.written);
    }
});
