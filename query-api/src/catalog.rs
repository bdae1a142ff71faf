//! The catalog in both schemas: shoppers see published products, operators see all.

mod searching;

use crate::execution::Ctx;
use async_graphql::{ID, Result};
use http_server::Audience;
use query_api_macros::object;
use read_models::documents::categories::CategoryTree;
use read_models::documents::products::PRODUCTS;
use read_models::{Direction, Filter};

use crate::fault::Fault;
use crate::id;
use crate::input::{
    CategoryKey, ProductKey, ProductSort, ProductWhere, RELEVANCE, flag, one_of, sorted, text, texts,
};
use crate::page::{Connection, List, Window};
use crate::reader::{Reader, shared};
use crate::types::category::Category;
use crate::types::names::ProductStatus;
use crate::types::product::{Product, ProductConnection, Variant};
use crate::types::projector::SystemStatus;
use crate::types::stock::StockView;

pub(crate) use searching::suggest;

/// The most levels of the category tree that one request may read.
const DEEPEST: i32 = 10;

#[derive(Default)]
pub(crate) struct Catalog;

/// The catalog queries of both schemas.
#[object]
impl Catalog {
    /// Fetches a product. Null if it does not exist or, for shoppers, is not published.
    async fn product(
        &self,
        ctx: &Ctx<'_>,
        #[graphql(desc = "The product that is wanted.")] by: ProductKey,
        #[graphql(desc = "Token of a command whose effects must be visible.")] consistency: Option<String>,
    ) -> Result<Option<Product>> {
        let reader = ctx.reader();
        reader.require(consistency.as_deref())?;
        let found = match by {
            ProductKey::Id(id) => reader.product(&id::key(&id, "Product")?).await?,
            ProductKey::Slug(slug) => reader.find_one(&PRODUCTS, text("slug", slug)).await?.and_then(shared),
            ProductKey::Sku(sku) => reader.product_with(&sku).await?,
        };
        Ok(found.and_then(|product| Product::for_audience(product, reader.audience)))
    }

    /// Fetches a category. Null if it does not exist.
    async fn category(
        &self,
        ctx: &Ctx<'_>,
        #[graphql(desc = "The category that is wanted.")] by: CategoryKey,
        #[graphql(desc = "Token of a command whose effects must be visible.")] consistency: Option<String>,
    ) -> Result<Option<Category>> {
        let reader = ctx.reader();
        reader.require(consistency.as_deref())?;
        let named = NamedCategory::of(&by)?;
        let Some(tree) = reader.categories().await? else { return Ok(None) };
        Ok(named.id(&tree.value).and_then(|id| Category::find(&tree, id)))
    }

    /// Lists the categories below `parent`, or the whole tree from its roots if `parent` is not given. Each
    /// category is followed by its descendants, down to `depth` levels.
    async fn categories(
        &self,
        ctx: &Ctx<'_>,
        #[graphql(desc = "Global id of a category, or its UUID; the root if not given.")] parent: Option<ID>,
        #[graphql(default = 2, desc = "Number of levels to read, 1 to 10.")] depth: i32,
        #[graphql(desc = "Token of a command whose effects must be visible.")] consistency: Option<String>,
    ) -> Result<Option<Vec<Category>>> {
        let reader = ctx.reader();
        reader.require(consistency.as_deref())?;
        if !(1..=DEEPEST).contains(&depth) {
            return Err(Fault::BadInput("depth must be from 1 to 10".to_owned()).into());
        }
        let parent = parent.map(|id| id::key(&id, "Category")).transpose()?;
        let Some(tree) = reader.categories().await? else { return Ok(Some(Vec::new())) };
        Ok(Some(Category::below(&tree, parent.as_deref(), usize::try_from(depth).unwrap_or(1))))
    }

    /// Stock level of a SKU. Null if the SKU is unknown, not tracked, or has never been received, and for shoppers if
    /// they do not see its variant.
    async fn stock(
        &self,
        ctx: &Ctx<'_>,
        #[graphql(desc = "SKU of the variant to look up.")] sku: String,
        #[graphql(desc = "Token of a command whose effects must be visible.")] consistency: Option<String>,
    ) -> Result<Option<StockView>> {
        let reader = ctx.reader();
        reader.require(consistency.as_deref())?;
        if !shows(reader, &sku).await? {
            return Ok(None);
        }
        Ok(reader.stock_level(&sku).await?.map(StockView::of))
    }

    /// Overall system health. Never fails: a part that does not respond is reported as unhealthy.
    async fn system_status(&self, ctx: &Ctx<'_>) -> Result<SystemStatus> {
        Ok(SystemStatus::as_of_now(ctx.reader()).await)
    }
}

