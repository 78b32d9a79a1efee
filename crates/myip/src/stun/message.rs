//! The request, and what an answer to it says.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Octets of a header (RFC 8489 section 5).
const HEADER: usize = 20;
const REQUEST: u16 = 0x0001;
const SUCCESS: u16 = 0x0101;
const ERROR: u16 = 0x0111;
const COOKIE: [u8; 4] = 0x2112_a442_u32.to_be_bytes();

const MAPPED_ADDRESS: u16 = 0x0001;
const ERROR_CODE: u16 = 0x0009;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;

/// The name of a transaction. Whoever cannot see the request cannot guess it.
pub(crate) type Id = [u8; 12];

/// What a server says of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    /// Where the request came from.
    From(IpAddr),
    /// An error response, with its code.
    Error(u16),
    /// A response that tells no address, or tells it in terms that are not understood.
    Unusable,
}

/// A Binding request without attributes.
pub(crate) fn request(id: &Id) -> [u8; HEADER] {
    let mut message = [0; HEADER];
    let (kind, rest) = message.split_at_mut(4);
    kind[..2].copy_from_slice(&REQUEST.to_be_bytes());
    rest[..4].copy_from_slice(&COOKIE);
    rest[4..].copy_from_slice(id);
    message
}

/// What a datagram says of the transaction; `None` if it is no response to it, and is to be
/// discarded (RFC 8489 section 6.3).
pub(crate) fn read(datagram: &[u8], id: &Id) -> Option<Reply> {
    let (header, body) = datagram.split_at_checked(HEADER)?;
    let kind = word(header)?;
    let is_whole = usize::from(word(&header[2..])?) == body.len() && body.len().is_multiple_of(4);
    let is_ours = is_whole && header[4..8] == COOKIE && header[8..] == id[..];
    match kind {
        SUCCESS if is_ours => Some(success(body, id)),
        ERROR if is_ours => Some(error(body)),
        _ => None,
    }
}

fn success(body: &[u8], id: &Id) -> Reply {
    let (mut plain, mut xored) = (None, None);
    for attribute in Attributes(body) {
        match attribute {
            Some((XOR_MAPPED_ADDRESS, value)) => xored = xored.or(Some(address(value, Some(id)))),
            Some((MAPPED_ADDRESS, value)) => plain = plain.or(Some(address(value, None))),
            Some((kind, _)) if must_be_understood(kind) => return Reply::Unusable,
            Some(_) => {}
            None => return Reply::Unusable,
        }
    }
    // The plain form is for servers of RFC 3489; some routers rewrite it on the way (section 14.2).
    xored.or(plain).flatten().map_or(Reply::Unusable, Reply::From)
}

fn error(body: &[u8]) -> Reply {
    let code = Attributes(body).flatten().find_map(|(kind, value)| match (kind, value) {
        // Class and number (section 14.8).
        (ERROR_CODE, [_, _, class, number, ..]) if (3..=6).contains(&(class & 7)) && *number < 100 => {
            Some(u16::from(class & 7) * 100 + u16::from(*number))
        }
        _ => None,
    });
    code.map_or(Reply::Unusable, Reply::Error)
}

/// The value of MAPPED-ADDRESS, or of XOR-MAPPED-ADDRESS (sections 14.1 and 14.2).
fn address(value: &[u8], xored: Option<&Id>) -> Option<IpAddr> {
    const V4: u8 = 1;
    const V6: u8 = 2;
    let ([_, family, _, _], octets) = value.split_first_chunk()?;
    let mask = xored.map(|id| [&COOKIE[..], id].concat()).unwrap_or_else(|| vec![0; 16]);
    let octets: Vec<u8> = octets.iter().zip(mask).map(|(octet, mask)| octet ^ mask).collect();
    match (family, value.len()) {
        (&V4, 8) => <[u8; 4]>::try_from(octets).ok().map(|octets| Ipv4Addr::from(octets).into()),
        (&V6, 20) => <[u8; 16]>::try_from(octets).ok().map(|octets| Ipv6Addr::from(octets).to_canonical()),
        _ => None,
    }
}

/// Whether a response is void for one who does not know this attribute (section 6.3.3). Those that
/// the document lists are known, the ones that servers of RFC 3489 still send among them.
fn must_be_understood(kind: u16) -> bool {
    let is_listed = matches!(kind, 0x0000..=0x000b | 0x0014 | 0x0015 | 0x001c..=0x001e | 0x0020);
    kind < 0x8000 && !is_listed
}

/// Type and value of each attribute, up to the first that does not fit, which is `None`.
struct Attributes<'a>(&'a [u8]);

impl<'a> Iterator for Attributes<'a> {
    type Item = Option<(u16, &'a [u8])>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let body = std::mem::take(&mut self.0);
        Some((|| {
            let ([a, b, c, d], rest) = body.split_first_chunk()?;
            let length = usize::from(u16::from_be_bytes([*c, *d]));
            let value = rest.get(..length)?;
            // Padded to four octets, which the length does not count.
            self.0 = rest.get(length.next_multiple_of(4)..)?;
            Some((u16::from_be_bytes([*a, *b]), value))
        })())
    }
}

