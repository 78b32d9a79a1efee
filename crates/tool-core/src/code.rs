//! The table of codes: one word for each condition, an interface that is only added to.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::record::{Severity, Status};
use Severity::{Info, Warn};

/// The status that a code gives when it is the error of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsError {
    /// Definite.
    Fail,
    /// Cannot be told now.
    Unknown,
    /// A 4yz reply is `unknown`, a 5yz reply `fail`.
    ByReply,
    /// Never an error: a finding, a verdict or a diagnosis.
    Never,
}

/// Whether trying again may tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Temporary {
    /// It will not.
    No,
    /// It may.
    Yes,
    /// For a 4yz reply it may.
    ByReply,
}

macro_rules! codes {
    ($($name:ident = $word:literal, $error:ident, $temporary:ident, $finding:expr, $phase:literal;)*) => {
        /// Every condition that the tools tell apart. `TOOL --explain CODE` says what each means.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = concat!("`", $word, "`")] $name,)*
        }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word used in records.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// The status it gives as an error.
            pub const fn as_error(self) -> AsError {
                match self { $(Self::$name => AsError::$error,)* }
            }

            /// Whether trying again may tell.
            pub const fn temporary(self) -> Temporary {
                match self { $(Self::$name => Temporary::$temporary,)* }
            }

            /// Its severity as a finding, if it can be one.
            pub const fn as_finding(self) -> Option<Severity> {
                match self { $(Self::$name => $finding,)* }
            }

            /// The phase it belongs to, as the table says it.
            pub const fn phase(self) -> &'static str {
                match self { $(Self::$name => $phase,)* }
            }
        }
    };
}

