//! The servers that a word or a record names, for the tools that connect to them.

mod candidate;
mod input;

pub use candidate::{Candidate, Planned, TargetOptions, candidates, route_candidates};
