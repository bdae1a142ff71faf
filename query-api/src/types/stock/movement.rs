//! The stock ledger.

use query_api_macros::{Fields, object};
use std::sync::Arc;

use async_graphql::{ID, Result, SimpleObject};
use read_models::documents::stock_movements;

use crate::id::global;
use crate::page::listed;
use crate::reader::Doc;
use crate::scalars::{BigInt, DateTime};
use crate::types::actor::Actor;
use crate::types::event::EventRef;
use crate::types::names::{StockMovementKind, named};

#[derive(Clone)]
pub(crate) struct StockMovement(Arc<Doc<stock_movements::StockMovement>>);

/// A change to a SKU's stock figures: one entry of the stock ledger.
#[object]
impl StockMovement {
    /// Global id of the movement.
    pub(crate) fn id(&self) -> ID {
        global("StockMovement", &self.0.id)
    }

    /// Kind of movement, such as RECEIVED or RESERVED.
    fn kind(&self) -> Result<StockMovementKind> {
        Ok(named(&self.0.value.kind)?)
    }

    /// Number of units. Negative only if an adjustment reduced the stock.
    fn quantity(&self) -> BigInt {
        BigInt(self.0.value.qty)
    }

    /// Name of the location whose stock changed.
    fn location(&self) -> &str {
        &self.0.value.location
    }

    /// Name of the other location. Null unless the movement is a transfer.
    fn other_location(&self) -> Option<&str> {
        self.0.value.other_location.as_deref()
    }

    /// Global id of the order that caused the movement. Null if there was none.
    fn order_id(&self) -> Option<ID> {
        self.0.value.order_id.as_deref().map(|order| global("Order", order))
    }

    /// Numbers of the order lines concerned. Empty if there was no order.
    fn line_ids(&self) -> &[u32] {
        &self.0.value.line_ids
    }

    /// Reason code of an adjustment. Null for any other movement.
    fn reason(&self) -> Option<&str> {
        self.0.value.reason.as_deref()
    }

    /// Reference, such as the number of a delivery note or transfer. Null if there is none.
    fn reference(&self) -> Option<&str> {
        self.0.value.reference.as_deref()
    }

    /// Figures at the location after the movement.
    fn after_at_location(&self) -> StockFigures {
        self.0.value.after_at_location.into()
    }

    /// Figures across all locations after the movement.
    fn after_in_all(&self) -> StockFigures {
        self.0.value.after_in_all.into()
    }

    /// Time when the movement was recorded.
    fn at(&self) -> DateTime {
        (&self.0.value.at).into()
    }

    /// The party that caused the movement.
    fn actor(&self) -> Actor {
        Actor(self.0.value.actor.clone())
    }

    /// The event that recorded the movement.
    fn event(&self) -> EventRef {
        (&self.0.value.event).into()
    }
}

listed!(StockMovement, stock_movements::StockMovement);

/// Stock figures in units.
#[derive(SimpleObject, Fields)]
struct StockFigures {
    /// Units physically in stock.
    on_hand: u32,
    /// Units on hand that are reserved for orders.
    reserved: u32,
    /// Units that can still be ordered.
    available: u32,
}

impl From<stock_movements::Figures> for StockFigures {
    fn from(figures: stock_movements::Figures) -> Self {
        Self { on_hand: figures.on_hand, reserved: figures.reserved, available: figures.available }
    }
}
