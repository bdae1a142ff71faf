//! The documents of the read side and the port of the stores that hold them.

#[cfg(feature = "contract")]
pub mod contract;
pub mod documents;
mod indexes;
pub mod port;
mod sqlite;
mod store;

pub use port::*;
pub use store::{Document, Store, connect, connect_read_only};
