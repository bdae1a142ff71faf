//! Documents of several collections, joined at read time with one call per collection, however many nodes there are.

use std::collections::HashMap;
use std::sync::Arc;

use read_models::documents::categories::{CATEGORIES, CategoryTree, TREE};
use read_models::documents::events::{EVENTS, EventEntry};
use read_models::documents::order_timeline::{ORDER_TIMELINE, TimelineEntry};
use read_models::documents::orders::{ORDERS, Order};
use read_models::documents::parked_reactions::{PARKED_REACTIONS, ParkedReaction};
use read_models::documents::payments::{PAYMENTS, Payment};
use read_models::documents::products::{PRODUCTS, Product};
use read_models::documents::reservations::{RESERVATIONS, Reservation};
use read_models::documents::shipments::{SHIPMENTS, Shipment};
use read_models::documents::stock::{STOCK, StockItem};
use read_models::documents::stock_levels::StockLevel;
use read_models::documents::stock_movements::{STOCK_MOVEMENTS, StockMovement};
use read_models::{Collection, Direction, Document, Filter, Query, Value};
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use super::Reader;
use super::batch::Batch;
use crate::fault::Fault;

/// The longest page of a store.
const AT_ONCE: usize = 1_000;

/// A document that exists.
#[derive(Debug)]
pub(crate) struct Doc<T> {
    /// Its id in the collection.
    pub(crate) id: String,
    /// The version of its stream.
    pub(crate) version: u64,
    /// The content.
    pub(crate) value: T,
}

/// Shares a document; `None` for a tombstone.
pub(crate) fn shared<T>(document: Document<T>) -> Option<Arc<Doc<T>>> {
    let Document { id, version, value, .. } = document;
    value.map(|value| Arc::new(Doc { id, version, value }))
}

type ByKey<T> = Batch<String, Arc<Doc<T>>>;
type Lists<T> = Batch<String, Arc<Vec<Arc<Doc<T>>>>>;

type Tree = Option<Arc<Doc<CategoryTree>>>;

/// The documents that a query has joined so far.
#[derive(Default)]
pub(crate) struct Joins {
    products: ByKey<Product>,
    by_sku: ByKey<Product>,
    orders: ByKey<Order>,
    parcels: ByKey<Shipment>,
    events: ByKey<EventEntry>,
    parked: ByKey<ParkedReaction>,
    entries: ByKey<TimelineEntry>,
    movements: ByKey<StockMovement>,
    stock: ByKey<StockItem>,
    pub(super) levels: ByKey<StockLevel>,
    payments: ByKey<Payment>,
    reservations: ByKey<Reservation>,
    shipments: Lists<Shipment>,
    timelines: Lists<TimelineEntry>,
    categories: OnceCell<Result<Tree, Arc<Fault>>>,
}

impl Reader {
    /// A product by its id.
    pub(crate) async fn product(&self, id: &str) -> Result<Option<Arc<Doc<Product>>>, Fault> {
        self.by_stream(&self.joins.products, &PRODUCTS, "product-", id).await
    }

    /// The product that has a variant with this SKU.
    pub(crate) async fn product_with(&self, sku: &str) -> Result<Option<Arc<Doc<Product>>>, Fault> {
        let read = |skus: Vec<String>| async move {
            let of = Filter::HasAny("skus", skus.clone());
            let products =
                self.find_all::<Product>(&PRODUCTS, Query { filters: vec![of], ..Query::default() }).await?;
            let with =
                |sku: &String| products.iter().find(|product| product.value.skus.contains(sku)).cloned();
            Ok(skus.into_iter().filter_map(|sku| Some((sku.clone(), with(&sku)?))).collect())
        };
        self.joins.by_sku.load(sku.to_owned(), read).await
    }

    /// An order by its id.
    pub(crate) async fn order(&self, id: &str) -> Result<Option<Arc<Doc<Order>>>, Fault> {
        self.by_stream(&self.joins.orders, &ORDERS, "order-", id).await
    }

    /// A parcel by its id.
    pub(crate) async fn parcel(&self, id: &str) -> Result<Option<Arc<Doc<Shipment>>>, Fault> {
        self.by_stream(&self.joins.parcels, &SHIPMENTS, "shipment-", id).await
    }

    /// An event by its id.
    pub(crate) async fn event(&self, id: &str) -> Result<Option<Arc<Doc<EventEntry>>>, Fault> {
        self.by_stream(&self.joins.events, &EVENTS, "", id).await
    }

    /// A parked reaction by its stream.
    pub(crate) async fn parked(&self, stream: &str) -> Result<Option<Arc<Doc<ParkedReaction>>>, Fault> {
        self.by_stream(&self.joins.parked, &PARKED_REACTIONS, "", stream).await
    }

