//! Mail addresses as people write them.

use dns_core::DomainName;
use smtp_core::proto::{Mailbox, MailboxError};

/// Reads an address. A domain with U-labels becomes one of A-labels where the local part needs no
/// SMTPUTF8 either (RFC 6531 section 3.3 leaves that to the client).
///
/// # Errors
/// When it cannot stand in an envelope.
pub fn read_mailbox(text: &str) -> Result<Mailbox, MailboxError> {
    let mailbox = Mailbox::parse(text)?;
    match mailbox.as_str().rsplit_once('@') {
        Some((local, domain)) if local.is_ascii() && !domain.is_ascii() => match DomainName::parse(domain) {
            Ok(domain) => Mailbox::parse(&format!("{local}@{domain}")),
            Err(_) => Ok(mailbox),
        },
        _ => Ok(mailbox),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_of_u_labels_needs_no_smtputf8_and_a_local_part_does() {
        let read = |text| read_mailbox(text).unwrap().as_str().to_owned();
        assert_eq!(read("u@b\u{fc}cher.example"), "u@xn--bcher-kva.example");
        assert_eq!(read("\u{fc}@b\u{fc}cher.example"), "\u{fc}@b\u{fc}cher.example");
        assert_eq!(read("u@a.example"), "u@a.example");
    }
}
