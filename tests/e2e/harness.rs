//! Running the tools, and holding every record against its schema.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use boon::{Compiler, SchemaIndex, Schemas};
use lab::{Lab, World};
use serde_json::Value;

use crate::family::FAMILY;

const MULTICALL: &str = env!("CARGO_BIN_EXE_multicall");

/// No run of a test takes longer; one that does is a bug, and is killed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The built-in world.
pub(crate) fn internet() -> Lab {
    Lab::start(&World::named("internet").unwrap()).unwrap()
}

/// A world of one's own.
#[allow(dead_code, reason = "for worlds of a test alone")]
pub(crate) fn world(toml: &str) -> Lab {
    Lab::start(&World::parse(toml).unwrap()).unwrap()
}

/// A run to be.
pub(crate) struct Run<'a> {
    lab: Option<&'a Lab>,
    command: Command,
    stdin: Option<Vec<u8>>,
}

/// A run that is over.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit code; 128 and the signal's number if one ended it.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A tool by its name, in the environment of the lab.
pub(crate) fn tool<'a>(lab: &'a Lab, name: &str) -> Run<'a> {
    let mut command = Command::new(MULTICALL);
    command.arg0(name);
    Run::new(Some(lab), command)
}

/// A command line in the environment of the lab, with the tools on the PATH.
pub(crate) fn shell<'a>(lab: &'a Lab, line: &str) -> Run<'a> {
    let mut command = Command::new("sh");
    let path = format!("{}:{}", bin().display(), std::env::var("PATH").unwrap());
    command.args(["-c", line]).env("PATH", path);
    Run::new(Some(lab), command)
}

/// A folder with the tools under their names.
pub(crate) fn bin() -> &'static Path {
    static BIN: OnceLock<PathBuf> = OnceLock::new();
    BIN.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bin");
        std::fs::create_dir_all(&folder).unwrap();
        for member in FAMILY {
            // Another test may have made it already.
            let _ = symlink(MULTICALL, folder.join(member.name));
        }
        folder
    })
}

impl<'a> Run<'a> {
    fn new(lab: Option<&'a Lab>, mut command: Command) -> Self {
        for (name, _) in
            std::env::vars().filter(|(name, _)| name.starts_with("MXPIPE_") || name == "NO_COLOR")
        {
            command.env_remove(name);
        }
        if let Some(lab) = lab {
            command.envs(lab.env());
        }
        command.env_remove("RUST_BACKTRACE");
        Self { lab, command, stdin: None }
    }

    pub(crate) fn args<'s>(mut self, args: impl IntoIterator<Item = &'s str>) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Without this, stdin is empty.
    pub(crate) fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(bytes.into());
        self
    }

    /// The command itself, for tests that do things to it while it runs.
    pub(crate) fn command(self) -> Command {
        self.command
    }

    pub(crate) fn run(mut self) -> Ran {
        let _ = self.lab;
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let bytes = self.stdin.take().unwrap_or_default();
        let feeding = thread::spawn(move || {
            // A tool that ends early does not read it all.
            let _ = stdin.write_all(&bytes);
        });
        let ran = Ran::of(finish(child));
        feeding.join().unwrap();
        ran.note_codes();
        ran
    }
}

/// Measures until `fits`, a few times at most, and gives the last figure. A busy machine only ever
/// adds to a figure; what the protocol costs is in each of them.
pub(crate) fn measure<T>(fits: impl Fn(&T) -> bool, mut once: impl FnMut() -> T) -> T {
    const TRIES: usize = 15;
    let mut last = once();
    for _ in 1..TRIES {
        if fits(&last) {
            break;
        }
        last = once();
    }
    last
}

/// Waits, but not for ever.
pub(crate) fn finish(child: Child) -> Output {
    let watch = watch(&child, PATIENCE);
    let output = child.wait_with_output().unwrap();
    drop(watch);
    output
}

