//! The documents that are made from the programs. Each test holds one kind of them against the
//! files on disk; with `MXPIPE_GEN=1` (`cargo xtask gen`) it writes them instead.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use clap::Command;
use clap_complete::Shell;
use lab::Lab;
use serde_json::{Value, json};
use smtp_core::proto::Quirk;
use tool_core::explain::{explanation, role};
use tool_core::{Code, env};

use crate::family::{FAMILY, Member};
use crate::harness::{internet, shell};

/// Stands at the top of every generated page of text.
const MARK: &str = "<!-- Generated from the programs: `cargo xtask gen` writes it, the tests compare it. -->";

/// A file relative to the root, and what it has to hold.
type Document = (String, String);

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Every document is on disk as it should be; asked to, puts it there.
fn keep(documents: &[Document]) {
    let writing = std::env::var_os("MXPIPE_GEN").is_some();
    let mut stale = Vec::new();
    for (path, text) in documents {
        let file = root().join(path);
        let found = fs::read_to_string(&file).unwrap_or_default();
        if found == *text {
            continue;
        }
        if writing {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, text).unwrap();
            println!("written: {path}");
        } else {
            stale.push(format!("{path}{}", difference(&found, text)));
        }
    }
    assert!(stale.is_empty(), "run `cargo xtask gen`, these files say something else:\n{}", stale.join("\n"));
}

/// The same for a folder, which holds nothing else.
fn keep_folder(folder: &str, documents: &[Document]) {
    keep(documents);
    for entry in fs::read_dir(root().join(folder)).unwrap() {
        let path = format!("{folder}/{}", entry.unwrap().file_name().to_string_lossy());
        let known = documents.iter().any(|(known, _)| *known == path);
        assert!(known, "{path} belongs to no tool: delete it");
    }
}

/// The first line that is another than it should be.
fn difference(found: &str, text: &str) -> String {
    let (mut found, mut text) = (found.lines(), text.lines());
    for number in 1.. {
        match (found.next(), text.next()) {
            (None, None) => break,
            (found, text) if found == text => {}
            (found, text) => {
                let shown =
                    |line: Option<&str>| line.map_or("nothing".to_owned(), |line| format!("{line:?}"));
                return format!(", line {number}: {} instead of {}", shown(found), shown(text));
            }
        }
    }
    String::new()
}

/// One document a tool.
fn each(document: impl Fn(&Member) -> Document) -> Vec<Document> {
    FAMILY.iter().map(document).collect()
}

#[test]
fn the_schemas() {
    let documents = each(|member| {
        let text = serde_json::to_string_pretty(&(member.schema)()).unwrap();
        (format!("docs/schema/{}.json", member.name), text + "\n")
    });
    keep_folder("docs/schema", &documents);
}

#[test]
fn the_command_lines() {
    let documents = each(|member| {
        let name = member.name;
        let help = (member.command)().term_width(100).render_long_help().to_string();
        let help: Vec<&str> = help.lines().map(str::trim_end).collect();
        let text = format!("# {name}\n\n{MARK}\n\n```text\n$ {name} --help\n{}\n```\n", help.join("\n"));
        (format!("docs/cli/{name}.md"), text)
    });
    keep_folder("docs/cli", &documents);
}

#[test]
fn the_manual_pages() {
    let documents = each(|member| {
        let mut page = Vec::new();
        clap_mangen::Man::new((member.command)()).render(&mut page).unwrap();
        let page = String::from_utf8(page).unwrap() + &environment_section(member.name);
        (format!("docs/man/{}.1", member.name), page)
    });
    keep_folder("docs/man", &documents);
}

#[test]
fn the_completions() {
    let mut documents = Vec::new();
    for (shell, ending) in [(Shell::Bash, "bash"), (Shell::Zsh, "zsh"), (Shell::Fish, "fish")] {
        documents.extend(each(|member| {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut (member.command)(), member.name, &mut script);
            (format!("docs/completions/{}.{ending}", member.name), String::from_utf8(script).unwrap())
        }));
    }
    keep_folder("docs/completions", &documents);
}

