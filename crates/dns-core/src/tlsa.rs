//! What certificate a mail host says it has (RFC 7672 section 2.2, RFC 6698).

use crate::{Data, DomainName, Kind, Lookup, LookupError, Problem, Security, Tlsa};

/// What the DNS says of a host's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsaAnswer {
    /// Nothing that counts: the host's addresses are not secure, so there was no question, or the answer is not.
    Insecure,
    /// Securely: there is no such record.
    None,
    /// The records, in their own order, and the name that has them.
    Found {
        /// The TLSA base domain: the exchange, or where its aliases lead.
        base: DomainName,
        /// At least one.
        records: Vec<Tlsa>,
    },
    /// It could not be found out. The host must not be used (RFC 7672 section 2.1.2).
    Failed(LookupError),
}

/// The most records that are taken; a service with more is refused, since which are left out must not decide.
const MOST_RECORDS: usize = 64;
/// The most octets of data of all records together.
const MOST_OCTETS: usize = 32 * 1024;

/// Asks for the TLSA records of port 25 of `host`, whose addresses were found by way of `cname` and are as secure as
/// `addresses` says.
pub async fn tlsa(
    lookup: &impl Lookup,
    host: &DomainName,
    cname: &[DomainName],
    addresses: Option<Security>,
) -> TlsaAnswer {
    let bases = match (addresses, cname.last()) {
        (Some(Security::Secure), Some(expanded)) => vec![expanded, host],
        (Some(Security::Secure), None) => vec![host],
        // The alias itself may be signed where its target is not.
        (Some(Security::Insecure), Some(_)) => match lookup.lookup(host, Kind::Cname).await {
            Ok(alias) if alias.security == Some(Security::Secure) => vec![host],
            Ok(_) => return TlsaAnswer::Insecure,
            Err(error) if is_denial(&error) => return TlsaAnswer::Insecure,
            Err(error) => return TlsaAnswer::Failed(error),
        },
        _ => return TlsaAnswer::Insecure,
    };
    let mut answer = TlsaAnswer::None;
    for base in bases {
        match at(lookup, base).await {
            TlsaAnswer::None => {}
            TlsaAnswer::Insecure => answer = TlsaAnswer::Insecure,
            decided => return decided,
        }
    }
    answer
}

async fn at(lookup: &impl Lookup, base: &DomainName) -> TlsaAnswer {
    // A name that is too long has no records.
    let Ok(name) = base.below(&["_25", "_tcp"]) else { return TlsaAnswer::None };
    let answer = match lookup.lookup(&name, Kind::Tlsa).await {
        Ok(answer) => answer,
        Err(error) if is_denial(&error) => {
            return match error.security {
                Some(Security::Secure) => TlsaAnswer::None,
                _ => TlsaAnswer::Insecure,
            };
        }
        Err(error) => return TlsaAnswer::Failed(error),
    };
    if answer.security != Some(Security::Secure) {
        return TlsaAnswer::Insecure;
    }
    let records = answer.records.into_iter().filter_map(|rr| match rr.data {
        Data::Tlsa(tlsa) => Some(tlsa),
        _ => None,
    });
    let mut records: Vec<Tlsa> = records.collect();
    records.sort();
    records.dedup();
    let octets: usize = records.iter().map(|tlsa| tlsa.data.len()).sum();
    if records.is_empty() || records.len() > MOST_RECORDS || octets > MOST_OCTETS {
        let resolver = Some(answer.resolver);
        return TlsaAnswer::Failed(LookupError { resolver, ..LookupError::new(Problem::BadAnswer) });
    }
    TlsaAnswer::Found { base: base.clone(), records }
}