codes! {
    InputUnusable = "input.unusable", Fail, No, None, "input";
    InputInjection = "input.injection", Fail, No, None, "input";
    RunInterrupted = "run.interrupted", Unknown, Yes, None, "any";
    InternalPanic = "internal.panic", Unknown, No, None, "any";
    DnsNxdomain = "dns.nxdomain", Fail, No, Some(Warn), "dns";
    DnsNodata = "dns.nodata", Fail, No, None, "dns";
    DnsNullMx = "dns.null_mx", Fail, No, None, "dns";
    DnsNullMxMixed = "dns.null_mx_mixed", Never, No, Some(Warn), "dns";
    DnsImplicitMx = "dns.implicit_mx", Never, No, Some(Info), "dns";
    DnsMxCname = "dns.mx_cname", Never, No, Some(Warn), "dns";
    DnsMxSingleLabel = "dns.mx_single_label", Never, No, Some(Warn), "dns";
    DnsMxIpLiteral = "dns.mx_ip_literal", Fail, No, Some(Warn), "dns";
    DnsMxDuplicate = "dns.mx_duplicate", Never, No, Some(Warn), "dns";
    DnsMxTooMany = "dns.mx_too_many", Never, No, Some(Warn), "dns";
    DnsMxLocalhost = "dns.mx_localhost", Fail, No, Some(Warn), "dns";
    DnsMxNonPublic = "dns.mx_non_public", Fail, No, Some(Warn), "dns";
    DnsMxNoAddress = "dns.mx_no_address", Fail, No, Some(Warn), "dns";
    DnsCnameLoop = "dns.cname_loop", Fail, No, None, "dns";
    DnsServfail = "dns.servfail", Unknown, Yes, Some(Warn), "dns";
    DnsTimeout = "dns.timeout", Unknown, Yes, Some(Warn), "dns";
    DnsRefused = "dns.refused", Unknown, Yes, Some(Warn), "dns";
    DnsBogus = "dns.bogus", Unknown, Yes, Some(Warn), "dns";
    DnsBadAnswer = "dns.bad_answer", Unknown, Yes, Some(Warn), "dns";
    DnsResolverUnreachable = "dns.resolver_unreachable", Unknown, Yes, None, "dns";
    TcpRefused = "tcp.refused", Fail, No, None, "connect";
    TcpTimeout = "tcp.timeout", Unknown, Yes, None, "connect";
    TcpUnreachable = "tcp.unreachable", Unknown, Yes, None, "connect";
    TcpAdminProhibited = "tcp.admin_prohibited", Unknown, No, None, "connect";
    TcpReset = "tcp.reset", Fail, No, None, "any";
    NetNoRoute = "net.no_route", Unknown, Yes, None, "connect";
    NetBlackholed = "net.blackholed", Unknown, Yes, None, "connect";
    NetDeniedLocal = "net.denied_local", Unknown, Yes, None, "connect";
    NetOffline = "net.offline", Unknown, Yes, None, "any";
    NetNoIpv6 = "net.no_ipv6", Never, No, Some(Info), "connect";
    NetFamilyBroken = "net.family_broken", Never, No, Some(Warn), "connect";
    NetSourcesDisagree = "net.sources_disagree", Unknown, No, Some(Warn), "sources";
    NetNotPublic = "net.not_public", Unknown, No, None, "sources";
    NetWrongFamily = "net.wrong_family", Never, No, Some(Warn), "sources";
    NetSmtpEgressDiffers = "net.smtp_egress_differs", Never, No, Some(Warn), "-";
    FwRemoteFilter25 = "fw.remote_filter_25", Never, No, None, "-";
    FwEgress25Blocked = "fw.egress_25_blocked", Never, No, None, "-";
    HostDownOrFiltered = "host.down_or_filtered", Never, No, None, "-";
    SvcNotListening = "svc.not_listening", Never, No, None, "-";
    MboxTransparentProxy = "mbox.transparent_proxy", Never, No, Some(Warn), "-";
    MboxBannerMasked = "mbox.banner_masked", Never, No, Some(Warn), "-";
    MboxEhloKeywordMasked = "mbox.ehlo_keyword_masked", Never, No, Some(Warn), "-";
    MboxStarttlsStripped = "mbox.starttls_stripped", Never, No, Some(Warn), "-";
    MboxTlsIntercepted = "mbox.tls_intercepted", Never, No, Some(Warn), "-";
    HttpStatus = "http.status", Never, No, Some(Warn), "http";
    HttpRedirect = "http.redirect", Never, No, Some(Warn), "http";
    HttpTimeout = "http.timeout", Never, No, Some(Warn), "http";
    HttpUnreachable = "http.unreachable", Never, No, Some(Warn), "http";
    HttpTls = "http.tls", Never, No, Some(Warn), "http";
    HttpBadBody = "http.bad_body", Never, No, Some(Warn), "http";
    StunTimeout = "stun.timeout", Never, No, Some(Warn), "sources";
    StunUnreachable = "stun.unreachable", Never, No, Some(Warn), "sources";
    StunError = "stun.error", Never, No, Some(Warn), "sources";
    StunBadAnswer = "stun.bad_answer", Never, No, Some(Warn), "sources";
    SmtpBannerTimeout = "smtp.banner_timeout", Unknown, Yes, None, "banner";
    SmtpBannerSlow = "smtp.banner_slow", Never, No, Some(Warn), "banner";
    SmtpClosedBeforeBanner = "smtp.closed_before_banner", Fail, No, None, "banner";
    SmtpNotSmtp = "smtp.not_smtp", Fail, No, None, "banner";
    SmtpImplicitTlsExpected = "smtp.implicit_tls_expected", Fail, No, None, "banner";
    SmtpBadReply = "smtp.bad_reply", Fail, No, None, "any";
    SmtpReplyTooLong = "smtp.reply_too_long", Fail, No, None, "any";
    SmtpGreeting421 = "smtp.greeting_421", Unknown, Yes, None, "banner";
    SmtpGreeting4xx = "smtp.greeting_4xx", Unknown, Yes, None, "banner";
    SmtpGreeting521 = "smtp.greeting_521", Fail, No, None, "banner";
    SmtpGreeting554 = "smtp.greeting_554", Fail, No, None, "banner";
    SmtpGreeting5xx = "smtp.greeting_5xx", Fail, No, None, "banner";
    SmtpEhloRejected = "smtp.ehlo_rejected", ByReply, ByReply, None, "ehlo";
    SmtpHeloOnly = "smtp.helo_only", Never, No, Some(Warn), "ehlo";
    SmtpTimeout = "smtp.timeout", Unknown, Yes, None, "any";
    SmtpClosed = "smtp.closed", Fail, No, None, "any";
    SmtpRateLimited = "smtp.rate_limited", Unknown, Yes, None, "any";
    SmtpQuitNo221 = "smtp.quit_no_221", Never, No, Some(Info), "quit";
    EhloStarttlsAfterTls = "ehlo.starttls_after_tls", Never, No, Some(Warn), "ehlo";
    EhloAuthPlainInClear = "ehlo.auth_plain_in_clear", Never, No, Some(Warn), "ehlo";
    EhloAuthMissingOnSubmission = "ehlo.auth_missing_on_submission", Never, No, Some(Warn), "ehlo";
    EhloChangedAfterTls = "ehlo.changed_after_tls", Never, No, Some(Info), "ehlo";
    EhloInconsistent = "ehlo.inconsistent", Never, No, Some(Warn), "ehlo";
    EhloBadKeyword = "ehlo.bad_keyword", Never, No, Some(Info), "ehlo";
    CmdAdvertisedButRejected = "cmd.advertised_but_rejected", Never, No, Some(Warn), "-";
    TlsStarttlsNotSupported = "tls.starttls_not_supported", Fail, No, Some(Warn), "starttls";
    TlsStarttlsRejected = "tls.starttls_rejected", ByReply, ByReply, None, "starttls";
    TlsCertificateHostMismatch = "tls.certificate_host_mismatch", Fail, No, Some(Warn), "tls";
    TlsCertificateExpired = "tls.certificate_expired", Fail, No, Some(Warn), "tls";
    TlsCertificateNotTrusted = "tls.certificate_not_trusted", Fail, No, Some(Warn), "tls";
    TlsSelfSigned = "tls.self_signed", Fail, No, Some(Warn), "tls";
    TlsChainIncomplete = "tls.chain_incomplete", Fail, No, Some(Warn), "tls";
    TlsCertificateNotYetValid = "tls.certificate_not_yet_valid", Fail, No, Some(Warn), "tls";
    TlsCertificateExpiresSoon = "tls.certificate_expires_soon", Fail, No, Some(Warn), "tls";
    TlsValidationFailure = "tls.validation_failure", Fail, No, Some(Warn), "tls";
    TlsTlsaInvalid = "tls.tlsa_invalid", Fail, No, None, "tls";
    TlsDaneRequired = "tls.dane_required", Fail, No, None, "tls";
    TlsDnssecInvalid = "tls.dnssec_invalid", Unknown, Yes, None, "dns";
    TlsStsPolicyFetchError = "tls.sts_policy_fetch_error", Unknown, Yes, Some(Warn), "http";
    TlsStsPolicyInvalid = "tls.sts_policy_invalid", Fail, No, Some(Warn), "http";
    TlsStsWebpkiInvalid = "tls.sts_webpki_invalid", Fail, No, Some(Warn), "tls";
    TlsTlsrptInvalid = "tls.tlsrpt_invalid", Never, No, Some(Warn), "dns";
    TlsHandshakeFailed = "tls.handshake_failed", Fail, No, None, "tls";
    TlsProtocolTooOld = "tls.protocol_too_old", Fail, No, None, "tls";
    TlsClosedInHandshake = "tls.closed_in_handshake", Fail, No, None, "tls";
    TlsPlaintextAfterStarttls = "tls.plaintext_after_starttls", Fail, No, None, "tls";
    TlsTimeout = "tls.timeout", Unknown, Yes, None, "tls";
    TlsCommandInjection = "tls.command_injection", Never, No, Some(Warn), "tls";
    RcptAccepted = "rcpt.accepted", Never, No, None, "-";
    RcptForwarded = "rcpt.forwarded", Never, No, None, "-";
    RcptCannotVerify = "rcpt.cannot_verify", Unknown, No, None, "rcpt";
    RcptAcceptAll = "rcpt.accept_all", Unknown, No, None, "rcpt";
    RcptGreylisted = "rcpt.greylisted", Unknown, Yes, None, "rcpt";
    RcptDeferred = "rcpt.deferred", Unknown, Yes, None, "rcpt";
    RcptTooMany = "rcpt.too_many", Unknown, Yes, None, "rcpt";
    RcptRejected = "rcpt.rejected", Fail, No, None, "rcpt";
    RcptUnknownUser = "rcpt.unknown_user", Fail, No, None, "rcpt";
    RcptDisabled = "rcpt.disabled", Fail, No, None, "rcpt";
    RcptMailboxFull = "rcpt.mailbox_full", Fail, No, None, "rcpt";
    RelayDenied = "relay.denied", Never, No, None, "-";
    RelayAuthRequired = "relay.auth_required", Never, No, None, "-";
    RelayAcceptedAtRcpt = "relay.accepted_at_rcpt", Never, No, Some(Warn), "rcpt";
    RelayOpen = "relay.open", Fail, No, None, "dot";
    RelayUndetermined = "relay.undetermined", Unknown, Yes, None, "mail";
    RelayTrustedSource = "relay.trusted_source", Never, No, Some(Info), "-";
    ClientBlocked = "client.blocked", Fail, No, None, "rcpt";
    ClientNoPtr = "client.no_ptr", Fail, No, None, "any";
    SubmissionNoAuthRequired = "submission.no_auth_required", Never, No, Some(Warn), "rcpt";
    TlsRequired = "tls.required", Fail, No, None, "mail";
    IdBannerNoDomain = "id.banner_no_domain", Never, No, Some(Warn), "-";
    IdBannerNotFqdn = "id.banner_not_fqdn", Never, No, Some(Warn), "-";
    IdBannerLocalhost = "id.banner_localhost", Never, No, Some(Warn), "-";
    IdBannerNeEhlo = "id.banner_ne_ehlo", Never, No, Some(Info), "-";
    IdBannerUnresolvable = "id.banner_unresolvable", Never, No, Some(Warn), "-";
    IdBannerForwardMismatch = "id.banner_forward_mismatch", Never, No, Some(Warn), "-";
    IdPtrNeBanner = "id.ptr_ne_banner", Never, No, Some(Info), "-";
    IdPtrGeneric = "id.ptr_generic", Never, No, Some(Info), "-";
    IdUnexpected = "id.unexpected", Fail, No, None, "ehlo";
    IdNoPtr = "id.no_ptr", Fail, No, Some(Warn), "dns";
    IdPtrMismatch = "id.ptr_mismatch", Fail, No, Some(Warn), "dns";
    IdPtrTemperror = "id.ptr_temperror", Unknown, Yes, Some(Warn), "dns";
    IdHeloMismatch = "id.helo_mismatch", Fail, No, None, "dns";
    IdPtrNeHelo = "id.ptr_ne_helo", Never, No, Some(Info), "-";
    ExpectKeywordMissing = "expect.keyword_missing", Fail, No, None, "ehlo";
    ExpectTlsMissing = "expect.tls_missing", Fail, No, None, "tls";
    ExpectTooSlow = "expect.too_slow", Fail, No, None, "any";
    MailRejected = "mail.rejected", Fail, No, None, "mail";
    MailDeferred = "mail.deferred", Unknown, Yes, None, "mail";
    DataRejected = "data.rejected", Fail, No, None, "data or dot";
    DataDeferred = "data.deferred", Unknown, Yes, None, "data or dot";
    DataUncertain = "data.uncertain", Unknown, No, None, "dot";
    SizeExceedsLimit = "size.exceeds_limit", Fail, No, None, "mail";
    Smtputf8Unsupported = "smtputf8.unsupported", Fail, No, None, "mail";
    EightbitUnsupported = "eightbit.unsupported", Fail, No, None, "mail";
    BodyBareCrOrLf = "body.bare_cr_or_lf", Fail, No, None, "mail";
    BodyLineTooLong = "body.line_too_long", Fail, No, None, "mail";
    ExtensionUnsupported = "extension.unsupported", Fail, No, None, "mail";
    AuthRejected = "auth.rejected", Fail, No, None, "auth";
    AuthRequired = "auth.required", Fail, No, None, "mail";
    AuthMechanismUnavailable = "auth.mechanism_unavailable", Fail, No, None, "auth";
    AuthCleartextRefused = "auth.cleartext_refused", Fail, No, None, "auth";
    AuthServerNotVerified = "auth.server_not_verified", Fail, No, None, "auth";
    AuthDeferred = "auth.deferred", Unknown, Yes, None, "auth";
    TextInvalidUtf8 = "text.invalid_utf8", Never, No, Some(Info), "any";
}

