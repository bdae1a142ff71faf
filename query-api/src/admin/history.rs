//! States of the past, for the back office.

use async_graphql::{Context, ID, Object, Result};
use read_models::documents::order_versions::ORDER_VERSIONS;
use read_models::documents::stock_versions::STOCK_VERSIONS;

use crate::reader::{Moment, reader};
use crate::scalars::DateTime;
use crate::types::order::{self, ShopOrderVersion};
use crate::types::stock::StockItemVersion;

#[derive(Default)]
pub(crate) struct History;

/// Queries of the back office for states of the past.
#[Object]
impl History {
    /// Fetches an order as it was at a time or at a version. Requires exactly one of `id` and `number`, and exactly
    /// one of `at` and `version`. Null if the order does not exist, if it was placed later than `at`, or if it does
    /// not have this version.
    async fn order_as_of(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Global id of the order, or its UUID.")] id: Option<ID>,
        #[graphql(desc = "Order number, such as `10-000042`.")] number: Option<String>,
        #[graphql(desc = "Time of the wanted state; events at exactly this time are included.")] at: Option<
            DateTime,
        >,
        #[graphql(desc = "Version of the wanted state: the number of the order's events up to it.")]
        version: Option<u64>,
        #[graphql(desc = "Token of a command whose effects must be visible.")] consistency: Option<String>,
    ) -> Result<Option<ShopOrderVersion>> {
        let reader = reader(ctx)?;
        reader.require(consistency.as_deref())?;
        let moment = Moment::of(at, version)?;
        let Some(key) = order::key_of(reader, id, number).await? else { return Ok(None) };
        let found = reader.past(&ORDER_VERSIONS, format!("order-{key}"), moment).await?;
        Ok(found.map(ShopOrderVersion::of))
    }

    /// Fetches the stock of a SKU as it was at a time or at a version. Requires exactly one of `at` and `version`.
    /// Null if the SKU was not tracked then, or if its stock item does not have this version.
    async fn stock_as_of(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "SKU whose stock is wanted.")] sku: String,
        #[graphql(desc = "Time of the wanted state; events at exactly this time are included.")] at: Option<
            DateTime,
        >,
        #[graphql(desc = "Version of the wanted state: the number of the stock item's events up to it.")]
        version: Option<u64>,
        #[graphql(desc = "Token of a command whose effects must be visible.")] consistency: Option<String>,
    ) -> Result<Option<StockItemVersion>> {
        let reader = reader(ctx)?;
        reader.require(consistency.as_deref())?;
        let moment = Moment::of(at, version)?;
        let found = reader.past(&STOCK_VERSIONS, format!("stock-{sku}"), moment).await?;
        Ok(found.map(StockItemVersion::from))
    }
}
