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

/// Stock levels by SKU.
type Levels = HashMap<String, Arc<Doc<StockLevel>>>;

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
        let recent = self.recent().await.map(|(recent, _)| recent);
        let known = |place: &Place| recent?.card(&place.cursor.id, place.version);
        let mut listed: HashMap<&str, ListedProduct> = places
            .iter()
            .filter_map(|place| Some((place.cursor.id.as_str(), ListedProduct::Card(known(place)?))))
            .collect();
        self.recorded.add(&PRODUCT_CARDS);
        let is_unknown = |place: &&Place| !listed.contains_key(place.cursor.id.as_str());
        let unknown: Vec<&Place> = places.iter().filter(is_unknown).collect();
        if !unknown.is_empty() {
            self.read_listed(&unknown, &mut listed).await?;
        }
        Ok(places.iter().map(|place| listed.remove(place.cursor.id.as_str())).collect())
    }

    /// Reads the products at these places.
    async fn read_listed<'p>(
        &self,
        places: &[&'p Place],
        listed: &mut HashMap<&'p str, ListedProduct>,
    ) -> Result<(), Fault> {
        let ids: Vec<String> = places.iter().map(|place| place.cursor.id.clone()).collect();
        let recent = self.recent().await;
        let cards = self.load_hot(&PRODUCT_CARDS, &ids).await;
        let missing = Origin::without(cards.as_ref().err().copied());
        let cards = cards.unwrap_or_else(|_| vec![None; ids.len()]);
        let mut rest = Vec::new();
        for (place, card) in places.iter().zip(cards) {
            match card {
                Some(card) if card.version == place.version => {
                    Origin::Hot.count(&PRODUCT_CARDS, 1);
                    let bytes = card.body.as_ref().map_or(0, String::len);
                    let card = decoded::<ProductCard>(&PRODUCT_CARDS, card)?;
                    let card = Arc::new(map(card, ProductCard::into_product));
                    if let Some((recent, _)) = recent {
                        recent.keep_card(card.clone(), bytes);
                    }
                    listed.insert(&place.cursor.id, ListedProduct::Card(card));
                }
                other => {
                    let origin = if other.is_some() { Origin::OtherVersion } else { missing };
                    origin.count(&PRODUCT_CARDS, 1);
                    rest.push((place.cursor.id.clone(), place.version));
                }
            }
        }
        self.degrade_if(!rest.is_empty());
        let mut instead = self.load_instead(&PRODUCTS, &rest).await?;
        for place in places {
            if let Some(stored) = instead.remove(&place.cursor.id) {
                let whole = Arc::new(decoded(&PRODUCTS, stored)?);
                listed.insert(&place.cursor.id, ListedProduct::Whole(whole));
            }
        }
        Ok(())
    }

    /// The stock level of a SKU.
    pub(crate) async fn stock_level(&self, sku: &str) -> Result<Option<Arc<Doc<StockLevel>>>, Fault> {
        let recent = self.recent().await;
        if let Some(level) = recent.and_then(|(recent, asked)| recent.level(sku, asked)) {
            self.recorded.add(&STOCK_LEVELS);
            return Ok(level);
        }
        let read = |skus: Vec<String>| async move {
            let (levels, is_degraded) = self.stock_levels(&skus).await?;
            if let Some((recent, asked)) = recent.filter(|_| !is_degraded) {
                for sku in &skus {
                    recent.keep_level(sku, levels.get(sku).cloned(), asked);
                }
            }
            Ok(levels)
        };
        self.joins.levels.load(sku.to_owned(), read).await
    }

    /// The stock levels of SKUs, and whether some of them are not from the hot view.
    async fn stock_levels(&self, skus: &[String]) -> Result<(Levels, bool), Fault> {
        let ids: Vec<String> = skus.iter().map(|sku| format!("stock-{sku}")).collect();
        let loaded = self.hot_levels(&ids).await;
        let unusable = loaded.as_ref().err().copied();
        let loaded = loaded.unwrap_or_else(|_| vec![None; ids.len()]);
        let (mut levels, mut rest) = (HashMap::new(), Vec::new());
        for (id, stored) in ids.into_iter().zip(loaded) {
            match stored {
                Some(stored) => drop(levels.insert(id, decoded(&STOCK_LEVELS, stored)?)),
                None => {
                    let required = self.ledger(|ledger| ledger.required(&id));
                    rest.push((id, required));
                }
            }
        }
        Origin::Hot.count(&STOCK_LEVELS, levels.len());
        let instead = self.load_instead(&STOCK, &rest).await?;
        // A SKU that the documents do not have either is not missing in hot views that answer.
        let missing = if unusable == Some(Unusable::Unreachable) { rest.len() } else { instead.len() };
        Origin::without(unusable).count(&STOCK_LEVELS, missing);
        self.degrade_if(missing > 0);
        for (id, stored) in instead {
            levels.insert(id, map(decoded::<StockItem>(&STOCK, stored)?, StockLevel::from));
        }
        let of = |sku: &String| Some((sku.clone(), Arc::new(levels.remove(&format!("stock-{sku}"))?)));
        Ok((skus.iter().filter_map(of).collect(), missing > 0))
    }

    /// The hot stock levels with these ids, in that order, if the hot view has all versions that the query requires.
    async fn hot_levels(&self, ids: &[String]) -> Result<Vec<Option<Stored>>, Unusable> {
        let required = self.ledger(|ledger| ledger.open(&STOCK_LEVELS));
        let streams = required.iter().map(|wanted| wanted.stream.clone());
        let all: Vec<String> = ids.iter().cloned().chain(streams).collect();
        let mut loaded = self.load_level(&STOCK_LEVELS, &STOCK, &all).await?;
        let seen: Vec<u64> =
            loaded.drain(ids.len()..).map(|one| one.map_or(0, |stored| stored.version)).collect();
        if required.iter().zip(&seen).any(|(wanted, seen)| *seen < wanted.version) {
            return Err(Unusable::Behind);
        }
        for (wanted, seen) in required.iter().zip(seen) {
            self.ledger(|ledger| ledger.observe(&STOCK_LEVELS, &wanted.stream, seen));
        }
        Ok(loaded)
    }

    /// [`load_hot`](Self::load_hot), if the hot view has all that the documents contained a moment ago: there is no version to
    /// compare its documents with.
    async fn load_level(
        &self,
        collection: &'static Collection,
        documents: &'static Collection,
        ids: &[String],
    ) -> Result<Vec<Option<Stored>>, Unusable> {
        let (floors, passed) = (&self.hot.floors, &self.hot.passed);
        let keyed = self.services.store.keyed.as_ref();
        let Some(hot) = &self.hot.store else {
            let level = async {
                let (view, documents) = (self.live(collection).await?, self.live(documents).await?);
                Ok(floors.is_level(keyed, &view, &documents, passed).await?)
            };
            return match unless_failed(collection, level.await)? {
                true => self.load_hot(collection, ids).await,
                false => Err(Unusable::Behind),
            };
        };
        self.recorded.add(collection);
        let floor = async { Ok(floors.of(keyed, &self.live(documents).await?).await?) };
        let floor = unless_failed(documents, floor.await)?;
        hot.load_from(collection, ids, &floor, passed).await
    }

    /// Documents of a hot collection by id, in that order; tombstones are left out.
    async fn load_hot(
        &self,
        collection: &'static Collection,
        ids: &[String],
    ) -> Result<Vec<Option<Stored>>, Unusable> {
        if let Some(hot) = &self.hot.store {
            self.recorded.add(collection);
            return hot.load(collection, ids).await;
        }
        let loaded = async {
            let generation = self.live(collection).await?;
            Ok(self.services.store.keyed.load(&generation, ids).await?)
        };
        let loaded = unless_failed(collection, loaded.await)?;
        Ok(loaded.into_iter().map(|one| one.filter(|stored| stored.body.is_some())).collect())
    }

    /// The documents with these ids, by id, from a collection that has the same streams.
    async fn load_instead(
        &self,
        collection: &'static Collection,
        wanted: &[Wanted],
    ) -> Result<HashMap<String, Stored>, Fault> {
        if wanted.is_empty() {
            return Ok(HashMap::new());
        }
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

    fn degrade_if(&self, degraded: bool) {
        self.degraded.fetch_or(degraded, Ordering::Relaxed);
    }
}

/// What a store of documents answers about a hot collection, or why it has no answer, which is logged.
fn unless_failed<T>(collection: &Collection, answer: Result<T, Fault>) -> Result<T, Unusable> {
    answer.map_err(|fault| match fault {
        Fault::Store(StoreError::NoGeneration(_)) => Unusable::Empty,
        fault => {
            let problem = &fault as &dyn std::error::Error;
            tracing::warn!(
                collection = collection.name,
                problem,
                "reading the documents instead of a hot view"
            );
            Unusable::Unreachable
        }
    })
}

/// A document that is not deleted.
fn decoded<T: DeserializeOwned>(collection: &Collection, stored: Stored) -> Result<Doc<T>, Fault> {
    let Document { id, version, value, .. } = Document::<T>::read(collection.name, stored)?;
    let deleted =
        || StoreError::Unavailable(format!("document {id} of {} was deleted", collection.name), None);
    let value = value.ok_or_else(deleted)?;
    Ok(Doc { id, version, value })
}

fn map<A, B>(document: Doc<A>, into: impl FnOnce(A) -> B) -> Doc<B> {
    Doc { id: document.id, version: document.version, value: into(document.value) }
}
