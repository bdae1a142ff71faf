//! Documents in MongoDB, as BSON that people can read and query with any tool.
//!
//! | collection | an entry per |
//! |---|---|
//! | `orders_v1_g3` | document of generation 3 of shape 1 of `orders`: its `document`, `version` and `stale` mark, and beside them the extracted `keys` and `lists` that have indexes; and `_generation`, which tells that this is still the collection that the positions belong to |
//! | `shapes` | collection and shape: its generations, and which one is live |
//! | `generations` | generation: the positions of its topics, and which keys its documents have |
//! | `quarantine`, `rebuilds`, `sources` | operational state |
//! | `store` | store: its format |
//!
//! Every call has a limit, and is not abandoned half way: see [`calls`].
//!
//! Every write waits until a majority of the replica set has it in its journal; every read goes to the primary and answers
//! only what a majority has. There are no transactions: a document is guarded by its version, and positions are written
//! after the documents, in the same database. A server that loses its last writes therefore holds an earlier moment, from
//! which the projections catch up.

mod body;
mod bulk;
mod calls;
mod conditions;
mod connection;
mod documents;
mod error;
mod find;
mod generations;
mod indexes;
mod marks;
mod operations;
mod repairs;
mod shapes;

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use platform::bus::Positions;

use self::calls::{Calls, Entries};
use self::generations::KeysOf;
use self::shapes::Pointer;
use crate::backend::Declared;
use crate::changes::Changes;
use crate::connect::Migrated;
use crate::port::{Collection, Generation, StoreError};

/// Documents in a MongoDB database.
pub(crate) struct Mongo {
    collections: Declared,
    calls: Calls,
    read_only: bool,
    changes: Changes,
    /// How often each generation was written when it was last looked at.
    seen: Mutex<HashMap<String, i64>>,
    /// The keys that the documents of generations have, as last read. Every write compares them with the stored ones.
    keys: Mutex<HashMap<Generation, Arc<KeysOf>>>,
    /// The positions of generations that this handle has resumed at or written.
    reached: Mutex<HashMap<Generation, Positions>>,
    /// The live generations, as last read.
    pointers: Mutex<HashMap<String, Pointer>>,
}

impl Mongo {
    /// Opens the store. A new one is created; one that lacks an index that this program needs is refused.
    pub(crate) async fn open(url: &str, collections: &[&'static Collection]) -> Result<Self, StoreError> {
        let calls = connection::open(url).await?;
        connection::claim_format(&calls).await?;
        let store = Self::over(calls, collections, false);
        indexes::require(&store).await?;
        Ok(store)
    }

    /// Opens the store for reading. Nothing is created or written.
    pub(crate) async fn open_read_only(
        url: &str,
        collections: &[&'static Collection],
    ) -> Result<Self, StoreError> {
        let calls = connection::open(url).await?;
        connection::format(&calls).await?;
        Ok(Self::over(calls, collections, true))
    }

    /// Creates the store, or adds the indexes and keys that it lacks.
    pub(crate) async fn migrate(
        url: &str,
        collections: &[&'static Collection],
    ) -> Result<Migrated, StoreError> {
        let calls = connection::open(url).await?;
        let migrated = connection::claim_format(&calls).await?;
        indexes::complete(&Self::over(calls, collections, false)).await?;
        Ok(migrated)
    }

    fn over(calls: Calls, collections: &[&'static Collection], read_only: bool) -> Self {
        Self {
            collections: Declared::new(collections),
            calls,
            read_only,
            changes: Changes::default(),
            seen: Mutex::default(),
            keys: Mutex::default(),
            reached: Mutex::default(),
            pointers: Mutex::default(),
        }
    }

    fn of(&self, name: &str) -> Entries<'_> {
        self.calls.of(name)
    }

    fn documents(&self, generation: &Generation) -> Entries<'_> {
        self.of(&name(generation))
    }

    /// The error for a generation that does not exist. If this handle holds it for live, the store was restored to a moment
    /// before it was: the handle looks again.
    fn gone(&self, generation: &Generation) -> StoreError {
        let id = shapes::id(&generation.collection, generation.shape);
        let mut pointers = self.pointers.lock();
        if pointers.get(&id).is_some_and(|pointer| pointer.is_to(generation)) {
            pointers.remove(&id);
        }
        StoreError::NoGeneration(generation.clone())
    }

    /// Whether this is the answer of [`Generations::live`](crate::Generations::live) in a store that is open for reading and
    /// has no live generation.
    fn is_uncreated(&self, generation: &Generation) -> bool {
        self.read_only && generation.number == 0
    }
}

/// The collection of a generation's documents, and the id of its entry in `generations`.
fn name(generation: &Generation) -> String {
    format!("{}_v{}_g{}", generation.collection, generation.shape, generation.number)
}
