//! The answer of `myip`.

use std::collections::BTreeMap;
use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;
use tool_core::Code;
use tool_core::record::{IprevWord, millis};

use crate::ask::Asked;

/// The keys of head and answer that are written here.
pub(crate) const WRITES: &[&str] =
    &["ip", "family", "local_ip", "helo", "agree", "sources", "nat", "ptr", "iprev", "forward", "helo_check"];

/// How the world sees this machine.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Answer {
    /// The address that the questions left from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local_ip: Option<IpAddr>,
    /// The name to give in EHLO: that of `--helo` if it leads to the address, else the PTR name that leads back,
    /// else the literal of the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub helo: Option<String>,
    /// How many sources name the same address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agree: Option<usize>,
    /// Every source that had answered when the address was known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sources: Option<Vec<SourceRecord>>,
    /// The world sees another address than the machine has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nat: Option<bool>,
    /// The names of the address; absent if they could not be found out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ptr: Option<Vec<String>>,
    /// Whether one of them leads back (RFC 8601).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iprev: Option<IprevWord>,
    /// The addresses of each name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forward: Option<BTreeMap<String, Vec<IpAddr>>>,
    /// What holds of the name of `--helo`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub helo_check: Option<HeloRecord>,
}

/// A name held against the address, both ways.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HeloRecord {
    /// The name.
    pub name: String,
    /// Its addresses of this family; absent if they could not be found out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forward: Option<Vec<IpAddr>>,
    /// Whether the address is one of them; absent if that could not be found out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leads_here: Option<bool>,
    /// Whether it is a PTR name of the address; absent if that could not be found out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_ptr: Option<bool>,
}

/// What a source said.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct SourceRecord {
    /// Whom was asked.
    pub via: String,
    /// The address that it sees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    /// Why it does not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<SourceErrorRecord>,
    /// How long it took, in milliseconds.
    pub elapsed_ms: f64,
}

/// Why a source does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SourceErrorRecord {
    /// The condition.
    pub code: Code,
    /// In words.
    pub message: String,
}

impl SourceRecord {
    pub(crate) fn new(asked: &Asked) -> Self {
        let error = asked.answer.as_ref().err();
        Self {
            via: asked.via.clone(),
            ip: asked.ip(),
            error: error.map(|error| SourceErrorRecord { code: error.code, message: error.message.clone() }),
            elapsed_ms: millis(asked.took),
        }
    }
}
