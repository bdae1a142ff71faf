//! What queries of the storefront have read a moment ago, decoded, for those after them: different questions are about the same
//! products.
//!
//! Lists and stock levels are given again as long as nothing was written to their collection, as long as whole
//! answers are. A card is given again for the version that it was read in: what is altered without a new version, by a repair or a
//! rebuild, is seen after [`SAME_VERSION`].

use std::sync::Arc;
use std::time::Duration;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use read_models::documents::products::{PRODUCTS, Product};
use read_models::documents::stock_levels::{STOCK_LEVELS, StockLevel};
use read_models::{Collection, Place, Query};
use tokio::time::Instant;

use crate::reader::{Doc, Moment, Reads};

/// How long a card of an unchanged version is.
const SAME_VERSION: Duration = Duration::from_secs(10);
/// Bytes of an entry that is not weighed by its content, for estimates of how many there are.
const USUAL: usize = 512;

/// Documents of the catalog in memory.
pub(crate) struct Recent {
    cards: Cache<String, Card, Size>,
    levels: Cache<String, Dated<Option<Arc<Doc<StockLevel>>>>, Size>,
    places: Cache<String, Dated<Arc<[Place]>>, Size>,
}

#[derive(Clone)]
struct Card {
    document: Arc<Doc<Product>>,
    bytes: usize,
    read_at: Instant,
}

/// Something that was read after this moment.
#[derive(Clone)]
struct Dated<T> {
    value: T,
    since: Arc<Moment>,
}

#[derive(Clone)]
struct Size;

impl Weighter<String, Card> for Size {
    fn weight(&self, id: &String, card: &Card) -> u64 {
        (USUAL + id.len() + card.bytes) as u64
    }
}

impl Weighter<String, Dated<Option<Arc<Doc<StockLevel>>>>> for Size {
    fn weight(&self, sku: &String, _: &Dated<Option<Arc<Doc<StockLevel>>>>) -> u64 {
        (USUAL + sku.len()) as u64
    }
}

impl Weighter<String, Dated<Arc<[Place]>>> for Size {
    fn weight(&self, query: &String, places: &Dated<Arc<[Place]>>) -> u64 {
        (USUAL + query.len() + places.value.len() * USUAL / 2) as u64
    }
}

impl<T> Dated<T> {
    /// The value, if it answers a question of that moment.
    fn at(self, asked: &Moment, collection: &Collection) -> Option<T> {
        self.since.answers(asked, Reads::of(collection)).then_some(self.value)
    }
}

impl Recent {
    /// About so many bytes; `None` without any.
    pub(crate) fn of(bytes: usize) -> Option<Arc<Self>> {
        fn cache<V: Clone>(bytes: usize, usual: usize) -> Cache<String, V, Size>
        where
            Size: Weighter<String, V>,
        {
            Cache::with_weighter(bytes / usual, bytes as u64, Size)
        }
        (bytes > 0).then(|| {
            Arc::new(Self {
                cards: cache(bytes / 2, 4 * USUAL),
                levels: cache(bytes / 4, USUAL),
                places: cache(bytes / 4, 8 * USUAL),
            })
        })
    }

    /// The card of a product in this version.
    pub(crate) fn card(&self, id: &str, version: u64) -> Option<Arc<Doc<Product>>> {
        let card = self.cards.get(id)?;
        let is_current = card.document.version == version && card.read_at.elapsed() <= SAME_VERSION;
        is_current.then_some(card.document)
    }

    /// Keeps a card whose stored text has so many bytes.
    pub(crate) fn keep_card(&self, document: Arc<Doc<Product>>, bytes: usize) {
        self.cards.insert(document.id.clone(), Card { document, bytes, read_at: Instant::now() });
    }

    /// The stock level of a SKU, if it was read a moment ago: `Some(None)` if it has none.
    pub(crate) fn level(&self, sku: &str, asked: &Moment) -> Option<Option<Arc<Doc<StockLevel>>>> {
        self.levels.get(sku)?.at(asked, &STOCK_LEVELS)
    }

    /// Keeps a stock level that was read after this moment.
    pub(crate) fn keep_level(&self, sku: &str, value: Option<Arc<Doc<StockLevel>>>, since: &Arc<Moment>) {
        self.levels.insert(sku.to_owned(), Dated { value, since: since.clone() });
    }

    /// The places of the products of a page, if they were read a moment ago.
    pub(crate) fn places(&self, query: &Query, asked: &Moment) -> Option<Arc<[Place]>> {
        self.places.get(&format!("{query:?}"))?.at(asked, &PRODUCTS)
    }

    /// Keeps places that were read after this moment.
    pub(crate) fn keep_places(&self, query: &Query, value: Arc<[Place]>, since: &Arc<Moment>) {
        self.places.insert(format!("{query:?}"), Dated { value, since: since.clone() });
    }
}
