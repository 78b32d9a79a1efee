//! A zone of very many mail domains, each with an exchange of its own, so that no cache helps; and the
//! names in it, as the contenders want to be told them.

use std::fmt::Write;
use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use super::super::file;
use crate::command::Failure;

pub(super) const ORIGIN: &str = "bench.example";

/// The addresses are those set aside for benchmarks: 198.18.0.0/15 (RFC 2544, C.2.2) and 2001:2::/48
/// (RFC 5180, 8).
const IPV4: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 0);
const IPV6: Ipv6Addr = Ipv6Addr::new(0x2001, 2, 0, 0, 0, 0, 0, 0);

/// A question about a domain: whose name, and what type.
pub(super) type Question = (fn(usize) -> String, &'static str);

pub(super) const MX: Question = (name, "MX");
/// What there is to ask about a domain and its exchange.
pub(super) const ALL: [Question; 3] = [MX, (exchange, "A"), (exchange, "AAAA")];

pub(super) fn name(n: usize) -> String {
    format!("d{n}.{ORIGIN}")
}

pub(super) fn exchange(n: usize) -> String {
    format!("mx.{}", name(n))
}

/// The zone file (RFC 1035, 5) of `count` domains, of which there are as many as addresses.
pub(super) fn zone(count: usize) -> String {
    let mut text = format!(
        "$ORIGIN {ORIGIN}.\n$TTL 3600\n@ SOA ns hostmaster 1 3600 600 86400 300\n@ NS ns\nns A 127.0.0.1\n"
    );
    for (n, (ipv4, ipv6)) in addresses().take(count).enumerate() {
        let _ = writeln!(text, "d{n} MX 10 mx.d{n}\nmx.d{n} A {ipv4}\nmx.d{n} AAAA {ipv6}");
    }
    text
}

fn addresses() -> impl Iterator<Item = (Ipv4Addr, Ipv6Addr)> {
    (0..1_u32 << 17)
        .map(|n| (Ipv4Addr::from(IPV4.to_bits() + n), Ipv6Addr::from(IPV6.to_bits() + u128::from(n))))
}

/// Whether a record has addresses of both kinds.
pub(super) fn has_both(record: &str) -> bool {
    record.contains(r#""198.1"#) && record.contains(r#""2001:2:"#)
}

/// One a line.
pub(super) fn names(count: usize) -> String {
    (0..count).map(|n| name(n) + "\n").collect()
}

/// Name and type on each line, as dnsperf reads them.
pub(super) fn questions(count: usize, each: &[Question]) -> String {
    let mut text = String::new();
    for n in 0..count {
        for (name, kind) in each {
            let _ = writeln!(text, "{} {kind}", name(n));
        }
    }
    text
}

/// A file of this run.
pub(super) fn write(name: &str, text: &str) -> Result<PathBuf, Failure> {
    let path = file(name);
    fs::write(&path, text).map_err(|error| Failure::new(format!("bench: {}: {error}", path.display())))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_domain_has_an_exchange_with_two_addresses() {
        let text = zone(65_538);
        let last: Vec<&str> = text.lines().rev().take(3).collect();
        let expected = ["mx.d65537 AAAA 2001:2::1:1", "mx.d65537 A 198.19.0.1", "d65537 MX 10 mx.d65537"];
        assert_eq!(last, expected);
        assert_eq!(text.matches(" MX ").count(), 65_538);
        assert!(has_both(r#"[{"ip":"198.19.0.1"},{"ip":"2001:2::1:1"}]"#));
        assert!(!has_both(r#"[{"ip":"198.19.0.1"}]"#));
    }

    #[test]
    fn the_questions_are_about_the_names() {
        assert_eq!(names(2), "d0.bench.example\nd1.bench.example\n");
        assert_eq!(questions(2, &[MX]), "d0.bench.example MX\nd1.bench.example MX\n");
        let all = "d0.bench.example MX\nmx.d0.bench.example A\nmx.d0.bench.example AAAA\n";
        assert_eq!(questions(1, &ALL), all);
    }
}
