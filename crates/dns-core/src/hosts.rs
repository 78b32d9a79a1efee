//! /etc/hosts, for hosts that a person typed; never for names out of the DNS.

use std::net::IpAddr;

use crate::DomainName;

/// The entries of a hosts file (hosts(5)).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hosts {
    entries: Vec<(DomainName, IpAddr)>,
}

impl Hosts {
    /// Reads /etc/hosts; a file that cannot be read has no entries.
    pub fn system() -> Self {
        Self::parse(&String::from_utf8_lossy(&std::fs::read("/etc/hosts").unwrap_or_default()))
    }

    /// Reads the text of a hosts file; lines that make no sense are left out.
    pub fn parse(text: &str) -> Self {
        let mut entries = Vec::new();
        for line in text.lines() {
            let mut words = line.split('#').next().unwrap_or_default().split_ascii_whitespace();
            let Some(ip) = words.next().and_then(|word| word.parse::<IpAddr>().ok()) else { continue };
            entries.extend(words.filter_map(|word| DomainName::parse(word).ok()).map(|name| (name, ip)));
        }
        Self { entries }
    }

    /// The addresses of a name, in the order of the file.
    pub fn addresses(&self, name: &DomainName) -> Vec<IpAddr> {
        self.entries.iter().filter(|(known, _)| known == name).map(|(_, ip)| *ip).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_addresses_of_all_their_lines() {
        let hosts = Hosts::parse("127.0.0.1 localhost me # not.this\n::1\tLOCALHOST\nnonsense here\n");
        let of = |name: &str| hosts.addresses(&DomainName::parse(name).unwrap()).len();
        assert_eq!((of("localhost"), of("me"), of("not.this"), of("here")), (2, 1, 0, 0));
    }
}