#[test]
fn the_codes() {
    let mut text = format!(
        "# Codes\n\n{MARK}\n\n\
         A code is the word for one condition, in `error.code`, in a finding or as a verdict. No code is ever\n\
         renamed; programs may rely on them, and not on the sentences beside them. `TOOL --explain CODE` prints an\n\
         entry of this page. It holds the codes of the whole family: some belong to options and tools that are\n\
         still to come, and so do some of the commands that an entry advises.\n"
    );
    let mut area = "";
    for code in Code::ALL {
        let word = code.as_str();
        let (its_area, _) = word.split_once('.').unwrap();
        if its_area != area {
            area = its_area;
            text.push_str(&format!("\n## {area}\n"));
        }
        let phase = match code.phase() {
            "-" => String::new(),
            "any" => "; in any phase".to_owned(),
            phase => format!("; phase `{phase}`"),
        };
        let known = explanation(*code).unwrap();
        text.push_str(&format!(
            "\n### {word}\n\n{}{phase}\n\n- means: {}\n- cause: {}\n- do: {}\n",
            role(*code),
            known.means,
            known.cause,
            known.remedy
        ));
    }
    keep(&[("docs/codes.md".to_owned(), text)]);
}

/// What an environment variable stands for: its options, who knows them, what they do.
#[derive(Default)]
struct Variable {
    options: BTreeSet<String>,
    tools: BTreeSet<&'static str>,
    help: BTreeSet<String>,
}

fn variables() -> BTreeMap<String, Variable> {
    let mut variables: BTreeMap<String, Variable> = BTreeMap::new();
    for member in FAMILY {
        for arg in (member.command)().get_arguments() {
            let Some(name) = arg.get_env() else { continue };
            let variable = variables.entry(name.to_str().unwrap().to_owned()).or_default();
            variable.options.insert(format!("`--{}`", arg.get_long().unwrap()));
            variable.tools.insert(member.name);
            variable.help.insert(arg.get_help().unwrap().to_string());
        }
    }
    variables
}

/// What `SSLKEYLOGFILE` does, in the tools whose TLS is our own client's.
const KEY_LOG: &str = "Append the secrets of each TLS session to this file, so that a recorded session can be read (the format of NSS, which Wireshark knows); whoever has the file can read the sessions";

/// The variables of a tool as the last sections of its manual page have them.
fn environment_section(tool: &str) -> String {
    let escaped = |text: &str| text.replace('-', "\\-").replace('\'', "\\(aq").replace('`', "");
    let mut section = ".SH ENVIRONMENT\n".to_owned();
    for (name, variable) in variables().iter().filter(|(_, variable)| variable.tools.contains(tool)) {
        let options: Vec<&str> = variable.options.iter().map(String::as_str).collect();
        section.push_str(&format!(".TP\n\\fB{name}\\fR\nStands for {}.\n", escaped(&options.join(", "))));
    }
    section.push_str(".TP\n\\fBNO_COLOR\\fR\nNo colour, unless \\-\\-color always asks for it.\n");
    if variables()
        .values()
        .any(|variable| variable.tools.contains(tool) && variable.options.contains("`--ehlo`"))
    {
        section.push_str(&format!(".TP\n\\fBSSLKEYLOGFILE\\fR\n{}.\n", escaped(KEY_LOG)));
    }
    section.push_str(".SH SEE ALSO\n");
    let others = FAMILY.iter().map(|member| member.name).filter(|name| *name != tool);
    let others: Vec<String> = others.map(|name| format!("\\fB{}\\fR(1)", escaped(name))).collect();
    section + &others.join(", ") + "\n"
}

#[test]
fn the_environment() {
    let mut text = format!(
        "# Environment variables\n\n{MARK}\n\n\
         A variable stands for an option. What a record says counts more than the environment, what is typed\n\
         counts more than both.\n\n\
         | variable | option | known to | what it does |\n|---|---|---|---|\n"
    );
    for (name, Variable { options, tools, help }) in variables() {
        let join = |words: Vec<String>| cell(&words.join(", "));
        text.push_str(&format!(
            "| `{name}` | {} | {} | {} |\n",
            join(options.into_iter().collect()),
            join(tools.into_iter().map(str::to_owned).collect()),
            join(help.into_iter().collect())
        ));
    }
    text.push_str("| `NO_COLOR` | `--color` | all | No colour, unless `--color always` asks for it |\n");
    text.push_str(&format!("| `SSLKEYLOGFILE` | | smtp-ping, smtp-send | {} |\n", KEY_LOG));
    keep(&[("docs/environment.md".to_owned(), text)]);
}

