//! What a domain says of the TLS of its mail servers, beside DANE: MTA-STS (RFC 8461) and TLSRPT (RFC 8460).

mod sts;
mod text;
mod tlsrpt;

pub use sts::{MOST_PATTERNS, Mode, PolicyFault, StsPolicy};
pub use text::TextFault;

use crate::{Data, DomainName, Kind, Lookup, LookupError, Problem};

/// What a domain has announced in a TXT record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Announced<T> {
    /// Nothing.
    None,
    /// This.
    Found(T),
    /// Something that breaks its grammar or stands there twice: it counts as nothing.
    Broken(TextFault),
    /// It could not be found out.
    Failed(LookupError),
}

/// Asks whether `domain` has a policy of MTA-STS; the answer is its id (RFC 8461 section 3.1). No other domain's
/// counts, that of a parent included (section 3.4).
pub async fn sts_announced(lookup: &impl Lookup, domain: &DomainName) -> Announced<String> {
    announced(lookup, domain.below(&["_mta-sts"]), sts::VERSION, sts::id_of).await
}

/// Asks where `domain` wants reports on TLS; the answer is a list of URLs, at least one (RFC 8460 section 3).
pub async fn tlsrpt_announced(lookup: &impl Lookup, domain: &DomainName) -> Announced<Vec<String>> {
    announced(lookup, domain.below(&["_smtp", "_tls"]), tlsrpt::VERSION, tlsrpt::rua_of).await
}

/// Records of another version, or of something else, are passed over; of this one there has to be exactly one.
async fn announced<T, N>(
    lookup: &impl Lookup,
    name: Result<DomainName, N>,
    version: &str,
    read: impl Fn(&str) -> Result<T, TextFault>,
) -> Announced<T> {
    // A name that is too long has no records.
    let Ok(name) = name else { return Announced::None };
    let answer = match lookup.lookup(&name, Kind::Txt).await {
        Ok(answer) => answer,
        Err(error) if matches!(error.problem, Problem::NxDomain | Problem::NoData) => return Announced::None,
        Err(error) => return Announced::Failed(error),
    };
    let mut texts = answer.records.iter().filter_map(|rr| match &rr.data {
        Data::Txt(text) => text::fields_of(text, version),
        _ => None,
    });
    match (texts.next(), texts.next()) {
        (None, _) => Announced::None,
        (Some(_), Some(_)) => Announced::Broken(TextFault::Several),
        (Some(fields), None) => match str::from_utf8(fields).map_err(|_| TextFault::Character).and_then(read)
        {
            Ok(found) => Announced::Found(found),
            Err(fault) => Announced::Broken(fault),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zone::Zone;

    fn name(text: &str) -> DomainName {
        DomainName::parse(text).unwrap()
    }

    async fn sts(texts: &[&str]) -> Announced<String> {
        let zone =
            texts.iter().fold(Zone::new(), |zone, text| zone.txt("_mta-sts.a.example", text.as_bytes()));
        sts_announced(&zone, &name("a.example")).await
    }

    #[tokio::test]
    async fn exactly_one_record_of_the_version_counts() {
        let found = Announced::Found("1".to_owned());
        assert_eq!(sts(&["v=STSv1; id=1;"]).await, found);
        assert_eq!(sts(&["v=spf1 -all", "v=STSv1; id=1", "v=STSv2; id=2;", "v=STSv1"]).await, found);
        assert_eq!(sts(&["v=STSv1; id=1;", "v=STSv1; id=1;"]).await, Announced::Broken(TextFault::Several));
        for others in [&[][..], &["v=spf1 -all"], &["V=STSv1; id=1;"], &["v=STSv1 ; id=1;"], &[""]] {
            assert_eq!(sts(others).await, Announced::None, "{others:?}");
        }
    }

    #[tokio::test]
    async fn aliases_are_followed_and_parents_are_not_asked() {
        let zone = Zone::new()
            .txt("_mta-sts.hoster.example", b"v=STSv1; id=7;")
            .cname("_mta-sts.a.example", "_mta-sts.hoster.example");
        assert_eq!(sts_announced(&zone, &name("a.example")).await, Announced::Found("7".to_owned()));
        assert_eq!(sts_announced(&zone, &name("x.hoster.example")).await, Announced::None);
    }

    #[tokio::test]
    async fn a_failed_question_is_never_a_denial() {
        for problem in [Problem::ServFail, Problem::Timeout, Problem::CnameLoop] {
            let zone = Zone::new().fails("_mta-sts.a.example", Kind::Txt, problem);
            let failed = Announced::Failed(LookupError::new(problem));
            assert_eq!(sts_announced(&zone, &name("a.example")).await, failed);
        }
    }

    #[tokio::test]
    async fn reports_are_wanted_there() {
        let rua = async |texts: &[&str]| {
            let zone = texts
                .iter()
                .fold(Zone::new(), |zone, text| zone.txt("_smtp._tls.a.example", text.as_bytes()));
            tlsrpt_announced(&zone, &name("a.example")).await
        };
        let one = Announced::Found(vec!["mailto:tls@a.example".to_owned()]);
        assert_eq!(rua(&["v=TLSRPTv1;rua=mailto:tls@a.example"]).await, one);
        assert_eq!(rua(&["v=STSv1; id=1;"]).await, Announced::None);
        let twice = ["v=TLSRPTv1;rua=mailto:tls@a.example"; 2];
        assert_eq!(rua(&twice).await, Announced::Broken(TextFault::Several));
    }

    #[tokio::test]
    async fn a_name_without_room_announces_nothing() {
        let long = ["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(58)].join(".");
        assert_eq!(sts_announced(&Zone::new(), &name(&long)).await, Announced::None);
    }
}
