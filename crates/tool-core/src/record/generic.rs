//! Whether a name looks like that of a numbered customer line. A guess, and marked as one.

use std::net::IpAddr;

use super::Finding;
use crate::Code;

/// What is to be said about the names, if all of them look that way.
pub fn generic_finding(ip: IpAddr, names: &[String]) -> Option<Finding> {
    let (first, all) = (names.first()?, names.iter().all(|name| is_generic(ip, name)));
    let message = format!("the name looks like that of a customer line: {first}");
    all.then(|| Finding { basis: Some("heuristic"), ..Finding::new(Code::IdPtrGeneric, message).ip(ip) })
}

/// Whether the name spells its address out, or says that it is a line.
fn is_generic(ip: IpAddr, name: &str) -> bool {
    const WORDS: [&str; 11] =
        ["dyn", "dynamic", "dhcp", "pool", "ppp", "pppoe", "dsl", "adsl", "dialup", "cable", "broadband"];
    let words = || name.split(|c: char| !c.is_ascii_alphanumeric());
    // "dsl07" is a word with a number.
    let stem = |word: &str| word.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
    if words().any(|word| WORDS.contains(&stem(word).as_str())) {
        return true;
    }
    match ip {
        IpAddr::V4(v4) => {
            let octets = v4.octets();
            let numbers: Vec<u8> =
                name.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect();
            let reversed = [octets[3], octets[2], octets[1], octets[0]];
            let spelled = |octets: [u8; 4]| numbers.windows(4).any(|window| window == octets);
            let hex: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
            spelled(octets) || spelled(reversed) || words().any(|word| word.contains(&hex))
        }
        IpAddr::V6(v6) => {
            let hex: String = v6.octets().iter().map(|octet| format!("{octet:02x}")).collect();
            let letters: String = name.chars().filter(char::is_ascii_hexdigit).collect();
            letters.contains(&hex)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generic(ip: &str, name: &str) -> bool {
        generic_finding(ip.parse().unwrap(), &[name.to_owned()]).is_some()
    }

    #[test]
    fn names_of_lines() {
        for name in [
            "203-0-113-7.isp.example",
            "7.113.0.203.isp.example",
            "ip203.0.113.7.isp.example",
            "xcb007107.isp.example",
            "dsl07.isp.example",
            "host.dynamic.isp.example",
        ] {
            assert!(generic("203.0.113.7", name), "{name}");
        }
        assert!(generic("2001:db8::1", "2001-0db8-0000-0000-0000-0000-0000-0001.isp.example"));
    }

    #[test]
    fn names_of_servers() {
        for name in ["mail.example.com", "mx7.example.com", "server-113-7.example", "poolside.example"] {
            assert!(!generic("203.0.113.7", name), "{name}");
        }
        let names = ["203-0-113-7.isp.example".to_owned(), "mail.example".to_owned()];
        assert!(generic_finding("203.0.113.7".parse().unwrap(), &names).is_none());
        assert!(generic_finding("203.0.113.7".parse().unwrap(), &[]).is_none());
    }
}
