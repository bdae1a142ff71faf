//! Stock: a level for shoppers, figures for operators.

mod item;
mod movement;
mod reservation;

use crate::execution::Ctx;
use query_api_macros::{Fields, object};
use std::sync::Arc;

use async_graphql::{ID, Result, SimpleObject};
use http_server::Audience;
use read_models::documents;
use read_models::documents::stock_levels;

pub(crate) use item::{StockItem, StockItemVersion};
pub(crate) use movement::StockMovement;
pub(crate) use reservation::Reservation;

use super::names::{StockLevel, named};
use crate::id::global;
use crate::reader::Doc;
use crate::scalars::{DateTime, Int};

#[derive(Clone)]
pub(crate) struct StockView {
    sku: String,
    level: String,
    available: Option<u32>,
    as_of: String,
    version: u64,
}

impl StockView {
    /// The view of a tracked SKU.
    pub(crate) fn of(level: Arc<Doc<stock_levels::StockLevel>>) -> Self {
        Self {
            sku: level.value.sku.clone(),
            level: level.value.level.clone(),
            available: Some(level.value.available),
            as_of: level.value.updated_at.clone(),
            version: level.version,
        }
    }

    /// The view of a stock item.
    pub(crate) fn of_item(item: Arc<Doc<documents::stock::StockItem>>) -> Self {
        let Doc { id, version, value } = &*item;
        Self::of(Arc::new(Doc { id: id.clone(), version: *version, value: value.clone().into() }))
    }

    /// The view of a SKU that is not tracked.
    pub(crate) fn untracked(sku: &str, as_of: &str) -> Self {
        Self { level: "UNTRACKED".to_owned(), available: None, ..Self::none(sku, as_of) }
    }

    /// The view of a tracked SKU that was never received.
    pub(crate) fn none(sku: &str, as_of: &str) -> Self {
        let (level, as_of) = ("OUT_OF_STOCK".to_owned(), as_of.to_owned());
        Self { sku: sku.to_owned(), level, available: Some(0), as_of, version: 0 }
    }
}

/// Stock level of a SKU.
#[object]
impl StockView {
    /// Global id of the stock level.
    pub(crate) fn id(&self) -> ID {
        global("StockView", &self.sku)
    }

    /// SKU that the level is for.
    fn sku(&self) -> &str {
        &self.sku
    }

    /// Stock level as a category, the same for all callers.
    fn level(&self) -> Result<StockLevel> {
        Ok(named(&self.level)?)
    }

    /// Quantity that can still be ordered, in units. Null for shoppers and if the SKU is not tracked.
    fn available_quantity(&self, ctx: &Ctx<'_>) -> Result<Option<u32>> {
        let operator = ctx.reader().audience == Audience::Staff;
        Ok(self.available.filter(|_| operator))
    }

    /// Time of the latest stock movement.
    fn as_of(&self) -> DateTime {
        (&self.as_of).into()
    }

    /// Version of the stock item's stream; 0 if it has none.
    fn version(&self) -> u64 {
        self.version
    }
}

/// A part of an order line that comes from one location.
#[derive(SimpleObject, Fields)]
pub(crate) struct LineAtLocation {
    /// Number of the order line, starting at 1.
    line_id: u32,
    /// SKU of the variant.
    sku: String,
    /// Quantity from this location, in units.
    quantity: Int,
    /// Name of the location that the goods come from.
    location: String,
    /// Whether inventory tracks stock of this SKU.
    tracked: bool,
}

impl From<&documents::LineAtLocation> for LineAtLocation {
    fn from(line: &documents::LineAtLocation) -> Self {
        Self {
            line_id: line.line_id,
            sku: line.sku.clone(),
            quantity: Int(line.qty),
            location: line.location.clone(),
            tracked: line.tracked,
        }
    }
}

/// A SKU of which too little was available.
#[derive(SimpleObject, Fields)]
pub(crate) struct Shortage {
    /// SKU that was short.
    sku: String,
    /// Quantity that the order asked for, in units.
    requested: Int,
    /// Quantity that was available, in units.
    available: u32,
}

impl From<&documents::Shortage> for Shortage {
    fn from(short: &documents::Shortage) -> Self {
        Self { sku: short.sku.clone(), requested: Int(short.requested), available: short.available }
    }
}
