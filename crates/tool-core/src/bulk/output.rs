//! The writer: finished records go out one line at a time.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;

use super::gate::Gate;
use super::stop::{Stop, Switch};
use crate::record::Status;
use crate::{Tally, stderr};

/// From a worker.
#[derive(Debug)]
pub(super) enum Message {
    /// A finished record of the input with this number; others follow.
    Record(u64, Item),
    /// The last record of the input with this number, if it was not sent before.
    Last(u64, Option<Item>),
}

/// A finished record.
#[derive(Debug)]
pub(super) struct Item {
    /// What is written: a line, or several in the readable view, each with its end.
    pub(super) text: String,
    /// The end of it, where the records of one input have it in common: it can be long.
    pub(super) tail: Option<Arc<str>>,
    pub(super) status: Status,
    /// The code of its error.
    pub(super) code: Option<String>,
    pub(super) panic: bool,
}

/// What has been written so far.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) tally: Tally,
    pub(super) codes: HashMap<String, u64>,
    pub(super) error: Option<io::Error>,
    /// Why the rest of the input could not be read.
    pub(super) unread: Option<io::Error>,
}

/// Shared with whoever shows the progress.
#[derive(Debug, Clone, Default)]
pub(super) struct SharedWritten(Arc<Mutex<Written>>);

impl SharedWritten {
    /// Counts are worth telling even if a thread panicked over them.
    pub(super) fn lock(&self) -> MutexGuard<'_, Written> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) struct Writer {
    pub(super) ordered: bool,
    pub(super) gate: Arc<Gate>,
    pub(super) switch: Switch,
    pub(super) written: SharedWritten,
    /// Whether records go to stderr once stdout is gone.
    pub(super) reports_always: bool,
}

impl Writer {
    /// Runs until the workers are gone or nobody reads.
    pub(super) fn run(self, mut messages: mpsc::Receiver<Message>) {
        /// Records that go out in one write when they are there already.
        const BATCH: usize = 256;
        const CROWD: u64 = 32;
        const GATHER: Duration = Duration::from_millis(2);
        let mut order = Order::default();
        let (mut batch, mut buffer) = (Vec::new(), String::new());
        let mut lost = false;
        while let Some(message) = messages.blocking_recv() {
            // Where records come by the thousand they are let gather for a moment: being woken for
            // each costs as much as the record. Those that have gathered do not wait.
            if messages.len() < BATCH / 4 && self.gate.under_way() >= CROWD {
                std::thread::sleep(GATHER);
            }
            let mut next = Some(message);
            while let Some(message) = next {
                self.take(message, &mut order, &mut batch);
                next = if batch.len() < BATCH { messages.try_recv().ok() } else { None };
            }
            if lost {
                self.report(&mut batch);
            } else if let Err(error) = self.flush(&mut batch, &mut buffer) {
                // A reader that has seen enough is no failure, unless what it misses cannot be
                // found out again.
                if error.kind() != ErrorKind::BrokenPipe || self.reports_always {
                    self.written.lock().error = Some(error);
                }
                self.switch.stop(Stop::Unread);
                self.gate.shut();
                if !self.reports_always {
                    return;
                }
                lost = true;
                self.report(&mut batch);
            }
            if self.ordered {
                self.gate.written(order.next);
            }
        }
    }

    fn take(&self, message: Message, order: &mut Order, batch: &mut Vec<Item>) {
        match message {
            Message::Record(_, item) | Message::Last(_, Some(item)) if !self.ordered => batch.push(item),
            Message::Last(_, None) if !self.ordered => {}
            message => order.take(message, batch),
        }
    }

    fn flush(&self, batch: &mut Vec<Item>, buffer: &mut String) -> io::Result<()> {
        /// What is gathered before it is written, though more is there.
        const MUCH: usize = 1 << 20;
        if batch.is_empty() {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        for item in batch.iter() {
            buffer.push_str(&item.text);
            buffer.push_str(item.tail.as_deref().unwrap_or_default());
            if buffer.len() >= MUCH {
                stdout.write_all(buffer.as_bytes())?;
                buffer.clear();
            }
        }
        stdout.write_all(buffer.as_bytes())?;
        stdout.flush()?;
        drop(stdout);
        // What one long record has taken is not kept.
        buffer.clear();
        buffer.shrink_to(MUCH);
        self.count(batch);
        Ok(())
    }

    /// Writes to stderr what stdout did not take.
    fn report(&self, batch: &mut Vec<Item>) {
        for item in batch.iter() {
            stderr::write(&format!("{}{}", item.text, item.tail.as_deref().unwrap_or_default()));
        }
        self.count(batch);
    }

    fn count(&self, batch: &mut Vec<Item>) {
        let mut written = self.written.lock();
        for item in batch.drain(..) {
            written.tally.count(item.status, item.panic);
            if let Some(code) = item.code {
                count(&mut written.codes, code);
            }
        }
    }
}

/// Codes of records that came in are not ours, so their number is bounded.
fn count(codes: &mut HashMap<String, u64>, code: String) {
    const MOST: usize = 256;
    if codes.len() < MOST || codes.contains_key(&code) {
        *codes.entry(code).or_default() += 1;
    }
}

/// Holds records back until those of all earlier inputs are out.
#[derive(Debug, Default)]
struct Order {
    next: u64,
    held: BTreeMap<u64, (Vec<Item>, bool)>,
}

impl Order {
    fn take(&mut self, message: Message, batch: &mut Vec<Item>) {
        let (number, item, is_last) = match message {
            Message::Record(number, item) => (number, Some(item), false),
            Message::Last(number, item) => (number, item, true),
        };
        if number != self.next {
            let (items, ended) = self.held.entry(number).or_default();
            items.extend(item);
            *ended |= is_last;
            return;
        }
        batch.extend(item);
        if is_last {
            self.advance(batch);
        }
    }

    fn advance(&mut self, batch: &mut Vec<Item>) {
        self.next += 1;
        while let Some((items, ended)) = self.held.remove(&self.next) {
            batch.extend(items);
            if !ended {
                return;
            }
            self.next += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(number: u64) -> Item {
        Item { text: number.to_string(), tail: None, status: Status::Ok, code: None, panic: false }
    }

    fn record(number: u64) -> Message {
        Message::Record(number, item(number))
    }

    fn last(number: u64) -> Message {
        Message::Last(number, Some(item(number)))
    }

    #[test]
    fn records_wait_for_those_of_earlier_inputs() {
        let (mut order, mut batch) = (Order::default(), Vec::new());
        let messages = [last(2), record(0), record(1), Message::Last(1, None), last(0)];
        for message in messages {
            order.take(message, &mut batch);
        }
        let texts: Vec<&str> = batch.iter().map(|item| item.text.as_str()).collect();
        assert_eq!(texts, ["0", "0", "1", "2"]);
        assert_eq!(order.next, 3);
    }
}
