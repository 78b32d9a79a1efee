//! Running one target or a million, on one code path.
//!
//! A feeder thread reads inputs, the workers do the work, a writer thread writes finished records.
//! Queues are short, so reading stops while the workers are busy or the output is not read, and
//! memory does not grow with the input.

mod feed;
mod gate;
mod limits;
mod lines;
mod output;
mod progress;
mod stop;
mod worker;

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::LocalSet;

use crate::cli::Common;
use crate::turn::Turns;
use crate::{Exit, Tool, stderr};
use feed::Fed;
use gate::Gate;
use output::{Message, SharedWritten, Writer};
use progress::Intake;
pub(crate) use stop::{Stop, Switch};
use worker::Shared;

/// Where the targets come from.
#[derive(Debug)]
pub(crate) enum Source {
    /// The command line.
    Arguments(Vec<String>),
    /// Standard input, as a stream.
    Stdin,
    /// Nowhere: the options are the one target.
    Job,
}

/// Runs the tool over all targets.
pub(crate) fn run<T: Tool>(job: T::Job, common: &Common, source: Source) -> Exit {
    report_panics(T::NAME, common.quiet);
    let switch = Switch::new();
    let many = match &source {
        Source::Arguments(words) => words.len() != 1,
        Source::Stdin => true,
        Source::Job => false,
    };
    // A single target needs few files, and no word about them.
    let concurrency = limits::open_files(T::NAME, common.concurrency, common.quiet || !many);
    let common = &Common { concurrency, ..common.clone() };
    let per_host = T::per_host(&job).filter(|most| *most < common.concurrency);
    let gate = Arc::new(Gate::new(common.concurrency, common.ordered, common.rate.map(Into::into)));
    let written = SharedWritten::default();
    let shared = Arc::new(Shared::<T> {
        job: Arc::new(job),
        common: common.clone(),
        text: common.is_text(),
        colour: common.is_coloured(),
        many,
        gate: gate.clone(),
        switch: switch.clone(),
        slots: Arc::new(Semaphore::new(common.concurrency as usize)),
        turns: per_host.map(|most| Turns::new(most as usize)),
    });
    let Ok(runtime) = Builder::new_current_thread().enable_all().build() else {
        stderr::say(T::NAME, "failed to start: no event queue or timer to be had from the system");
        return Exit::Defect;
    };

    // As many records as may wait for a slow reader.
    let (out, messages) = mpsc::channel::<Message>(256);
    let writer = Writer {
        ordered: common.ordered,
        gate: gate.clone(),
        switch: switch.clone(),
        written: written.clone(),
        reports_always: T::REPORTS_ALWAYS,
    };
    let writing = in_thread(move || writer.run(messages));

    let (first, inputs) = mpsc::unbounded_channel();
    let mut crew = Crew { shared: shared.clone(), out: out.downgrade(), channels: vec![first], many };
    let max_line = common.max_line;
    let intake = Arc::new(Intake::new(&source));
    // Nobody waits for it: it may hang in a read for ever.
    std::thread::spawn({
        let (gate, written, intake) = (gate.clone(), written.clone(), intake.clone());
        move || {
            let fed = feed::feed(source, max_line, &gate, &intake, |number| crew.channel(number));
            written.lock().unread = fed.err();
        }
    });

    let local = LocalSet::new();
    let work = async {
        local.run_until(worker::work(shared.clone(), inputs, out)).await;
        // The other workers hold the writer's channel; it ends when they do.
        let _ = writing.await;
    };
    let second_signal = runtime.block_on(watch(work, &shared, &written, &intake));
    drop(local);

    let written = finish(T::NAME, common, &switch, &written, second_signal);
    let interrupted = switch.is_stopped(Stop::Interrupted) || second_signal;
    // A reader that hung on is still reading; nothing waits for it.
    runtime.shutdown_background();
    written.tally.exit(interrupted, written.broken, common.exit_zero)
}

struct Finished {
    tally: crate::Tally,
    /// Input or output that could not be read or written.
    broken: bool,
}