fn word(bytes: &[u8]) -> Option<u16> {
    bytes.first_chunk().map(|two| u16::from_be_bytes(*two))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Of the sample messages (RFC 5769).
    const ID: Id = [0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae];

    fn message(kind: u16, attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut body = Vec::new();
        for (kind, value) in attributes {
            body.extend(kind.to_be_bytes());
            body.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
            body.extend(*value);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [&kind.to_be_bytes(), &length[..], &COOKIE, &ID, &body].concat()
    }

    fn said(attributes: &[(u16, &[u8])]) -> Option<Reply> {
        read(&message(SUCCESS, attributes), &ID)
    }

    fn from(ip: &str) -> Option<Reply> {
        Some(Reply::From(ip.parse().unwrap()))
    }

    const PLAIN: &[u8] = &[0, 1, 0x80, 0x55, 203, 0, 113, 7];
    /// 192.0.2.1 (RFC 5769 section 2.2).
    const XORED: &[u8] = &[0, 1, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43];

    #[test]
    fn a_request_is_a_header() {
        let request = request(&ID);
        assert_eq!(request[..8], [0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]);
        assert_eq!(request[8..], ID);
        assert_eq!(read(&request, &ID), None, "a request is no response");
    }

    #[test]
    fn the_sample_responses_of_rfc_5769() {
        assert_eq!(said(&[(0x8022, b"test vector"), (0x0020, XORED), (0x0008, &[0; 20])]), from("192.0.2.1"));
        let v6 = [
            0, 2, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5, 0xbe,
            0xd2, 0xb9, 0xd9,
        ];
        assert_eq!(said(&[(0x0020, &v6)]), from("2001:db8:1234:5678:11:2233:4455:6677"));
    }

    #[test]
    fn the_old_form_counts_where_there_is_no_other() {
        assert_eq!(said(&[(0x0001, PLAIN), (0x0004, PLAIN), (0x0005, PLAIN)]), from("203.0.113.7"));
        assert_eq!(said(&[(0x0001, PLAIN), (0x0020, XORED)]), from("192.0.2.1"));
        assert_eq!(said(&[(0x0020, XORED), (0x0020, PLAIN)]), from("192.0.2.1"), "the first of a kind");
    }

    #[test]
    fn a_response_that_tells_no_address() {
        for attributes in [
            &[][..],
            &[(0x0020, &[][..])],
            &[(0x0020, &XORED[..7])],
            &[(0x0020, &[0, 2, 0, 0, 1, 2, 3, 4])],
            &[(0x0020, &[0, 3, 0, 0, 1, 2, 3, 4])],
            // One that must be understood.
            &[(0x0020, XORED), (0x7000, b"")],
        ] {
            assert_eq!(said(attributes), Some(Reply::Unusable), "{attributes:?}");
        }
        assert_eq!(said(&[(0x9000, b"x"), (0x0020, XORED)]), from("192.0.2.1"), "one that need not be");
        let mut cut = message(SUCCESS, &[(0x0020, XORED)]);
        cut[23] = 9;
        assert_eq!(read(&cut, &ID), Some(Reply::Unusable), "a length beyond the end");
    }

    #[test]
    fn an_error_has_a_code() {
        let error = |attributes: &[(u16, &[u8])]| read(&message(ERROR, attributes), &ID);
        assert_eq!(error(&[(0x0009, &[0, 0, 4, 20, b'x'])]), Some(Reply::Error(420)));
        assert_eq!(error(&[(0x0009, &[0, 0, 3, 0])]), Some(Reply::Error(300)));
        for value in [&[][..], &[0, 0, 4], &[0, 0, 4, 100], &[0, 0, 2, 0], &[0, 0, 7, 0]] {
            assert_eq!(error(&[(0x0009, value)]), Some(Reply::Unusable), "{value:?}");
        }
    }

    #[test]
    fn what_is_no_response_to_the_request_is_discarded() {
        let good = message(SUCCESS, &[(0x0020, XORED)]);
        assert!(read(&good, &ID).is_some());
        // Type, cookie and transaction; a length that is not that of the datagram.
        for at in (0..20).filter(|at| *at != 2) {
            let mut other = good.clone();
            other[at] ^= 0x40;
            assert_eq!(read(&other, &ID), None, "octet {at}");
        }
        for length in 0..good.len() {
            assert_eq!(read(&good[..length], &ID), None, "{length} octets");
        }
    }

    fn attributes() -> impl Strategy<Value = Vec<(u16, Vec<u8>)>> {
        let kind = prop_oneof![Just(0x0020_u16), Just(0x0001), Just(0x0009), any::<u16>()];
        let value = prop_oneof![Just(XORED.to_vec()), vec(any::<u8>(), 0..24)];
        vec((kind, value), 0..8)
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic_or_takes_a_stranger_for_an_answer(
            bytes in vec(any::<u8>(), 0..200), id in any::<Id>(),
        ) {
            if read(&bytes, &id).is_some() {
                prop_assert!(bytes[4..8] == COOKIE && bytes[8..20] == id);
            }
        }

        #[test]
        fn a_response_with_any_attributes_is_an_answer(
            kind in prop_oneof![Just(SUCCESS), Just(ERROR)], attributes in attributes(),
            cut in any::<prop::sample::Index>(), octet in any::<u8>(),
        ) {
            let borrowed: Vec<(u16, &[u8])> =
                attributes.iter().map(|(kind, value)| (*kind, value.as_slice())).collect();
            let mut bytes = message(kind, &borrowed);
            prop_assert!(read(&bytes, &ID).is_some());
            let at = cut.index(bytes.len());
            bytes[at] = octet;
            read(&bytes, &ID);
        }

        #[test]
        fn an_address_that_is_hidden_is_found_again(ip in any::<IpAddr>(), id in any::<Id>()) {
            let mask = [&COOKIE[..], &id].concat();
            let octets = match ip {
                IpAddr::V4(v4) => v4.octets().to_vec(),
                IpAddr::V6(v6) => v6.octets().to_vec(),
            };
            let hidden = octets.iter().zip(mask).map(|(octet, mask)| octet ^ mask);
            let family = if ip.is_ipv4() { 1 } else { 2 };
            let value: Vec<u8> = [0, family, 0, 0].into_iter().chain(hidden).collect();
            prop_assert_eq!(address(&value, Some(&id)), Some(ip.to_canonical()));
        }
    }
}
