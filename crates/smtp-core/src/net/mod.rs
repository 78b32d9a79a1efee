//! The only place that knows sockets, timers and TLS.

mod call;
mod certificate;
mod connect;
mod dane;
mod drive;
mod second;
mod socket;
mod stream;
mod tls;

pub use call::{Call, Called, Finished, call};
pub use connect::{Connected, connect};
pub use drive::{Event, TlsTarget, drive};
pub use socket::Socket;
pub use tls::{LazyTls, TlsClient};
