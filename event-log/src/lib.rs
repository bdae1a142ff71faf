//! The append log of a context: the port and its backends, the context's writer, and the logs as a bus.

pub mod port;
pub mod request;