/// The variant with this SKU, if the caller may see it.
pub(crate) async fn variant(reader: &Reader, sku: &str) -> Result<Option<Variant>, Fault> {
    let found = reader.product_with(sku).await?;
    let product = found.and_then(|product| Product::for_audience(product, reader.audience));
    let variants = product.map(|product| product.seen_variants(reader.audience)).unwrap_or_default();
    Ok(variants.into_iter().map(|(_, variant)| variant).find(|variant| variant.is(sku)))
}

/// Whether the caller may see the stock of this SKU: shoppers see that of the variants that they see.
pub(crate) async fn shows(reader: &Reader, sku: &str) -> Result<bool, Fault> {
    Ok(reader.audience == Audience::Staff || variant(reader, sku).await?.is_some())
}

/// The stock level of a SKU, if the caller may see it: that of its variant, and for operators also that of a SKU that the
/// catalog does not have.
pub(crate) async fn stock_view(reader: &Reader, sku: &str) -> Result<Option<StockView>, Fault> {
    if let Some(variant) = variant(reader, sku).await? {
        return Ok(Some(variant.stock_view(reader).await?));
    }
    let level = match reader.audience {
        Audience::Staff => reader.stock_level(sku).await?,
        Audience::Public => None,
    };
    Ok(level.map(StockView::of))
}

/// A category that a client names.
pub(crate) enum NamedCategory<'k> {
    Id(String),
    Slug(&'k str),
}

impl<'k> NamedCategory<'k> {
    pub(crate) fn of(key: &'k CategoryKey) -> Result<Self, Fault> {
        Ok(match key {
            CategoryKey::Id(id) => Self::Id(id::key(id, "Category")?),
            CategoryKey::Slug(slug) => Self::Slug(slug),
        })
    }

    /// The category's id; `None` if no category has the slug.
    pub(crate) fn id<'a>(&'a self, tree: &'a CategoryTree) -> Option<&'a str> {
        match self {
            Self::Id(id) => Some(id),
            Self::Slug(slug) => tree.by_slug(slug).map(|(id, _)| id),
        }
    }
}

/// A list of products as a client asks for it.
pub(crate) struct ProductList {
    /// The statuses that are listed.
    pub(crate) status: Vec<ProductStatus>,
    pub(crate) search: Option<String>,
    pub(crate) filter: ProductWhere,
    pub(crate) sort: Option<Vec<ProductSort>>,
    /// Whether the client reads facets.
    pub(crate) facets: bool,
}

/// A page of products: from the search index if only that can answer, otherwise from the documents.
pub(crate) async fn products(
    reader: &Reader,
    window: &Window,
    list: ProductList,
) -> Result<ProductConnection, Fault> {
    let ProductList { status, search, filter, sort, facets } = list;
    let by_default = if search.is_some() { RELEVANCE } else { "sortTitle" };
    let sort = sorted(sort, (by_default, Direction::Ascending))?;
    let ranked = sort.iter().any(|(field, _)| *field == RELEVANCE);
    let indexed = filter.attributes.is_some() || filter.in_stock.is_some();
    if search.is_some() || facets || ranked || indexed {
        let asked = searching::Asked { status, search, filter, sort, facets };
        return searching::page(reader, window, asked).await;
    }
    let mut filters = vec![one_of("status", status)];
    if let Some(categories) = categories(reader, &filter).await? {
        filters.push(Filter::HasAny("categoryIds", categories));
    }
    filters.extend(filter.brand.map(|brands| texts("brand", brands)));
    filters.extend(filter.skus.map(|skus| Filter::HasAny("skus", skus)));
    filters.extend(filter.available_for_sale.map(|value| flag("availableForSale", value)));
    filters.extend(filter.price.map(|range| range.filter("minPrice.minor")));
    let list = List { collection: &PRODUCTS, filters, sort };
    let page = Connection::of_nodes(list.products(reader, window, 20).await?);
    Ok(ProductConnection { page, facets: Vec::new() })
}

/// Ids of the category that the filter names and of all its descendants; `None` if it names none.
async fn categories(reader: &Reader, filter: &ProductWhere) -> Result<Option<Vec<String>>, Fault> {
    let Some(named) = filter.category.as_ref().map(NamedCategory::of).transpose()? else { return Ok(None) };
    let Some(tree) = reader.categories().await? else { return Ok(Some(Vec::new())) };
    let Some(id) = named.id(&tree.value) else { return Ok(Some(Vec::new())) };
    Ok(Some(tree.value.with_descendants(id).into_iter().map(str::to_owned).collect()))
}
