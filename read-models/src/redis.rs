//! Hot views in Redis: documents by id, without queries.
//!
//! Every key begins with `PREFIX:{SHOP}:`, where the address states the prefix (`chorale` by default). The braces make Redis Cluster keep all keys of a shop in one slot, so that one
//! script can write them.
//!
//! | key | type | content |
//! |---|---|---|
//! | `…store` | hash | `format`, `incarnation`, and how often each collection was written (`writes:product_cards`) |
//! | `…generations` | hash | the state of each generation (`product_cards_v1_g3`); of each shape the live number (`product_cards_v1 live`) and the highest that was ever used (`product_cards_v1 last`) |
//! | `…product_cards_v1_g3:documents` | hash | a document per id: version, a letter, body ([`value`]) |
//! | `…product_cards_v1_g3:positions` | hash | the position of each partition |
//!
//! A batch is one script, so documents and positions are written together. Redis may lose what it holds: it may be emptied,
//! restored, or fail over to a replica that is behind. A writer notices, because its script compares the stored positions with
//! those that it relies on, and the **incarnation**: a random text that is created together with the first key.

mod connection;
mod documents;
mod error;
mod generations;
mod repairs;
mod scan;
mod scripts;
mod value;

use std::collections::HashMap;

use parking_lot::Mutex;
use platform::bus::Positions;
use platform::redis::Connection;

pub(crate) use self::scan::Scanned;
use crate::backend::Declared;
use crate::changes::Changes;
use crate::port::{Collection, Generation, StoreError};

/// The format of the store. Raised when its keys or values change their shape.
const FORMAT: u32 = 1;

/// Documents in Redis.
pub(crate) struct Redis {
    collections: Declared,
    connection: Connection,
    keys: KeyNames,
    read_only: bool,
    changes: Changes,
    /// The hash `…store` when it was last looked at.
    seen: Mutex<HashMap<String, String>>,
    /// What this handle has resumed at or written, by generation.
    reached: Mutex<HashMap<Generation, Reached>>,
}

/// What a writer relies on.
#[derive(Clone, Default)]
struct Reached {
    incarnation: String,
    positions: Positions,
}

impl Redis {
    /// Opens the store of a shop. A server that does not answer is no error here: every call tries again. One that may lose
    /// documents on its own is refused.
    pub(crate) async fn open(
        url: &str,
        shop: &str,
        collections: &[&'static Collection],
    ) -> Result<Self, StoreError> {
        let store = Self::over(url, shop, collections, false)?;
        match connection::check(&store.connection, &store.keys.store).await {
            Ok(()) => {}
            Err(error) if error.is_about_the_server() => return Err(error.into()),
            Err(error) => {
                let problem = platform::error::Chain(&StoreError::from(error)).to_string();
                tracing::warn!(problem, "Redis does not answer; hot views are answered from the documents");
            }
        }
        Ok(store)
    }

    /// Opens the store for reading. Nothing is created or written.
    pub(crate) fn open_read_only(
        url: &str,
        shop: &str,
        collections: &[&'static Collection],
    ) -> Result<Self, StoreError> {
        Self::over(url, shop, collections, true)
    }

    /// Fails if the server does not answer or cannot hold hot views.
    pub(crate) async fn require(url: &str) -> Result<(), StoreError> {
        let (connection, prefix) = connection::open(url)?;
        Ok(connection::check(&connection, &KeyNames::of(&prefix, "").store).await?)
    }

    fn over(
        url: &str,
        shop: &str,
        collections: &[&'static Collection],
        read_only: bool,
    ) -> Result<Self, StoreError> {
        let (connection, prefix) = connection::open(url)?;
        Ok(Self {
            collections: Declared::new(collections),
            connection,
            keys: KeyNames::of(&prefix, shop),
            read_only,
            changes: Changes::default(),
            seen: Mutex::default(),
            reached: Mutex::default(),
        })
    }

    /// Fails if the store is open for reading.
    fn require_writable(&self) -> Result<(), StoreError> {
        if self.read_only {
            return Err(StoreError::Unavailable("it is open for reading only".to_owned(), None));
        }
        Ok(())
    }

    /// Whether this is the answer of [`Generations::live`](crate::Generations::live) in a store that is open for reading and
    /// has no live generation.
    fn is_uncreated(&self, generation: &Generation) -> bool {
        self.read_only && generation.number == 0
    }
}

/// The keys of a shop.
struct KeyNames {
    prefix: String,
    store: String,
    generations: String,
}

impl KeyNames {
    fn of(prefix: &str, shop: &str) -> Self {
        let prefix = format!("{prefix}:{{{shop}}}:");
        Self { store: format!("{prefix}store"), generations: format!("{prefix}generations"), prefix }
    }

    fn documents(&self, generation: &Generation) -> String {
        format!("{}{}:documents", self.prefix, name(generation))
    }

    fn positions(&self, generation: &Generation) -> String {
        format!("{}{}:positions", self.prefix, name(generation))
    }
}

/// `product_cards_v1`
fn shape_name(collection: &str, shape: u32) -> String {
    format!("{collection}_v{shape}")
}

/// `product_cards_v1_g3`
fn name(generation: &Generation) -> String {
    format!("{}_g{}", shape_name(&generation.collection, generation.shape), generation.number)
}

/// The generation with this [`name`].
fn named(text: &str) -> Option<Generation> {
    let (shape, number) = text.rsplit_once("_g")?;
    let (collection, shape) = shape.rsplit_once("_v")?;
    Some(Generation {
        collection: collection.to_owned(),
        shape: shape.parse().ok()?,
        number: number.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generation_is_read_from_its_name_and_other_fields_are_not_generations() {
        let generation = Generation { collection: "a_g1_v2".to_owned(), shape: 10, number: 4_000_000_000 };
        assert_eq!(named(&name(&generation)), Some(generation));
        for other in ["a_v1 live", "a_v1 last", "a_v1", "a_g1", "a_v1_g", ""] {
            assert_eq!(named(other), None, "{other}");
        }
    }
}
