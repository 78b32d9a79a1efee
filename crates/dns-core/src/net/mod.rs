//! Asking real servers: the only place that knows the wire format and sockets.

mod bounded;
mod resolver;
mod system;
mod tcp;
mod udp;
mod upstream;
mod upstreams;
mod wire;

pub use bounded::Bounded;
pub use resolver::Resolver;
pub use system::config;
