//! The address that a word or a record names.

use std::net::IpAddr;

use dns_core::Families;
use tool_core::jsonl::{Body, Object};
use tool_core::record::{Error, FamilyWord};

/// The address that is to be looked up.
pub(crate) fn read(body: &Body, families: Families) -> Result<IpAddr, Error> {
    let ip = match body {
        Body::Word(word) => read_word(word)?,
        Body::Object(object) => read_object(object)?,
        Body::Broken { error, .. } => return Err(error.clone()),
        Body::Job => return Err(Error::unusable("there is no target")),
    };
    let wanted = if ip.is_ipv6() { families.v6 } else { families.v4 };
    match wanted {
        true => Ok(ip),
        false => Err(Error::unusable(format!("the target is an {} address", FamilyWord::of(ip).as_str()))),
    }
}

fn read_word(word: &str) -> Result<IpAddr, Error> {
    if word.contains(['\r', '\n', '\0']) {
        return Err(Error::injection("a line end or NUL in the target"));
    }
    let inner = word.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    // The tag of RFC 5321 section 4.1.3 stands in brackets, before an IPv6 address.
    let tagged = inner
        .and_then(|inner| inner.split_at_checked(5))
        .filter(|(tag, _)| tag.eq_ignore_ascii_case("IPv6:"));
    let ip = match tagged {
        Some((_, text)) => text.parse().map(IpAddr::V6),
        None => inner.unwrap_or(word).parse::<IpAddr>(),
    };
    ip.map(|ip| ip.to_canonical()).map_err(|_| {
        Error::unusable("the target is not an IP address")
            .with_hint("myip looks the names of addresses up; for a host: smtp-ping HOST")
    })
}

fn read_object(object: &Object) -> Result<IpAddr, Error> {
    let Some(text) = object.read::<String>("ip", "a string")? else {
        return Err(Error::unusable("the record names no address").with_hint("myip reads the key `ip`"));
    };
    let ip = text.parse::<IpAddr>();
    ip.map(|ip| ip.to_canonical())
        .map_err(|_| Error::unusable("the key \"ip\" of the record is not an IP address"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Result<String, &'static str> {
        let read = read(&Body::Word(text.to_owned()), Families::default());
        read.map(|ip| ip.to_string()).map_err(|error| error.code.as_str())
    }

    #[test]
    fn addresses_in_every_form() {
        assert_eq!(word("203.0.113.7"), Ok("203.0.113.7".into()));
        assert_eq!(word("[203.0.113.7]"), Ok("203.0.113.7".into()));
        assert_eq!(word("2001:DB8::1"), Ok("2001:db8::1".into()));
        assert_eq!(word("[IPv6:2001:db8::1]"), Ok("2001:db8::1".into()));
        assert_eq!(word("[ipv6:2001:db8::1]"), Ok("2001:db8::1".into()));
        assert_eq!(word("[IPv6:203.0.113.7]"), Err("input.unusable"));
        assert_eq!(word("IPv6:203.0.113.7"), Err("input.unusable"));
        assert_eq!(word("::ffff:203.0.113.7"), Ok("203.0.113.7".into()));
    }

    #[test]
    fn what_is_no_address() {
        for text in ["mail.example", "203.0.113", "203.0.113.7:25", "[x]", "fe80::1%eth0", "two words"] {
            assert_eq!(word(text), Err("input.unusable"), "{text}");
        }
        assert_eq!(word("203.0.113.7\n203.0.113.8"), Err("input.injection"));
    }

    #[test]
    fn records_and_families() {
        let object =
            |text: &str, families| read(&Body::Object(serde_json::from_str(text).unwrap()), families).is_ok();
        let (both, v6) = (Families::default(), Families { v4: false, v6: true });
        assert!(object(r#"{"ip":"203.0.113.7"}"#, both));
        assert!(!object(r#"{"ip":"203.0.113.7"}"#, v6));
        for text in ["{}", r#"{"ip":7}"#, r#"{"ip":"x"}"#, r#"{"ip":"[203.0.113.7]"}"#] {
            assert!(!object(text, both), "{text}");
        }
    }
}
