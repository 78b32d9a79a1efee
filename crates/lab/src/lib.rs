//! A pretend internet on loopback, for the tests and for the demo: one process, one thread.
//!
//! A [`World`] says what there is: zones, faults, mail servers, web pages. A started [`Lab`] is that world,
//! reachable: an authoritative DNS server (UDP and TCP on one port that the system chose) and mail
//! servers that play the dialogue files of `smtp-core/scenarios`, each on a loopback address of its
//! own, all on one port; a web server and STUN servers on others. A throwaway authority vouches for
//! their certificates, and sinks among them take mail and keep it. Everything stops when the `Lab` is
//! dropped.
//!
//! ```
//! let world = lab::World::named("internet")?;
//! let lab = lab::Lab::start(&world)?;
//! for (name, value) in lab.env() {
//!     // What makes the tools use this world instead of the real one.
//!     assert!(name.starts_with("MXPIPE_") && !value.is_empty());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Linux only: other systems have no loopback addresses beyond 127.0.0.1.

mod accept;
mod connection;
mod delay;
mod dns;
mod heard;
mod http;
mod lab;
mod mail;
mod play;
mod scenarios;
mod sink;
mod smtp;
mod stun;
mod tls;
mod world;

pub use lab::{Lab, LabError};
pub use mail::Mail;
pub use world::{World, WorldError};
