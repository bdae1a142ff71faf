//! Counts of what requires an operator's attention.

use crate::execution::Ctx;
use async_graphql::Result;
use query_api_macros::object;
use read_models::documents::orders::ORDERS;
use read_models::documents::parked_reactions::PARKED_REACTIONS;
use read_models::{Filter, Value};

use super::projector::projectors;

/// Counting stops here.
const COUNTED: u64 = 10_000;

pub(crate) struct Attention;

/// Counts of what requires an operator's attention. Each count stops at 10 000; it is null, with an error, if
/// it cannot be determined.
#[object]
impl Attention {
    /// Number of orders on hold, 0 to 10 000.
    async fn orders_on_hold(&self, ctx: &Ctx<'_>) -> Result<Option<u64>> {
        let on_hold = [Filter::In("onHold", vec![Value::Integer(1)])];
        Ok(Some(ctx.reader().count(&ORDERS, &on_hold, COUNTED).await?))
    }

    /// Number of reactions that are parked and wait for a redrive, 0 to 10 000.
    async fn parked_reactions(&self, ctx: &Ctx<'_>) -> Result<Option<u64>> {
        let parked = [Filter::In("state", vec![Value::Text("PARKED".to_owned())])];
        Ok(Some(ctx.reader().count(&PARKED_REACTIONS, &parked, COUNTED).await?))
    }

    /// Number of streams that wait behind an event that a projection could not apply, 0 to 10 000. A stream counts
    /// once per projection.
    async fn held_streams(&self, ctx: &Ctx<'_>) -> Result<Option<u64>> {
        let all = projectors(ctx.reader()).await?;
        let held = all.iter().filter(|status| status.serves()).map(|status| status.quarantined_streams);
        Ok(Some(held.sum::<u64>().min(COUNTED)))
    }
}