impl Code {
    /// Status and temporariness as an error that came with a reply of this code, if any.
    pub fn judge(self, reply: Option<u16>) -> (Status, bool) {
        let transient = reply.is_some_and(|code| code / 100 == 4);
        let status = match self.as_error() {
            AsError::Unknown => Status::Unknown,
            AsError::ByReply if transient => Status::Unknown,
            _ => Status::Fail,
        };
        let temporary = match self.temporary() {
            Temporary::Yes => true,
            Temporary::No => false,
            Temporary::ByReply => transient,
        };
        (status, temporary)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoSuchCode;

impl FromStr for Code {
    type Err = NoSuchCode;

    fn from_str(word: &str) -> Result<Self, NoSuchCode> {
        Self::ALL.iter().copied().find(|code| code.as_str() == word).ok_or(NoSuchCode)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl schemars::JsonSchema for Code {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Code".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let words: Vec<&str> = Self::ALL.iter().map(|code| code.as_str()).collect();
        schemars::json_schema!({ "type": "string", "enum": words })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_leads_back_to_its_code() {
        for code in Code::ALL {
            assert_eq!(code.as_str().parse(), Ok(*code));
        }
        assert_eq!("dns.nosuch".parse::<Code>(), Err(NoSuchCode));
    }

    #[test]
    fn a_code_decided_by_the_reply_follows_its_first_digit() {
        assert_eq!(Code::SmtpEhloRejected.judge(Some(450)), (Status::Unknown, true));
        assert_eq!(Code::SmtpEhloRejected.judge(Some(550)), (Status::Fail, false));
        assert_eq!(Code::TcpTimeout.judge(None), (Status::Unknown, true));
        assert_eq!(Code::TcpRefused.judge(None), (Status::Fail, false));
    }
}
