//! Hot collections. What the hot views lack is read from the documents, which say the same.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_graphql::Value;
use read_models::documents::product_cards::{PRODUCT_CARDS, ProductCard};
use read_models::documents::products::{PRODUCTS, Product};
use read_models::documents::stock::{STOCK, StockItem};
use read_models::documents::stock_levels::{STOCK_LEVELS, StockLevel};
use read_models::{Collection, Document, Place, StoreError, Stored};
use serde::de::DeserializeOwned;

use super::{Doc, Reader};
use crate::fault::Fault;
use crate::hot::{Origin, Unusable};

/// A product of a list.
pub(crate) enum ListedProduct {
    /// With the fields of its card only.
    Card(Arc<Doc<Product>>),
    /// The whole document.
    Whole(Arc<Doc<Product>>),
}

/// An id, and the oldest version of its document that may be answered.
type Wanted = (String, u64);

impl Reader {
    /// Whether something was answered from the documents instead of the hot views, for the client.
    pub(crate) fn degraded(&self) -> Option<Value> {
        let degraded = self.degraded.load(Ordering::Relaxed);
        degraded.then(|| Value::List(vec![Value::from("hotViews")]))
    }

    /// The products at these places of a list, in that order. A card is answered only in the version that the place has: that
    /// is the answer which the documents give.
    pub(crate) async fn listed(&self, places: &[Place]) -> Result<Vec<Option<ListedProduct>>, Fault> {
        let ids: Vec<String> = places.iter().map(|place| place.cursor.id.clone()).collect();
        let cards = self.load_hot(&PRODUCT_CARDS, &ids).await;
        let reachable = cards != Err(Unusable::Unreachable);
        let cards = cards.unwrap_or_else(|_| vec![None; ids.len()]);
        let (mut listed, mut rest, mut other_versions) = (HashMap::new(), Vec::new(), 0);
        for (place, card) in places.iter().zip(cards) {
            let id = &place.cursor.id;
            match card {
                Some(card) if card.version == place.version => {
                    let card = decoded::<ProductCard>(&PRODUCT_CARDS, card)?;
                    listed.insert(
                        id.clone(),
                        ListedProduct::Card(Arc::new(map(card, ProductCard::into_product))),
                    );
                }
                other => {
                    other_versions += usize::from(other.is_some());
                    rest.push((id.clone(), place.version));
                }
            }
        }
        count(&PRODUCT_CARDS, reachable, listed.len(), rest.len() - other_versions, other_versions);
        if !rest.is_empty() {
            self.degrade();
            for (id, stored) in self.load_instead(&PRODUCTS, &rest).await? {
                listed.insert(id, ListedProduct::Whole(Arc::new(decoded(&PRODUCTS, stored)?)));
            }
        }
        Ok(ids.iter().map(|id| listed.remove(id)).collect())
    }

    /// The stock level of a SKU.
    pub(crate) async fn stock_level(&self, sku: &str) -> Result<Option<Arc<Doc<StockLevel>>>, Fault> {
        let read = |skus: Vec<String>| async move {
            let mut levels = self.stock_levels(&skus).await?;
            let of = |sku: String| Some((levels.remove(&format!("stock-{sku}"))?, sku));
            Ok(skus.into_iter().filter_map(of).map(|(level, sku)| (sku, Arc::new(level))).collect())
        };
        self.joins.levels.load(sku.to_owned(), read).await
    }

