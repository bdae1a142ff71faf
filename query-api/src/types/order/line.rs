//! Lines of orders.

use async_graphql::{Context, Object, Result};
use read_models::documents::orders;

use crate::page::Named;
use crate::reader::reader;
use crate::scalars::{Int, Money};
use crate::types::product::Product;

pub(crate) struct OrderLine(pub(super) orders::OrderLine);

/// One line of an order, with title and price as of the time when the order was placed.
#[Object]
impl OrderLine {
    /// Number of the line within the order, starting at 1.
    async fn line_id(&self) -> u32 {
        self.0.line_id
    }

    /// SKU of the ordered variant.
    async fn sku(&self) -> &str {
        &self.0.sku
    }

    /// Title of the product when the order was placed.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// Title of the variant when the order was placed. Empty if the product has no options.
    async fn variant_title(&self) -> &str {
        &self.0.variant_title
    }

    /// The product as it is now. Null if the caller can no longer see it, or, with an error, if products
    /// cannot be read.
    async fn product(&self, ctx: &Context<'_>) -> Result<Option<Product>> {
        let reader = reader(ctx)?;
        let product = reader.product(&self.0.product_id).await?;
        Ok(product.and_then(|product| Product::for_audience(product, reader.audience)))
    }

    /// Ordered quantity, in units; at least 1.
    async fn quantity(&self) -> Int {
        Int(self.0.qty)
    }

    /// Units of this line that were cancelled.
    async fn cancelled_quantity(&self) -> Int {
        Int(self.0.cancelled_qty)
    }

    /// Units of this line that were dispatched.
    async fn shipped_quantity(&self) -> Int {
        Int(self.0.shipped_qty)
    }

    /// Price of one unit, tax included.
    async fn unit_price(&self) -> Money {
        (&self.0.unit_price).into()
    }

    /// Discount on the whole line, as a positive amount.
    async fn discount(&self) -> Money {
        (&self.0.discount).into()
    }

    /// Tax rate in basis points: 1900 is 19 %.
    async fn tax_rate(&self) -> Int {
        Int(self.0.tax_rate)
    }

    /// Tax that is included in the line's total.
    async fn tax(&self) -> Money {
        (&self.0.tax).into()
    }

    /// Quantity × unit price − discount, tax included.
    async fn total(&self) -> Money {
        (&self.0.total).into()
    }

    /// Version of the product's stream that the price was taken from.
    async fn price_version(&self) -> u64 {
        self.0.price_version
    }

    /// Whether inventory tracks stock of this SKU.
    async fn tracked(&self) -> bool {
        self.0.tracked
    }
}

impl Named for OrderLine {
    const NAME: &'static str = "OrderLine";
}
