//! Asking real servers: the only place that knows the wire format and sockets.

mod config;
mod hosts;
mod resolver;
mod tcp;
mod udp;
mod wire;

pub use config::{Protocol, ResolverConfig, Server, ServerError};
pub use hosts::Hosts;
pub use resolver::Resolver;
