//! Commands: checked, sealed, and passed to the writer of the context that decides them.
//!
//! [`Commands`] contains them all and can be used in process; the HTTP routes only translate.

#![warn(unreachable_pub)]

pub mod accepted;
pub mod commands;
pub mod following;
pub mod http;
mod ids;
pub mod inputs;
pub mod meta;
mod words;

pub use accepted::{Accepted, CommandError};
pub use commands::{Commands, NoWriter, Shopper, Writers};
pub use following::{Following, ForeignEvent};
pub use http::{LIMITS, openapi, problem_for, public_api, staff_api};
pub use meta::CommandMeta;
