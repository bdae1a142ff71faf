//! The stock ledger.

use std::sync::Arc;

use async_graphql::{ID, Object, Result, SimpleObject};
use read_models::documents::stock_movements;

use crate::id::global;
use crate::page::{Listed, Named};
use crate::reader::Doc;
use crate::scalars::{BigInt, DateTime};
use crate::types::actor::Actor;
use crate::types::event::EventRef;
use crate::types::names::{StockMovementKind, named};

/// Something that moved a figure.
pub(crate) struct StockMovement(Arc<Doc<stock_movements::StockMovement>>);

/// Something that moved a figure.
#[Object]
impl StockMovement {
    /// Its global id.
    async fn id(&self) -> ID {
        global("StockMovement", &self.0.id)
    }

    /// What it was.
    async fn kind(&self) -> Result<StockMovementKind> {
        Ok(named(&self.0.value.kind)?)
    }

    /// How many; negative only where an adjustment took away.
    async fn quantity(&self) -> BigInt {
        BigInt(self.0.value.qty)
    }

    /// Where.
    async fn location(&self) -> &str {
        &self.0.value.location
    }

    /// The other location of a transfer.
    async fn other_location(&self) -> Option<&str> {
        self.0.value.other_location.as_deref()
    }

    /// For which order.
    async fn order_id(&self) -> Option<ID> {
        self.0.value.order_id.as_deref().map(|order| global("Order", order))
    }

    /// Lines of the order.
    async fn line_ids(&self) -> &[u32] {
        &self.0.value.line_ids
    }

    /// Why it was adjusted, as a code.
    async fn reason(&self) -> Option<&str> {
        self.0.value.reason.as_deref()
    }

    /// Delivery note, transfer or the like.
    async fn reference(&self) -> Option<&str> {
        self.0.value.reference.as_deref()
    }

    /// The figures at the location, after.
    async fn after_at_location(&self) -> StockFigures {
        self.0.value.after_at_location.into()
    }

    /// The figures in all locations, after.
    async fn after_in_all(&self) -> StockFigures {
        self.0.value.after_in_all.into()
    }

    /// When.
    async fn at(&self) -> DateTime {
        (&self.0.value.at).into()
    }

    /// Who.
    async fn actor(&self) -> Actor {
        Actor(self.0.value.actor.clone())
    }

    /// The event.
    async fn event(&self) -> EventRef {
        (&self.0.value.event).into()
    }
}

impl Named for StockMovement {
    const NAME: &'static str = "StockMovement";
}

impl Listed for StockMovement {
    type Document = stock_movements::StockMovement;

    fn of(document: Arc<Doc<stock_movements::StockMovement>>) -> Self {
        Self(document)
    }
}

/// How much there is.
#[derive(SimpleObject)]
struct StockFigures {
    /// Physically there.
    on_hand: u32,
    /// Of these, promised to orders.
    reserved: u32,
    /// What can be promised.
    available: u32,
}

impl From<stock_movements::Figures> for StockFigures {
    fn from(figures: stock_movements::Figures) -> Self {
        Self { on_hand: figures.on_hand, reserved: figures.reserved, available: figures.available }
    }
}
