//! How to log in, and where the password comes from.

use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::ArgMatches;
use clap::parser::ValueSource;
use smtp_core::proto::{AuthPlan, Secret};
use smtp_core::sasl::{Credentials, FOR_PASSWORDS, MECHANISMS};

use super::UsageError;
use crate::env;

/// The options of a login (RFC 4954).
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Shared options")]
pub struct AuthOptions {
    /// Log in with the first of these mechanisms that is offered; `any`: the strongest one [default: any with --auth-user]
    #[arg(long, value_name = "MECH,…", value_delimiter = ',', value_parser = parse_mechanism)]
    pub auth: Vec<String>,
    /// The user to log in as
    #[arg(long, value_name = "USER")]
    pub auth_user: Option<String>,
    /// The password, or the token of XOAUTH2 and OAUTHBEARER; others on this machine can read it in the command line
    #[arg(long, value_name = "PASSWORD", env = env::AUTH_PASSWORD, hide_env_values = true, allow_hyphen_values = true, value_parser = parse_secret)]
    pub auth_password: Option<Secret>,
    /// The file whose first line is the password; without one of these it is asked for on the terminal
    #[arg(long, value_name = "FILE")]
    pub auth_password_file: Option<PathBuf>,
    /// Give the password also to a server without TLS
    #[arg(long)]
    pub auth_insecure: bool,
}

/// The word for every mechanism that a password does for.
const ANY: &str = "any";

impl AuthOptions {
    /// How to log in, if that is asked for. `tool` is who warns on stderr, unless it is to be quiet.
    ///
    /// # Errors
    /// What is missing, or cannot be read.
    pub fn plan(
        &self,
        tool: &str,
        quiet: bool,
        matches: &ArgMatches,
    ) -> Result<Option<AuthPlan>, UsageError> {
        let is_typed = matches.value_source("auth_password") == Some(ValueSource::CommandLine);
        let is_asked_for = !self.auth.is_empty() || self.auth_user.is_some();
        if !is_asked_for {
            let has_more = is_typed || self.auth_password_file.is_some() || self.auth_insecure;
            return match has_more {
                true => Err(UsageError("a login needs a user: --auth-user".to_owned())),
                false => Ok(None),
            };
        }
        if is_typed && self.auth_password_file.is_some() {
            return Err(UsageError(
                "one password is enough: --auth-password or --auth-password-file".to_owned(),
            ));
        }
        if is_typed && !quiet {
            let instead = format!("--auth-password-file, {}", env::AUTH_PASSWORD);
            let words = format!("others on this machine can read --auth-password; better: {instead}");
            crate::stderr::say(tool, &words);
        }
        let mechanisms = self.mechanisms();
        let needs_password = mechanisms.iter().any(|name| name != "EXTERNAL");
        if needs_password && self.auth_user.is_none() {
            return Err(UsageError("a login needs a user: --auth-user".to_owned()));
        }
        let password = if needs_password { Some(self.password()?) } else { None };
        let login = Arc::new(Credentials::new(self.auth_user.clone(), password));
        Ok(Some(AuthPlan { mechanisms, insecure: self.auth_insecure, server: None, login }))
    }

    /// The mechanisms in order, each once.
    fn mechanisms(&self) -> Vec<String> {
        let named = self.auth.iter().map(String::as_str);
        let mut all: Vec<String> = Vec::new();
        for name in named.chain(self.auth.is_empty().then_some(ANY)) {
            let some = if name == ANY { FOR_PASSWORDS } else { &[name] };
            for name in some {
                if !all.iter().any(|known| known == name) {
                    all.push((*name).to_owned());
                }
            }
        }
        all
    }

    fn password(&self) -> Result<Secret, UsageError> {
        if let Some(path) = &self.auth_password_file {
            return from_file(path);
        }
        if let Some(password) = &self.auth_password {
            return Ok(password.clone());
        }
        if !std::io::stdin().is_terminal() {
            let missing =
                format!("a login needs a password: --auth-password-file FILE, or {}", env::AUTH_PASSWORD);
            return Err(UsageError(missing));
        }
        let user = self.auth_user.as_deref().unwrap_or_default();
        let answer = rpassword::prompt_password(format!("password of {}: ", crate::text::clean(user)));
        let answer = answer.map_err(|error| UsageError(format!("there is no password: {error}")))?;
        from_words(answer).map_err(|why| UsageError(format!("the password: {why}")))
    }
}

/// The first line of a file, without its end.
fn from_file(path: &Path) -> Result<Secret, UsageError> {
    /// Far more than any token has.
    const MOST: u64 = 64 << 10;
    let fail = |why: String| UsageError(format!("--auth-password-file: {}: {why}", path.display()));
    let file = std::fs::File::open(path).map_err(|error| fail(error.to_string()))?;
    let mut bytes = Vec::new();
    file.take(MOST + 1).read_to_end(&mut bytes).map_err(|error| fail(error.to_string()))?;
    if bytes.len() as u64 > MOST {
        return Err(fail("that is no password".to_owned()));
    }
    // The error would say which bytes they are.
    let text = String::from_utf8(bytes).map_err(|_| fail("it is not UTF-8".to_owned()))?;
    let line = text.lines().next().unwrap_or_default();
    from_words(line.to_owned()).map_err(|why| fail(why.to_owned()))
}

fn from_words(words: String) -> Result<Secret, &'static str> {
    match words {
        words if words.is_empty() => Err("it is empty"),
        words if words.contains('\0') => Err("it holds a NUL"),
        words => Ok(Secret::new(words)),
    }
}

fn parse_secret(words: &str) -> Result<Secret, &'static str> {
    from_words(words.to_owned())
}

fn parse_mechanism(word: &str) -> Result<String, String> {
    if word.eq_ignore_ascii_case(ANY) {
        return Ok(ANY.to_owned());
    }
    let upper = word.to_ascii_uppercase();
    match MECHANISMS.contains(&upper.as_str()) {
        true => Ok(upper),
        false => Err(format!("the mechanisms are {}, and any", MECHANISMS.join(", "))),
    }
}
