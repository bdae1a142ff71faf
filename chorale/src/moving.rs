//! `chorale move`: moves a shop from files to PostgreSQL, unchanged.
//!
//! The directory is claimed and its files are locked during the move. Everything is copied and compared before anything is
//! decided. Then the directory is marked, so that the shop can no longer be opened there, and only then is the copy opened.
//! A move that ends early can be repeated; two shops never continue the same log.

use clap::Args;
use platform::config::Secret;

use crate::stores::LogAddress;

#[cfg(feature = "servers")]
mod transfer;

#[cfg(feature = "servers")]
pub use transfer::run;

/// The target of a move.
#[derive(Args, Clone, Debug)]
pub struct MoveArgs {
    /// Target of the event logs: postgres://user:password@host/database, with one schema per context. CONTEXT=postgres://…
    /// applies to one context only; separate several addresses by spaces.
    #[arg(
        long,
        required = true,
        env = "CHORALE_TO_EVENT_LOG",
        hide_env_values = true,
        value_delimiter = ' ',
        value_name = "ADDRESS"
    )]
    pub to_event_log: Vec<LogAddress>,
    /// Target of the keys: postgres://user:password@host/database, preferably a separate database. With ?kek=env they are
    /// wrapped with the key in CHORALE_VAULT_KEY.
    #[arg(long, env = "CHORALE_TO_VAULT", hide_env_values = true, value_name = "ADDRESS")]
    pub to_vault: Secret,
    /// Print one JSON object per store.
    #[arg(long)]
    pub json: bool,
}

/// Fails: this build has no client for the stores that a shop moves to.
#[cfg(not(feature = "servers"))]
pub async fn run(
    _: &std::path::Path,
    _: &crate::stores::Stores,
    _: &MoveArgs,
    _: &mut impl std::io::Write,
) -> anyhow::Result<()> {
    Err(anyhow::Error::from(platform::servers::NoClient::POSTGRESQL)
        .context("chorale move copies a shop to PostgreSQL"))
}
