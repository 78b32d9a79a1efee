//! Does it respond with the correct hostname?

use std::net::IpAddr;

use crate::data::NamesRecord;

/// The names seen in a session, in lower case without the trailing dot.
#[derive(Debug, Default)]
pub(crate) struct Seen<'a> {
    /// The name that was asked for.
    pub(crate) host: Option<&'a str>,
    pub(crate) banner: Option<&'a str>,
    pub(crate) ehlo: Option<&'a str>,
    /// Whether the certificate is for the name; none without TLS.
    pub(crate) certificate: Option<bool>,
    /// The names of the address; none if they were not looked up.
    pub(crate) ptr: Option<&'a [String]>,
    /// Whether one of those leads back.
    pub(crate) ptr_confirmed: bool,
}

/// Holds the names against the one expected; none if there is nothing to expect.
pub(crate) fn compare(seen: &Seen<'_>) -> Option<NamesRecord> {
    let ptr = seen.ptr.unwrap_or_default();
    let confirmed = ptr.first().filter(|_| seen.ptr_confirmed).map(String::as_str);
    let expected = seen.host.or(confirmed).or(seen.banner)?;
    let (mut agree, mut differ) = (Vec::new(), Vec::new());
    let mut sort = |place, same: Option<bool>| match same {
        Some(true) => agree.push(place),
        Some(false) => differ.push(place),
        None => {}
    };
    sort("banner", seen.banner.map(|name| name == expected));
    sort("ehlo", seen.ehlo.map(|name| name == expected));
    sort("certificate", seen.certificate);
    sort("ptr", (!ptr.is_empty()).then(|| ptr.iter().any(|name| name == expected)));
    Some(NamesRecord { expected: expected.to_owned(), agree, differ })
}

/// Whether a certificate for these names is for this one: the same, or a wildcard in the place of
/// its first label (RFC 6125 section 6.4.3).
pub(crate) fn certificate_is_for(san: &[String], host: &str) -> bool {
    san.iter().any(|name| {
        let name = name.to_ascii_lowercase();
        match name.strip_prefix("*.") {
            Some(parent) => host.split_once('.').is_some_and(|(_, rest)| rest == parent),
            None => name == host,
        }
    })
}

/// Our address as the first line of an EHLO reply repeats it, behind the server's own name.
pub(crate) fn client_addr_seen(line: &str) -> Option<IpAddr> {
    line.split_ascii_whitespace().skip(1).find_map(|word| {
        let word = word.trim_matches(|c: char| !c.is_ascii_hexdigit() && c != ':' && c != 'I');
        let bare = word.strip_prefix("IPv6:").unwrap_or(word);
        bare.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_agrees_or_differs_or_is_silent() {
        let ptr = ["192-0-2-80.static.isp.example".to_owned()];
        let seen = Seen {
            host: Some("mail.old.example"),
            banner: Some("mail.old.example"),
            ehlo: None,
            certificate: Some(true),
            ptr: Some(&ptr),
            ptr_confirmed: true,
        };
        let names = compare(&seen).unwrap();
        assert_eq!((names.agree, names.differ), (vec!["banner", "certificate"], vec!["ptr"]));
    }

    #[test]
    fn an_address_is_expected_to_go_by_its_confirmed_name() {
        let ptr = ["mx.example".to_owned()];
        let seen =
            Seen { banner: Some("other.example"), ptr: Some(&ptr), ptr_confirmed: true, ..Seen::default() };
        assert_eq!(compare(&seen).unwrap().expected, "mx.example");
        let unconfirmed = Seen { ptr_confirmed: false, ..seen };
        assert_eq!(compare(&unconfirmed).unwrap().expected, "other.example");
        assert_eq!(compare(&Seen::default()), None);
    }

    #[test]
    fn a_wildcard_stands_for_one_label() {
        let is_for = |name: &str, host| certificate_is_for(&[name.to_owned()], host);
        assert!(is_for("MX.example", "mx.example"));
        assert!(is_for("*.example", "mx.example"));
        assert!(!is_for("*.example", "a.mx.example"));
        assert!(!is_for("*.example", "example"));
    }

    #[test]
    fn the_address_seen_is_found_in_the_greeting_line() {
        let seen = |line| client_addr_seen(line).map(|ip| ip.to_string());
        assert_eq!(seen("mx.example Hello client [192.0.2.7]").as_deref(), Some("192.0.2.7"));
        assert_eq!(seen("mx.example at your service, [2001:db8::7]").as_deref(), Some("2001:db8::7"));
        assert_eq!(seen("mx.example Hello [IPv6:2001:db8::7], pleased").as_deref(), Some("2001:db8::7"));
        assert_eq!(seen("mx.example (192.0.2.7) hi").as_deref(), Some("192.0.2.7"));
        assert_eq!(seen("[192.0.2.1] Hello"), None);
        assert_eq!(seen("mx.example says hello"), None);
    }
}
