//! Searching the catalogue: a port, and a backend in memory.
//!
//! The index is disposable: it holds nothing that is not in the documents, and is rebuilt from them at every start. It knows
//! no documents of the shop; its owner turns them into [`Entry`]s.
//!
//! Results depend only on the entries, never on the order in which they were written, so that two processes with the same
//! documents answer the same, and a cursor of one is valid at the other.

#![warn(unreachable_pub)]

#[cfg(feature = "contract")]
pub mod contract;
mod memory;
mod port;
mod settings;
mod stem;
mod synonyms;
mod words;

pub use memory::MemorySearch;
pub use port::*;
pub use settings::{Language, Settings, UnknownLanguage};
pub use synonyms::{MalformedSynonyms, Synonyms};
