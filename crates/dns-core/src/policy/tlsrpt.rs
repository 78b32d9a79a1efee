//! Where reports on TLS are wanted (RFC 8460 section 3).

use super::text::{TextFault, is_blank, value_of};

pub(super) const VERSION: &str = "TLSRPTv1";

/// The URLs of a TXT record. A scheme that no sender of reports knows is passed over.
pub(super) fn rua_of(fields: &str) -> Result<Vec<String>, TextFault> {
    let rua = value_of(fields, "rua")?.ok_or(TextFault::Rua)?;
    let urls: Vec<&str> = rua.split(',').map(|url| url.trim_matches(is_blank)).collect();
    if !urls.iter().all(|url| url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'!')) {
        return Err(TextFault::Character);
    }
    let urls: Vec<String> = urls.into_iter().filter(|url| is_known(url)).map(str::to_owned).collect();
    if urls.is_empty() { Err(TextFault::Rua) } else { Ok(urls) }
}

fn is_known(url: &str) -> bool {
    let names = |scheme: &str| url.get(..scheme.len()).is_some_and(|own| own.eq_ignore_ascii_case(scheme));
    ["mailto:", "https:"].into_iter().any(|scheme| names(scheme) && url.len() > scheme.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn mail_addresses_and_web_servers() {
        let urls = |fields: &str| rua_of(fields).map(|urls| urls.join(" "));
        assert_eq!(urls("rua=mailto:tls@a.example").as_deref(), Ok("mailto:tls@a.example"));
        let two = " rua=mailto:tls@a.example?subject=x ,\thttps://a.example/v1/tls?key=1 ; x=y;";
        assert_eq!(urls(two).as_deref(), Ok("mailto:tls@a.example?subject=x https://a.example/v1/tls?key=1"));
        assert_eq!(urls("rua=ftp://a.example/,HTTPS://a.example").as_deref(), Ok("HTTPS://a.example"));
    }

    #[test]
    fn nobody_to_report_to() {
        for fields in ["x=y", "rua=tls@a.example", "rua=http://a.example", "rua=mailto:", "rua=,"] {
            assert_eq!(rua_of(fields), Err(TextFault::Rua), "{fields}");
        }
        for fields in ["rua=mailto:a b@c", "rua=mailto:a!1m", "rua=mailto:\u{e4}"] {
            assert_eq!(rua_of(fields), Err(TextFault::Character), "{fields}");
        }
        assert_eq!(rua_of("rua"), Err(TextFault::Field));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(rua=)?\\PC{0,60}") {
            let _ = rua_of(&text);
        }
    }
}
