//! Commands: what people may ask of the shop, checked, sealed and handed to the writer of the context that decides.
//!
//! [`Commands`] is the whole of it and can be used in process; the HTTP routes only translate.

pub mod accepted;
pub mod commands;
pub mod http;
pub mod inputs;
pub mod meta;

pub use accepted::{Accepted, CommandError};
pub use commands::{Commands, NoWriter, Shopper, Writers};
pub use http::{Options, openapi, public_router, staff_router};
pub use meta::Meta;