    /// The stock levels of SKUs, by the ids of their documents.
    async fn stock_levels(&self, skus: &[String]) -> Result<HashMap<String, Doc<StockLevel>>, Fault> {
        let mut ids: Vec<String> = skus.iter().map(|sku| format!("stock-{sku}")).collect();
        let asked = ids.len();
        // All that the query requires, as before any collection is read.
        let required = self.ledger(|ledger| ledger.open(&STOCK_LEVELS));
        ids.extend(required.iter().map(|wanted| wanted.stream.clone()));
        let loaded = self.load_hot(&STOCK_LEVELS, &ids).await;
        let reachable = loaded != Err(Unusable::Unreachable);
        let mut loaded = loaded.unwrap_or_else(|_| vec![None; ids.len()]);
        let versions: Vec<u64> =
            loaded.iter().skip(asked).map(|one| one.as_ref().map_or(0, |stored| stored.version)).collect();
        let behind = required.iter().zip(&versions).any(|(wanted, version)| *version < wanted.version);
        if !behind {
            for (wanted, version) in required.iter().zip(versions) {
                self.ledger(|ledger| ledger.observe(&STOCK_LEVELS, &wanted.stream, version));
            }
        }
        let (mut levels, mut rest, mut other_versions) = (HashMap::new(), Vec::new(), 0);
        loaded.truncate(asked);
        for (id, stored) in ids.into_iter().zip(loaded) {
            match stored {
                Some(stored) if !behind => drop(levels.insert(id, decoded(&STOCK_LEVELS, stored)?)),
                other => {
                    other_versions += usize::from(other.is_some());
                    let required = self.ledger(|ledger| ledger.required(&id));
                    rest.push((id, required));
                }
            }
        }
        let mut missing = 0;
        if !rest.is_empty() {
            let instead = self.load_instead(&STOCK, &rest).await?;
            // A SKU that the documents do not have either is not missing in the hot views.
            missing = instead.len().saturating_sub(other_versions);
            if !reachable || !instead.is_empty() {
                self.degrade();
            }
            for (id, stored) in instead {
                levels.insert(id, map(decoded::<StockItem>(&STOCK, stored)?, StockLevel::from));
            }
        }
        let hot = asked.saturating_sub(rest.len());
        count(&STOCK_LEVELS, reachable, hot, if reachable { missing } else { rest.len() }, other_versions);
        Ok(levels)
    }

    /// Documents of a hot collection by id, in that order; tombstones are left out.
    async fn load_hot(
        &self,
        collection: &'static Collection,
        ids: &[String],
    ) -> Result<Vec<Option<Stored>>, Unusable> {
        if let Some(hot) = &self.hot.store {
            return hot.load(collection, ids).await;
        }
        let loaded = async {
            let generation = self.live(collection).await?;
            Ok(self.services.store.keyed.load(&generation, ids).await?)
        };
        match loaded.await {
            Ok(loaded) => {
                Ok(loaded.into_iter().map(|one| one.filter(|stored| stored.body.is_some())).collect())
            }
            Err(Fault::Store(StoreError::NoGeneration(_))) => Err(Unusable::Empty),
            Err(fault) => {
                let problem = &fault as &dyn std::error::Error;
                tracing::warn!(
                    collection = collection.name,
                    problem,
                    "reading the documents instead of a hot view"
                );
                Err(Unusable::Unreachable)
            }
        }
    }

    /// The documents with these ids, by id, from a collection that has the same streams.
    async fn load_instead(
        &self,
        collection: &'static Collection,
        wanted: &[Wanted],
    ) -> Result<HashMap<String, Stored>, Fault> {
        let generation = self.ready(collection).await?;
        let keyed = self.services.store.keyed.as_ref();
        let ids: Vec<String> = wanted.iter().map(|(id, _)| id.clone()).collect();
        let mut found = self.hot.flights.load(keyed, &generation, &ids).await.map_err(Fault::Shared)?;
        // The shared load may have begun before this query knew of these versions.
        let is_old = |(id, version): &&Wanted| found.get(id).map_or(0, |one| one.version) < *version;
        let old: Vec<String> = wanted.iter().filter(is_old).map(|(id, _)| id.clone()).collect();
        if !old.is_empty() {
            let loaded = keyed.load(&generation, &old).await?;
            found.extend(loaded.into_iter().flatten().map(|one| (one.id.clone(), one)));
        }
        found.retain(|_, one| one.body.is_some());
        Ok(found)
    }

    fn degrade(&self) {
        self.degraded.store(true, Ordering::Relaxed);
    }
}

fn count(
    collection: &'static Collection,
    reachable: bool,
    hot: usize,
    missing: usize,
    other_versions: usize,
) {
    Origin::Hot.count(collection, hot);
    let origin = if reachable { Origin::Missing } else { Origin::Unreachable };
    origin.count(collection, missing);
    Origin::OtherVersion.count(collection, other_versions);
}

/// A document that is not deleted.
fn decoded<T: DeserializeOwned>(collection: &Collection, stored: Stored) -> Result<Doc<T>, Fault> {
    let document = Document::<T>::read(collection.name, stored)?;
    let Document { id, version, value, .. } = document;
    let missing =
        || StoreError::Unavailable(format!("document {id} of {} was deleted", collection.name), None);
    let value = value.ok_or_else(missing)?;
    Ok(Doc { id, version, value })
}

fn map<A, B>(document: Doc<A>, into: impl FnOnce(A) -> B) -> Doc<B> {
    Doc { id: document.id, version: document.version, value: into(document.value) }
}
