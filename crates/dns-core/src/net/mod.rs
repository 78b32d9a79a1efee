//! Asking real servers: the only place that knows the wire format and sockets.

mod age;
mod bounded;
mod cache;
mod dial;
#[cfg(feature = "dnssec")]
mod dnssec;
mod https;
mod line;
mod place;
mod resolver;
mod shared;
mod system;
mod table;
mod udp;
mod upstream;
mod upstreams;
mod wire;

pub use bounded::Bounded;
pub use cache::Cache;
#[cfg(feature = "dnssec")]
pub use dnssec::TrustAnchors;
pub use resolver::Resolver;
pub use system::{config, config_with};
