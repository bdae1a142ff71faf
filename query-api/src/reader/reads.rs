//! Which collections of the catalog a query has read, and whether they have changed since.

use std::sync::atomic::{AtomicU8, Ordering};

use read_models::documents::categories::CATEGORIES;
use read_models::documents::product_cards::PRODUCT_CARDS;
use read_models::documents::products::PRODUCTS;
use read_models::documents::stock::STOCK;
use read_models::documents::stock_levels::STOCK_LEVELS;
use read_models::{ChangeToken, Collection, StoreError};

use super::Readers;

/// The collections that answers about the catalog are read from.
const CATALOG: [&Collection; 5] = [&PRODUCTS, &PRODUCT_CARDS, &CATEGORIES, &STOCK, &STOCK_LEVELS];
/// The bit of all other collections.
const OTHER: u8 = 1 << 7;

/// Collections that a query has read.
#[derive(Debug, Default)]
pub(super) struct Recorded(AtomicU8);

/// Collections of [`CATALOG`], as bits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reads(u8);

/// A state of the collections of the catalog.
#[derive(Debug)]
pub(crate) struct CatalogState([ChangeToken; CATALOG.len()]);

impl Recorded {
    pub(super) fn add(&self, collection: &Collection) {
        let known = CATALOG.iter().position(|one| one.name == collection.name);
        self.0.fetch_or(known.map_or(OTHER, |at| 1 << at), Ordering::Relaxed);
    }

    /// What was read so far, if all of it belongs to the catalog.
    pub(super) fn of_catalog(&self) -> Option<Reads> {
        let reads = self.0.load(Ordering::Relaxed);
        (reads & OTHER == 0).then_some(Reads(reads))
    }
}

impl Readers {
    /// The state of the catalog now, without asking the stores: what other processes wrote is in it as soon as one of their
    /// writes was noticed.
    pub(crate) async fn catalog_state(&self) -> Result<CatalogState, StoreError> {
        let [products, cards, categories, stock, levels] = CATALOG;
        Ok(CatalogState([
            self.services.state(products).await?,
            self.services.state(cards).await?,
            self.services.state(categories).await?,
            self.services.state(stock).await?,
            self.services.state(levels).await?,
        ]))
    }

    /// Whether nothing was written to these collections since they had this state, as far as this process knows.
    pub(crate) async fn are_unchanged(&self, reads: Reads, since: &CatalogState) -> Result<bool, StoreError> {
        for (at, (collection, before)) in CATALOG.iter().zip(&since.0).enumerate() {
            if reads.0 & (1 << at) != 0 && self.services.state(collection).await? != *before {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
