//! Questions over one kept connection (RFC 7766, RFC 7858): two octets of length before each
//! message, many questions at once, the answers in any order.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::pin::pin;
use std::rc::Rc;

use futures_util::future::{Either, select};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};

use super::dial::Dial;
use super::upstream::TryError;
use super::wire::{HEADER, Question};

/// The connection to one server, made when it is first needed and again when it has ended.
#[derive(Debug)]
pub(super) struct Line {
    dial: Rc<Dial>,
    kept: RefCell<Option<Rc<Link>>>,
}

/// A connection, from before it is made.
#[derive(Debug)]
struct Link {
    questions: mpsc::UnboundedSender<Vec<u8>>,
    state: Rc<State>,
}

#[derive(Debug, Default)]
struct State {
    waiting: RefCell<HashMap<u16, Waiting>>,
    answered: Cell<u64>,
    /// Messages with an id that nobody waits for.
    strays: Cell<usize>,
    /// No further question is put to it.
    is_over: Cell<bool>,
}

/// A question that was sent.
#[derive(Debug)]
struct Waiting {
    section: Box<[u8]>,
    /// Nobody, once the wait was given up: the id is not used again before its answer came.
    done: Option<oneshot::Sender<Result<Vec<u8>, End>>>,
}

/// Why a question got no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    /// There is no connection.
    Unreachable(String),
    /// The connection ended before.
    Closed,
    /// Something else was answered.
    Wrong,
}

/// A question under way.
struct Pending<'a> {
    link: &'a Link,
    id: u16,
    /// How much had been answered when it was sent.
    before: u64,
    answer: oneshot::Receiver<Result<Vec<u8>, End>>,
}

impl Line {
    /// Questions that are sent together.
    const BATCH: usize = 128;
    /// Questions on a connection without an answer; beyond these another is made: none waits for another's answer.
    const MOST_TAKEN: usize = 4_096;
    /// Strays of a connection whose question is looked for among all that wait; the others are not looked at.
    const MOST_STRAYS: usize = 128;

    pub(super) fn new(dial: Dial) -> Self {
        Self { dial: Rc::new(dial), kept: RefCell::default() }
    }

    /// Asks; there is no limit in here. Must run within a `LocalSet`.
    ///
    /// A question whose connection ends is asked again on another (RFC 7766 section 6.2.4), as long as each
    /// connection answers something; once, if it does not.
    pub(super) async fn ask(&self, mut question: Question) -> Result<Vec<u8>, TryError> {
        let mut was_barren = false;
        loop {
            let link = self.link();
            let mut pending = link.send(&mut question);
            let end = match (&mut pending.answer).await {
                Ok(Ok(bytes)) => return Ok(bytes),
                Ok(Err(end)) => end,
                Err(_) => End::Closed,
            };
            let is_barren = link.state.answered.get() == 0;
            match end {
                End::Unreachable(cause) => return Err(TryError::Unreachable(Some(cause))),
                End::Wrong => return Err(TryError::Bad(None)),
                End::Closed if is_barren && was_barren => {
                    let cause = "the connection ended before the answer";
                    return Err(TryError::Bad(Some(cause.to_owned())));
                }
                End::Closed => was_barren |= is_barren,
            }
        }
    }

    fn link(&self) -> Rc<Link> {
        let mut kept = self.kept.borrow_mut();
        if let Some(link) = kept.as_ref().filter(|link| !link.state.is_over.get()) {
            return link.clone();
        }
        let (questions, asked) = mpsc::unbounded_channel();
        let link = Rc::new(Link { questions, state: Rc::default() });
        tokio::task::spawn_local(run(self.dial.clone(), link.state.clone(), asked));
        *kept = Some(link.clone());
        link
    }
}

impl Link {
    fn send(&self, question: &mut Question) -> Pending<'_> {
        let (done, answer) = oneshot::channel();
        let mut waiting = self.state.waiting.borrow_mut();
        let id = loop {
            let id = rand::random();
            if !waiting.contains_key(&id) {
                break id;
            }
        };
        question.set_id(id);
        waiting.insert(id, Waiting { section: question.section().into(), done: Some(done) });
        if waiting.len() >= Line::MOST_TAKEN {
            self.state.is_over.set(true);
        }
        drop(waiting);
        if self.questions.send(question.bytes.clone()).is_err() {
            self.state.finish(&End::Closed);
        }
        Pending { link: self, id, before: self.state.answered.get(), answer }
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        let state = &self.link.state;
        if self.answer.try_recv() != Err(oneshot::error::TryRecvError::Empty) {
            return;
        }
        if let Some(asked) = state.waiting.borrow_mut().get_mut(&self.id) {
            asked.done = None;
        }
        // Nobody was answered in all that time: it may have been dead for long.
        if state.answered.get() == self.before {
            state.is_over.set(true);
        }
    }
}

