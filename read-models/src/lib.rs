//! The documents of the read side, and the ports of the stores that hold them.

#![warn(unreachable_pub)]

#[cfg(feature = "contract")]
pub mod contract;
pub mod documents;
pub mod port;
mod sqlite;
pub mod status;
mod store;
mod timed;

pub use port::*;
pub use status::{ProjectorState, ProjectorStatus, ReactorStatus};
pub use store::{Document, Migrated, Store, connect, connect_read_only, migrate};
