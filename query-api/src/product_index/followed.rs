//! A generation of documents whose changes are found by the position that each document records.

use platform::bus::Positions;
use read_models::{Collection, Direction, Filter, Generation, Query, Store, StoreError, Value};

/// The generation that is followed.
pub(super) struct Followed {
    pub(super) generation: Generation,
    collection: &'static Collection,
    /// The positions of the generation before it was read.
    read_to: Positions,
}

/// What has happened to a followed generation.
pub(super) enum Happened {
    Nothing,
    /// Documents may have changed behind the first of these positions. When they have been read, the second ones are reached.
    Changes(u64, Positions),
    /// Another generation is live, or the store was restored to an earlier moment.
    Replaced,
}

impl Followed {
    /// The live generation. All of it is to be read now.
    pub(super) async fn live(store: &Store, collection: &'static Collection) -> Result<Self, StoreError> {
        let generation = store.generations.live(collection).await?;
        let read_to = store.keyed.positions(&generation).await?;
        Ok(Self { generation, collection, read_to })
    }

    pub(super) async fn happened(&self, store: &Store) -> Result<Happened, StoreError> {
        if store.generations.live(self.collection).await? != self.generation {
            return Ok(Happened::Replaced);
        }
        let positions = store.keyed.positions(&self.generation).await?;
        let behind =
            |(partition, position): (_, &u64)| positions.get(partition).is_none_or(|now| now < position);
        if self.read_to.iter().any(behind) {
            return Ok(Happened::Replaced);
        }
        let before = |partition| self.read_to.get(partition).copied();
        let moved = positions.iter().filter(|(partition, now)| before(partition) != Some(**now));
        let from = moved.map(|(partition, _)| before(partition).unwrap_or(0)).min();
        Ok(from.map_or(Happened::Nothing, |from| Happened::Changes(from, positions)))
    }

    /// What has happened up to these positions was read.
    pub(super) fn reach(&mut self, positions: Positions) {
        self.read_to = positions;
    }
}

/// The documents whose `field` holds a position behind this one.
pub(super) fn behind(field: &'static str, position: u64) -> Query {
    let above = Value::Integer(i64::try_from(position).unwrap_or(i64::MAX).saturating_add(1));
    Query {
        filters: vec![Filter::Between(field, Some(above), None)],
        sort: vec![(field, Direction::Ascending)],
        ..Query::default()
    }
}