impl State {
    fn finish(&self, end: &End) {
        self.is_over.set(true);
        for (_, asked) in self.waiting.borrow_mut().drain() {
            asked.tell(Err(end.clone()));
        }
    }

    /// Hands a message to the question that it answers.
    fn take(&self, message: Vec<u8>) -> io::Result<()> {
        let header = message.first_chunk::<HEADER>().ok_or(io::ErrorKind::InvalidData)?;
        let id = u16::from_be_bytes([header[0], header[1]]);
        let is_response = header[2] & 0x80 != 0;
        let mut waiting = self.waiting.borrow_mut();
        let repeats = |asked: &Waiting| {
            let section = message.get(HEADER..HEADER + asked.section.len());
            section.is_some_and(|section| section.eq_ignore_ascii_case(&asked.section))
        };
        let is_answer = waiting.get(&id).is_some_and(|asked| is_response && repeats(asked));
        // Nobody else can put anything into the connection: the server is wrong about the question with this id, or
        // about the id of this question.
        let about = match waiting.contains_key(&id) {
            true => Some(id),
            false if self.strays.replace(self.strays.get() + 1) >= Line::MOST_STRAYS => None,
            false => waiting.iter().find(|(_, asked)| repeats(asked)).map(|(id, _)| *id),
        };
        if let Some(asked) = about.and_then(|id| waiting.remove(&id)) {
            self.answered.set(self.answered.get() + u64::from(is_answer));
            asked.tell(if is_answer { Ok(message) } else { Err(End::Wrong) });
        }
        Ok(())
    }
}

impl Waiting {
    fn tell(self, outcome: Result<Vec<u8>, End>) {
        if let Some(done) = self.done {
            let _ = done.send(outcome);
        }
    }
}

/// The life of a connection; it ends when nobody can ask it anything any more.
async fn run(dial: Rc<Dial>, state: Rc<State>, questions: mpsc::UnboundedReceiver<Vec<u8>>) {
    let end = match dial.open().await {
        Err(cause) => End::Unreachable(cause),
        Ok(stream) => {
            let (reader, writer) = tokio::io::split(Box::into_pin(stream));
            let (sent, received) = (pin!(send(writer, questions)), pin!(receive(reader, &state)));
            // What was answered is taken before it is noticed that nothing more can be sent.
            match select(received, sent).await {
                Either::Left((ended, _)) | Either::Right((ended, _)) => drop(ended),
            }
            End::Closed
        }
    };
    state.finish(&end);
}

/// Sends what is asked, as much at once as there is.
async fn send(
    mut stream: impl AsyncWrite + Unpin,
    mut questions: mpsc::UnboundedReceiver<Vec<u8>>,
) -> io::Result<()> {
    let mut batch = Vec::new();
    while questions.recv_many(&mut batch, Line::BATCH).await > 0 {
        let mut framed = Vec::new();
        for message in batch.drain(..) {
            let length = u16::try_from(message.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
            framed.extend_from_slice(&length.to_be_bytes());
            framed.extend_from_slice(&message);
        }
        stream.write_all(&framed).await?;
        stream.flush().await?;
    }
    stream.shutdown().await
}

async fn receive(stream: impl AsyncRead + Unpin, state: &State) -> io::Result<()> {
    let mut stream = tokio::io::BufReader::new(stream);
    loop {
        let length = stream.read_u16().await?;
        let mut message = vec![0; usize::from(length)];
        stream.read_exact(&mut message).await?;
        state.take(message)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECTION: &[u8] = b"\x01a\0\0\x0f\0\x01";

    /// An answer without records.
    fn answer(id: u16) -> Vec<u8> {
        [&id.to_be_bytes()[..], &[0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0], SECTION].concat()
    }

    /// What becomes of a question once so many answers to another one came, whose ids nobody waits for, and then
    /// this one.
    fn after_strays(count: usize, last: u16) -> Option<Result<Vec<u8>, End>> {
        let (state, (done, mut told)) = (State::default(), oneshot::channel());
        state.waiting.borrow_mut().insert(7, Waiting { section: SECTION.into(), done: Some(done) });
        let mut other = answer(8);
        other[HEADER + 1] = b'b';
        for _ in 0..count {
            state.take(other.clone()).unwrap();
        }
        state.take(answer(last)).unwrap();
        told.try_recv().ok()
    }

    #[test]
    fn a_flood_of_strays_is_not_looked_at() {
        for count in [0, 1, Line::MOST_STRAYS - 1, Line::MOST_STRAYS, 100_000] {
            assert_eq!(after_strays(count, 7), Some(Ok(answer(7))), "{count}");
            // The same question under a wrong id.
            let expected = (count < Line::MOST_STRAYS).then_some(Err(End::Wrong));
            assert_eq!(after_strays(count, 8), expected, "{count}");
        }
    }
}
