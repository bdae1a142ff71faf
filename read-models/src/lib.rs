//! The documents of the read side, and the ports of the stores that hold them.

#![warn(unreachable_pub)]

mod backend;
mod changes;
mod connect;
#[cfg(feature = "contract")]
pub mod contract;
pub mod documents;
#[cfg(feature = "mongodb")]
mod mongo;
mod patient;
pub mod port;
#[cfg(feature = "redis")]
mod redis;
mod sqlite;
pub mod status;
mod store;
mod timed;

pub use connect::{
    Migrated, check_hot, connect, connect_hot, connect_hot_read_only, connect_read_only, migrate,
};
pub use port::*;
pub use status::{ProjectorState, ProjectorStatus, ReactorStatus};
pub use store::{Document, KeyedStore, Store};
