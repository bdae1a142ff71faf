//! Imports the catalogue, and each week's prices and deliveries.

use std::collections::{BTreeMap, HashMap};
use std::future::ready;

use anyhow::{Context as _, Result, anyhow};
use chorale::invariants::walk_topic;
use chorale::shop::Shop;
use command_api::inputs::{CategoryInput, PriceInput, PublicationInput, ReceiveInput};
use command_api::{Accepted, CommandError, CommandMeta, Commands};
use futures_util::{StreamExt, TryStreamExt, stream};
use schemas::product::ProductEvent;
use schemas::{Currency, ProductId, Topic};

use crate::catalogue::{self, Place};
use crate::supply::{Delivery, WAREHOUSES};
use crate::year::{Article, Product, Year};

/// Number of concurrent commands.
pub(crate) const SIDE_BY_SIDE: usize = 256;
/// The actor that maintains the catalogue and the stock.
const BUYER: &str = "buyer";

/// The grocer's products that the shop already has, according to its log.
#[derive(Default)]
pub(crate) struct Shelf(HashMap<Article, Shelved>);

#[derive(Clone, Copy)]
struct Shelved {
    product: ProductId,
    price: Option<i64>,
    published: bool,
}

impl Shelf {
    /// Reads the catalog's log.
    pub async fn read(shop: &Shop) -> Result<Self> {
        let (mut shelf, mut published) = (Self::default(), HashMap::new());
        walk_topic::<ProductEvent>(shop, Topic::PRODUCT, |recorded| {
            match recorded.event {
                ProductEvent::VariantAdded(e) => {
                    if let Some(article) = catalogue::article(e.sku.as_str()) {
                        let shelved = Shelved { product: e.product_id, price: None, published: false };
                        shelf.0.insert(article, shelved);
                    }
                }
                ProductEvent::PriceSet(e) => {
                    let article = catalogue::article(e.sku.as_str());
                    if let Some(shelved) = article.and_then(|article| shelf.0.get_mut(&article)) {
                        shelved.price = Some(e.new.minor);
                    }
                }
                ProductEvent::ProductPublished(e) => drop(published.insert(e.product_id, ())),
                _ => {}
            }
            Ok(())
        })
        .await?;
        shelf.0.values_mut().for_each(|shelved| shelved.published = published.contains_key(&shelved.product));
        Ok(shelf)
    }

    /// Whether the shop has this product with its variant.
    fn has(&self, article: Article) -> bool {
        self.0.contains_key(&article)
    }
}

/// Creates the products of the catalogue that the shop does not have yet. Calls `done` after each product.
pub(crate) async fn catalogue(shop: &Shop, year: &Year, done: impl Fn()) -> Result<()> {
    let commands = &shop.commands;
    let shelf = Shelf::read(shop).await?;
    let missing: Vec<&Product> = year.products.iter().filter(|product| !shelf.has(product.article)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let places = &categories(commands, &year.products).await?;
    let (created, done) = (stream::iter(missing), &done);
    let created = created.map(|product| async move {
        create(commands, product, places).await?;
        done();
        anyhow::Ok(())
    });
    created.buffer_unordered(SIDE_BY_SIDE).try_for_each(|()| ready(Ok(()))).await
}

/// Sets the prices that have changed since the previous week, and books the deliveries. The shop must know the catalogue.
pub(crate) async fn week(
    shop: &Shop,
    shelf: &mut Shelf,
    number: u8,
    prices: &BTreeMap<Article, i64>,
    deliveries: &[Delivery],
) -> Result<()> {
    let commands = &shop.commands;
    let known = |(article, price): (&Article, &i64)| Some((*article, *price, *shelf.0.get(article)?));
    let changed: Vec<_> =
        prices.iter().filter_map(known).filter(|(_, price, old)| old.price != Some(*price)).collect();
    let set = stream::iter(changed.iter().copied());
    set.map(|(article, price, old)| set_price(commands, number, article, price, old))
        .buffer_unordered(SIDE_BY_SIDE)
        .try_for_each(|()| ready(Ok(())))
        .await?;
    for (article, price, old) in changed {
        shelf.0.insert(article, Shelved { price: Some(price), published: true, ..old });
    }
    let received = stream::iter(deliveries).map(|delivery| receive(commands, number, delivery));
    received.buffer_unordered(SIDE_BY_SIDE).try_for_each(|()| ready(Ok(()))).await
}

async fn categories(commands: &Commands, products: &[Product]) -> Result<HashMap<Place, String>> {
    let mut places: HashMap<Place, String> = HashMap::new();
    for category in catalogue::categories(products) {
        let department = (category.place.0.clone(), None);
        let parent = category.place.1.as_ref().and_then(|_| places.get(&department).cloned());
        let key = format!("category/{}", category.slug);
        let input = CategoryInput { slug: category.slug, name: category.name, parent };
        let created = accepted(&key, commands.create_category(&meta(&key), input).await)?;
        places.insert(category.place, created.id);
    }
    Ok(places)
}

async fn create(commands: &Commands, product: &Product, places: &HashMap<Place, String>) -> Result<()> {
    let (key, category) =
        (format!("product/{}", product.article), places.get(&catalogue::place(product)).cloned());
    let created = commands.create_product(&meta(&key), catalogue::product(product, category)).await;
    let created = accepted(&key, created)?;
    let key = format!("variant/{}", product.article);
    accepted(&key, commands.add_variant(&meta(&key), &created.id, catalogue::variant(product)).await)?;
    Ok(())
}

async fn set_price(
    commands: &Commands,
    week: u8,
    article: Article,
    price: i64,
    shelved: Shelved,
) -> Result<()> {
    let (key, product) = (format!("price/{week}/{article}"), shelved.product.to_string());
    let input = PriceInput {
        price: Currency::USD.minor(price).into(),
        compare_at: None,
        reason: Some(format!("Week {week}")),
    };
    accepted(&key, commands.set_price(&meta(&key), &product, &catalogue::sku(article), input).await)?;
    if !shelved.published {
        let key = format!("publish/{article}");
        accepted(&key, commands.publish_product(&meta(&key), &product, PublicationInput::default()).await)?;
    }
    Ok(())
}

async fn receive(commands: &Commands, week: u8, delivery: &Delivery) -> Result<()> {
    for ((warehouse, _), quantity) in WAREHOUSES.into_iter().zip(delivery.quantities) {
        if quantity == 0 {
            continue;
        }
        let key = format!("delivery/{week}/{}/{warehouse}", delivery.article);
        let reference = Some(format!("week-{week}-{}-{warehouse}", delivery.article));
        let input = ReceiveInput { location: warehouse.to_owned(), quantity, reference };
        accepted(&key, commands.receive_stock(&meta(&key), &catalogue::sku(delivery.article), input).await)?;
    }
    Ok(())
}

fn meta(key: &str) -> CommandMeta {
    CommandMeta::staff(key, BUYER)
}

/// A refusal of any part of the catalogue is an error: import and rules do not agree.
fn accepted(key: &str, result: Result<Accepted, CommandError>) -> Result<Accepted> {
    result.map_err(|error| anyhow!(error)).with_context(|| format!("{key} was not accepted"))
}
