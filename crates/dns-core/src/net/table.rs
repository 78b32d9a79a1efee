//! Which datagram answers which question; no I/O.
//!
//! An answer repeats the id, which is random, and the question letter by letter, in its random case (0x20, RFC 5452
//! section 9). Whatever else comes takes nothing away from the question: the real answer may still be on its way.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::wire::HEADER;

/// The questions under way on one socket, each with what is to be told when it ends.
#[derive(Debug)]
pub(super) struct Table<T> {
    waiting: HashMap<u16, Waiting<T>, BuildHasherDefault<Spread>>,
}

#[derive(Debug)]
struct Waiting<T> {
    section: Box<[u8]>,
    /// Whether something came for it that is no answer.
    junk: bool,
    whom: T,
}

/// What a datagram is to the question that it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    /// Its answer.
    Answer,
    /// The same but for letter case.
    Case,
}

impl<T> Table<T> {
    /// Questions at a time; of 65,536 ids enough stay free to draw one at random.
    pub(super) const MOST: usize = 32_768;

    pub(super) fn new() -> Self {
        Self { waiting: HashMap::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes a question in under an id out of `draw` that no other has; `None` if there are too many.
    pub(super) fn put(&mut self, section: &[u8], whom: T, mut draw: impl FnMut() -> u16) -> Option<u16> {
        if self.waiting.len() >= Self::MOST {
            return None;
        }
        let id = loop {
            let id = draw();
            if !self.waiting.contains_key(&id) {
                break id;
            }
        };
        self.waiting.insert(id, Waiting { section: section.into(), junk: false, whom });
        Some(id)
    }

    /// The question that a datagram ends, if it does; its id is free again.
    pub(super) fn take(&mut self, datagram: &[u8]) -> Option<(T, Match)> {
        let header = datagram.first_chunk::<HEADER>()?;
        let id = u16::from_be_bytes([header[0], header[1]]);
        let is_response = header[2] & 0x80 != 0;
        let verdict = self.waiting.get(&id).filter(|_| is_response).and_then(|asked| {
            let section = datagram.get(HEADER..HEADER + asked.section.len())?;
            match section == &*asked.section {
                true => Some(Match::Answer),
                false => section.eq_ignore_ascii_case(&asked.section).then_some(Match::Case),
            }
        });
        match verdict {
            // Somebody else's guess does not end the wait for the real answer.
            None => {
                self.blame(id, datagram);
                None
            }
            Some(verdict) => self.waiting.remove(&id).map(|asked| (asked.whom, verdict)),
        }
    }

    /// Nobody waits for this question any more.
    pub(super) fn forget(&mut self, id: u16) {
        self.waiting.remove(&id);
    }

    /// Whether anything came for a question that is no answer.
    pub(super) fn saw_junk(&self, id: u16) -> bool {
        self.waiting.get(&id).is_some_and(|asked| asked.junk)
    }

    /// Ends all questions.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = T> + '_ {
        self.waiting.drain().map(|(_, asked)| asked.whom)
    }

    /// Notes what is no answer at the question that it is about: the one that it repeats, else the one whose id it
    /// has. The other questions have nothing to do with it.
    fn blame(&mut self, id: u16, datagram: &[u8]) {
        let repeats =
            |asked: &Waiting<T>| datagram.get(HEADER..HEADER + asked.section.len()) == Some(&*asked.section);
        let repeated = self.waiting.iter().find(|(_, asked)| repeats(asked)).map(|(id, _)| *id);
        if let Some(asked) = self.waiting.get_mut(&repeated.unwrap_or(id)) {
            asked.junk = true;
        }
    }
}

/// Spreads an id over the bits that the table looks at; it is random and needs no further mixing against a forger.
#[derive(Debug, Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u16((*byte).into());
        }
    }

    fn write_u16(&mut self, id: u16) {
        self.0 = (self.0 ^ u64::from(id)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::net::wire::Question;
    use crate::{DomainName, Kind};

    /// One of a few questions, which differ in a letter, its case or the type.
    fn question(number: usize) -> Question {
        let name = DomainName::parse(["a.example", "b.example", "ab.example"][number % 3]).unwrap();
        let kind = [Kind::Mx, Kind::A][number / 3 % 2];
        Question::new(&name, kind, || number >= 6)
    }
    const QUESTIONS: usize = 12;

    fn answer(number: usize, id: u16) -> Vec<u8> {
        let mut bytes = question(number).bytes;
        bytes[..2].copy_from_slice(&id.to_be_bytes());
        bytes[2] |= 0x80;
        bytes
    }

    /// What happens to a right answer on the way, or is made up by somebody who has seen the question.
    #[derive(Debug, Clone)]
    enum Harm {
        Nothing,
        Id(u16),
        Bit(usize),
        Cut(usize),
        Question(usize),
        NoResponse,
        Whole(Vec<u8>),
    }

    fn harm() -> impl Strategy<Value = Harm> {
        prop_oneof![
            Just(Harm::Nothing),
            any::<u16>().prop_map(Harm::Id),
            any::<usize>().prop_map(Harm::Bit),
            any::<usize>().prop_map(Harm::Cut),
            (0..QUESTIONS).prop_map(Harm::Question),
            Just(Harm::NoResponse),
            prop::collection::vec(any::<u8>(), 0..64).prop_map(Harm::Whole),
        ]
    }

    fn harmed(number: usize, id: u16, harm: Harm) -> Vec<u8> {
        let mut bytes = answer(number, id);
        match harm {
            Harm::Nothing => {}
            Harm::Id(id) => bytes[..2].copy_from_slice(&id.to_be_bytes()),
            Harm::Bit(at) => {
                let at = at % (bytes.len() * 8);
                bytes[at / 8] ^= 1 << (at % 8);
            }
            Harm::Cut(length) => bytes.truncate(length % bytes.len()),
            Harm::Question(other) => bytes = answer(other, id),
            Harm::NoResponse => bytes[2] &= 0x7f,
            Harm::Whole(other) => bytes = other,
        }
        bytes
    }

    #[derive(Debug, Clone)]
    enum Step {
        Put(usize),
        Take(usize, Harm),
        Forget(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0..QUESTIONS).prop_map(Step::Put),
            (any::<usize>(), harm()).prop_map(|(at, harm)| Step::Take(at, harm)),
            any::<usize>().prop_map(Step::Forget),
        ]
    }

    proptest! {
        /// Against a plain list: an answer is what has the id and the question section of one that waits, and the
        /// response bit; it ends that one and no other, once. Eight ids, so that they are used again and again.
        #[test]
        fn nothing_but_its_answer_ends_a_question(steps in prop::collection::vec(step(), 1..60), seed: u16) {
            let mut table = Table::new();
            let mut model: HashMap<u16, (usize, usize)> = HashMap::new();
            let mut drawn = seed;
            for (serial, step) in steps.into_iter().enumerate() {
                let ids: Vec<u16> = model.keys().copied().collect();
                let pick = |at: usize| (!ids.is_empty()).then(|| ids[at % ids.len()]);
                match step {
                    Step::Put(number) if model.len() < 8 => {
                        let draw = || {
                            drawn = drawn.wrapping_mul(5).wrapping_add(3);
                            drawn >> 4 & 7
                        };
                        let id = table.put(question(number).section(), serial, draw).unwrap();
                        prop_assert!(model.insert(id, (number, serial)).is_none(), "the id was another's");
                    }
                    Step::Put(_) => {}
                    Step::Forget(at) => if let Some(id) = pick(at) {
                        table.forget(id);
                        model.remove(&id);
                    },
                    Step::Take(at, harm) => {
                        let Some(about) = pick(at) else { continue };
                        let datagram = harmed(model[&about].0, about, harm);
                        let id = datagram.first_chunk().map(|id| u16::from_be_bytes(*id));
                        let is_response = datagram.len() >= HEADER && datagram[2] & 0x80 != 0;
                        let expected = id.and_then(|id| model.get(&id)).filter(|_| is_response).and_then(|(number, serial)| {
                            let asked = question(*number);
                            let section = datagram.get(HEADER..asked.end)?;
                            match section == asked.section() {
                                true => Some((*serial, Match::Answer)),
                                false => section.eq_ignore_ascii_case(asked.section()).then_some((*serial, Match::Case)),
                            }
                        });
                        prop_assert_eq!(table.take(&datagram), expected);
                        if expected.is_some() {
                            model.remove(&id.unwrap());
                            prop_assert_eq!(table.take(&datagram), None, "the same again");
                        }
                    }
                }
                prop_assert_eq!(table.waiting.len(), model.len());
            }
            let mut left: Vec<usize> = table.drain().collect();
            let mut known: Vec<usize> = model.into_values().map(|(_, serial)| serial).collect();
            left.sort_unstable();
            known.sort_unstable();
            prop_assert_eq!(left, known, "who is not answered is told so");
        }

        #[test]
        fn no_datagram_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..80), id: u16) {
            let mut table = Table::new();
            table.put(question(0).section(), (), || id);
            let is_answer = bytes.len() >= HEADER && bytes[..2] == id.to_be_bytes() && bytes[2] & 0x80 != 0
                && bytes[HEADER..].starts_with(question(0).section());
            prop_assert_eq!(table.take(&bytes) == Some(((), Match::Answer)), is_answer);
        }
    }

    #[test]
    fn what_is_no_answer_is_noted_at_the_question_that_it_is_about() {
        let mut table = Table::new();
        for (number, id) in [(0, 10), (1, 11), (2, 12)] {
            table.put(question(number).section(), number, || id);
        }
        let blamed = |table: &Table<usize>| [10, 11, 12].map(|id| table.saw_junk(id));
        assert_eq!(table.take(&answer(1, 9)), None, "another id");
        assert_eq!(blamed(&table), [false, true, false]);
        assert_eq!(table.take(&answer(3, 12)), None, "another question");
        assert_eq!(blamed(&table), [false, true, true]);
        assert_eq!(table.take(&answer(3, 9)), None, "nobody's");
        assert_eq!(blamed(&table), [false, true, true]);
        assert_eq!(table.take(&answer(1, 11)), Some((1, Match::Answer)), "the real one still counts");
    }

    #[test]
    fn half_of_the_ids_stay_free() {
        let mut table = Table::new();
        let mut next = 0;
        let mut put = || {
            table.put(question(0).section(), (), || {
                next += 1;
                next
            })
        };
        assert!((0..Table::<()>::MOST).all(|_| put().is_some()));
        assert_eq!(put(), None);
    }
}
