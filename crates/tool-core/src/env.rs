//! The environment variables that stand for options, in one table.

/// DNS servers to ask: `--dns`.
pub const DNS: &str = "MXPIPE_DNS";
/// The name given in EHLO: `--ehlo`.
pub const EHLO: &str = "MXPIPE_EHLO";
/// The ports to connect to: `--port`.
pub const PORT: &str = "MXPIPE_PORT";
/// The port that policies are fetched from: `--https-port`.
pub const HTTPS_PORT: &str = "MXPIPE_HTTPS_PORT";
/// The root certificates that are trusted: `--ca`.
pub const CA: &str = "MXPIPE_CA";
/// The sources of this machine's public address: `--via`.
pub const VIA: &str = "MXPIPE_VIA";
/// Whether addresses that are not public are used: `--allow-private`.
pub const ALLOW_PRIVATE: &str = "MXPIPE_ALLOW_PRIVATE";
/// The address to connect from: `--source`.
pub const SOURCE: &str = "MXPIPE_SOURCE";
/// The password of a login: `--auth-password`.
pub const AUTH_PASSWORD: &str = "MXPIPE_AUTH_PASSWORD";
/// The envelope sender: `--from`.
pub const FROM: &str = "MXPIPE_FROM";
