//! The append log of a context: the port and its backends, the context's writer, and the logs as a bus.

pub mod chain;
pub mod connect;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
mod growth;
mod lane;
pub mod log_bus;
mod plan;
pub mod port;
pub mod postgres;
pub mod relay;
pub mod request;
pub mod sqlite;
pub mod transfer;
pub mod verify;
pub mod writer;

pub use connect::{connect, connect_read_only, migrate};
