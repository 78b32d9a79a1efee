//! The feeder: hands inputs to the workers, one when there is room for one.

use std::io::{self, BufReader, Read};
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;

use super::Source;
use super::gate::Gate;
use super::lines::read_line;
use super::progress::Intake;
use crate::jsonl::RawLine;

/// An input on its way to a worker.
#[derive(Debug)]
pub(super) struct Fed {
    /// Its number in the run, from 0.
    pub(super) number: u64,
    pub(super) source: FedFrom,
}

/// Where an input comes from.
#[derive(Debug)]
pub(super) enum FedFrom {
    Argument(String),
    Line(u64, RawLine),
    Job,
}

/// Runs until the input ends or the gate is shut. `workers` gives the channel of the worker that
/// takes the input with this number.
pub(super) fn feed(
    source: Source,
    max_line: u64,
    gate: &Arc<Gate>,
    intake: &Intake,
    mut worker: impl FnMut(u64) -> UnboundedSender<Fed>,
) -> io::Result<()> {
    match source {
        Source::Arguments(words) => {
            for (number, word) in (0..).zip(words) {
                if !gate.enter(number)
                    || worker(number).send(Fed { number, source: FedFrom::Argument(word) }).is_err()
                {
                    break;
                }
                intake.note(number + 1, 0);
            }
        }
        Source::Job => {
            if gate.enter(0) {
                let _ = worker(0).send(Fed { number: 0, source: FedFrom::Job });
            }
        }
        Source::Stdin => {
            let mut stdin = BufReader::with_capacity(64 * 1024, Counted { stream: io::stdin(), read: 0 });
            let (mut number, mut line_number) = (0, 0);
            // The slot comes first: a line that was read is a line that is taken up.
            while gate.enter(number) {
                let line = loop {
                    line_number += 1;
                    match read_line(&mut stdin, max_line) {
                        Ok(Some(line)) if line.is_skipped() => {}
                        Ok(line) => break line,
                        Err(error) => {
                            gate.leave();
                            return Err(error);
                        }
                    }
                };
                let Some(line) = line else {
                    gate.leave();
                    break;
                };
                if worker(number).send(Fed { number, source: FedFrom::Line(line_number, line) }).is_err() {
                    break;
                }
                number += 1;
                intake.note(number, stdin.get_ref().read - stdin.buffer().len() as u64);
            }
        }
    }
    Ok(())
}

/// A stream, and how many bytes were read from it.
struct Counted<R> {
    stream: R,
    read: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.stream.read(buffer)?;
        self.read += length as u64;
        Ok(length)
    }
}
