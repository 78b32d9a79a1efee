//! Answers that somebody kept on the way.

/// Takes `age`, in seconds, from the time to live of every record (RFC 8484 section 5.1); `end` is where the question
/// section ends. What cannot be read stays as it is.
pub(super) fn grow_old(bytes: &mut [u8], end: usize, age: u32) {
    const OPT: [u8; 2] = [0, 41];
    const SOA: [u8; 2] = [0, 6];
    let mut at = end;
    while age > 0
        && let Some(fields) = bytes.get(at..).and_then(name_length).map(|length| at + length)
        && let Some(&[kind @ .., _, _, t0, t1, t2, t3, l0, l1]) =
            bytes.get(fields..).and_then(<[u8]>::first_chunk::<10>)
    {
        let data = fields + 10;
        at = data + usize::from(u16::from_be_bytes([l0, l1]));
        let mut ttl = u32::from_be_bytes([t0, t1, t2, t3]);
        // That of a denial is bounded by the last field of its SOA (RFC 2308 section 5).
        if kind == SOA
            && let Some(minimum) = bytes.get(data..at).and_then(<[u8]>::last_chunk)
        {
            ttl = ttl.min(u32::from_be_bytes(*minimum));
        }
        if kind != OPT {
            bytes[fields + 4..fields + 8].copy_from_slice(&ttl.saturating_sub(age).to_be_bytes());
        }
    }
}

/// How many octets a name takes at the beginning of these.
fn name_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        match *bytes.get(at)? {
            0 => return Some(at + 1),
            0xc0.. => return Some(at + 2),
            length => at += 1 + usize::from(length),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::net::wire::{HEADER, Question, read};
    use crate::{DomainName, Kind, Problem};

    #[test]
    fn an_answer_that_was_kept_on_the_way_has_grown_old() {
        let name = DomainName::parse("a.example").unwrap();
        let question = Question::new(&name, Kind::Mx, || false);
        let mut bytes = question.bytes[..question.end].to_vec();
        bytes[2..HEADER].copy_from_slice(&[0x84, 0, 0, 1, 0, 2, 0, 0, 0, 1]);
        for ttl in [[0, 0, 2, 88], [0, 0, 1, 44]] {
            bytes.extend_from_slice(b"\xc0\x0c\0\x0f\0\x01");
            bytes.extend_from_slice(&ttl);
            bytes.extend_from_slice(b"\0\x07\0\x0a\x02mx\xc0\x0c");
        }
        // The time to live of an OPT is none.
        let opt = [0, 0, 41, 4, 208, 0, 0, 0x80, 0, 0, 0];
        bytes.extend_from_slice(&opt);
        for (age, expected) in [(0, [600, 300]), (250, [350, 50]), (301, [299, 0]), (u32::MAX, [0, 0])] {
            let mut bytes = bytes.clone();
            grow_old(&mut bytes, question.end, age);
            let reading = read(&bytes, &name, Kind::Mx).unwrap();
            let lasts: Vec<u32> = reading.records.iter().map(|record| record.ttl).collect();
            assert_eq!((lasts, reading.lasts), (expected.to_vec(), expected[1]), "{age}");
            assert!(bytes.ends_with(&opt));
        }
        // A denial lasts as long as the last field of its SOA says.
        let mut bytes = question.bytes[..question.end].to_vec();
        bytes[2..HEADER].copy_from_slice(&[0x84, 3, 0, 1, 0, 0, 0, 1, 0, 0]);
        bytes.extend_from_slice(b"\xc0\x0c\0\x06\0\x01\0\0\x0e\x10\0\x16\0\0");
        bytes.extend_from_slice(&[0; 18]);
        bytes.extend_from_slice(&[1, 44]);
        grow_old(&mut bytes, question.end, 100);
        let reading = read(&bytes, &name, Kind::Mx).unwrap();
        assert_eq!((reading.denial, reading.lasts), (Some(Problem::NxDomain), 200));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..120), end in 0_usize..130) {
            grow_old(&mut bytes, end, 1);
        }
    }
}
