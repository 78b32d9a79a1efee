//! The zones that NSD serves: a domain for each situation.

use std::fmt::Write;

use super::address::Block;
use super::signed::LABEL;

pub(super) const ORIGIN: &str = "peers.example";
/// The label of a zone that the resolver takes for signed, and which is not.
pub(super) const BOGUS: &str = "bogus";
/// The exchanges of `many`: more than a datagram holds.
pub(super) const MANY: usize = 60;

/// The last octets of the servers' addresses.
pub(super) const NSD: u8 = 1;
pub(super) const UNBOUND: u8 = 2;
pub(super) const MX1: u8 = 10;
/// The web server of the policies.
pub(super) const WEB: u8 = 20;
/// Nothing listens there, and the address has no name.
pub(super) const MX2: u8 = 11;
/// Its name is `mx1`, which does not lead back.
pub(super) const FORGED: u8 = 12;

/// It has two names, of which one exists and leads back.
pub(super) const SEVERAL: u8 = 13;
/// Its reverse name is an alias into the zone of a customer (RFC 2317).
pub(super) const CLASSLESS: u8 = 14;
/// Its name is an alias.
pub(super) const ALIASED: u8 = 15;
/// Its reverse name is below a delegation to a server that does not exist.
pub(super) const LAME: u8 = 16;
/// Its reverse name is below a delegation to a server that never answers.
pub(super) const MUTE: u8 = 17;
/// An address of IPv6, which nobody listens on, and the zone of its name.
pub(super) const IPV6: &str = "2001:db8::10";
pub(super) const REVERSE_IPV6: &str = "8.b.d.0.1.0.0.2.ip6.arpa";

pub(super) fn forward(block: Block) -> String {
    let address = |last| block.host(last);
    let mut zone = format!(
        "$ORIGIN {ORIGIN}.
$TTL 300
@           SOA   ns hostmaster 1 3600 600 86400 60
@           NS    ns
ns          A     {ns}
mx1         A     {mx1}
mx2         A     {mx2}
; The later one first: the order is the preference's.
plain       MX    20 mx2
plain       MX    10 mx1
turned      MX    10 mx2
turned      MX    20 mx1
equal       MX    10 mx2
equal       MX    10 mx1
dual        MX    10 mx.dual
mx.dual     A     {mx1}
mx.dual     AAAA  ::1
implicit    A     {mx1}
null        MX    0 .
nodata      TXT   \"neither MX nor address\"
dead        MX    10 gone
alias       MX    10 mail.alias
mail.alias  CNAME mx1
forged      MX    10 mx.forged
mx.forged   A     {forged}
; Policies of MTA-STS. The web server's certificate is for `sts` and `manysts`.
sts         MX    10 mx1
_mta-sts.sts TXT  \"v=STSv1; \" \"id=20260101;\"
_smtp._tls.sts TXT \"v=TLSRPTv1; rua=mailto:tls@{ORIGIN},https://reports.example/v1\"
mta-sts.sts CNAME web
web         A     {web}
othersts    MX    10 mx1
_mta-sts.othersts TXT \"v=STSv1; id=1;\"
mta-sts.othersts CNAME web
gonests     MX    10 mx1
_mta-sts.gonests TXT \"v=STSv1; id=1;\"
twosts      MX    10 mx1
_mta-sts.twosts TXT \"v=STSv1; id=1;\"
_mta-sts.twosts TXT \"v=STSv1; id=2;\"
mta-sts.twosts CNAME web
; The announcement is an alias of the first's.
manysts     MX    10 mx1
manysts     MX    20 mx2
_mta-sts.manysts CNAME _mta-sts.sts
mta-sts.manysts CNAME web
; Signed, see there.
{LABEL}      NS    ns
; Delegated to a server that does not exist.
lame        NS    ns.nowhere
half        MX    10 mx.lame
half        MX    20 mx1
{BOGUS}       MX    10 mx1
; What addresses are called, see the reverse zones.
several     A     {several}
customer    A     {classless}
{CLASSLESS}.customer PTR customer
aliased     CNAME host.aliased
host.aliased A    {aliased}
mute        NS    ns.nowhere
six         AAAA  {IPV6}
",
        several = address(SEVERAL),
        classless = address(CLASSLESS),
        aliased = address(ALIASED),
        ns = address(NSD),
        mx1 = address(MX1),
        mx2 = address(MX2),
        web = address(WEB),
        forged = address(FORGED),
    );
    for n in 1..=MANY {
        // Writing to a string cannot fail.
        let _ = writeln!(zone, "many MX {n} {host}\n{host} A {mx1}", host = many(n), mx1 = address(MX1));
    }
    zone
}

pub(super) fn reverse(block: Block) -> String {
    format!(
        "$ORIGIN {}.
$TTL 300
@ SOA ns.{ORIGIN}. hostmaster.{ORIGIN}. 1 3600 600 86400 60
@ NS ns.{ORIGIN}.
{MX1} PTR mx1.{ORIGIN}.
{FORGED} PTR mx1.{ORIGIN}.
{SEVERAL} PTR gone.{ORIGIN}.
{SEVERAL} PTR several.{ORIGIN}.
{CLASSLESS} CNAME {CLASSLESS}.customer.{ORIGIN}.
{ALIASED} PTR aliased.{ORIGIN}.
{LAME} CNAME {LAME}.lame.{ORIGIN}.
{MUTE} CNAME {MUTE}.mute.{ORIGIN}.
",
        block.reverse_zone()
    )
}

pub(super) fn reverse_ipv6() -> String {
    format!(
        "$ORIGIN {REVERSE_IPV6}.
$TTL 300
@ SOA ns.{ORIGIN}. hostmaster.{ORIGIN}. 1 3600 600 86400 60
@ NS ns.{ORIGIN}.
0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 PTR six.{ORIGIN}.
"
    )
}

/// The label of an exchange of `many`, long enough that 60 fill no datagram.
fn many(n: usize) -> String {
    format!("exchange-{n:02}-of-{MANY}-that-one-datagram-does-not-hold")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_exchanges_are_more_than_a_datagram_holds() {
        const DATAGRAM: usize = 1232;
        assert!(MANY * many(1).len() > DATAGRAM);
    }
}