/// Kills a tool that hangs, unless what is returned was dropped before.
pub(crate) fn watch(child: &Child, patience: Duration) -> mpsc::Sender<()> {
    let pid = rustix::process::Pid::from_child(child);
    let (done, is_done) = mpsc::channel();
    thread::spawn(move || {
        if is_done.recv_timeout(patience) == Err(mpsc::RecvTimeoutError::Timeout) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    });
    done
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        let status = output.status;
        Self {
            code: status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)),
            stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The records, each held against its tool's schema; keys beyond it are allowed, since they
    /// can be carried.
    pub(crate) fn records(&self) -> Vec<Value> {
        self.parse(false)
    }

    /// The records of words: no key beyond the schema.
    pub(crate) fn records_of_words(&self) -> Vec<Value> {
        self.parse(true)
    }

    /// The only record.
    pub(crate) fn record(&self) -> Value {
        let mut records = self.records();
        assert_eq!(records.len(), 1, "{}{}", self.stdout, self.stderr);
        records.remove(0)
    }

    fn parse(&self, strict: bool) -> Vec<Value> {
        let parse = |line: &str| -> Value {
            let record: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            validate(&record, strict);
            record
        };
        self.stdout.lines().map(parse).collect()
    }

    /// Keeps the codes that came out, for the list of those never seen.
    pub(crate) fn note_codes(&self) {
        let codes: Vec<String> = self.stdout.lines().flat_map(codes_of).collect();
        if !codes.is_empty() {
            let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("codes");
            std::fs::create_dir_all(&folder).unwrap();
            let path = folder.join(format!("{}.txt", std::process::id()));
            let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
            file.write_all((codes.join("\n") + "\n").as_bytes()).unwrap();
        }
    }
}

fn codes_of(line: &str) -> Vec<String> {
    let Ok(record) = serde_json::from_str::<Value>(line) else { return vec![] };
    let mut found: Vec<String> = Vec::new();
    let mut take = |value: &Value| found.extend(value.as_str().map(str::to_owned));
    take(&record["error"]["code"]);
    take(&record["mta_sts"]["error"]["code"]);
    for list in ["findings", "attempts"] {
        record[list].as_array().into_iter().flatten().for_each(|item| take(&item["code"]));
    }
    for source in record["sources"].as_array().into_iter().flatten() {
        take(&source["error"]["code"]);
    }
    for recipient in record["recipients"].as_array().into_iter().flatten() {
        take(&recipient["verdict"]);
    }
    found
}

/// Holds a record against the schema of the tool that wrote it.
pub(crate) fn validate(record: &Value, strict: bool) {
    let name = record["tool"].as_str().expect("a record names its tool");
    // A failure that was passed on is the record of the tool that found it.
    let found_by = record["error"]["tool"].as_str().unwrap_or(name).to_owned();
    let mut record = record.clone();
    record["tool"] = found_by.clone().into();
    let (schemas, index) = schema(&found_by, strict);
    if let Err(error) = schemas.validate(&record, index) {
        panic!("{error}\n{record:#}");
    }
}

fn schema(name: &str, strict: bool) -> (&'static Schemas, SchemaIndex) {
    type Compiled = HashMap<(&'static str, bool), SchemaIndex>;
    static SCHEMAS: OnceLock<(Schemas, Compiled)> = OnceLock::new();
    let (schemas, compiled) = SCHEMAS.get_or_init(|| {
        let (mut schemas, mut compiler, mut compiled) = (Schemas::new(), Compiler::new(), HashMap::new());
        for member in FAMILY {
            for strict in [false, true] {
                let mut schema = (member.schema)();
                if strict {
                    schema["unevaluatedProperties"] = false.into();
                }
                let url = format!("http://mxpipe.example/{}/{strict}", member.name);
                compiler.add_resource(&url, schema).unwrap();
                compiled.insert((member.name, strict), compiler.compile(&url, &mut schemas).unwrap());
            }
        }
        (schemas, compiled)
    });
    let known = compiled.iter().find(|((tool, is_strict), _)| *tool == name && *is_strict == strict);
    (schemas, *known.unwrap_or_else(|| panic!("no tool is called {name}")).1)
}
