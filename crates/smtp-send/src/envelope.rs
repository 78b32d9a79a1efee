//! From an input to the envelope and the message.

use dns_core::{MailTarget, TargetError};
use smtp_core::proto::{Mailbox, MailboxError};
use tool_core::jsonl::{Body, Object};
use tool_core::record::Error;
use tool_core::{Code, read_mailbox};

use crate::cli::Job;
use crate::message::{Header, Message, Parts, WireError, build};

/// Who sends what to whom.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) from: Mailbox,
    pub(crate) recipients: Vec<Mailbox>,
    pub(crate) message: Message,
}

/// The most recipients of one transaction.
const MAX_RECIPIENTS: usize = 1_000;

/// Reads the letter of an input: the command line counts before the record.
pub(crate) fn letter(input: &Body, job: &Job) -> Result<Letter, Error> {
    let none = Object::default();
    let (record, word) = match input {
        Body::Object(object) => (object, None),
        Body::Word(word) => (&none, Some(word.clone())),
        Body::Job => (&none, None),
        Body::Broken { error, .. } => return Err(error.clone()),
    };
    if word.is_some() && !job.to.is_empty() {
        let error = Error::unusable("a word is a recipient, and --to names another");
        return Err(error.with_hint("records go with --to: mxlookup DOMAIN | smtp-send --to ADDRESS"));
    }
    let pick = |given: &[String], key: &str| match given {
        [] => list(record, key),
        given => Ok(given.to_vec()),
    };
    let mut to = match word {
        Some(word) => vec![word],
        None if is_own(record) => unsettled(record)?,
        None => pick(&job.to, "to")?,
    };
    if to.is_empty() && !is_own(record) {
        to.extend(record.read::<String>("address", "a string")?);
    }
    // All of the envelope is among the recipients of a record of ours.
    let (cc, bcc) = match is_own(record) {
        true => (Vec::new(), Vec::new()),
        false => (pick(&job.cc, "cc")?, pick(&job.bcc, "bcc")?),
    };
    let recipients = to.iter().chain(&cc).chain(&bcc).map(|text| mailbox(text));
    let mut recipients: Vec<Mailbox> = recipients.collect::<Result<_, _>>()?;
    let mut seen = std::collections::HashSet::new();
    recipients.retain(|recipient| seen.insert(recipient.clone()));
    if recipients.is_empty() || recipients.iter().any(Mailbox::is_null) {
        let error = Error::unusable("there is no recipient");
        return Err(error.with_hint("smtp-send reads `to` and `address`, or --to"));
    }
    if recipients.len() > MAX_RECIPIENTS {
        return Err(Error::unusable(format!("more than {MAX_RECIPIENTS} recipients")));
    }
    let from = match &job.from {
        Some(from) => Some(from.clone()),
        None => record.read::<String>("from", "a string")?.or_else(|| job.default_from.clone()),
    };
    let from = from.ok_or_else(|| {
        Error::unusable("there is no sender").with_hint("--from ADDRESS, or `from` in the record")
    })?;
    let from = mailbox(&from)?;
    let message = message(record, job, &from, &to, &cc)?;
    Ok(Letter { from, recipients, message })
}

/// Whether the record is of this tool: of a message that was sent, or not.
pub(crate) fn is_own(record: &Object) -> bool {
    record.string("tool").is_some_and(|tool| tool == "smtp-send") && record.raw("recipients").is_some()
}

/// The recipients that may be tried again (`--retry`): what may have been delivered never is.
fn unsettled(record: &Object) -> Result<Vec<String>, Error> {
    #[derive(serde::Deserialize)]
    struct Recipient {
        address: String,
        status: String,
        verdict: String,
    }
    let all = record.read::<Vec<Recipient>>("recipients", "a list of recipients")?.unwrap_or_default();
    let uncertain = Code::DataUncertain.as_str();
    let open = all.into_iter().filter(|one| one.status == "unknown" && one.verdict != uncertain);
    Ok(open.map(|one| one.address).collect())
}

