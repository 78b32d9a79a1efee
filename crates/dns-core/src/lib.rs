//! What the tools know about the DNS; nothing of SMTP beyond where mail goes.
//!
//! Every question goes through one door, the [`Lookup`] trait: [`route()`] walks an MX and
//! [`reverse()`] an address's names on top of it, as plain `async fn`s. The `net` feature adds
//! the [`net::Resolver`], which asks real servers, and [`http`], for what the names lead to and no
//! resolver knows; tests and other worlds bring their own.

pub mod address;
mod addresses;
mod config;
mod error;
mod hosts;
#[cfg(feature = "net")]
pub mod http;
mod lookup;
mod name;
#[cfg(feature = "net")]
pub mod net;
pub mod policy;
mod reverse;
mod route;
mod server;
mod target;
mod tlsa;
#[cfg(feature = "net")]
mod trust;
#[cfg(test)]
mod zone;

pub use addresses::{Addresses, addresses};
pub use config::ResolverConfig;
pub use error::{Ede, HttpError, LookupError, Problem};
pub use hosts::Hosts;
pub use lookup::{Answer, Data, Kind, Lookup, Rr, Security, Tlsa};
pub use name::{DomainName, NameError};
pub use reverse::{Iprev, Reverse, reverse};
pub use route::{AT_ONCE, Asked, Families, Finding, Host, Order, Route, RouteError, RouteOptions, route};
pub use server::{Protocol, Server, ServerError};
pub use target::{Location, MailTarget, TargetError};
pub use tlsa::{TlsaAnswer, tlsa};