/// What would end a cell of a table early.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[test]
fn every_variable_in_the_table_is_read_by_a_tool() {
    let known = variables();
    for name in [env::DNS, env::EHLO, env::PORT, env::ALLOW_PRIVATE, env::SOURCE] {
        assert!(known.contains_key(name), "{name}");
    }
}

#[test]
fn the_keys() {
    let mut text = format!(
        "# Keys\n\n{MARK}\n\n\
         The keys that each tool can write, in the order in which it writes them. All other keys of an input\n\
         object are carried behind them as they came; a key of the input that stands here is not carried, its\n\
         value is the tool's own or absent. What is inside a value is in the [schema](schema/) of the tool.\n"
    );
    for member in FAMILY {
        let schema = (member.schema)();
        text.push_str(&format!(
            "\n## {}\n\n| key | value | always | what it says |\n|---|---|---|---|\n",
            member.name
        ));
        for (key, property) in schema["properties"].as_object().unwrap() {
            let always = schema["required"].as_array().unwrap().contains(&json!(key));
            let says = match (&property["const"], property["description"].as_str()) {
                (Value::String(word), _) => format!("`{word}`: the tool that wrote it."),
                (_, description) => description.unwrap().to_owned(),
            };
            let always = if always { "yes" } else { "" };
            text.push_str(&format!(
                "| `{key}` | {} | {always} | {} |\n",
                kind(&schema, property),
                cell(&says)
            ));
        }
    }
    keep(&[("docs/keys.md".to_owned(), text)]);
}

/// The type of a value, references followed.
fn kind<'a>(schema: &'a Value, property: &'a Value) -> &'a str {
    if let Some(reference) = property["$ref"].as_str() {
        return kind(schema, schema.pointer(reference.trim_start_matches('#')).unwrap());
    }
    if let Some(choice) = property["anyOf"].get(0).or(property["oneOf"].get(0)) {
        return kind(schema, choice);
    }
    property["type"].as_str().unwrap_or("string")
}

/// What the README shows, as it is typed.
const DEMO: &[&str] = &[
    "mxlookup --text port25.com",
    "mxlookup port25.com | smtp-ping --text",
    "mxlookup port25.com | smtp-ping",
];

#[test]
fn the_demonstration_in_the_readme() {
    const BEGIN: &str = "<!-- demo -->\n";
    const END: &str = "<!-- /demo -->";
    let lab = internet();
    let mut block = String::new();
    for line in DEMO {
        let ran = shell(&lab, line).run();
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{line}");
        let language = if ran.stdout.starts_with('{') { "json" } else { "text" };
        block.push_str(&format!("```{language}\n$ {line}\n{}\n```\n", still(ran.stdout.trim_end(), &lab)));
    }
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (before, rest) = readme.split_once(BEGIN).expect("README.md has the mark `<!-- demo -->`");
    let (_, after) = rest.split_once(END).expect("README.md has the mark `<!-- /demo -->`");
    keep(&[("README.md".to_owned(), format!("{before}{BEGIN}{block}{END}{after}"))]);
}

/// The output with stand-ins for what is another in each run: time, durations, the ports that the
/// system chose. A record is broken into lines, so that it can be read.
fn still(output: &str, lab: &Lab) -> String {
    let Ok(Value::Object(mut record)) = serde_json::from_str::<Value>(output) else {
        let output = output.replace(&format!(":{}", lab.port()), ":25");
        return output.lines().map(still_took).collect::<Vec<_>>().join("\n");
    };
    for (key, value) in &mut record {
        match key.as_str() {
            "time" => *value = json!("2026-11-24T08:08:40.512Z"),
            "port" => *value = json!(25),
            "resolver" => *value = json!("udp://127.0.0.1:53"),
            "timing_ms" => {
                for (phase, took) in value.as_object_mut().unwrap() {
                    *took = json!(if phase == "total" { 1.5 } else { 0.3 });
                }
            }
            "tls" => *value = still_tls(value.take()),
            _ => {}
        }
    }
    broken(&Value::Object(record), 0)
}

