//! Variants of products.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use read_models::documents::products;

use super::{Attribute, Product, attributes};
use crate::id::global;
use crate::page::Named;
use crate::reader::{Doc, reader};
use crate::scalars::{Money, money};
use crate::types::stock::StockView;

/// What a product can be bought as.
#[derive(Clone)]
pub(crate) struct Variant {
    product: Arc<Doc<products::Product>>,
    variant: products::Variant,
}

impl Variant {
    /// The variant at this place.
    pub(super) fn at(product: &Arc<Doc<products::Product>>, at: usize) -> Option<Self> {
        let variant = product.value.variants.get(at)?.clone();
        Some(Self { product: product.clone(), variant })
    }

    /// Its SKU.
    pub(crate) fn is(&self, sku: &str) -> bool {
        self.variant.sku == sku
    }

    /// Its price in a currency; in the product's own when none is named.
    fn in_currency(&self, currency: Option<&str>) -> Option<&products::VariantPrice> {
        let own = self.product.value.min_price.as_ref().map(|price| price.currency.as_str());
        match currency.or(own) {
            Some(currency) => self.variant.prices.get(currency),
            None => self.variant.prices.values().next(),
        }
    }
}

/// What a product can be bought as.
#[Object]
impl Variant {
    /// Its global id.
    pub(crate) async fn id(&self) -> ID {
        global("Variant", &self.variant.sku)
    }

    /// What it is ordered by; unique.
    async fn sku(&self) -> &str {
        &self.variant.sku
    }

    /// Its options in words; empty when there are none.
    async fn title(&self) -> &str {
        &self.variant.title
    }

    /// What sets it apart.
    async fn options(&self) -> Vec<Attribute> {
        attributes(&self.variant.options)
    }

    /// What it costs, tax included; in the currency that the product was first priced in when none is named. Null when it
    /// has no price in that currency.
    async fn price(&self, currency: Option<String>) -> Option<Money> {
        self.in_currency(currency.as_deref()).map(|price| Money::from(&price.price))
    }

    /// A higher price to compare with.
    async fn compare_at_price(&self, currency: Option<String>) -> Option<Money> {
        money(self.in_currency(currency.as_deref())?.compare_at.as_ref())
    }

    /// EAN or another code.
    async fn barcode(&self) -> Option<&str> {
        self.variant.barcode.as_deref()
    }

    /// Weight with package.
    async fn weight_grams(&self) -> Option<u32> {
        self.variant.weight_grams
    }

    /// The most that one order may hold.
    async fn max_per_order(&self) -> Option<u32> {
        self.variant.max_per_order
    }

    /// Not sold any more.
    async fn discontinued(&self) -> bool {
        self.variant.discontinued
    }

    /// How much there is; null while it cannot be read.
    async fn stock(&self, ctx: &Context<'_>) -> Result<Option<StockView>> {
        let as_of = &self.product.value.updated_at;
        if !self.variant.track_stock {
            return Ok(Some(StockView::untracked(&self.variant.sku, as_of)));
        }
        let item = reader(ctx)?.stock(&self.variant.sku).await?;
        // Nothing ever came in of what is not there.
        Ok(Some(item.map_or_else(|| StockView::none(&self.variant.sku, as_of), StockView::of)))
    }

    /// The product.
    async fn product(&self) -> Product {
        Product(self.product.clone())
    }
}

impl Named for Variant {
    const NAME: &'static str = "Variant";
}
