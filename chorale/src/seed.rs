//! The small catalogue that a new shop begins with, seeded through the normal commands.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context as _, Result};
use command_api::inputs::{
    CategoryInput, PriceInput, ProductInput, PublicationInput, ReceiveInput, ThresholdsInput, VariantInput,
};
use command_api::{Accepted, CommandError, CommandMeta, Commands};
use event_log::port::Read;
use futures_util::{StreamExt, TryStreamExt, stream};
use platform::output;
use schemas::{Context, StreamId, Topic};
use serde::Deserialize;
use tokio::time::Instant;

use crate::shop::Shop;

/// Written for this shop.
const CATALOGUE: &str = include_str!("../seed/catalogue.json");
/// Products that are seeded concurrently.
const SIDE_BY_SIDE: usize = 16;
/// How long the shop may take to learn the catalogue.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Deserialize)]
struct Catalogue {
    currency: String,
    categories: Vec<Category>,
    products: Vec<Product>,
}

#[derive(Deserialize)]
struct Category {
    slug: String,
    name: String,
    parent: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Product {
    slug: String,
    title: String,
    description: String,
    brand: Option<String>,
    categories: Vec<String>,
    tax_class: schemas::product::TaxClass,
    attributes: BTreeMap<String, String>,
    variants: Vec<Variant>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Variant {
    sku: String,
    options: BTreeMap<String, String>,
    price: i64,
    compare_at: Option<i64>,
    weight_grams: Option<u32>,
    barcode: Option<String>,
    #[serde(default = "tracked")]
    track_stock: bool,
    max_per_order: Option<u32>,
    #[serde(default)]
    stock: BTreeMap<String, u32>,
    low_stock: Option<u32>,
}

fn tracked() -> bool {
    true
}

/// Opening stock of a variant at a location.
#[derive(Clone, Copy, PartialEq)]
struct Receipt<'a> {
    sku: &'a str,
    location: &'a str,
    quantity: u32,
}

impl Product {
    fn counted(&self) -> impl Iterator<Item = &Variant> {
        self.variants.iter().filter(|variant| variant.track_stock)
    }

    fn receipts(&self) -> impl Iterator<Item = Receipt<'_>> {
        let stock = self.counted().flat_map(|Variant { sku, stock, .. }| {
            stock.iter().map(|(location, quantity)| Receipt { sku, location, quantity: *quantity })
        });
        stock.filter(|receipt| receipt.quantity > 0)
    }
}

impl Receipt<'_> {
    fn key(&self) -> String {
        key("stock", &format!("{}/{}", self.sku, self.location))
    }
}

/// Seeds a shop without products with a catalogue and stock. Idempotency keys are derived from the catalogue, so the next
/// start completes an interrupted one. A shop with products of its own is not changed. Returns whether anything was missing.
pub async fn seed_catalogue(shop: &Shop) -> Result<bool> {
    let catalogue: Catalogue =
        serde_json::from_str(CATALOGUE).context("the built-in catalogue cannot be read")?;
    let first = catalogue.categories.first().context("the built-in catalogue has no categories")?;
    // This command is given last, after all others were answered: if it has an answer, nothing is missing.
    let last = catalogue.products.iter().flat_map(Product::receipts).last();
    let last = last.context("the built-in catalogue has no stock")?;
    let counts = shop.log(Context::Catalog).context("there is a log of the catalog")?.counts().await?;
    if counts.contains_key(Topic::PRODUCT.prefix())
        && (was_given(shop, &last.key()).await? || !was_given(shop, &key("category", &first.slug)).await?)
    {
        return Ok(false);
    }
    output::note(format_args!("Seeding a catalogue of {} products …", catalogue.products.len()));
    let commands = &shop.commands;
    let categories = plant_categories(commands, &catalogue.categories).await?;
    let seeded = catalogue
        .products
        .iter()
        .map(|product| plant_product(commands, product, &categories, &catalogue.currency));
    stream::iter(seeded).buffer_unordered(SIDE_BY_SIDE).try_collect::<Vec<_>>().await?;
    if !stock_is_counted(shop, &catalogue).await? {
        output::note("Its stock is not opened yet; start `chorale reactors`. The next start seeds the rest.");
        return Ok(true);
    }
    let stocked = catalogue.products.iter().map(|product| plant_stock(commands, product, last));
    stream::iter(stocked).buffer_unordered(SIDE_BY_SIDE).try_collect::<Vec<_>>().await?;
    receive(commands, last).await?;
    Ok(true)
}

