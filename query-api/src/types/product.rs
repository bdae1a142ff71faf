//! Products and their variants.

mod connection;
mod facet;
mod variant;

use crate::execution::Ctx;
use query_api_macros::{Fields, object};
use std::sync::Arc;

use async_graphql::{ID, Result, SimpleObject};
use http_server::Audience;
use read_models::documents::products;

pub(crate) use connection::ProductConnection;
pub(crate) use variant::Variant;

use super::category::Category;
use super::names::{ProductStatus, named};
use crate::id::global;
use crate::page::{Connection, Named, Window, slice};
use crate::reader::{Doc, ListedProduct};
use crate::scalars::{DateTime, Money, money};

#[derive(Clone)]
pub(crate) struct Product {
    document: Arc<Doc<products::Product>>,
    /// Whether the document has the fields that a card lacks.
    whole: bool,
}

impl Product {
    /// The product of a whole document.
    pub(crate) fn of(document: Arc<Doc<products::Product>>) -> Self {
        Self { document, whole: true }
    }

    /// The product in a list.
    pub(crate) fn listed(listed: ListedProduct) -> Self {
        match listed {
            ListedProduct::Card(document) => Self { document, whole: false },
            ListedProduct::Whole(document) => Self { document, whole: true },
        }
    }

    /// The product, if the caller may see it.
    pub(crate) fn for_audience(document: Arc<Doc<products::Product>>, audience: Audience) -> Option<Self> {
        let visible = audience == Audience::Staff || document.value.status == "PUBLISHED";
        visible.then(|| Self::of(document))
    }

    /// The document for fields that a card lacks. A list that asks for them reads it with one call for all.
    async fn whole(&self, ctx: &Ctx<'_>) -> Result<Arc<Doc<products::Product>>> {
        if self.whole {
            return Ok(self.document.clone());
        }
        let found = ctx.reader().product(&self.document.value.product_id).await?;
        Ok(found.unwrap_or_else(|| self.document.clone()))
    }

    /// The variants that the caller may see, with their positions.
    pub(crate) fn seen_variants(&self, audience: Audience) -> Vec<(i64, Variant)> {
        let variants = self.document.value.variants.iter().enumerate();
        let seen = variants.filter(|(_, variant)| audience == Audience::Staff || !variant.discontinued);
        seen.filter_map(|(at, _)| Some((i64::try_from(at).ok()?, Variant::at(self, at)?))).collect()
    }
}

/// A product of the catalog.
#[object]
impl Product {
    /// Global id of the product.
    pub(crate) fn id(&self) -> ID {
        global("Product", &self.document.value.product_id)
    }

    /// URL name of the product's page, such as `green-tea`; unique among products.
    fn slug(&self) -> &str {
        &self.document.value.slug
    }

    /// Display title of the product, 1 to 200 characters.
    fn title(&self) -> &str {
        &self.document.value.title
    }

    /// Description for shoppers, at most 5 000 characters. Empty if there is none.
    async fn description(&self, ctx: &Ctx<'_>) -> Result<String> {
        Ok(self.whole(ctx).await?.value.description.clone())
    }

    /// Publication status. Shoppers only see PUBLISHED products.
    fn status(&self) -> Result<ProductStatus> {
        Ok(named(&self.document.value.status)?)
    }

    /// Brand or manufacturer. Null if none is given.
    fn brand(&self) -> Option<&str> {
        self.document.value.brand.as_deref()
    }

    /// Categories that the product belongs to. Null, with an error, if categories cannot be read.
    async fn categories(&self, ctx: &Ctx<'_>) -> Result<Option<Vec<Category>>> {
        let Some(tree) = ctx.reader().categories().await? else { return Ok(Some(Vec::new())) };
        Ok(Some(self.document.value.category_ids.iter().filter_map(|id| Category::find(&tree, id)).collect()))
    }

    /// Properties of the product, by name; at most 50.
    async fn attributes(&self, ctx: &Ctx<'_>) -> Result<Vec<Attribute>> {
        Ok(attributes(&self.whole(ctx).await?.value.attributes))
    }

    /// Images and videos, in the order in which they were added.
    fn media(&self) -> Vec<Medium> {
        let media = self.document.value.media.iter();
        media.map(|medium| Medium { url: medium.url.clone(), alt: medium.alt.clone() }).collect()
    }