/// The line that says how long each phase took, in whole milliseconds.
fn still_took(line: &str) -> String {
    if !line.trim_start().starts_with("took ") {
        return line.to_owned();
    }
    let mut words: Vec<&str> = line.trim_start().split_ascii_whitespace().collect();
    for word in &mut words {
        if word.trim_end_matches(',').parse::<u64>().is_ok() {
            *word = if word.ends_with(',') { "1," } else { "1" };
        }
    }
    format!("        {}", words.join(" ").replacen("took ", "took      ", 1))
}

/// The certificates of the lab are new in each run.
fn still_tls(mut tls: Value) -> Value {
    let chain = tls["chain"].as_array().cloned().unwrap_or_default();
    let all = std::iter::once(tls["certificate"].clone()).chain(chain).map(|mut certificate| {
        for (key, value) in certificate.as_object_mut().into_iter().flatten() {
            match key.as_str() {
                "not_before" => *value = json!("2026-11-23T00:00:00Z"),
                "not_after" => *value = json!("2027-02-22T00:00:00Z"),
                "fingerprint_sha256" | "spki_sha256" => *value = json!("0".repeat(64)),
                _ => {}
            }
        }
        certificate
    });
    let mut all: Vec<Value> = all.collect();
    tls["certificate"] = all.remove(0);
    tls["chain"] = all.into();
    tls
}

/// JSON with a line break only where a line would be too long.
fn broken(value: &Value, depth: usize) -> String {
    const WIDTH: usize = 100;
    let whole = value.to_string();
    let indent = "  ".repeat(depth);
    if depth > 0 && whole.len() + indent.len() <= WIDTH {
        return whole;
    }
    let inner = |value| broken(value, depth + 1);
    let (open, lines, close): (_, Vec<String>, _) = match value {
        Value::Object(map) => {
            ('{', map.iter().map(|(key, value)| format!("{}: {}", json!(key), inner(value))).collect(), '}')
        }
        Value::Array(list) => ('[', list.iter().map(inner).collect(), ']'),
        _ => return whole,
    };
    format!("{open}\n{indent}  {}\n{indent}{close}", lines.join(&format!(",\n{indent}  ")))
}

#[test]
fn the_page_of_smtp_ping_has_every_key_and_every_quirk() {
    let page = fs::read_to_string(root().join("docs/smtp-ping.md")).unwrap();
    // What all tools write is on the page of the contract.
    let own = <smtp_ping::SmtpPing as tool_core::Tool>::WRITES.iter().filter(|key| **key != "domain_unicode");
    for word in own.copied().chain(Quirk::ALL.map(Quirk::as_str)) {
        assert!(page.contains(&format!("`{word}`")), "docs/smtp-ping.md says nothing of {word}");
    }
}

#[test]
fn the_rfc_map_names_files_dialogues_and_tests_that_exist() {
    let map = fs::read_to_string(root().join("docs/rfc.md")).unwrap();
    let mut sources = String::new();
    for folder in ["crates", "tests"] {
        read_sources(&root().join(folder), &mut sources);
    }
    for row in map.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = row.split(" | ").collect();
        for name in cells[2..].iter().flat_map(|cell| cell.split('`').skip(1).step_by(2)) {
            let dialogue = root().join(format!("crates/smtp-core/scenarios/{name}.smtp"));
            let exists = match name.contains('/') {
                true => root().join(name).is_file(),
                false => dialogue.is_file() || sources.contains(&format!("fn {name}(")),
            };
            assert!(exists, "docs/rfc.md names `{name}`, which is no more: {row}");
        }
    }
}

/// Appends every Rust file below a folder.
fn read_sources(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_sources(&path, text);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            text.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn a_command_of_the_family_is_called_by_its_name() {
    for member in FAMILY {
        let command: Command = (member.command)();
        assert_eq!(command.get_name(), member.name);
    }
}

#[test]
fn a_page_that_drifted_names_its_first_line() {
    assert_eq!(difference("a\nb\n", "a\nc\n"), r#", line 2: "b" instead of "c""#);
    assert_eq!(difference("a\n", "a\nb\n"), r#", line 2: nothing instead of "b""#);
    assert_eq!(difference("a", "a\n"), "");
}

#[test]
fn a_line_is_broken_only_where_it_is_long() {
    let long = "x".repeat(90);
    let value = json!({"a": [1, 2], "b": {"long": long, "n": 1}});
    let text = broken(&value, 0);
    assert_eq!(text.lines().count(), 7, "{text}");
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
}