fn finish(tool: &str, common: &Common, switch: &Switch, written: &SharedWritten, hurried: bool) -> Finished {
    if !common.quiet && !hurried && !switch.is_stopped(Stop::Unread) {
        progress::summary(tool, written);
    }
    let mut written = written.lock();
    let (error, unread) = (written.error.take(), written.unread.take());
    if let Some(error) = &error {
        stderr::say(tool, &format!("failed to write the output: {error}"));
    }
    if let Some(error) = &unread {
        stderr::say(tool, &format!("failed to read standard input: {error}"));
    }
    Finished { tally: written.tally, broken: error.is_some() || unread.is_some() }
}

/// Runs the work under the eyes of a person: signals and the progress line. True if a second
/// signal cut it short.
async fn watch<T: Tool>(
    work: impl Future<Output = ()>,
    shared: &Shared<T>,
    written: &SharedWritten,
    intake: &Intake,
) -> bool {
    let begun = Instant::now();
    let mut signals = [SignalKind::interrupt(), SignalKind::terminate()].map(|kind| signal(kind).ok());
    let shows = std::io::stderr().is_terminal() && !shared.common.quiet && !shared.text && shared.many;
    let mut showing = false;
    let mut tick = tokio::time::interval(Duration::from_millis(500));
    tokio::pin!(work);
    let mut interrupted = false;
    let cut_short = loop {
        tokio::select! {
            biased;
            () = &mut work => break false,
            () = any_signal(&mut signals) => {
                if interrupted {
                    break true;
                }
                interrupted = true;
                shared.switch.stop(Stop::Interrupted);
                shared.gate.shut();
            }
            _ = tick.tick(), if shows => showing = progress::show(written, intake, shared.gate.under_way(), begun.elapsed()) || showing,
        }
    };
    if showing {
        progress::clear();
    }
    cut_short
}

async fn any_signal(signals: &mut [Option<Signal>; 2]) {
    let [a, b] = signals;
    let next = async |signal: &mut Option<Signal>| match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    };
    tokio::select! {
        () = next(a) => {}
        () = next(b) => {}
    }
}

/// The workers; there is one until the input turns out to be long.
struct Crew<T: Tool> {
    shared: Arc<Shared<T>>,
    /// Weak: the feeder may hang in a read for ever, and the writer ends with the last sender.
    out: mpsc::WeakSender<Message>,
    channels: Vec<mpsc::UnboundedSender<Fed>>,
    many: bool,
}

impl<T: Tool> Crew<T> {
    fn channel(&mut self, number: u64) -> mpsc::UnboundedSender<Fed> {
        /// Inputs that one thread does alone before others are started.
        const SHORT: u64 = 16;
        if number == SHORT && self.many {
            let cores = std::thread::available_parallelism().map_or(1, Into::into);
            let most = cores.min(self.shared.common.concurrency as usize);
            while self.channels.len() < most {
                let Some(channel) = self.hire() else { break };
                self.channels.push(channel);
            }
        }
        self.channels[usize::try_from(number).unwrap_or_default() % self.channels.len()].clone()
    }

    fn hire(&self) -> Option<mpsc::UnboundedSender<Fed>> {
        let runtime: Runtime = Builder::new_current_thread().enable_all().build().ok()?;
        let (channel, inputs) = mpsc::unbounded_channel();
        let (shared, out) = (self.shared.clone(), self.out.upgrade()?);
        let work = move || LocalSet::new().block_on(&runtime, worker::work(shared, inputs, out));
        std::thread::Builder::new().spawn(work).ok()?;
        Some(channel)
    }
}

/// Runs `work` on a thread of its own; the receiver tells when it is done. Nobody waits for a
/// thread that hangs in a system call.
fn in_thread(work: impl FnOnce() + Send + 'static) -> oneshot::Receiver<()> {
    let (done, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        work();
        let _ = done.send(());
    });
    receiver
}

/// A panic becomes a record; stderr says where it was, for the report.
fn report_panics(tool: &'static str, quiet: bool) {
    std::panic::set_hook(Box::new(move |info| {
        if !quiet {
            stderr::say(tool, &format!("a defect: {info}"));
        }
    }));
}