fn is_denial(error: &LookupError) -> bool {
    matches!(error.problem, Problem::NxDomain | Problem::NoData)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zone::Zone;
    use crate::{Families, addresses};

    fn name(text: &str) -> DomainName {
        DomainName::parse(text).unwrap()
    }

    /// The answer for a host, its addresses looked up first.
    async fn of(zone: &Zone, host: &str) -> TlsaAnswer {
        let host = name(host);
        let found = addresses(zone, &host, Families::default()).await;
        tlsa(zone, &host, &found.cname, found.security).await
    }

    fn found(base: &str, data: &[u8]) -> TlsaAnswer {
        let records = vec![Tlsa { usage: 3, selector: 1, matching: 1, data: data.to_vec() }];
        TlsaAnswer::Found { base: name(base), records }
    }

    #[tokio::test]
    async fn a_signed_host_has_records_or_none() {
        let zone = Zone::new()
            .signed("mx.example")
            .a("mx.example", "192.0.2.1")
            .tlsa("mx.example", b"x")
            .signed("bare.example")
            .a("bare.example", "192.0.2.2");
        assert_eq!(of(&zone, "mx.example").await, found("mx.example", b"x"));
        assert_eq!(of(&zone, "bare.example").await, TlsaAnswer::None);
    }

    #[tokio::test]
    async fn an_unsigned_host_is_not_asked_for() {
        let zone = Zone::new()
            .a("mx.example", "192.0.2.1")
            .tlsa("mx.example", b"x")
            .signed("_tcp.mx.example")
            .fails("_25._tcp.mx.example", Kind::Tlsa, Problem::ServFail);
        assert_eq!(of(&zone, "mx.example").await, TlsaAnswer::Insecure);
    }

    #[tokio::test]
    async fn records_that_are_not_signed_do_not_count() {
        let zone = Zone::new()
            .signed("mx.example")
            .a("mx.example", "192.0.2.1")
            .unsigned("_tcp.mx.example")
            .tlsa("mx.example", b"x");
        assert_eq!(of(&zone, "mx.example").await, TlsaAnswer::Insecure);
    }

    #[tokio::test]
    async fn of_a_secure_alias_the_expanded_name_comes_first() {
        let aliased = || {
            Zone::new()
                .signed("alias.example")
                .signed("real.example")
                .cname("alias.example", "real.example")
                .a("real.example", "192.0.2.1")
        };
        let both = aliased().tlsa("alias.example", b"alias").tlsa("real.example", b"real");
        assert_eq!(of(&both, "alias.example").await, found("real.example", b"real"));
        let one = aliased().tlsa("alias.example", b"alias");
        assert_eq!(of(&one, "alias.example").await, found("alias.example", b"alias"));
        let broken = one.fails("_25._tcp.real.example", Kind::Tlsa, Problem::Timeout);
        let failed = TlsaAnswer::Failed(LookupError::new(Problem::Timeout));
        assert_eq!(of(&broken, "alias.example").await, failed, "the second name is no way out");
        assert_eq!(of(&aliased(), "alias.example").await, TlsaAnswer::None);
    }

    #[tokio::test]
    async fn an_alias_out_of_the_signed_part_leaves_the_name_itself() {
        let aliased = || {
            Zone::new()
                .cname("alias.example", "real.example")
                .a("real.example", "192.0.2.1")
                .tlsa("real.example", b"real")
                .tlsa("alias.example", b"alias")
        };
        assert_eq!(of(&aliased(), "alias.example").await, TlsaAnswer::Insecure);
        let zone = aliased().signed("alias.example");
        assert_eq!(of(&zone, "alias.example").await, found("alias.example", b"alias"));
        let broken = zone.fails("alias.example", Kind::Cname, Problem::ServFail);
        assert!(matches!(of(&broken, "alias.example").await, TlsaAnswer::Failed(_)));
    }

    #[tokio::test]
    async fn a_failed_question_is_never_a_denial() {
        for problem in
            [Problem::ServFail, Problem::Timeout, Problem::Refused, Problem::BadAnswer, Problem::CnameLoop]
        {
            let zone = Zone::new().signed("mx.example").a("mx.example", "192.0.2.1").fails(
                "_25._tcp.mx.example",
                Kind::Tlsa,
                problem,
            );
            let answer = of(&zone, "mx.example").await;
            assert_eq!(answer, TlsaAnswer::Failed(LookupError::new(problem)));
        }
    }

    #[tokio::test]
    async fn records_without_end_are_no_answer() {
        let with = |count: usize, size: usize| {
            (0..count).fold(Zone::new().signed("mx.example").a("mx.example", "192.0.2.1"), |zone, n| {
                let mut data = vec![0; size];
                data[..2].copy_from_slice(&(n as u16).to_be_bytes());
                zone.tlsa("mx.example", &data)
            })
        };
        for (count, size, fits) in
            [(64, 32, true), (65, 32, false), (2, 16 * 1024, true), (3, 16 * 1024, false)]
        {
            let answer = of(&with(count, size), "mx.example").await;
            assert_eq!(matches!(answer, TlsaAnswer::Found { .. }), fits, "{count} of {size}");
        }
    }

    #[tokio::test]
    async fn a_name_without_room_for_the_service_has_none() {
        let long = ["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(58)].join(".");
        let zone = Zone::new().signed(&long).a(&long, "192.0.2.1");
        assert_eq!(of(&zone, &long).await, TlsaAnswer::None);
    }
}
