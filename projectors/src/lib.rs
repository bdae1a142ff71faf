//! Projectors: events become documents.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "tests may fail loudly"))]

pub mod projection;
pub mod projections;
mod published;

pub use projection::{Entity, Entry, Indigestible, Journal, Projection, Summary};
pub use projections::REGISTRY;
