//! The append log of a context: the port and its backends, the context's writer, and the logs as a bus.

pub mod chain;
pub mod connect;
mod plan;
pub mod port;
pub mod request;
pub mod log_bus;
pub mod writer;
pub mod sqlite;

pub use connect::{connect, connect_read_only};
