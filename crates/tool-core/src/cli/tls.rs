//! Which certificates are trusted.

use std::path::PathBuf;

use crate::env;

/// The options of the tools that verify certificates.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Shared options")]
pub struct TrustOptions {
    /// Trust the certificates of this PEM file instead of the system's
    #[arg(long, value_name = "FILE", env = env::CA, hide_env_values = true)]
    pub ca: Option<PathBuf>,
}
