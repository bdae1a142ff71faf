//! A context's append-only event log: the port and its backends, the context's writer, the relay, and the
//! logs as a bus.

#![warn(unreachable_pub)]

pub mod chain;
mod connect;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
pub mod log_bus;
mod plan;
pub mod port;
#[cfg(feature = "postgres")]
mod postgres;
pub mod relay;
pub mod request;
mod sqlite;
mod tail_watcher;
mod timed;
#[cfg(feature = "postgres")]
pub mod transfer;
pub mod verify;
pub mod writer;

pub use connect::{connect, connect_read_only, migrate};
