//! Holds of an order and their resolutions.

use crate::execution::Ctx;
use async_graphql::{ID, Result};
use http_server::Audience;
use query_api_macros::object;
use read_models::documents::orders;

use crate::id::global;
use crate::scalars::{DateTime, Money, money};
use crate::types::names::{HoldReason, WayOut, all_named, named};

pub(crate) struct Hold(pub(super) orders::Hold);

/// A reason for which an order is on hold, and how it can be resolved.
#[object]
impl Hold {
    /// Why the order is on hold.
    fn reason(&self) -> Result<HoldReason> {
        Ok(named(&self.0.reason)?)
    }

    /// Global id of the shipment that the hold concerns. Null if it concerns the whole order.
    fn shipment_id(&self) -> Option<ID> {
        self.0.shipment_id.as_deref().map(|id| global("Shipment", id))
    }

    /// Free-text reason given by staff. Null for shoppers, if none was given, or if personal data was erased.
    async fn text(&self, ctx: &Ctx<'_>) -> Result<Option<String>> {
        let reader = ctx.reader();
        match &self.0.text {
            Some(text) if reader.audience == Audience::Staff => Ok(reader.open(text, "text").await?),
            _ => Ok(None),
        }
    }

    /// Resolutions that staff can choose from. Empty for shoppers.
    fn ways_out(&self, ctx: &Ctx<'_>) -> Result<Vec<WayOut>> {
        match ctx.reader().audience {
            Audience::Staff => Ok(all_named(&self.0.ways_out)?),
            Audience::Public => Ok(Vec::new()),
        }
    }

    /// Amount of money that the hold concerns. Null if it does not concern money.
    fn amount(&self) -> Option<Money> {
        money(self.0.amount.as_ref())
    }

    /// Resolution that staff chose and that is being carried out. Null until one is chosen.
    fn chosen(&self) -> Result<Option<WayOut>> {
        Ok(self.0.chosen.as_deref().map(named).transpose()?)
    }

    /// Global ids of the shipments that cannot be dispatched during the hold.
    fn blocks(&self) -> Vec<ID> {
        self.0.blocks.iter().map(|id| global("Shipment", id)).collect()
    }

    /// Time when the hold began.
    fn since(&self) -> DateTime {
        (&self.0.since).into()
    }
}
