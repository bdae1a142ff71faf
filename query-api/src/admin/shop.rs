//! Products, orders, stock, parcels and payments: all of them.

use async_graphql::{Context, ID, Object, Result};
use read_models::Direction;
use read_models::documents::orders::ORDERS;
use read_models::documents::payments::PAYMENTS;
use read_models::documents::shipments::SHIPMENTS;
use read_models::documents::stock::STOCK;

use crate::catalog;
use crate::fault::Fault;
use crate::id;
use crate::input::{
    OrderSort, OrderWhere, PaymentWhere, ProductSort, ProductWhere, ShipmentWhere, StockSort, StockWhere,
    sorted, text,
};
use crate::page::{Connection, List, Listed, Window};
use crate::reader::{reader, shared};
use crate::types::names::ProductStatus;
use crate::types::order::ShopOrder;
use crate::types::payment::Payment;
use crate::types::product::Product;
use crate::types::shipment::Shipment;
use crate::types::stock::StockItem;

/// What the shop's people ask.
#[derive(Default)]
pub(crate) struct Shop;

const EVERY_STATUS: [ProductStatus; 4] =
    [ProductStatus::Draft, ProductStatus::Published, ProductStatus::Unpublished, ProductStatus::Archived];

/// What the shop's people ask.
#[Object]
impl Shop {
    /// Products, drafts and archived ones too. `search` finds words of title, brand and SKU by how they begin; each must be
    /// found.
    #[expect(clippy::too_many_arguments, reason = "a connection's arguments are many")]
    async fn products(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        search: Option<String>,
        status: Option<Vec<ProductStatus>>,
        #[graphql(name = "where")] filter: Option<ProductWhere>,
        sort: Option<Vec<ProductSort>>,
        consistency: Option<String>,
    ) -> Result<Option<Connection<Product>>> {
        let reader = reader(ctx)?;
        reader.require(consistency.as_deref())?;
        let window = Window { first, after, last, before };
        let status = status.unwrap_or_else(|| EVERY_STATUS.to_vec());
        Ok(Some(catalog::products(reader, &window, status, search, filter.unwrap_or_default(), sort).await?))
    }

    /// An order by its id or number.
    async fn order(
        &self,
        ctx: &Context<'_>,
        id: Option<ID>,
        number: Option<String>,
        consistency: Option<String>,
    ) -> Result<Option<ShopOrder>> {
        let reader = reader(ctx)?;
        reader.require(consistency.as_deref())?;
        let found = match (id, number) {
            (Some(id), None) => reader.order(&id::key(&id, "Order")?).await?,
            (None, Some(number)) => reader.find_one(&ORDERS, text("number", number)).await?.and_then(shared),
            _ => return Err(Fault::BadInput("give one of id and number".to_owned()).into()),
        };
        Ok(found.map(ShopOrder::of))
    }

    /// Orders, newest first.
    #[expect(clippy::too_many_arguments, reason = "a connection's arguments are many")]
    async fn orders(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        #[graphql(name = "where")] filter: Option<OrderWhere>,
        sort: Option<Vec<OrderSort>>,
        consistency: Option<String>,
    ) -> Result<Option<Connection<ShopOrder>>> {
        let reader = reader(ctx)?;
        reader.require(consistency.as_deref())?;
        let sort = sorted(sort, ("placedAt", Direction::Descending))?;
        let list = List { collection: &ORDERS, filters: filter.unwrap_or_default().filters(), sort };
        let window = Window { first, after, last, before };
        Ok(Some(Connection::of(list.page(reader, &window, 20).await?)))
    }

    /// Stock items, by SKU.
    #[expect(clippy::too_many_arguments, reason = "a connection's arguments are many")]
    async fn stock_items(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        #[graphql(name = "where")] filter: Option<StockWhere>,
        sort: Option<Vec<StockSort>>,
        consistency: Option<String>,
    ) -> Result<Option<Connection<StockItem>>> {
        let reader = reader(ctx)?;
        reader.require(consistency.as_deref())?;
        let sort = sorted(sort, ("sku", Direction::Ascending))?;
        let list = List { collection: &STOCK, filters: filter.unwrap_or_default().filters()?, sort };
        let window = Window { first, after, last, before };
        Ok(Some(Connection::of(list.page(reader, &window, 20).await?)))
    }

    /// Parcels, newest first.
    #[expect(clippy::too_many_arguments, reason = "a connection's arguments are many")]
    async fn shipments(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        #[graphql(name = "where")] filter: Option<ShipmentWhere>,
        consistency: Option<String>,
    ) -> Result<Option<Connection<Shipment>>> {
        let reader = reader(ctx)?;
        reader.require(consistency.as_deref())?;
        let sort = vec![("plannedAt", Direction::Descending)];
        let list = List { collection: &SHIPMENTS, filters: filter.unwrap_or_default().filters(), sort };
        let window = Window { first, after, last, before };
        Ok(Some(Connection::of(list.page(reader, &window, 20).await?)))
    }

    /// Payments, newest first.
    #[expect(clippy::too_many_arguments, reason = "a connection's arguments are many")]
    async fn payments(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        #[graphql(name = "where")] filter: Option<PaymentWhere>,
        consistency: Option<String>,
    ) -> Result<Option<Connection<Payment>>> {
        let reader = reader(ctx)?;
        reader.require(consistency.as_deref())?;
        let sort = vec![("createdAt", Direction::Descending)];
        let list = List { collection: &PAYMENTS, filters: filter.unwrap_or_default().filters(), sort };
        let window = Window { first, after, last, before };
        Ok(Some(Connection::of(list.page(reader, &window, 20).await?)))
    }
}
