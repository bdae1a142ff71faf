//! The catalog, as both schemas show it: shoppers see what is published, operators everything.

use async_graphql::{Context, ID, Object, Result};
use read_models::documents::products::{PRODUCTS, search_terms};
use read_models::{Direction, Filter};

use crate::fault::Fault;
use crate::id;
use crate::input::{ProductSort, ProductWhere, flag, one_of, sorted, text, texts};
use crate::page::{Connection, List, Window};
use crate::reader::{Reader, reader, shared};
use crate::types::category::Category;
use crate::types::names::ProductStatus;
use crate::types::product::{Product, Variant};
use crate::types::projector::SystemStatus;
use crate::types::stock::StockView;

/// The most letters and words of a search.
const SEARCH: (usize, usize) = (200, 10);
/// How deep the category tree is followed at most.
const DEEPEST: i32 = 10;

/// What both schemas ask of the catalog.
#[derive(Default)]
pub(crate) struct Catalog;

/// What both schemas ask of the catalog.
#[Object]
impl Catalog {
    /// A product by its id, its page's address, or the SKU of a variant.
    async fn product(
        &self,
        ctx: &Context<'_>,
        id: Option<ID>,
        slug: Option<String>,
        sku: Option<String>,
        consistency: Option<String>,
    ) -> Result<Option<Product>> {
        let reader = reader(ctx)?;
        reader.require(consistency.as_deref())?;
        let found = match (id, slug, sku) {
            (Some(id), None, None) => reader.product(&id::key(&id, "Product")?).await?,
            (None, Some(slug), None) => {
                reader.find_one(&PRODUCTS, text("slug", slug)).await?.and_then(shared)
            }
            (None, None, Some(sku)) => reader.product_with(&sku).await?,
            _ => return Err(Fault::BadInput("give one of id, slug and sku".to_owned()).into()),
        };
        Ok(found.and_then(|product| Product::for_audience(product, reader.audience)))
    }

    /// A category by its id or its page's address.
    async fn category(
        &self,
        ctx: &Context<'_>,
        id: Option<ID>,
        slug: Option<String>,
        consistency: Option<String>,
    ) -> Result<Option<Category>> {
        let reader = reader(ctx)?;
        reader.require(consistency.as_deref())?;
        let Some(tree) = reader.categories().await? else { return Ok(None) };
        match (id, slug) {
            (Some(id), None) => Ok(Category::find(&tree, &id::key(&id, "Category")?)),
            (None, Some(slug)) => Ok(tree.value.by_slug(&slug).and_then(|(id, _)| Category::find(&tree, id))),
            _ => Err(Fault::BadInput("give one of id and slug".to_owned()).into()),
        }
    }

    /// The categories below `parent` (at the top when there is none) down to so many levels, each followed by what is
    /// below it.
    async fn categories(
        &self,
        ctx: &Context<'_>,
        parent: Option<ID>,
        #[graphql(default = 2)] depth: i32,
        consistency: Option<String>,
    ) -> Result<Option<Vec<Category>>> {
        let reader = reader(ctx)?;
        reader.require(consistency.as_deref())?;
        if !(1..=DEEPEST).contains(&depth) {
            return Err(Fault::BadInput("depth is from 1 to 10".to_owned()).into());
        }
        let parent = parent.map(|id| id::key(&id, "Category")).transpose()?;
        let Some(tree) = reader.categories().await? else { return Ok(Some(Vec::new())) };
        Ok(Some(Category::below(&tree, parent.as_deref(), usize::try_from(depth).unwrap_or(1))))
    }

    /// How much there is of a SKU; null for what is not counted or not known.
    async fn stock(
        &self,
        ctx: &Context<'_>,
        sku: String,
        consistency: Option<String>,
    ) -> Result<Option<StockView>> {
        let reader = reader(ctx)?;
        reader.require(consistency.as_deref())?;
        Ok(reader.stock(&sku).await?.map(StockView::of))
    }

    /// How the whole is doing.
    async fn system_status(&self, ctx: &Context<'_>) -> Result<SystemStatus> {
        Ok(SystemStatus::as_of_now(reader(ctx)?).await)
    }
}

/// The variant with this SKU, if whoever asks may see it.
pub(crate) async fn variant(reader: &Reader, sku: &str) -> Result<Option<Variant>, Fault> {
    let found = reader.product_with(sku).await?;
    let product = found.and_then(|product| Product::for_audience(product, reader.audience));
    let variants = product.map(|product| product.seen_variants(reader.audience)).unwrap_or_default();
    Ok(variants.into_iter().map(|(_, variant)| variant).find(|variant| variant.is(sku)))
}

/// A page of the products with one of these statuses.
pub(crate) async fn products(
    reader: &Reader,
    window: &Window,
    status: Vec<ProductStatus>,
    search: Option<String>,
    filter: ProductWhere,
    sort: Option<Vec<ProductSort>>,
) -> Result<Connection<Product>, Fault> {
    let mut filters = vec![one_of("status", status)];
    if let Some(search) = search {
        filters.extend(words(&search)?);
    }
    if let Some(categories) = categories(reader, &filter).await? {
        filters.push(Filter::HasAny("categoryIds", categories));
    }
    filters.extend(filter.brand.map(|brands| texts("brand", brands)).transpose()?);
    filters.extend(filter.skus.map(|skus| Filter::HasAny("skus", skus)));
    filters.extend(filter.available_for_sale.map(|value| flag("availableForSale", value)));
    filters.extend(filter.price.map(|range| range.filter("minPrice.minor")));
    let sort = sorted(sort, ("sortTitle", Direction::Ascending))?;
    let list = List { collection: &PRODUCTS, filters, sort };
    Ok(Connection::of(list.page(reader, window, 20).await?))
}

fn words(search: &str) -> Result<Option<Filter>, Fault> {
    let terms = search_terms(search);
    if search.chars().count() > SEARCH.0 || terms.len() > SEARCH.1 {
        return Err(Fault::BadInput("a search has at most 10 words and 200 letters".to_owned()));
    }
    Ok((!terms.is_empty()).then_some(Filter::Words("terms", terms)))
}

/// Ids of the category that is asked for and of all below it; `None` when none is asked for.
async fn categories(reader: &Reader, filter: &ProductWhere) -> Result<Option<Vec<String>>, Fault> {
    if filter.category.is_none() && filter.category_slug.is_none() {
        return Ok(None);
    }
    let named = filter.category.as_ref().map(|id| id::key(id, "Category")).transpose()?;
    let Some(tree) = reader.categories().await? else { return Ok(Some(Vec::new())) };
    let by_slug = || tree.value.by_slug(filter.category_slug.as_deref()?).map(|(id, _)| id.to_owned());
    let Some(id) = named.or_else(by_slug) else { return Ok(Some(Vec::new())) };
    Ok(Some(tree.value.with_descendants(&id).into_iter().map(str::to_owned).collect()))
}
