//! Stock items, for operators.

use crate::execution::Ctx;
use crate::execution::merged;
use query_api_macros::{Fields, object};
use std::sync::Arc;

use async_graphql::{ID, MergedObject, Result, SimpleObject};
use read_models::documents::reservations::RESERVATIONS;
use read_models::documents::stock;
use read_models::documents::stock_movements::STOCK_MOVEMENTS;
use read_models::{Direction, Filter, Value};

use super::movement::StockMovement;
use super::reservation::Reservation;
use crate::id::global;
use crate::input::one_of;
use crate::page::{Connection, List, Listed, Named, Window};
use crate::reader::{Doc, Past};
use crate::scalars::DateTime;
use crate::types::names::{StockLevel, StockMovementKind, named};

type Document = Arc<Doc<stock::StockItem>>;

/// Stock of one SKU across all locations, in units.
#[derive(Clone, MergedObject)]
pub(crate) struct StockItem(ItemFields, ItemState);

merged!(StockItem: 0: ItemFields, 1: ItemState);

impl Named for StockItem {
    const NAME: &'static str = "StockItem";
}

impl Listed for StockItem {
    type Document = stock::StockItem;

    fn of(document: Document) -> Self {
        Self(ItemFields(document.clone()), ItemState(document))
    }
}

/// Stock of one SKU across all locations, in units, as it was after one of its events.
#[derive(Clone, MergedObject)]
pub(crate) struct StockItemVersion(StockVersionFields, ItemState);

merged!(StockItemVersion: 0: StockVersionFields, 1: ItemState);

impl From<Past<stock::StockItem>> for StockItemVersion {
    fn from(Past { document, since }: Past<stock::StockItem>) -> Self {
        let id = global("StockItemVersion", &format!("{}@{}", document.value.sku, document.version));
        Self(StockVersionFields { id, since }, ItemState(document))
    }
}

#[derive(Clone)]
struct StockVersionFields {
    id: ID,
    since: String,
}

/// The fields of versions of stock items alone.
#[object]
impl StockVersionFields {
    /// Global id of this version of the stock item.
    fn id(&self) -> ID {
        self.id.clone()
    }

    /// Time from which the stock was as shown here: the latest time of its events up to this version.
    fn since(&self) -> DateTime {
        (&self.since).into()
    }
}

#[derive(Clone)]
struct ItemFields(Document);

/// The fields of a stock item that are read from other documents.
#[object]
impl ItemFields {
    /// Global id of the stock item.
    fn id(&self) -> ID {
        global("StockItem", &self.0.value.sku)
    }

    /// Reservations that still hold units of this SKU, oldest first. Costs one store query per item.
    async fn reservations(
        &self,
        ctx: &Ctx<'_>,
        #[graphql(default = 20, desc = "Page size, 0 to 100.")] first: i32,
        #[graphql(desc = "Cursor: the page starts after this node.")] after: Option<String>,
    ) -> Result<Option<Connection<Reservation>>> {
        let list = List {
            collection: &RESERVATIONS,
            filters: vec![Filter::HasAny("heldSkus", vec![self.0.value.sku.clone()])],
            sort: vec![("createdAt", Direction::Ascending)],
        };
        let page = list.page(ctx.reader(), &Window::forwards(first, after), 20).await?;
        Ok(Some(Connection::of(page)))
    }

    /// Movements that changed the figures, newest first. Costs one store query per item.
    async fn movements(
        &self,
        ctx: &Ctx<'_>,
        #[graphql(default = 50, desc = "Page size, 0 to 100.")] first: i32,
        #[graphql(desc = "Cursor: the page starts after this node.")] after: Option<String>,
        #[graphql(desc = "Kinds of movement, at most 100 values; all if not given.")] kinds: Option<
            Vec<StockMovementKind>,
        >,
    ) -> Result<Option<Connection<StockMovement>>> {
        let mut filters = vec![Filter::In("sku", vec![Value::Text(self.0.value.sku.clone())])];
        filters.extend(kinds.map(|kinds| one_of("kind", kinds)));
        let sort = vec![("version", Direction::Descending)];
        let list = List { collection: &STOCK_MOVEMENTS, filters, sort };
        let page = list.page(ctx.reader(), &Window::forwards(first, after), 50).await?;
        Ok(Some(Connection::of(page)))
    }
}

#[derive(Clone)]
struct ItemState(Document);

/// The fields of a stock item that its document contains, in any of its versions.
#[object]
impl ItemState {
    /// SKU that is tracked by this item.
    fn sku(&self) -> &str {
        &self.0.value.sku
    }

    /// What happens when stock runs out. Always `DENY`: further orders are rejected.
    fn policy(&self) -> &str {
        &self.0.value.policy
    }

    /// Units physically in stock, across all locations.
    fn on_hand(&self) -> u32 {
        self.0.value.on_hand
    }

    /// Units on hand that are reserved for orders; at most `onHand`.
    fn reserved(&self) -> u32 {
        self.0.value.reserved
    }

    /// Units that can still be ordered: on hand − reserved − safety stock, at least 0.
    fn available(&self) -> u32 {
        self.0.value.available
    }

    /// Threshold in units: at or below this available quantity, stock is low. 0 switches the warning off.
    fn low_stock(&self) -> u32 {
        self.0.value.low_stock
    }

    /// Units that are kept back and never offered for sale.
    fn safety_stock(&self) -> u32 {
        self.0.value.safety_stock
    }

    /// Stock level as a category, derived from `available` and `lowStock`.
    fn level(&self) -> Result<StockLevel> {
        Ok(named(&self.0.value.level)?)
    }

    /// The same figures for each location, by the location's name.
    fn locations(&self) -> Vec<StockAtLocation> {
        self.0.value.locations.iter().map(StockAtLocation::from).collect()
    }

    /// Version of the stock item's stream: the number of its events so far.
    fn version(&self) -> u64 {
        self.0.version
    }

    /// Time of the latest stock movement.
    fn updated_at(&self) -> DateTime {
        (&self.0.value.updated_at).into()
    }
}

/// Stock of one SKU at one location, in units.
#[derive(SimpleObject, Fields)]
struct StockAtLocation {
    /// Name of the location.
    location: String,
    /// Units physically at the location.
    on_hand: u32,
    /// Units on hand that are reserved for orders; at most `onHand`.
    reserved: u32,
    /// Units on hand that are not reserved. Safety stock is not subtracted, because it applies to the item as
    /// a whole.
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
