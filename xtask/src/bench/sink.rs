//! The server that is spoken to: a process of its own for each measurement.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::release;
use crate::command::Failure;

/// A server, until it is dropped.
#[derive(Debug)]
pub(super) struct Sink {
    process: Child,
    says: Receiver<io::Result<String>>,
    pub(super) port: u16,
}

impl Sink {
    /// Starts one with these words on its command line.
    pub(super) fn start(words: &str) -> Result<Self, Failure> {
        let mut process = Command::new("sh")
            .args(["-c", "ulimit -n \"$(ulimit -Hn)\"; exec \"$@\"", "sh"])
            .arg(release("bench-sink"))
            .args(words.split_whitespace())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| Failure::new(format!("bench: the sink: {error}")))?;
        let stdout = process.stdout.take().ok_or_else(|| Failure::new("bench: the sink has no output"))?;
        let (tell, says) = mpsc::channel();
        thread::spawn(move || BufReader::new(stdout).lines().try_for_each(|line| tell.send(line)));
        let mut sink = Self { process, says, port: 0 };
        let port = sink.says.recv().map_err(|_| Failure::new("bench: the sink does not start"))?;
        sink.port = word(port)?.parse().map_err(|_| Failure::new("bench: the sink names no port"))?;
        Ok(sink)
    }

    /// Waits until it holds all the sessions that it was told to hold, which `client` opens.
    pub(super) fn wait_until_held(&self, client: &mut Child) -> Result<(), Failure> {
        /// Between looks at the client: one that has ended opens nothing more.
        const PAUSE: Duration = Duration::from_millis(50);
        loop {
            match self.says.recv_timeout(PAUSE) {
                Ok(line) => match word(line)?.as_str() {
                    "held" => return Ok(()),
                    other => return Err(Failure::new(format!("bench: the sink says {other:?}"))),
                },
                Err(RecvTimeoutError::Disconnected) => return Err(Failure::new("bench: the sink has ended")),
                Err(RecvTimeoutError::Timeout) if matches!(client.try_wait(), Ok(None)) => {}
                Err(RecvTimeoutError::Timeout) => {
                    return Err(Failure::new(
                        "bench: the client has ended before all its sessions were open",
                    ));
                }
            }
        }
    }

    /// Lets the sessions go that it holds.
    pub(super) fn release(&mut self) -> Result<(), Failure> {
        let stdin = self.process.stdin.as_mut();
        let told = stdin.map_or(Err(std::io::ErrorKind::BrokenPipe.into()), |stdin| stdin.write_all(b"go\n"));
        told.map_err(|error| Failure::new(format!("bench: the sink: {error}")))
    }
}

fn word(line: io::Result<String>) -> Result<String, Failure> {
    line.map_err(|error| Failure::new(format!("bench: the sink: {error}")))
}

impl Drop for Sink {
    fn drop(&mut self) {
        // It ends with its input too, but not before it has read that.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
