//! Feeding an index from the documents.
//!
//! Every product has the position of its last event, and every stock item that of the event that last changed its level. When
//! the position of a partition has moved from *n* on, all that changed since have a position above *n*. A stock movement that
//! changes no level leads to no product.

use std::sync::Arc;

use read_models::documents::categories::{CATEGORIES, CategoryTree, TREE};
use read_models::documents::products::{PRODUCTS, Product};
use read_models::documents::stock::STOCK;
use read_models::{Document, Filter, MAX_PAGE, Query, Store, StoreError, Stored};
use search::Search;

use super::IndexError;
use super::entry::{changed_categories, entry};
use super::followed::{Followed, Happened, behind};
use super::stock::{InStock, sku_of};

/// SKUs whose products are read with one call.
const SKUS_AT_ONCE: usize = 500;

/// An index, and what it was fed with.
pub(super) struct Feed {
    index: Arc<dyn Search>,
    products: Followed,
    stock: Followed,
    tree: CategoryTree,
    tree_version: u64,
    /// Of the entries that are put next: it rises when something else than a product has changed.
    revision: u64,
}

impl Feed {
    /// Fills an empty index.
    pub(super) async fn build(store: &Store, index: Arc<dyn Search>) -> Result<Self, IndexError> {
        let products = Followed::live(store, &PRODUCTS).await?;
        let stock = Followed::live(store, &STOCK).await?;
        let (tree, tree_version) = categories(store).await?;
        let feed = Self { index, products, stock, tree, tree_version, revision: 0 };
        feed.put_all(store, Query::default()).await?;
        Ok(feed)
    }

    pub(super) fn index(&self) -> Arc<dyn Search> {
        Arc::clone(&self.index)
    }

    pub(super) fn tree_version(&self) -> u64 {
        self.tree_version
    }

    /// Indexes what has changed of products and categories. `false`: the index must be built again.
    pub(super) async fn follow_products(&mut self, store: &Store) -> Result<bool, IndexError> {
        let happened = self.products.happened(store).await?;
        if matches!(happened, Happened::Replaced) {
            return Ok(false);
        }
        self.follow_categories(store).await?;
        if let Happened::Changes(from, positions) = happened {
            self.put_all(store, behind("position", from)).await?;
            self.products.reach(positions);
        }
        Ok(true)
    }

    /// Indexes the products again whose stock has changed its level. `false`: the index must be built again.
    pub(super) async fn follow_stock(&mut self, store: &Store) -> Result<bool, IndexError> {
        match self.stock.happened(store).await? {
            Happened::Nothing => {}
            Happened::Replaced => return Ok(false),
            Happened::Changes(from, positions) => {
                let mut query = Query { limit: MAX_PAGE, ..behind("levelPosition", from) };
                loop {
                    let found = store.queries.places(&self.stock.generation, &query).await?;
                    query.after = found.last().map(|found| found.cursor.clone());
                    let ids = found.iter().map(|found| found.cursor.id.as_str());
                    self.put_with_stock(store, ids).await?;
                    if found.len() < MAX_PAGE {
                        break;
                    }
                }
                self.stock.reach(positions);
            }
        }
        Ok(true)
    }

    /// Indexes the products of these stock items again.
    pub(super) async fn put_with_stock<'i>(
        &mut self,
        store: &Store,
        items: impl Iterator<Item = &'i str>,
    ) -> Result<(), IndexError> {
        let skus: Vec<String> = items.filter_map(sku_of).collect();
        for skus in skus.chunks(SKUS_AT_ONCE) {
            self.revision += 1;
            let of = Filter::HasAny("skus", skus.to_vec());
            self.put_all(store, Query { filters: vec![of], ..Query::default() }).await?;
        }
        Ok(())
    }

    /// Indexes the products of changed categories again.
    pub(super) async fn follow_categories(&mut self, store: &Store) -> Result<(), IndexError> {
        let (tree, version) = categories(store).await?;
        if version == self.tree_version {
            return Ok(());
        }
        self.revision += 1;
        let old = std::mem::replace(&mut self.tree, tree);
        let before = std::mem::replace(&mut self.tree_version, version);
        let done = self.put_categories(store, &changed_categories(&old, &self.tree)).await;
        if done.is_err() {
            // The next attempt finds the same differences.
            (self.tree, self.tree_version) = (old, before);
        }
        done
    }

    /// Indexes the products of these categories again.
    async fn put_categories(&self, store: &Store, ids: &[String]) -> Result<(), IndexError> {
        let affected = self.index.in_categories(ids).await?;
        self.put_these(store, &affected).await
    }

    /// Indexes these products.
    pub(super) async fn put_these(&self, store: &Store, ids: &[String]) -> Result<(), IndexError> {
        for ids in ids.chunks(MAX_PAGE) {
            let stored = store.keyed.load(&self.products.generation, ids).await?;
            self.put(store, stored.into_iter().flatten()).await?;
        }
        Ok(())
    }

    /// Indexes all products that a query finds.
    async fn put_all(&self, store: &Store, mut query: Query) -> Result<(), IndexError> {
        query.limit = MAX_PAGE;
        loop {
            let found = store.queries.find(&self.products.generation, &query).await?;
            query.after = found.last().map(|found| found.cursor.clone());
            let full = found.len() == MAX_PAGE;
            self.put(store, found.into_iter().map(|found| found.document)).await?;
            if !full {
                return Ok(());
            }
        }
    }

    async fn put(&self, store: &Store, stored: impl Iterator<Item = Stored>) -> Result<(), IndexError> {
        let (mut documents, mut gone): (Vec<Document<Product>>, Vec<String>) = Default::default();
        for stored in stored {
            let id = stored.id.clone();
            match Document::<Product>::read(PRODUCTS.name, stored) {
                Ok(document) if document.value.is_some() => documents.push(document),
                Ok(_) => gone.push(id),
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
        let products = documents.iter().filter_map(|document| document.value.as_ref());
        let in_stock = InStock::of(store, &self.stock.generation, products).await?;
        let entries = documents.into_iter().filter_map(|document| {
            let entry = entry(document, &self.tree, &in_stock)?;
            Some(search::Entry { revision: self.revision, ..entry })
        });
        let entries = entries.collect();
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
