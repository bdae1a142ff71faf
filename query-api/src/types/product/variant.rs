//! Variants of products.

use crate::execution::Ctx;
use async_graphql::{ID, Result};
use query_api_macros::object;
use read_models::documents::products;

use super::{Attribute, Product, attributes};
use crate::fault::Fault;
use crate::id::global;
use crate::page::Named;
use crate::reader::Reader;
use crate::scalars::{Int, Money, money};
use crate::types::stock::StockView;

#[derive(Clone)]
pub(crate) struct Variant {
    product: Product,
    /// Its position in the product, which has it.
    at: usize,
}

impl Variant {
    /// The variant at this position.
    pub(super) fn at(product: &Product, at: usize) -> Option<Self> {
        product.document.value.variants.get(at)?;
        Some(Self { product: product.clone(), at })
    }

    fn value(&self) -> &products::Variant {
        &self.product.document.value.variants[self.at]
    }

    pub(crate) fn is(&self, sku: &str) -> bool {
        self.value().sku == sku
    }

    /// Price in a currency; in the product's own currency if none is named.
    fn in_currency(&self, currency: Option<&str>) -> Option<&products::VariantPrice> {
        let own = self.product.document.value.min_price.as_ref().map(|price| price.currency.as_str());
        match currency.or(own) {
            Some(currency) => self.value().prices.get(currency),
            None => self.value().prices.values().next(),
        }
    }
}

impl Variant {
    /// The variant's stock level.
    pub(crate) async fn stock_view(&self, reader: &Reader) -> Result<StockView, Fault> {
        let as_of = &self.product.document.value.updated_at;
        if !self.value().track_stock {
            return Ok(StockView::untracked(&self.value().sku, as_of));
        }
        let level = reader.stock_level(&self.value().sku).await?;
        // An absent stock item has never received any units.
        Ok(level.map_or_else(|| StockView::none(&self.value().sku, as_of), StockView::of))
    }
}

/// A variant of a product: the unit that can be ordered.
#[object]
impl Variant {
    /// Global id of the variant.
    pub(crate) fn id(&self) -> ID {
        global("Variant", &self.value().sku)
    }

    /// Stock keeping unit (SKU) by which the variant is ordered; unique.
    fn sku(&self) -> &str {
        &self.value().sku
    }

    /// The variant's options in words. Empty if it has none.
    fn title(&self) -> &str {
        &self.value().title
    }

    /// Options that distinguish the variant from its siblings, by name.
    fn options(&self) -> Vec<Attribute> {
        attributes(&self.value().options)
    }

    /// Price of one unit, tax included. Null if there is no price in the requested currency.
    fn price(
        &self,
        #[graphql(desc = "ISO 4217 code; by default the product's own.")] currency: Option<String>,
    ) -> Option<Money> {
        self.in_currency(currency.as_deref()).map(|price| Money::from(&price.price))
    }

    /// Reference price to compare with, higher than the price. Null if none is set in the requested currency.
    fn compare_at_price(
        &self,
        #[graphql(desc = "ISO 4217 code; by default the product's own.")] currency: Option<String>,
    ) -> Option<Money> {
        money(self.in_currency(currency.as_deref())?.compare_at.as_ref())
    }

    /// Barcode, such as an EAN. Null if none is given.
    fn barcode(&self) -> Option<&str> {
        self.value().barcode.as_deref()
    }

    /// Weight including packaging, in grams. Null if it is not known.
    fn weight_grams(&self) -> Option<Int> {
        self.value().weight_grams.map(Int)
    }

    /// Largest quantity allowed in one order, in units. Null if there is no limit.
    fn max_per_order(&self) -> Option<Int> {
        self.value().max_per_order.map(Int)
    }

    /// Whether the variant is permanently no longer sold.
    fn discontinued(&self) -> bool {
        self.value().discontinued
    }

    /// Stock level of the variant. Null, with an error, if stock cannot be read.
    async fn stock(&self, ctx: &Ctx<'_>) -> Result<Option<StockView>> {
        Ok(Some(self.stock_view(ctx.reader()).await?))
    }

    /// The product that the variant belongs to.
    fn product(&self) -> Product {
        self.product.clone()
    }
}

impl Named for Variant {
    const NAME: &'static str = "Variant";
}
