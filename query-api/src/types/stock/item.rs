//! Stock items, for operators.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use read_models::documents::reservations::RESERVATIONS;
use read_models::documents::stock;
use read_models::documents::stock_movements::STOCK_MOVEMENTS;
use read_models::{Direction, Filter, Value};

use super::movement::StockMovement;
use super::reservation::Reservation;
use crate::id::global;
use crate::input::one_of;
use crate::page::{Connection, List, Listed, Named, Window};
use crate::reader::{Doc, reader};
use crate::scalars::DateTime;
use crate::types::names::{StockLevel, StockMovementKind, named};

/// One SKU in all its locations.
#[derive(Clone)]
pub(crate) struct StockItem(pub(crate) Arc<Doc<stock::StockItem>>);

/// One SKU in all its locations.
#[Object]
impl StockItem {
    /// Its global id.
    pub(crate) async fn id(&self) -> ID {
        global("StockItem", &self.0.value.sku)
    }

    /// What is counted.
    async fn sku(&self) -> &str {
        &self.0.value.sku
    }

    /// What happens when there is nothing left: `DENY`.
    async fn policy(&self) -> &str {
        &self.0.value.policy
    }

    /// Physically there, in all locations.
    async fn on_hand(&self) -> u32 {
        self.0.value.on_hand
    }

    /// Of these, promised to orders.
    async fn reserved(&self) -> u32 {
        self.0.value.reserved
    }

    /// What can be promised.
    async fn available(&self) -> u32 {
        self.0.value.available
    }

    /// At or below this many available, stock is low.
    async fn low_stock(&self) -> u32 {
        self.0.value.low_stock
    }

    /// Never promised to anybody.
    async fn safety_stock(&self) -> u32 {
        self.0.value.safety_stock
    }

    /// In words.
    async fn level(&self) -> Result<StockLevel> {
        Ok(named(&self.0.value.level)?)
    }

    /// The same, by location.
    async fn locations(&self) -> Vec<StockAtLocation> {
        self.0.value.locations.iter().map(StockAtLocation::from).collect()
    }

    /// The reservations that still hold some of it, oldest first. Costs a call of the store for each item.
    async fn reservations(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 20)] first: i32,
        after: Option<String>,
    ) -> Result<Option<Connection<Reservation>>> {
        let list = List {
            collection: &RESERVATIONS,
            filters: vec![Filter::HasAny("heldSkus", vec![self.0.value.sku.clone()])],
            sort: vec![("createdAt", Direction::Ascending)],
        };
        let page = list.page(reader(ctx)?, &Window::forwards(first, after), 20).await?;
        Ok(Some(Connection::of(page)))
    }

    /// What moved its figures, newest first. Costs a call of the store for each item.
    async fn movements(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 50)] first: i32,
        after: Option<String>,
        kinds: Option<Vec<StockMovementKind>>,
    ) -> Result<Option<Connection<StockMovement>>> {
        let mut filters = vec![Filter::In("sku", vec![Value::Text(self.0.value.sku.clone())])];
        filters.extend(kinds.map(|kinds| one_of("kind", kinds)));
        let sort = vec![("version", Direction::Descending)];
        let list = List { collection: &STOCK_MOVEMENTS, filters, sort };
        let page = list.page(reader(ctx)?, &Window::forwards(first, after), 50).await?;
        Ok(Some(Connection::of(page)))
    }

    /// The version of its stream.
    async fn version(&self) -> u64 {
        self.0.version
    }

    /// When the figures were last changed.
    async fn updated_at(&self) -> DateTime {
        (&self.0.value.updated_at).into()
    }
}

impl Named for StockItem {
    const NAME: &'static str = "StockItem";
}

impl Listed for StockItem {
    type Document = stock::StockItem;

    fn of(document: Arc<Doc<stock::StockItem>>) -> Self {
        Self(document)
    }
}

/// A stock item at one location.
#[derive(SimpleObject)]
struct StockAtLocation {
    /// Where.
    location: String,
    /// Physically there.
    on_hand: u32,
    /// Of these, promised to orders.
    reserved: u32,
    /// On hand less reserved; the safety stock is kept for the item as a whole.
    available: u32,
}

impl From<&stock::StockAtLocation> for StockAtLocation {
    fn from(at: &stock::StockAtLocation) -> Self {
        Self {
            location: at.location.clone(),
            on_hand: at.on_hand,
            reserved: at.reserved,
            available: at.available,
        }
    }
}
