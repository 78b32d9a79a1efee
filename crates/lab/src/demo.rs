//! `lab demo`: the user's walk-through, with the real tools and what they really answer.

use std::io::{self, BufRead, Write};
use std::path::Path;
use std::process::ExitCode;

use crate::run::Environment;

/// A question, the command line that answers it, and the exit status that it ends with.
struct Step {
    question: &'static str,
    command: &'static str,
    status: u8,
}

const TOOLS: [&str; 4] = ["mxlookup", "myip", "smtp-ping", "smtp-send"];

const STEPS: [Step; 11] = [
    Step { question: "Where does mail for port25.com go?", command: "mxlookup --text port25.com", status: 0 },
    Step {
        question: "How does the world see this machine, and does its name lead back?",
        command: "myip --text",
        status: 0,
    },
    Step {
        question: "Is the server up, and which commands does it support?",
        command: "mxlookup port25.com | smtp-ping --text",
        status: 0,
    },
    Step {
        question: "What did they say to each other?",
        command: "mxlookup port25.com | smtp-ping --text -v",
        status: 0,
    },
    Step {
        question: "The same for a program, under the name that the world knows",
        command: r#"mxlookup port25.com | smtp-ping --ehlo "$(myip --name)""#,
        status: 0,
    },
    Step {
        question: "Other servers support less",
        command: r"printf 'yahoo.com\naol.com\n' | mxlookup --ordered --stable | smtp-ping --text --ordered",
        status: 0,
    },
    Step {
        question: "Is it up? Every failure has its own cause",
        command: r"printf '%s.example\n' refused silent busy strict ssh drip |
    mxlookup --ordered | smtp-ping --text --ordered --reply-timeout 2s --timeout 4s",
        status: 1,
    },
    Step {
        question: "A domain that does not exist stays in the pipe",
        command: r"printf 'port25.com\nnosuch.example\n' | mxlookup --ordered | smtp-ping --ordered",
        status: 1,
    },
    Step {
        question: "Does a message get through?",
        command: r#"mxlookup port25.com | smtp-ping --first |
    smtp-send --text -v --to support@port25.com --subject Hello --body "$(printf 'A lone dot ends no message:\n.\nIt is a line.')""#,
        status: 0,
    },
    Step {
        question: "What did the server receive? What was meant, without the dot that was doubled on the way",
        command: r#"cat "$MXPIPE_LAB_MAIL"/*"#,
        status: 0,
    },
    Step {
        question: "Is it what was meant, byte for byte?",
        command: r#"printf 'Subject: Hello\n\n.\n..\n.x\n' > "$MXPIPE_LAB_MAIL/meant"
    mxlookup port25.com | smtp-ping --first |
    smtp-send --text --to support@port25.com --data "@$MXPIPE_LAB_MAIL/meant" &&
    sed 's/$/\r/' "$MXPIPE_LAB_MAIL/meant" | cmp - "$MXPIPE_LAB_MAIL"/*-0002.eml && echo 'the same, byte for byte'"#,
        status: 0,
    },
];

/// Whether every tool of the demonstration is there.
///
/// # Errors
/// What is missing, and what to do.
pub(crate) fn check_tools(folder: &Path) -> Result<(), String> {
    let missing: Vec<&str> = TOOLS.into_iter().filter(|tool| !folder.join(tool).is_file()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let (missing, folder) = (missing.join(" and "), folder.display());
    Err(format!("{missing} not found in {folder}: `cargo xtask demo` builds the tools and runs this"))
}

/// Shows each step; success only if each ended as its row says.
pub(crate) fn show(environment: &Environment, wait: bool) -> io::Result<ExitCode> {
    let mut out = io::stdout();
    let mut surprises = Vec::new();
    for (number, step) in (1..).zip(&STEPS) {
        if number > 1 {
            if wait {
                write!(out, "\n-- Enter for the next step ")?;
                out.flush()?;
                io::stdin().lock().skip_until(b'\n')?;
            }
            writeln!(out)?;
        }
        writeln!(out, "{number}. {}\n\n$ {}", step.question, step.command)?;
        // Before the command writes to the same place.
        out.flush()?;
        let status = environment.shell(step.command)?;
        if status != 0 {
            writeln!(out, "(exit status {status})")?;
        }
        if status != step.status {
            surprises.push(format!("step {number} ended with {status} instead of {}", step.status));
        }
    }
    out.flush()?;
    if surprises.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(io::stderr(), "lab: {}", surprises.join(", "))?;
    Ok(ExitCode::FAILURE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_tool_is_named_with_the_remedy() {
        let problem = check_tools(Path::new("no-such-folder")).unwrap_err();
        assert!(
            problem.starts_with("mxlookup and myip and smtp-ping and smtp-send not found in no-such-folder"),
            "{problem}"
        );
        assert!(problem.contains("cargo xtask demo"));
    }

    #[test]
    fn every_step_calls_a_tool_that_is_checked_for_or_shows_what_one_has_done() {
        for step in &STEPS {
            let shows_mail = step.command.contains("MXPIPE_LAB_MAIL");
            assert!(shows_mail || TOOLS.iter().any(|tool| step.command.contains(tool)), "{}", step.command);
        }
    }
}
