//! What a source says is hostile until it is exactly one usable address.

use std::net::IpAddr;

use dns_core::address::{Scope, scope};
use serde::Deserialize;
use tool_core::Code;
use tool_core::record::{Error, FamilyWord};

/// The address that a text is: nothing but the address, or JSON with an `ip`, white space around it.
pub(crate) fn read(text: &[u8]) -> Option<IpAddr> {
    #[derive(Deserialize)]
    struct Page {
        ip: String,
    }
    let text = str::from_utf8(text).ok()?.trim_ascii();
    let ip: IpAddr = match text.starts_with('{') {
        true => serde_json::from_str::<Page>(text).ok()?.ip.parse().ok()?,
        false => text.parse().ok()?,
    };
    Some(ip.to_canonical())
}

/// Whether the address can be this machine's public one.
pub(crate) fn admit(ip: IpAddr, v6: bool, allow_private: bool) -> Result<IpAddr, Error> {
    if ip.is_ipv6() != v6 {
        let message = format!("{ip} is of the other family than was asked: {}", FamilyWord::of(ip).as_str());
        return Err(Error::new(Code::NetWrongFamily, "sources", message));
    }
    if scope(ip) != Scope::Public && !allow_private {
        return Err(Error::new(Code::NetNotPublic, "sources", format!("{ip} is not public")));
    }
    Ok(ip)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_json_are_read() {
        let ip = |text: &str| read(text.as_bytes()).map(|ip| ip.to_string());
        assert_eq!(ip(" 203.0.113.7\r\n"), Some("203.0.113.7".into()));
        assert_eq!(ip("2001:DB8::1"), Some("2001:db8::1".into()));
        assert_eq!(ip("{\"ip\": \"203.0.113.7\", \"country\": \"x\"}\n"), Some("203.0.113.7".into()));
        assert_eq!(ip("::ffff:203.0.113.7"), Some("203.0.113.7".into()));
    }

    #[test]
    fn anything_else_is_no_address() {
        for text in [
            "",
            "203.0.113.7 203.0.113.8",
            "203.0.113.7\n203.0.113.8",
            "<p>203.0.113.7</p>",
            "\x1b[31m203.0.113.7",
            "203.0.113.7\0",
            "203.0.113.007",
            "203.0.113.7:80",
            "[2001:db8::1]",
            "fe80::1%eth0",
            "{\"ip\":7}",
            "{\"address\":\"203.0.113.7\"}",
            "{\"ip\":\" 203.0.113.7\"}",
            "[\"203.0.113.7\"]",
        ] {
            assert_eq!(read(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(read(b"203.0.113.7\xff"), None);
    }

    #[test]
    fn only_a_public_address_of_the_family_is_taken() {
        let code = |text: &str, v6, allow| {
            admit(text.parse().unwrap(), v6, allow).err().map(|error| error.code.as_str())
        };
        assert_eq!(code("203.0.113.7", false, false), None);
        assert_eq!(code("2001:db8::1", false, true), Some("net.wrong_family"));
        assert_eq!(code("203.0.113.7", true, true), Some("net.wrong_family"));
        for text in ["10.0.0.1", "127.0.0.1", "100.64.0.1", "169.254.0.1", "0.0.0.0", "224.0.0.1"] {
            assert_eq!(code(text, false, false), Some("net.not_public"));
            assert_eq!(code(text, false, true), None);
        }
        assert_eq!(code("fd00::1", true, false), Some("net.not_public"));
    }
}
