//! Stock: a level for shoppers, figures for operators.

mod item;
mod movement;
mod reservation;

use std::sync::Arc;

use async_graphql::{Context, Object, Result, SimpleObject};
use http_server::Audience;
use read_models::documents::{self, stock};

pub(crate) use item::StockItem;
pub(crate) use reservation::Reservation;

use super::names::{StockLevel, named};
use crate::reader::{Doc, reader};
use crate::scalars::DateTime;

/// How much there is of a SKU.
pub(crate) struct StockView {
    sku: String,
    level: String,
    available: Option<u32>,
    as_of: String,
    version: u64,
}

impl StockView {
    /// Of what is counted.
    pub(crate) fn of(item: Arc<Doc<stock::StockItem>>) -> Self {
        Self {
            sku: item.value.sku.clone(),
            level: item.value.level.clone(),
            available: Some(item.value.available),
            as_of: item.value.updated_at.clone(),
            version: item.version,
        }
    }

    /// Of what is not counted.
    pub(crate) fn untracked(sku: &str, as_of: &str) -> Self {
        Self { level: "UNTRACKED".to_owned(), available: None, ..Self::none(sku, as_of) }
    }

    /// Of what is counted, and nothing ever came in.
    pub(crate) fn none(sku: &str, as_of: &str) -> Self {
        let (level, as_of) = ("OUT_OF_STOCK".to_owned(), as_of.to_owned());
        Self { sku: sku.to_owned(), level, available: Some(0), as_of, version: 0 }
    }
}

/// How much there is of a SKU.
#[Object]
impl StockView {
    /// Of what.
    async fn sku(&self) -> &str {
        &self.sku
    }

    /// In words.
    async fn level(&self) -> Result<StockLevel> {
        Ok(named(&self.level)?)
    }

    /// What can be promised; for operators, null for shoppers and where nothing is counted.
    async fn available_quantity(&self, ctx: &Context<'_>) -> Result<Option<u32>> {
        let operator = reader(ctx)?.audience == Audience::Staff;
        Ok(self.available.filter(|_| operator))
    }

    /// When it last changed.
    async fn as_of(&self) -> DateTime {
        (&self.as_of).into()
    }

    /// The version of the item's stream; 0 where there is none.
    async fn version(&self) -> u64 {
        self.version
    }
}

/// A part of an order's line at one location.
#[derive(SimpleObject)]
pub(crate) struct LineAtLocation {
    /// The order's line.
    line_id: u32,
    /// What.
    sku: String,
    /// How many.
    quantity: u32,
    /// From where.
    location: String,
    /// Whether its stock is counted.
    tracked: bool,
}

impl From<&documents::LineAtLocation> for LineAtLocation {
    fn from(line: &documents::LineAtLocation) -> Self {
        Self {
            line_id: line.line_id,
            sku: line.sku.clone(),
            quantity: line.qty,
            location: line.location.clone(),
            tracked: line.tracked,
        }
    }
}

/// A SKU of which there was not enough.
#[derive(SimpleObject)]
pub(crate) struct Shortage {
    /// What.
    sku: String,
    /// How many the order wanted.
    requested: u32,
    /// How many there were.
    available: u32,
}

impl From<&documents::Shortage> for Shortage {
    fn from(short: &documents::Shortage) -> Self {
        Self { sku: short.sku.clone(), requested: short.requested, available: short.available }
    }
}
