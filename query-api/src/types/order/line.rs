//! Lines of orders.

use async_graphql::{Context, Object, Result};
use read_models::documents::orders;

use crate::page::Named;
use crate::reader::reader;
use crate::scalars::Money;
use crate::types::product::Product;

/// A line of an order, with the price it was accepted at.
pub(crate) struct OrderLine(pub(super) orders::OrderLine);

/// A line of an order, with the price it was accepted at.
#[Object]
impl OrderLine {
    /// 1, 2, 3 …
    async fn line_id(&self) -> u32 {
        self.0.line_id
    }

    /// What.
    async fn sku(&self) -> &str {
        &self.0.sku
    }

    /// What the product was called.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// What set the variant apart; empty when nothing did.
    async fn variant_title(&self) -> &str {
        &self.0.variant_title
    }

    /// The product as it is now; null when it is not shown any more, or cannot be read.
    async fn product(&self, ctx: &Context<'_>) -> Result<Option<Product>> {
        let reader = reader(ctx)?;
        let product = reader.product(&self.0.product_id).await?;
        Ok(product.and_then(|product| Product::for_audience(product, reader.audience)))
    }

    /// How many were ordered.
    async fn quantity(&self) -> u32 {
        self.0.qty
    }

    /// Of these, cancelled.
    async fn cancelled_quantity(&self) -> u32 {
        self.0.cancelled_qty
    }

    /// Of these, sent.
    async fn shipped_quantity(&self) -> u32 {
        self.0.shipped_qty
    }

    /// For one, tax included.
    async fn unit_price(&self) -> Money {
        (&self.0.unit_price).into()
    }

    /// Off the whole line.
    async fn discount(&self) -> Money {
        (&self.0.discount).into()
    }

    /// The rate of tax in basis points: 1900 is 19 %.
    async fn tax_rate(&self) -> u32 {
        self.0.tax_rate
    }

    /// The tax inside the total.
    async fn tax(&self) -> Money {
        (&self.0.tax).into()
    }

    /// Quantity × unit price − discount.
    async fn total(&self) -> Money {
        (&self.0.total).into()
    }

    /// The version of the product that the price is from.
    async fn price_version(&self) -> u64 {
        self.0.price_version
    }

    /// Whether its stock is counted.
    async fn tracked(&self) -> bool {
        self.0.tracked
    }
}

impl Named for OrderLine {
    const NAME: &'static str = "OrderLine";
}
