//! Violations of the protocol that are tolerated, each with a name.

use std::collections::BTreeSet;

/// A violation that the session got past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quirk {
    /// A line ended in LF without CR (RFC 5321 section 2.3.8).
    BareLf,
    /// The lines of one reply had different codes; the last one counts (section 4.2.1).
    MixedCodes,
    /// `AUTH=…` in the EHLO reply, the form from before RFC 2554.
    AuthEquals,
    /// A line of the EHLO reply whose keyword is none (section 4.1.1.1).
    BadKeyword,
    /// More EHLO keywords, or parameters of one, than are kept.
    TooManyKeywords,
    /// EHLO or HELO was accepted with another code than 250.
    EhloCode,
    /// The second digit of a reply code is none that RFC 5321 section 4.2 knows.
    OddCode,
    /// A reply line of more than 512 octets (section 4.5.3.1.5).
    LongLine,
    /// A NUL in a reply (section 4.2: text is printable).
    Nul,
    /// An enhanced code of another class than the reply's (RFC 2034 section 4).
    EnhancedMismatch,
    /// The connection ended at EHLO; HELO was taken on another (RFC 5321 section 4.1.4 has the
    /// client fall back).
    EhloDrop,
}

impl Quirk {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::BareLf,
        Self::MixedCodes,
        Self::AuthEquals,
        Self::BadKeyword,
        Self::TooManyKeywords,
        Self::EhloCode,
        Self::OddCode,
        Self::LongLine,
        Self::Nul,
        Self::EnhancedMismatch,
        Self::EhloDrop,
    ];

    /// The word used in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BareLf => "bare_lf",
            Self::MixedCodes => "mixed_codes",
            Self::AuthEquals => "auth_equals",
            Self::BadKeyword => "bad_keyword",
            Self::TooManyKeywords => "too_many_keywords",
            Self::EhloCode => "ehlo_code",
            Self::OddCode => "odd_code",
            Self::LongLine => "long_line",
            Self::Nul => "nul",
            Self::EnhancedMismatch => "enhanced_mismatch",
            Self::EhloDrop => "ehlo_drop",
        }
    }
}

/// The quirks seen in a session.
pub type Quirks = BTreeSet<Quirk>;
