//! Why an order waits, and the ways out.

use async_graphql::{Context, ID, Object, Result};
use http_server::Audience;
use read_models::documents::orders;

use crate::id::global;
use crate::reader::reader;
use crate::scalars::{DateTime, Money, money};
use crate::types::names::{HoldReason, WayOut, all_named, named};

/// Why an order waits.
pub(crate) struct Hold(pub(super) orders::Hold);

/// Why an order waits.
#[Object]
impl Hold {
    /// As a code.
    async fn reason(&self) -> Result<HoldReason> {
        Ok(named(&self.0.reason)?)
    }

    /// Which parcel it is about.
    async fn shipment_id(&self) -> Option<ID> {
        self.0.shipment_id.as_deref().map(|id| global("Shipment", id))
    }

    /// What somebody of the shop wrote; for operators, and null once it was erased.
    async fn text(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let reader = reader(ctx)?;
        match &self.0.text {
            Some(text) if reader.audience == Audience::Staff => Ok(reader.open(text, "text").await?),
            _ => Ok(None),
        }
    }

    /// What a human can choose from.
    async fn ways_out(&self) -> Result<Vec<WayOut>> {
        Ok(all_named(&self.0.ways_out)?)
    }

    /// The money that it is about.
    async fn amount(&self) -> Option<Money> {
        money(self.0.amount.as_ref())
    }

    /// What was chosen, while it is being carried out.
    async fn chosen(&self) -> Result<Option<WayOut>> {
        Ok(self.0.chosen.as_deref().map(named).transpose()?)
    }

    /// The parcels that may not leave meanwhile.
    async fn blocks(&self) -> Vec<ID> {
        self.0.blocks.iter().map(|id| global("Shipment", id)).collect()
    }

    /// Since when.
    async fn since(&self) -> DateTime {
        (&self.0.since).into()
    }
}