fn message(
    record: &Object,
    job: &Job,
    from: &Mailbox,
    to: &[String],
    cc: &[String],
) -> Result<Message, Error> {
    let data = match &job.data {
        Some(data) => Some(data.clone()),
        None => record.read::<String>("data", "a string")?.map(String::into_bytes),
    };
    let bytes = match data {
        Some(bytes) => bytes,
        None => {
            let now = jiff::Timestamp::now();
            let pick = |given: &Option<String>, key| match given {
                Some(given) => Ok(Some(given.clone())),
                None => record.read::<String>(key, "a string"),
            };
            let subject = pick(&job.subject, "subject")?.unwrap_or_else(|| format!("test {now:.0}"));
            let body = pick(&job.body, "body")?
                .unwrap_or_else(|| "This is a test message of smtp-send.\n".to_owned());
            if subject.contains(['\r', '\n', '\0']) {
                return Err(Error::injection("a line end or NUL in the subject"));
            }
            let headers = headers(record, job)?;
            let host =
                from.domain().map(str::to_owned).or_else(|| job.hello.as_ref().map(ToString::to_string));
            let host = host.unwrap_or_else(|| "localhost".to_owned());
            let stamp = now.strftime("%Y%m%d%H%M%S");
            let message_id =
                format!("{stamp}.{:08x}@{}", rand::random::<u32>(), host.trim_matches(['[', ']']));
            // The null sender has no address that a header could show.
            let header_from = match from.is_null() {
                true => format!("MAILER-DAEMON@{host}"),
                false => from.as_str().to_owned(),
            };
            build(&Parts {
                from: &header_from,
                to,
                cc,
                subject: &subject,
                body: &body,
                headers: &headers,
                message_id: &message_id,
                date: now.as_second(),
            })
        }
    };
    Message::from_bytes(&bytes).map_err(|error| {
        let code = match error {
            WireError::BareCr { .. } => Code::BodyBareCrOrLf,
            WireError::LineTooLong { .. } => Code::BodyLineTooLong,
        };
        Error::new(code, "mail", error.to_string())
    })
}

/// Headers of the command line, then those of the record that it does not name.
fn headers(record: &Object, job: &Job) -> Result<Vec<Header>, Error> {
    let mut headers = job.headers.clone();
    let given = record.read::<Object>("headers", "an object of strings")?.unwrap_or_default();
    for (name, value) in given.carried(&[]) {
        let value: Option<String> = Object::text(&value);
        let value = value
            .ok_or_else(|| Error::unusable(format!("the header {name:?} of the record is not a string")))?;
        let header = Header::new(&name, &value).map_err(|error| Error::injection(error.to_string()))?;
        if !job.headers.iter().any(|known| known.is(&header.name)) {
            headers.push(header);
        }
    }
    Ok(headers)
}

/// A string or a list of strings.
fn list(record: &Object, key: &str) -> Result<Vec<String>, Error> {
    if record.raw(key).is_none() {
        return Ok(Vec::new());
    }
    match record.string(key) {
        Some(one) => Ok(vec![one]),
        None => Ok(record.read::<Vec<String>>(key, "an address or a list of addresses")?.unwrap_or_default()),
    }
}

fn mailbox(text: &str) -> Result<Mailbox, Error> {
    read_mailbox(text).map_err(|error| match error {
        MailboxError::Injection => Error::injection(error.to_string()),
        error => Error::unusable(format!("{}: {error}", tool_core::text::clean(text))),
    })
}

/// Where the mail of a recipient goes by itself.
pub(crate) fn mail_target(recipient: &Mailbox) -> Result<MailTarget, Error> {
    MailTarget::parse(recipient.as_str()).map_err(|error| match error {
        TargetError::Injection => Error::injection(error.to_string()),
        error => Error::unusable(format!("{}: {error}", tool_core::text::clean(recipient.as_str()))),
    })
}
