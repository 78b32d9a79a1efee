//! An address that was tried, in a record of several attempts.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Error, Head, Status, millis};
use crate::Code;

/// An address that was tried.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct AttemptRecord {
    /// The server's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The server's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// The server's port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Whether it works.
    pub status: Status,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// In which phase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<&'static str>,
    /// How long it took, in milliseconds.
    pub elapsed_ms: f64,
}

impl AttemptRecord {
    /// From what an attempt came to.
    pub fn new(head: &Head, error: Option<&Error>, elapsed: Duration) -> Self {
        Self {
            host: head.host.clone(),
            ip: head.ip.clone(),
            port: head.port,
            status: error.map_or(Status::Ok, Error::status),
            code: error.map(|error| error.code),
            phase: error.map(|error| error.phase),
            elapsed_ms: millis(elapsed),
        }
    }
}
