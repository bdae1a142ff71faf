//! What waits for somebody of the shop.

use async_graphql::{Context, Object, Result};
use read_models::documents::orders::ORDERS;
use read_models::documents::parked_reactions::PARKED_REACTIONS;
use read_models::{Filter, Value};

use super::projector::projectors;
use crate::reader::reader;

/// Further is not counted.
const COUNTED: u64 = 10_000;

/// What waits for somebody of the shop. Counts end at 10 000.
pub(crate) struct Attention;

/// What waits for somebody of the shop. Counts end at 10 000.
#[Object]
impl Attention {
    /// Orders on hold.
    async fn orders_on_hold(&self, ctx: &Context<'_>) -> Result<Option<u64>> {
        let on_hold = [Filter::In("onHold", vec![Value::Integer(1)])];
        Ok(Some(reader(ctx)?.count(&ORDERS, &on_hold, COUNTED).await?))
    }

    /// Reactions that wait to be redriven.
    async fn parked_reactions(&self, ctx: &Context<'_>) -> Result<Option<u64>> {
        let parked = [Filter::In("state", vec![Value::Text("PARKED".to_owned())])];
        Ok(Some(reader(ctx)?.count(&PARKED_REACTIONS, &parked, COUNTED).await?))
    }

    /// Streams that some projection could not digest.
    async fn held_streams(&self, ctx: &Context<'_>) -> Result<Option<u64>> {
        let all = projectors(reader(ctx)?).await?;
        Ok(Some(all.iter().map(|status| status.held_streams).sum::<u64>().min(COUNTED)))
    }
}
