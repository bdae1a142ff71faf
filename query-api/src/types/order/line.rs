//! Lines of orders.

use crate::execution::Ctx;
use async_graphql::{ID, Result};
use query_api_macros::object;
use read_models::documents::orders;

use crate::fault::Fault;
use crate::id::global;
use crate::page::Named;
use crate::reader::Reader;
use crate::scalars::{Int, Money};
use crate::types::product::Product;

#[derive(Clone)]
pub(crate) struct OrderLine {
    order: String,
    line: orders::OrderLine,
}

impl OrderLine {
    /// The lines of an order, by their numbers.
    pub(super) fn all(order: &orders::Order) -> Vec<(i64, Self)> {
        let of = |line: &orders::OrderLine| Self { order: order.order_id.clone(), line: line.clone() };
        order.lines.iter().map(|line| (i64::from(line.line_id), of(line))).collect()
    }

    /// The line with this key in its global id, and its order. The caller checks that the client may see it.
    pub(crate) async fn find(reader: &Reader, key: &str) -> Result<Option<(Self, String)>, Fault> {
        let Some((order, number)) = key.rsplit_once(':') else { return Ok(None) };
        let Some(order) = reader.order(order).await? else { return Ok(None) };
        let lines = Self::all(&order.value);
        let found = lines.into_iter().find(|(_, line)| line.line.line_id.to_string() == number);
        Ok(found.map(|(_, line)| (line, order.value.order_id.clone())))
    }
}

/// One line of an order, with title and price as of the time when the order was placed.
#[object]
impl OrderLine {
    /// Global id of the line.
    pub(crate) fn id(&self) -> ID {
        global("OrderLine", &format!("{}:{}", self.order, self.line.line_id))
    }

    /// Number of the line within the order, starting at 1.
    fn line_id(&self) -> u32 {
        self.line.line_id
    }

    /// SKU of the ordered variant.
    fn sku(&self) -> &str {
        &self.line.sku
    }

    /// Title of the product when the order was placed.
    fn title(&self) -> &str {
        &self.line.title
    }

    /// Title of the variant when the order was placed. Empty if the product has no options.
    fn variant_title(&self) -> &str {
        &self.line.variant_title
    }

    /// The product as it is now. Null if the caller can no longer see it, or, with an error, if products
    /// cannot be read.
    async fn product(&self, ctx: &Ctx<'_>) -> Result<Option<Product>> {
        let reader = ctx.reader();
        let product = reader.product(&self.line.product_id).await?;
        Ok(product.and_then(|product| Product::for_audience(product, reader.audience)))
    }

    /// Ordered quantity, in units; at least 1.
    fn quantity(&self) -> Int {
        Int(self.line.qty)
    }

    /// Units of this line that were cancelled.
    fn cancelled_quantity(&self) -> Int {
        Int(self.line.cancelled_qty)
    }

    /// Units of this line that were dispatched.
    fn shipped_quantity(&self) -> Int {
        Int(self.line.shipped_qty)
    }

    /// Price of one unit, tax included.
    fn unit_price(&self) -> Money {
        (&self.line.unit_price).into()
    }

    /// Discount on the whole line, as a positive amount.
    fn discount(&self) -> Money {
        (&self.line.discount).into()
    }

    /// Tax rate in basis points: 1900 is 19 %.
    fn tax_rate(&self) -> Int {
        Int(self.line.tax_rate)
    }

    /// Tax that is included in the line's total.
    fn tax(&self) -> Money {
        (&self.line.tax).into()
    }

    /// Quantity × unit price − discount, tax included.
    fn total(&self) -> Money {
        (&self.line.total).into()
    }

    /// Version of the product's stream that the price was taken from.
    fn price_version(&self) -> u64 {
        self.line.price_version
    }

    /// Whether inventory tracks stock of this SKU.
    fn tracked(&self) -> bool {
        self.line.tracked
    }
}

impl Named for OrderLine {
    const NAME: &'static str = "OrderLine";
}
