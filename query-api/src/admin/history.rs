//! States of the past, for the back office.

use crate::execution::Ctx;
use async_graphql::Result;
use query_api_macros::object;
use read_models::documents::order_versions::ORDER_VERSIONS;
use read_models::documents::stock_versions::STOCK_VERSIONS;

use crate::input::{Moment, OrderKey};
use crate::types::order::{self, ShopOrderVersion};
use crate::types::stock::StockItemVersion;

#[derive(Default)]
pub(crate) struct History;

/// Queries of the back office for states of the past.
#[object]
impl History {
    /// Fetches an order as it was at a time or at a version. Null if the order does not exist, if it was placed later
    /// than the time, or if it does not have the version.
    async fn order_as_of(
        &self,
        ctx: &Ctx<'_>,
        #[graphql(desc = "The order that is wanted.")] by: OrderKey,
        #[graphql(desc = "The state that is wanted.")] moment: Moment,
        #[graphql(desc = "Token of a command whose effects must be visible.")] consistency: Option<String>,
    ) -> Result<Option<ShopOrderVersion>> {
        let reader = ctx.reader();
        reader.require(consistency.as_deref())?;
        let Some(key) = order::key_of(reader, by).await? else { return Ok(None) };
        let found = reader.past(&ORDER_VERSIONS, format!("order-{key}"), moment).await?;
        Ok(found.map(ShopOrderVersion::of))
    }

    /// Fetches the stock of a SKU as it was at a time or at a version. Null if the SKU was not tracked then, or if its
    /// stock item does not have the version.
    async fn stock_as_of(
        &self,
        ctx: &Ctx<'_>,
        #[graphql(desc = "SKU whose stock is wanted.")] sku: String,
        #[graphql(desc = "The state that is wanted.")] moment: Moment,
        #[graphql(desc = "Token of a command whose effects must be visible.")] consistency: Option<String>,
    ) -> Result<Option<StockItemVersion>> {
        let reader = ctx.reader();
        reader.require(consistency.as_deref())?;
        let found = reader.past(&STOCK_VERSIONS, format!("stock-{sku}"), moment).await?;
        Ok(found.map(StockItemVersion::from))
    }
}
