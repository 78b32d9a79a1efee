//! The reply parser: any bytes, in any pieces, are the same replies, within bounds.
#![no_main]

use fuzz::Cutter;
use libfuzzer_sys::fuzz_target;
use smtp_core::proto::{Bounds, Quirks, Reply, ReplyError, ReplyParser};

type Read = (Vec<Result<Reply, ReplyError>>, Quirks, Vec<u8>);

fn read(bytes: &[u8], mut cut: impl FnMut() -> usize) -> Read {
    let bounds = Bounds::default();
    let (mut parser, mut quirks, mut replies) = (ReplyParser::new(), Quirks::new(), Vec::new());
    let mut rest = bytes;
    'all: while !rest.is_empty() {
        let (mut piece, after) = rest.split_at(cut().clamp(1, rest.len()));
        while let Some(reply) = parser.parse(&mut piece, &mut quirks) {
            let is_over = reply.is_err();
            replies.push(reply);
            if is_over {
                break 'all;
            }
        }
        assert!(piece.is_empty(), "octets are left behind");
        assert!(parser.partial().len() < bounds.line, "a line beyond its bound is held");
        rest = after;
    }
    for reply in replies.iter().flatten() {
        assert!((200..600).contains(&reply.code));
        assert!((1..=bounds.lines).contains(&reply.lines.len()));
        // U+FFFD, which takes the place of an octet, is three.
        assert!(reply.text().len() <= 3 * bounds.reply);
        assert!(reply.lines.iter().all(|line| !line.contains('\n')));
        assert!(reply.enhanced().is_none_or(|_| matches!(reply.code / 100, 2 | 4 | 5)));
    }
    (replies, quirks, parser.partial().to_vec())
}

fuzz_target!(|data: &[u8]| {
    let Some((&seed, bytes)) = data.split_first() else { return };
    let whole = read(bytes, || usize::MAX);
    let mut cutter = Cutter::new(seed);
    assert_eq!(whole, read(bytes, || cutter.cut()));
    assert_eq!(whole, read(bytes, || 1));
});
