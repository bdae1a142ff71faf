//! Feeding an index from the documents.
//!
//! Every product has the position of its last event. When the position of a partition has moved from *n* on, all products that
//! changed since have a position above *n*; those that the index has already are skipped by their version.

use std::sync::Arc;

use platform::bus::Positions;
use read_models::documents::categories::{CATEGORIES, CategoryTree, TREE};
use read_models::documents::products::{PRODUCTS, Product};
use read_models::{
    Direction, Document, Filter, Generation, MAX_PAGE, Query, Store, StoreError, Stored, Value,
};
use search::{Entry, Search};

use super::IndexError;
use super::entry::{changed_categories, entry};

/// An index, and what it was fed with.
pub(super) struct Feed {
    index: Arc<dyn Search>,
    products: Generation,
    /// The positions of the products before they were read.
    positions: Positions,
    tree: CategoryTree,
    tree_version: u64,
}

impl Feed {
    /// Fills an empty index.
    pub(super) async fn build(store: &Store, index: Arc<dyn Search>) -> Result<Self, IndexError> {
        let products = store.generations.live(&PRODUCTS).await?;
        let positions = store.keyed.positions(&products).await?;
        let (tree, tree_version) = categories(store).await?;
        let feed = Self { index, products, positions, tree, tree_version };
        feed.put_all(store, Query::default()).await?;
        Ok(feed)
    }

    pub(super) fn index(&self) -> Arc<dyn Search> {
        Arc::clone(&self.index)
    }

    pub(super) fn tree_version(&self) -> u64 {
        self.tree_version
    }

    /// Indexes what has changed. `false`: the index must be built again.
    pub(super) async fn advance(&mut self, store: &Store) -> Result<bool, IndexError> {
        if store.generations.live(&PRODUCTS).await? != self.products {
            return Ok(false);
        }
        let positions = store.keyed.positions(&self.products).await?;
        let behind =
            |(partition, position): (_, &u64)| positions.get(partition).is_none_or(|now| now < position);
        if self.positions.iter().any(behind) {
            return Ok(false);
        }
        self.follow_categories(store).await?;
        let before = |partition| self.positions.get(partition).copied();
        let moved = positions.iter().filter(|(partition, now)| before(partition) != Some(**now));
        let from = moved.map(|(partition, _)| before(partition).unwrap_or(0)).min();
        if let Some(from) = from {
            let above = Value::Integer(i64::try_from(from).unwrap_or(i64::MAX).saturating_add(1));
            let changed = Query {
                filters: vec![Filter::Between("position", Some(above), None)],
                sort: vec![("position", Direction::Ascending)],
                ..Query::default()
            };
            self.put_all(store, changed).await?;
            self.positions = positions;
        }
        Ok(true)
    }

    /// Indexes the products of changed categories again.
    pub(super) async fn follow_categories(&mut self, store: &Store) -> Result<(), IndexError> {
        let (tree, version) = categories(store).await?;
        if version == self.tree_version {
            return Ok(());
        }
        let old = std::mem::replace(&mut self.tree, tree);
        let before = std::mem::replace(&mut self.tree_version, version);
        let done = self.put_categories(store, &changed_categories(&old, &self.tree), version < before).await;
        if done.is_err() {
            // The next attempt finds the same differences.
            (self.tree, self.tree_version) = (old, before);
        }
        done
    }

    /// Indexes the products of these categories again. `restored`: their tree is older than before, so their revision falls.
    async fn put_categories(&self, store: &Store, ids: &[String], restored: bool) -> Result<(), IndexError> {
        let affected = self.index.in_categories(ids).await?;
        if restored {
            self.index.remove(&affected).await?;
        }
        self.put_these(store, &affected).await
    }

    /// Indexes these products.
    pub(super) async fn put_these(&self, store: &Store, ids: &[String]) -> Result<(), IndexError> {
        for ids in ids.chunks(MAX_PAGE) {
            let stored = store.keyed.load(&self.products, ids).await?;
            self.put(stored.into_iter().flatten()).await?;
        }
        Ok(())
    }

    /// Indexes all products that a query finds.
    async fn put_all(&self, store: &Store, mut query: Query) -> Result<(), IndexError> {
        query.limit = MAX_PAGE;
        loop {
            let found = store.queries.find(&self.products, &query).await?;
            query.after = found.last().map(|found| found.cursor.clone());
            let full = found.len() == MAX_PAGE;
            self.put(found.into_iter().map(|found| found.document)).await?;
            if !full {
                return Ok(());
            }
        }
    }

    async fn put(&self, stored: impl Iterator<Item = Stored>) -> Result<(), IndexError> {
        let (mut entries, mut gone): (Vec<Entry>, Vec<String>) = Default::default();
        for stored in stored {
            let id = stored.id.clone();
            match Document::<Product>::read(PRODUCTS.name, stored) {
                Ok(document) => match entry(document, &self.tree, self.tree_version) {
                    Some(entry) => entries.push(entry),
                    None => gone.push(id),
                },
                // Search works without it.
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        id,
                        "cannot index a product; search does not find it"
                    );
                }
            }
        }
        self.index.remove(&gone).await?;
        Ok(self.index.put(entries).await?)
    }
}

/// The category tree and its version; an empty one if the shop has no category.
async fn categories(store: &Store) -> Result<(CategoryTree, u64), StoreError> {
    let generation = store.generations.live(&CATEGORIES).await?;
    let found = store.load::<CategoryTree>(&generation, &[TREE.to_owned()]).await?.pop().flatten();
    Ok(found.map_or_else(Default::default, |document| (document.value.unwrap_or_default(), document.version)))
}