    /// An entry of a timeline by its id.
    pub(crate) async fn timeline_entry(&self, id: &str) -> Result<Option<Arc<Doc<TimelineEntry>>>, Fault> {
        self.by_stream(&self.joins.entries, &ORDER_TIMELINE, "", id).await
    }

    /// A movement of stock by its id.
    pub(crate) async fn stock_movement(&self, id: &str) -> Result<Option<Arc<Doc<StockMovement>>>, Fault> {
        self.by_stream(&self.joins.movements, &STOCK_MOVEMENTS, "", id).await
    }

    /// The stock item of a SKU.
    pub(crate) async fn stock(&self, sku: &str) -> Result<Option<Arc<Doc<StockItem>>>, Fault> {
        self.by_stream(&self.joins.stock, &STOCK, "stock-", sku).await
    }

    /// The payment of an order.
    pub(crate) async fn payment(&self, order: &str) -> Result<Option<Arc<Doc<Payment>>>, Fault> {
        self.by_stream(&self.joins.payments, &PAYMENTS, "payment-", order).await
    }

    /// The reservation of an order.
    pub(crate) async fn reservation(&self, order: &str) -> Result<Option<Arc<Doc<Reservation>>>, Fault> {
        self.by_stream(&self.joins.reservations, &RESERVATIONS, "reservation-", order).await
    }

    /// The parcels of an order, oldest first.
    pub(crate) async fn shipments(&self, order: &str) -> Result<Arc<Vec<Arc<Doc<Shipment>>>>, Fault> {
        let of = |shipment: &Shipment| shipment.order_id.clone();
        self.by_order(&self.joins.shipments, &SHIPMENTS, "plannedAt", order, of).await
    }

    /// The timeline of an order, from its beginning.
    pub(crate) async fn timeline(&self, order: &str) -> Result<Arc<Vec<Arc<Doc<TimelineEntry>>>>, Fault> {
        let of = |entry: &TimelineEntry| entry.order_id.clone();
        self.by_order(&self.joins.timelines, &ORDER_TIMELINE, "version", order, of).await
    }

    /// The category tree; `None` if the shop has no category.
    pub(crate) async fn categories(&self) -> Result<Option<Arc<Doc<CategoryTree>>>, Fault> {
        let tree = self.joins.categories.get_or_init(|| async {
            let found = self.load_one(&CATEGORIES, TREE.to_owned()).await;
            found.map(|document| document.and_then(shared)).map_err(Arc::new)
        });
        tree.await.clone().map_err(Fault::Shared)
    }

    async fn by_stream<T>(
        &self,
        batch: &ByKey<T>,
        collection: &'static Collection,
        prefix: &str,
        key: &str,
    ) -> Result<Option<Arc<Doc<T>>>, Fault>
    where
        T: DeserializeOwned,
    {
        let read = |keys: Vec<String>| async move {
            let ids: Vec<String> = keys.iter().map(|key| format!("{prefix}{key}")).collect();
            let documents = self.load(collection, &ids).await?;
            let found = keys.into_iter().zip(documents);
            Ok(found.filter_map(|(key, document)| Some((key, shared(document?)?))).collect())
        };
        batch.load(key.to_owned(), read).await
    }

    async fn by_order<T>(
        &self,
        batch: &Lists<T>,
        collection: &'static Collection,
        sort: &'static str,
        order: &str,
        order_of: fn(&T) -> String,
    ) -> Result<Arc<Vec<Arc<Doc<T>>>>, Fault>
    where
        T: DeserializeOwned,
    {
        let read = |orders: Vec<String>| async move {
            let mut lists: HashMap<String, Vec<Arc<Doc<T>>>> = HashMap::new();
            let of = Filter::In("orderId", orders.into_iter().map(Value::Text).collect());
            let sort = vec![("orderId", Direction::Ascending), (sort, Direction::Ascending)];
            let query = Query { filters: vec![of], sort, ..Query::default() };
            for document in self.find_all::<T>(collection, query).await? {
                lists.entry(order_of(&document.value)).or_default().push(document);
            }
            Ok(lists.into_iter().map(|(order, list)| (order, Arc::new(list))).collect())
        };
        Ok(batch.load(order.to_owned(), read).await?.unwrap_or_default())
    }

    /// All matches, a thousand per call.
    pub(crate) async fn find_all<T: DeserializeOwned>(
        &self,
        collection: &'static Collection,
        mut query: Query,
    ) -> Result<Vec<Arc<Doc<T>>>, Fault> {
        query.limit = AT_ONCE;
        let mut all = Vec::new();
        loop {
            let found = self.find::<T>(collection, &query).await?;
            let full = found.len() == AT_ONCE;
            query.after = found.last().map(|(_, place)| place.clone());
            all.extend(found.into_iter().filter_map(|(document, _)| shared(document)));
            if !full {
                return Ok(all);
            }
        }
    }
}
