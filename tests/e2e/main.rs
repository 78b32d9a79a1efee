//! The tools end to end: the real programs against the pretend internet.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

mod auth;
mod bulk;
mod contract;
mod contract_ends;
mod dialogues;
mod expect;
mod family;
mod first;
mod generated;
mod harness;
mod interrupt;
mod lmtp;
mod mxlookup;
mod mxlookup_cases;
mod mxlookup_dnssec;
mod mxlookup_sts;
mod mxlookup_tlsa;
mod myip;
mod myip_names;
mod myip_network;
mod myip_stun;
mod network;
mod pages;
mod pipeline;
mod policy;
mod recipients;
mod resolver;
mod resolver_cache;
mod resolver_many;
mod resolver_tls;
mod scenarios;
mod scene;
mod session;
mod signed;
mod smtp_ping;
mod smtp_send;
mod smtp_send_input;
mod smtp_send_once;
mod smtp_send_refused;
mod smtp_send_route;
mod sources;
mod tls;
mod tls_client;
mod tls_levels;
mod tls_old;
mod tls_verdicts;
mod turns;
