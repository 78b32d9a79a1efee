//! The way in: from the command line to an exit code.

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::bulk::{self, Source};
use crate::cli::{Common, UsageError};
use crate::record::{COMMON_KEYS, Record};
use crate::{Exit, Tool, explain, stderr};

/// The whole of a tool's `main`: `args` with the program's name in front.
pub fn main<T: Tool>(describe: fn(Command) -> Command, args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut command = command::<T>(describe);
    let parsed = command.try_get_matches_from_mut(args).and_then(|matches| {
        let common = Common::from_arg_matches(&matches)?;
        let options = T::Options::from_arg_matches(&matches)?;
        Ok((matches, common, options))
    });
    let (matches, common, options) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            // Help and version are errors to the parser, of the kind that goes to stdout.
            let code = if error.use_stderr() { Exit::Usage } else { Exit::Ok };
            let _ = error.print();
            return code.into();
        }
    };
    if let Some(code) = common.explain {
        return print(T::NAME, &explain::page(code));
    }
    if common.schema {
        let text = serde_json::to_string_pretty(&schema::<T>()).unwrap_or_default();
        return print(T::NAME, &format!("{text}\n"));
    }
    match start::<T>(options, common, &matches) {
        Ok(exit) => exit.into(),
        Err(UsageError(sentence)) => {
            let _ = command.error(ErrorKind::ValueValidation, sentence).print();
            Exit::Usage.into()
        }
    }
}

fn start<T: Tool>(options: T::Options, common: Common, matches: &ArgMatches) -> Result<Exit, UsageError> {
    let targets = T::targets(&options);
    let whole = T::is_whole_job(&options);
    let job = T::job(options, &common, matches)?;
    let source = match targets.as_slice() {
        [] if whole => Source::Job,
        [] => Source::Stdin,
        targets if targets.iter().any(|target| target == "-") => match targets.len() {
            1 => Source::Stdin,
            _ => return Err(UsageError("`-` reads the targets from stdin and stands alone".to_owned())),
        },
        _ => Source::Arguments(targets),
    };
    if matches!(source, Source::Stdin) && std::io::stdin().is_terminal() && !common.quiet {
        stderr::say(
            T::NAME,
            &format!("waiting for {} on standard input, one a line (Ctrl-D ends)", T::TARGETS),
        );
    }
    Ok(bulk::run::<T>(job, &common, source))
}

/// The tool's command line. `describe` adds what is the tool's alone: about, examples.
pub fn command<T: Tool>(describe: fn(Command) -> Command) -> Command {
    let command = T::Options::augment_args(Command::new(T::NAME).version(env!("CARGO_PKG_VERSION")));
    let command = Common::augment_args(command)
        .mut_arg("timeout", |arg| arg.default_value(T::TIMEOUT).required(false))
        .mut_arg("concurrency", |arg| arg.default_value(T::CONCURRENCY).required(false))
        .max_term_width(100);
    describe(command)
}

/// The schema of the tool's records. Carried keys are the reason why further ones are allowed;
/// records of a word have none.
pub fn schema<T: Tool>() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<Record<T::Answer>>().to_value();
    never_null(&mut schema);
    if let Some(object) = schema.as_object_mut() {
        object.insert("title".to_owned(), format!("A record of {}", T::NAME).into());
        object.insert("description".to_owned(), "Further keys are carried from the input.".into());
        // The head is shared; each tool writes a part of it.
        if let Some(properties) = object.get_mut("properties").and_then(|value| value.as_object_mut()) {
            properties
                .retain(|key, _| COMMON_KEYS.contains(&key.as_str()) || T::WRITES.contains(&key.as_str()));
            properties.insert("tool".to_owned(), serde_json::json!({ "const": T::NAME }));
        }
    }
    schema
}

/// Keys are absent rather than null; the generator does not know that.
fn never_null(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.retain(|word| word != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    object.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(choices)) = object.get_mut("anyOf") {
                choices.retain(|choice| choice.get("type").is_none_or(|word| word != "null"));
            }
            object.values_mut().for_each(never_null);
        }
        Value::Array(values) => values.iter_mut().for_each(never_null),
        _ => {}
    }
}

fn print(tool: &str, text: &str) -> ExitCode {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            stderr::say(tool, &format!("failed to write the output: {error}"));
            Exit::Output.into()
        }
        _ => Exit::Ok.into(),
    }
}