    /// Lowest and highest price of the variants on sale, in the currency in which the product was first
    /// priced. Null if no variant on sale has a price.
    fn price_range(&self) -> Option<MoneyRange> {
        let (min, max) = (self.document.value.min_price.as_ref()?, self.document.value.max_price.as_ref()?);
        Some(MoneyRange { min: min.into(), max: max.into() })
    }

    /// Whether the product is published and has a priced variant on sale. Says nothing about stock.
    fn available_for_sale(&self) -> bool {
        self.document.value.available_for_sale
    }

    /// Variants of the product, in the order in which they were added. Shoppers do not see discontinued ones.
    fn variants(
        &self,
        ctx: &Ctx<'_>,
        #[graphql(default = 20, desc = "Page size, 0 to 100.")] first: i32,
        #[graphql(desc = "Cursor: the page starts after this node.")] after: Option<String>,
    ) -> Result<Connection<Variant>> {
        let variants = self.seen_variants(ctx.reader().audience);
        Ok(slice("variants", variants, &Window::forwards(first, after), 20)?)
    }

    /// Latest price changes, newest first. At most 20 are kept. Shoppers do not see those of discontinued variants.
    async fn price_history(
        &self,
        ctx: &Ctx<'_>,
        #[graphql(desc = "SKU of a variant; all variants if not given.")] sku: Option<String>,
        #[graphql(default = 20, desc = "Number of changes, 0 to 20.")] first: i32,
    ) -> Result<Vec<PriceChange>> {
        let audience = ctx.reader().audience;
        let document = self.whole(ctx).await?;
        let seen = self.seen_variants(audience);
        let is_seen = |of: &str| audience == Audience::Staff || seen.iter().any(|(_, one)| one.is(of));
        let changes = document.value.price_history.iter().filter(|change| is_seen(&change.sku));
        let of = changes.filter(|change| sku.as_ref().is_none_or(|sku| *sku == change.sku));
        let first = usize::try_from(first).unwrap_or(0);
        Ok(of.take(first).map(|change| PriceChange::of(change, audience)).collect())
    }

    /// Version of the product's stream: the number of its events so far.
    fn version(&self) -> u64 {
        self.document.version
    }

    /// Time when the product was created.
    fn created_at(&self) -> DateTime {
        (&self.document.value.created_at).into()
    }

    /// Time of the latest change to the product.
    fn updated_at(&self) -> DateTime {
        (&self.document.value.updated_at).into()
    }
}

impl Named for Product {
    const NAME: &'static str = "Product";
}

fn attributes(map: &std::collections::BTreeMap<String, String>) -> Vec<Attribute> {
    map.iter().map(|(name, value)| Attribute { name: name.clone(), value: value.clone() }).collect()
}

/// A named property of a product, or an option of a variant.
#[derive(SimpleObject, Fields)]
pub(crate) struct Attribute {
    /// Name of the property, at most 50 characters.
    name: String,
    /// Value of the property, at most 200 characters.
    value: String,
}

/// An image or video of a product.
#[derive(SimpleObject, Fields)]
struct Medium {
    /// URL of the file, absolute or relative to the shop.
    url: String,
    /// Alternative text that describes the content, 1 to 500 characters.
    alt: String,
}

/// A range of prices, both ends included.
#[derive(SimpleObject, Fields)]
struct MoneyRange {
    /// Lowest price in the range.
    min: Money,
    /// Highest price in the range.
    max: Money,
}

/// A change of a variant's price.
#[derive(SimpleObject, Fields)]
struct PriceChange {
    /// SKU of the variant whose price changed.
    sku: String,
    /// Price before the change, in the same currency. Null for the first price.
    old: Option<Money>,
    /// Price from `effectiveFrom` on, tax included.
    new: Money,
    /// Reference price to compare with, higher than the new price. Null if none was set.
    compare_at: Option<Money>,
    /// Time from which the new price applies.
    effective_from: DateTime,
    /// Free-text reason given by staff. Null for shoppers and if none was given.
    reason: Option<String>,
    /// Time when the change was recorded.
    at: DateTime,
}

impl PriceChange {
    fn of(change: &products::PriceChange, audience: Audience) -> Self {
        Self {
            sku: change.sku.clone(),
            old: money(change.old.as_ref()),
            new: (&change.new).into(),
            compare_at: money(change.compare_at.as_ref()),
            effective_from: (&change.effective_from).into(),
            reason: change.reason.clone().filter(|_| audience == Audience::Staff),
            at: (&change.at).into(),
        }
    }
}
