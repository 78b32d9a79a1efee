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
    "ehlo-500-helo-taken"
    "ehlo-501-helo-taken"
    "ehlo-504-helo-taken"
    "ehlo-521"
    "ehlo-550-helo-taken"
    "ehlo-and-helo-refused"
    "ehlo-bare-lf"
    "ehlo-close"
    "ehlo-code-only"
    "ehlo-drop-helo-taken"
    "ehlo-garbage-keywords"
    "ehlo-glued-to-greeting"
    "ehlo-hang"
    "ehlo-invalid-utf8"
    "ehlo-legacy-auth"
    "ehlo-lowercase-keywords"
    "ehlo-malformed-reply"
    "ehlo-mixed-codes"
    "ehlo-nul"
    "ehlo-odd-code"
    "ehlo-refused-helo-taken"
    "ehlo-reset"
    "ehlo-reset-helo-taken"
    "ehlo-split-bytes"
    "ehlo-tls-421"
    "ehlo-tls-changed-keywords"
    "ehlo-tls-close"
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
    "greeting-half"
    "greeting-http"
    "greeting-invalid-utf8"
    "greeting-long-line"
    "greeting-mixed-codes"
    "greeting-multiline"
    "greeting-nntp"
    "greeting-nul"
    "greeting-pop3"
    "greeting-port25"
    "greeting-reset"
    "greeting-silent"
    "greeting-slow"
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
    "lmtp"
    "lmtp-refused"
    "quit-close"
    "quit-multiline"
    "quit-no-answer"
    "quit-refused"
    "rcpt-354"
    "rcpt-421"
    "rcpt-521"
    "rcpt-556"
    "rcpt-accepted"
    "rcpt-cannot-verify"
    "rcpt-close"
    "rcpt-deferred"
    "rcpt-disabled"
    "rcpt-enhanced-mismatch"
    "rcpt-forwarded"
    "rcpt-greylisted"
    "rcpt-hang"
    "rcpt-mail-421"
    "rcpt-mail-deferred"
    "rcpt-mail-needs-tls"
    "rcpt-mail-refused"
    "rcpt-mailbox-full"
    "rcpt-malformed"
    "rcpt-multiline"
    "rcpt-no-ptr"
    "rcpt-rejected"
    "rcpt-reset"
    "rcpt-too-many"
    "rcpt-unknown-user"
    "starttls-421"
    "starttls-454"
    "starttls-501"
    "starttls-521"
    "starttls-close"
    "starttls-hang"
    "starttls-malformed"
    "starttls-multiline"
    "starttls-offered-again-inside"
    "starttls-plaintext-injected"
    "starttls-reset"
    "starttls-unknown"
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
