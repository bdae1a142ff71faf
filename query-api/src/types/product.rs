//! Products and their variants.

mod variant;

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use http_server::Audience;
use read_models::documents::products;

pub(crate) use variant::Variant;

use super::category::Category;
use super::names::{ProductStatus, named};
use crate::id::global;
use crate::page::{Connection, Listed, Named, Window, slice};
use crate::reader::{Doc, reader};
use crate::scalars::{DateTime, Money, money};

/// A product of the catalog.
#[derive(Clone)]
pub(crate) struct Product(pub(crate) Arc<Doc<products::Product>>);

impl Product {
    /// The product, if whoever asks may see it.
    pub(crate) fn for_audience(document: Arc<Doc<products::Product>>, audience: Audience) -> Option<Self> {
        let visible = audience == Audience::Staff || document.value.status == "PUBLISHED";
        visible.then_some(Self(document))
    }

    /// The variants that whoever asks may see, with their places.
    pub(crate) fn seen_variants(&self, audience: Audience) -> Vec<(i64, Variant)> {
        let variants = self.0.value.variants.iter().enumerate();
        let seen = variants.filter(|(_, variant)| audience == Audience::Staff || !variant.discontinued);
        seen.filter_map(|(at, _)| Some((i64::try_from(at).ok()?, Variant::at(&self.0, at)?))).collect()
    }
}

/// A product of the catalog.
#[Object]
impl Product {
    /// Its global id.
    pub(crate) async fn id(&self) -> ID {
        global("Product", &self.0.value.product_id)
    }

    /// Its page's address; unique.
    async fn slug(&self) -> &str {
        &self.0.value.slug
    }

    /// What it is called.
    async fn title(&self) -> &str {
        &self.0.value.title
    }

    /// Some sentences about it.
    async fn description(&self) -> &str {
        &self.0.value.description
    }

    /// Whether it can be seen.
    async fn status(&self) -> Result<ProductStatus> {
        Ok(named(&self.0.value.status)?)
    }

    /// Who makes it.
    async fn brand(&self) -> Option<&str> {
        self.0.value.brand.as_deref()
    }

    /// The categories that it is in; null while they cannot be read.
    async fn categories(&self, ctx: &Context<'_>) -> Result<Option<Vec<Category>>> {
        let Some(tree) = reader(ctx)?.categories().await? else { return Ok(Some(Vec::new())) };
        Ok(Some(self.0.value.category_ids.iter().filter_map(|id| Category::find(&tree, id)).collect()))
    }

    /// Its properties, by name.
    async fn attributes(&self) -> Vec<Attribute> {
        attributes(&self.0.value.attributes)
    }

    /// Its pictures and films.
    async fn media(&self) -> Vec<Medium> {
        let media = self.0.value.media.iter();
        media.map(|medium| Medium { url: medium.url.clone(), alt: medium.alt.clone() }).collect()
    }

    /// The lowest and the highest price of a variant on sale; null while none has a price.
    async fn price_range(&self) -> Option<MoneyRange> {
        let (min, max) = (self.0.value.min_price.as_ref()?, self.0.value.max_price.as_ref()?);
        Some(MoneyRange { min: min.into(), max: max.into() })
    }

    /// Whether it is shown and a variant with a price is on sale. Says nothing about stock.
    async fn available_for_sale(&self) -> bool {
        self.0.value.available_for_sale
    }

    /// What it can be bought as. Discontinued ones are for operators.
    async fn variants(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 20)] first: i32,
        after: Option<String>,
    ) -> Result<Connection<Variant>> {
        let variants = self.seen_variants(reader(ctx)?.audience);
        Ok(slice("variants", variants, &Window::forwards(first, after), 20)?)
    }

    /// Its last 20 price changes, newest first.
    async fn price_history(
        &self,
        sku: Option<String>,
        #[graphql(default = 20)] first: i32,
    ) -> Vec<PriceChange> {
        let changes = self.0.value.price_history.iter();
        let of = changes.filter(|change| sku.as_ref().is_none_or(|sku| *sku == change.sku));
        of.take(usize::try_from(first).unwrap_or(0)).map(PriceChange::from).collect()
    }

    /// The version of its stream.
    async fn version(&self) -> u64 {
        self.0.version
    }

    /// When it came into the catalog.
    async fn created_at(&self) -> DateTime {
        (&self.0.value.created_at).into()
    }

    /// When it was last changed.
    async fn updated_at(&self) -> DateTime {
        (&self.0.value.updated_at).into()
    }
}

impl Named for Product {
    const NAME: &'static str = "Product";
}

impl Listed for Product {
    type Document = products::Product;

    fn of(document: Arc<Doc<products::Product>>) -> Self {
        Self(document)
    }
}

fn attributes(map: &std::collections::BTreeMap<String, String>) -> Vec<Attribute> {
    map.iter().map(|(name, value)| Attribute { name: name.clone(), value: value.clone() }).collect()
}

/// A property or an option.
#[derive(SimpleObject)]
pub(crate) struct Attribute {
    /// Of what.
    name: String,
    /// Which.
    value: String,
}

/// A picture or film.
#[derive(SimpleObject)]
struct Medium {
    /// Where it is.
    url: String,
    /// What it shows, in words.
    alt: String,
}

/// A range of prices.
#[derive(SimpleObject)]
struct MoneyRange {
    /// The lowest.
    min: Money,
    /// The highest.
    max: Money,
}

/// A price that changed.
#[derive(SimpleObject)]
struct PriceChange {
    /// Which variant.
    sku: String,
    /// The price before.
    old: Option<Money>,
    /// The price after.
    new: Money,
    /// A higher price to compare with.
    compare_at: Option<Money>,
    /// From when on.
    effective_from: DateTime,
    /// Why.
    reason: Option<String>,
    /// When it was set.
    at: DateTime,
}

impl From<&products::PriceChange> for PriceChange {
    fn from(change: &products::PriceChange) -> Self {
        Self {
            sku: change.sku.clone(),
            old: money(change.old.as_ref()),
            new: (&change.new).into(),
            compare_at: money(change.compare_at.as_ref()),
            effective_from: (&change.effective_from).into(),
            reason: change.reason.clone(),
            at: (&change.at).into(),
        }
    }
}
