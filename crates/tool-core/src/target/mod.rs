//! The servers that a word or a record names, for the tools that connect to them.

mod candidate;
mod input;
mod policy;

pub use candidate::{Candidate, Planned, TargetOptions, candidates, route_candidates};
pub use policy::{OF_A_HOST, demands_of_host};