/// Waits until inventory, in this process or another one, knows the variants; `false` after a timeout.
async fn stock_is_counted(shop: &Shop, catalogue: &Catalogue) -> Result<bool> {
    let log = shop.log(Context::Inventory).context("there is a log of inventory")?;
    let mut missing = BTreeSet::new();
    for variant in catalogue.products.iter().flat_map(Product::counted) {
        missing.insert((StreamId::from_text(format!("{}-{}", Topic::STOCK.prefix(), variant.sku)), 0));
    }
    let deadline = Instant::now() + PATIENCE;
    loop {
        let head = log.head().await?.position;
        let asked: Vec<_> = missing.iter().cloned().collect();
        for event in log.read(Read::Streams(&asked), usize::MAX).await? {
            missing.remove(&(event.envelope.stream.clone(), 0));
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if missing.is_empty() || left.is_zero() {
            return Ok(missing.is_empty());
        }
        log.grown(head, left).await;
    }
}

async fn was_given(shop: &Shop, key: &str) -> Result<bool> {
    Ok(shop.commands.command_status(meta(key).command()).await?.is_some())
}

fn key(what: &str, of: &str) -> String {
    format!("seed/{what}/{of}")
}

fn meta(key: &str) -> CommandMeta {
    CommandMeta::staff(key, "seed")
}

/// A command that an earlier start gave and that was refused is refused again. That is fine: staff have changed the
/// catalogue.
fn tolerate(result: Result<Accepted, CommandError>) -> Result<Option<Accepted>> {
    match result {
        Ok(accepted) => Ok(Some(accepted)),
        Err(CommandError::Refused { refusal, .. }) => {
            tracing::warn!(%refusal, "could not seed a part of the catalogue");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

async fn plant_categories(commands: &Commands, categories: &[Category]) -> Result<BTreeMap<String, String>> {
    let mut ids = BTreeMap::new();
    for category in categories {
        let parent = category.parent.as_ref().and_then(|slug| ids.get(slug).cloned());
        let input = CategoryInput { slug: category.slug.clone(), name: category.name.clone(), parent };
        let created = commands.create_category(&meta(&key("category", &category.slug)), input).await;
        if let Some(created) = tolerate(created)? {
            ids.insert(category.slug.clone(), created.id);
        }
    }
    Ok(ids)
}

async fn plant_product(
    commands: &Commands,
    product: &Product,
    categories: &BTreeMap<String, String>,
    currency: &str,
) -> Result<()> {
    let input = ProductInput {
        slug: product.slug.clone(),
        title: product.title.clone(),
        description: product.description.clone(),
        brand: product.brand.clone(),
        category_ids: product.categories.iter().filter_map(|slug| categories.get(slug).cloned()).collect(),
        attributes: product.attributes.clone(),
        tax_class: product.tax_class,
    };
    let created = commands.create_product(&meta(&key("product", &product.slug)), input).await;
    let Some(created) = tolerate(created)? else { return Ok(()) };
    for variant in &product.variants {
        let input = VariantInput {
            sku: variant.sku.clone(),
            options: variant.options.clone(),
            barcode: variant.barcode.clone(),
            weight_grams: variant.weight_grams,
            track_stock: variant.track_stock,
            max_per_order: variant.max_per_order,
        };
        tolerate(commands.add_variant(&meta(&key("variant", &variant.sku)), &created.id, input).await)?;
        let money = |minor: i64| Ok::<_, anyhow::Error>(currency.parse::<schemas::Currency>()?.minor(minor));
        let input = PriceInput {
            price: money(variant.price)?.into(),
            compare_at: variant.compare_at.map(money).transpose()?.map(Into::into),
            reason: None,
        };
        tolerate(
            commands.set_price(&meta(&key("price", &variant.sku)), &created.id, &variant.sku, input).await,
        )?;
    }
    let published = meta(&key("publish", &product.slug));
    tolerate(commands.publish_product(&published, &created.id, PublicationInput::default()).await)?;
    Ok(())
}

/// Receives the stock of a product, except the receipt `last`, which is the last one of all.
async fn plant_stock(commands: &Commands, product: &Product, last: Receipt<'_>) -> Result<()> {
    for receipt in product.receipts().filter(|receipt| *receipt != last) {
        receive(commands, receipt).await?;
    }
    for variant in product.counted() {
        if let Some(low_stock) = variant.low_stock {
            let input = ThresholdsInput { low_stock, safety_stock: 0 };
            let meta = meta(&key("thresholds", &variant.sku));
            tolerate(commands.set_thresholds(&meta, &variant.sku, input).await)?;
        }
    }
    Ok(())
}

async fn receive(commands: &Commands, receipt: Receipt<'_>) -> Result<()> {
    let (location, quantity) = (receipt.location.to_owned(), receipt.quantity);
    let reference = Some(format!("opening-{location}"));
    let input = ReceiveInput { location, quantity, reference };
    tolerate(commands.receive_stock(&meta(&receipt.key()), receipt.sku, input).await)?;
    Ok(())
}
