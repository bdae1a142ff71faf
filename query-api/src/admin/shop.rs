//! Products, orders, stock, shipments and payments, for the back office.

use crate::execution::Ctx;
use async_graphql::Result;
use query_api_macros::object;
use read_models::Direction;
use read_models::documents::orders::ORDERS;
use read_models::documents::payments::PAYMENTS;
use read_models::documents::shipments::SHIPMENTS;
use read_models::documents::stock::STOCK;

use crate::catalog::{self, ProductList};
use crate::input::{
    OrderKey, OrderSort, OrderWhere, PaymentWhere, ProductSort, ProductWhere, ShipmentWhere, StockSort,
    StockWhere, sorted,
};
use crate::page::{Connection, List, Listed, Window};
use crate::types::names::ProductStatus;
use crate::types::order::{self, ShopOrder};
use crate::types::payment::Payment;
use crate::types::product::ProductConnection;
use crate::types::shipment::Shipment;
use crate::types::stock::StockItem;

#[derive(Default)]
pub(crate) struct Shop;

const EVERY_STATUS: [ProductStatus; 4] =
    [ProductStatus::Draft, ProductStatus::Published, ProductStatus::Unpublished, ProductStatus::Archived];

/// Order, product, stock, shipment and payment queries of the back office.
#[object]
impl Shop {
    /// Lists products of every status, by title if `sort` is not given, and the best match first if `search` is
    /// given without `sort`.
    #[expect(clippy::too_many_arguments, reason = "a connection's arguments are many")]
    async fn products(
        &self,
        ctx: &Ctx<'_>,
        #[graphql(desc = "Page size, 0 to 100; default 20.")] first: Option<i32>,
        #[graphql(desc = "Cursor: the page starts after this node.")] after: Option<String>,
        #[graphql(desc = "Page size from the end, 0 to 100; not with `first`.")] last: Option<i32>,
        #[graphql(desc = "Cursor: the page ends before this node.")] before: Option<String>,
        #[graphql(
            desc = "Words to look for in title, brand, categories, attributes, SKUs, barcodes and description: at most 10 words \
            and 200 characters. Beginnings of words, plurals and typing errors are found as well."
        )]
        search: Option<String>,
        #[graphql(desc = "Statuses to include, at most 100 values; all if not given.")] status: Option<
            Vec<ProductStatus>,
        >,
        #[graphql(name = "where", desc = "Filter; lists all if not given.")] filter: Option<ProductWhere>,
        #[graphql(desc = "Up to 3 sort keys, the most important first.")] sort: Option<Vec<ProductSort>>,
        #[graphql(desc = "Token of a command whose effects must be visible.")] consistency: Option<String>,
    ) -> Result<Option<ProductConnection>> {
        let reader = ctx.reader();
        reader.require(consistency.as_deref())?;
        let window = Window { first, after, last, before };
        let list = ProductList {
            status: status.unwrap_or_else(|| EVERY_STATUS.to_vec()),
            search,
            filter: filter.unwrap_or_default(),
            sort,
            facets: ctx.selects("facets"),
        };
        Ok(Some(catalog::products(reader, &window, list).await?))
    }

    /// Fetches an order. Null if it does not exist.
    async fn order(
        &self,
        ctx: &Ctx<'_>,
        #[graphql(desc = "The order that is wanted.")] by: OrderKey,
        #[graphql(desc = "Token of a command whose effects must be visible.")] consistency: Option<String>,
    ) -> Result<Option<ShopOrder>> {
        let reader = ctx.reader();
        reader.require(consistency.as_deref())?;
        let found = order::by(reader, by).await?;
        Ok(found.map(ShopOrder::of))
    }

    /// Lists orders, newest first if `sort` is not given.
    #[expect(clippy::too_many_arguments, reason = "a connection's arguments are many")]
    async fn orders(
        &self,
        ctx: &Ctx<'_>,
        #[graphql(desc = "Page size, 0 to 100; default 20.")] first: Option<i32>,
        #[graphql(desc = "Cursor: the page starts after this node.")] after: Option<String>,
        #[graphql(desc = "Page size from the end, 0 to 100; not with `first`.")] last: Option<i32>,
        #[graphql(desc = "Cursor: the page ends before this node.")] before: Option<String>,
        #[graphql(name = "where", desc = "Filter; lists all if not given.")] filter: Option<OrderWhere>,
        #[graphql(desc = "Up to 3 sort keys, the most important first.")] sort: Option<Vec<OrderSort>>,
        #[graphql(desc = "Token of a command whose effects must be visible.")] consistency: Option<String>,
    ) -> Result<Option<Connection<ShopOrder>>> {
        let reader = ctx.reader();
        reader.require(consistency.as_deref())?;
        let sort = sorted(sort, ("placedAt", Direction::Descending))?;
        let list = List { collection: &ORDERS, filters: filter.unwrap_or_default().filters(), sort };
        let window = Window { first, after, last, before };
        Ok(Some(Connection::of(list.page(reader, &window, 20).await?)))
    }

    /// Lists stock items, by SKU if `sort` is not given.
    #[expect(clippy::too_many_arguments, reason = "a connection's arguments are many")]
    async fn stock_items(
        &self,
        ctx: &Ctx<'_>,
        #[graphql(desc = "Page size, 0 to 100; default 20.")] first: Option<i32>,
        #[graphql(desc = "Cursor: the page starts after this node.")] after: Option<String>,
        #[graphql(desc = "Page size from the end, 0 to 100; not with `first`.")] last: Option<i32>,
        #[graphql(desc = "Cursor: the page ends before this node.")] before: Option<String>,
        #[graphql(name = "where", desc = "Filter; lists all if not given.")] filter: Option<StockWhere>,
        #[graphql(desc = "Up to 3 sort keys, the most important first.")] sort: Option<Vec<StockSort>>,
        #[graphql(desc = "Token of a command whose effects must be visible.")] consistency: Option<String>,
    ) -> Result<Option<Connection<StockItem>>> {
        let reader = ctx.reader();
        reader.require(consistency.as_deref())?;
        let sort = sorted(sort, ("sku", Direction::Ascending))?;
        let list = List { collection: &STOCK, filters: filter.unwrap_or_default().filters(), sort };
        let window = Window { first, after, last, before };
        Ok(Some(Connection::of(list.page(reader, &window, 20).await?)))
    }

    /// Lists shipments, most recently planned first.
    #[expect(clippy::too_many_arguments, reason = "a connection's arguments are many")]
    async fn shipments(
        &self,
        ctx: &Ctx<'_>,
        #[graphql(desc = "Page size, 0 to 100; default 20.")] first: Option<i32>,
        #[graphql(desc = "Cursor: the page starts after this node.")] after: Option<String>,
        #[graphql(desc = "Page size from the end, 0 to 100; not with `first`.")] last: Option<i32>,
        #[graphql(desc = "Cursor: the page ends before this node.")] before: Option<String>,
        #[graphql(name = "where", desc = "Filter; lists all if not given.")] filter: Option<ShipmentWhere>,
        #[graphql(desc = "Token of a command whose effects must be visible.")] consistency: Option<String>,
    ) -> Result<Option<Connection<Shipment>>> {
        let reader = ctx.reader();
        reader.require(consistency.as_deref())?;
        let sort = vec![("plannedAt", Direction::Descending)];
        let list = List { collection: &SHIPMENTS, filters: filter.unwrap_or_default().filters(), sort };
        let window = Window { first, after, last, before };
        Ok(Some(Connection::of(list.page(reader, &window, 20).await?)))
    }

    /// Lists payments, most recently created first.
    #[expect(clippy::too_many_arguments, reason = "a connection's arguments are many")]
    async fn payments(
        &self,
        ctx: &Ctx<'_>,
        #[graphql(desc = "Page size, 0 to 100; default 20.")] first: Option<i32>,
        #[graphql(desc = "Cursor: the page starts after this node.")] after: Option<String>,
        #[graphql(desc = "Page size from the end, 0 to 100; not with `first`.")] last: Option<i32>,
        #[graphql(desc = "Cursor: the page ends before this node.")] before: Option<String>,
        #[graphql(name = "where", desc = "Filter; lists all if not given.")] filter: Option<PaymentWhere>,
        #[graphql(desc = "Token of a command whose effects must be visible.")] consistency: Option<String>,
    ) -> Result<Option<Connection<Payment>>> {
        let reader = ctx.reader();
        reader.require(consistency.as_deref())?;
        let sort = vec![("createdAt", Direction::Descending)];
        let list = List { collection: &PAYMENTS, filters: filter.unwrap_or_default().filters(), sort };
        let window = Window { first, after, last, before };
        Ok(Some(Connection::of(list.page(reader, &window, 20).await?)))
    }
}
