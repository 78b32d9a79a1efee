//! What an address is called, as records say it.

use std::net::IpAddr;

use dns_core::address::{Scope, scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Finding;
use super::route::non_public;
use crate::Code;

/// The result words of iprev (RFC 8601 section 2.7.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum IprevWord {
    /// A name of the address leads back to it.
    Pass,
    /// No name leads back.
    Fail,
    /// That could not be found out now.
    Temperror,
    /// The address has no name.
    Permerror,
}

impl IprevWord {
    /// The word used in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Temperror => "temperror",
            Self::Permerror => "permerror",
        }
    }
}

/// What is to be said about the address of a server: for a receiving host these are warnings.
pub fn reverse_findings(ip: IpAddr, iprev: Option<IprevWord>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if scope(ip) != Scope::Public {
        findings.push(non_public(ip));
    }
    findings.extend(match iprev {
        Some(IprevWord::Permerror) => {
            Some(Finding::new(Code::IdNoPtr, "the address has no PTR record").ip(ip))
        }
        Some(IprevWord::Fail) => {
            Some(Finding::new(Code::IdPtrMismatch, "no PTR name of the address leads back to it").ip(ip))
        }
        Some(IprevWord::Temperror) => Some(
            Finding::new(Code::IdPtrTemperror, "the PTR of the address could not be looked up now").ip(ip),
        ),
        Some(IprevWord::Pass) | None => None,
    });
    findings
}
