//! The dialogue files of `smtp-core`, embedded, so that the lab's binary needs no folder beside it.

macro_rules! embedded {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("../../smtp-core/scenarios/", $name, ".smtp")))),*]
    };
}

/// Name and text of each file, in alphabetical order.
const SCENARIOS: &[(&str, &str)] = embedded! {
    "ehlo-421"
    "ehlo-450"
    "ehlo-and-helo-refused"
    "ehlo-close"
    "ehlo-garbage-keywords"
    "ehlo-hang"
    "ehlo-legacy-auth"
    "ehlo-lowercase-keywords"
    "ehlo-malformed-reply"
    "ehlo-refused-helo-taken"
    "ehlo-reset"
    "ehlo-tls-changed-keywords"
    "ehlo-tls-hang"
    "ehlo-tls-refused"
    "ehlo-too-long"
    "greeting-421"
    "greeting-450"
    "greeting-521"
    "greeting-550"
    "greeting-554"
    "greeting-554-multiline"
    "greeting-aol"
    "greeting-bare-lf"
    "greeting-close"
    "greeting-code-only"
    "greeting-drip"
    "greeting-endless-line"
    "greeting-endless-reply"
    "greeting-escape-bytes"
    "greeting-http"
    "greeting-invalid-utf8"
    "greeting-mixed-codes"
    "greeting-multiline"
    "greeting-port25"
    "greeting-reset"
    "greeting-silent"
    "greeting-split-bytes"
    "greeting-ssh"
    "greeting-tls-alert"
    "greeting-yahoo"
    "handshake-alert"
    "handshake-close"
    "handshake-garbage"
    "handshake-hang"
    "handshake-reset"
    "implicit"
    "quit-close"
    "quit-no-answer"
    "quit-refused"
    "rcpt-421"
    "rcpt-accepted"
    "rcpt-cannot-verify"
    "rcpt-deferred"
    "rcpt-disabled"
    "rcpt-forwarded"
    "rcpt-greylisted"
    "rcpt-mail-refused"
    "rcpt-mailbox-full"
    "rcpt-rejected"
    "rcpt-too-many"
    "rcpt-unknown-user"
    "starttls-421"
    "starttls-454"
    "starttls-501"
    "starttls-close"
    "starttls-hang"
    "starttls-offered-again-inside"
    "starttls-plaintext-injected"
};

/// The text of `scenarios/NAME.smtp`.
pub(crate) fn find(name: &str) -> Option<&'static str> {
    SCENARIOS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use smtp_core::proto::dialogue::Dialogue;

    use super::*;

    #[test]
    fn every_file_of_the_folder_is_listed() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../smtp-core/scenarios");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> =
            files.filter_map(|file| Some(file.to_str()?.strip_suffix(".smtp")?.to_owned())).collect();
        names.sort();
        let listed: Vec<&str> = SCENARIOS.iter().map(|(name, _)| *name).collect();
        assert_eq!(listed, names, "src/scenarios.rs lists what smtp-core/scenarios holds");
    }

    #[test]
    fn every_file_is_a_dialogue_with_a_title() {
        for (name, text) in SCENARIOS {
            let dialogue = Dialogue::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(!dialogue.title.is_empty(), "{name}");
        }
    }

    #[test]
    fn a_name_that_no_file_has() {
        assert!(find("greeting-port25").is_some());
        assert!(find("greeting").is_none());
    }
}
