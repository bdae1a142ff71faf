//! Lists of products from the search index.

use read_models::documents::products::{self, PRODUCTS};
use read_models::{Cursor, Direction, Value};
use search::{Answer, Filters, Key, Place, Query, SearchError, Sort, SortField};

use super::NamedCategory;
use crate::fault::Fault;
use crate::input::{AttributeWhere, CategoryKey, ProductWhere, RELEVANCE};
use crate::page::{Connection, Window, read_cursor, signature, write_cursor};
use crate::reader::{Reader, shared};
use crate::types::category::Category;
use crate::types::names::{ProductStatus, name};
use crate::types::product::{Product, ProductConnection};
use crate::types::suggestion::Suggestion;

/// The list's name in cursors.
const LIST: &str = "product-search";

/// What is asked of the index.
pub(super) struct Asked {
    pub(super) status: Vec<ProductStatus>,
    pub(super) search: Option<String>,
    pub(super) filter: ProductWhere,
    /// Fields and directions; not empty.
    pub(super) sort: Vec<(&'static str, Direction)>,
    /// Whether the client reads facets.
    pub(super) facets: bool,
}

/// A page of the products that match.
pub(super) async fn page(reader: &Reader, window: &Window, asked: Asked) -> Result<ProductConnection, Fault> {
    // Before anything is read.
    asked.search.as_deref().map(search::check_text).transpose()?;
    if asked.filter.attributes.as_ref().is_some_and(|all| all.len() > search::MOST_ATTRIBUTE_FILTERS) {
        return Err(SearchError::TooManyFilters.into());
    }
    let (limit, from_end) = window.limit(20)?;
    let signature = signature(LIST, &asked.sort);
    let place = |cursor: &Option<String>| {
        cursor.as_deref().map(|cursor| read_cursor(&signature, cursor).map(place_of)).transpose()
    };
    let with_stock = asked.facets || asked.filter.in_stock.is_some();
    let query = Query {
        text: asked.search,
        filters: filters(reader, asked.status, asked.filter).await?,
        sort: asked
            .sort
            .iter()
            .map(|(field, direction)| sort(field, *direction))
            .collect::<Result<_, _>>()?,
        after: place(&window.after)?,
        before: place(&window.before)?,
        from_end,
        limit,
        facets: asked.facets,
    };
    let answer = reader.product_index(with_stock).await?.find(&query).await?;
    let Answer { hits, total, more_before, more_behind, facets } = answer;
    let ids: Vec<String> = hits.iter().map(|hit| hit.place.id.clone()).collect();
    let documents = reader.load::<products::Product>(&PRODUCTS, &ids).await?;
    // The document may have changed since it was indexed.
    let seen = hits.into_iter().zip(documents).filter_map(|(hit, document)| {
        let product = Product::for_audience(shared(document?)?, reader.audience)?;
        Some((write_cursor(&signature, &cursor_of(hit.place)), product))
    });
    let page = Connection::known(seen.collect(), more_before, more_behind, total);
    Ok(ProductConnection { page, facets })
}

async fn filters(
    reader: &Reader,
    status: Vec<ProductStatus>,
    filter: ProductWhere,
) -> Result<Filters, Fault> {
    let attributes = filter.attributes.unwrap_or_default().into_iter();
    Ok(Filters {
        statuses: Some(status.into_iter().map(|status| name(status).to_owned()).collect()),
        codes: filter.skus,
        categories: category(reader, filter.category.as_ref()).await?,
        brands: filter.brand,
        price: filter.price.map(|range| range.bounds()),
        available: filter.available_for_sale,
        in_stock: filter.in_stock,
        attributes: attributes.map(|AttributeWhere { name, values }| (name, values)).collect(),
    })
}

/// The id of the category that the filter names: products are indexed with the ancestors of their categories. Nothing matches
/// an unknown one.
async fn category(reader: &Reader, key: Option<&CategoryKey>) -> Result<Option<Vec<String>>, Fault> {
    let Some(named) = key.map(NamedCategory::of).transpose()? else { return Ok(None) };
    if let NamedCategory::Id(id) = named {
        return Ok(Some(vec![id]));
    }
    let tree = reader.categories().await?;
    let found = tree.as_ref().and_then(|tree| named.id(&tree.value));
    Ok(Some(found.map(str::to_owned).into_iter().collect()))
}

fn sort(field: &str, direction: Direction) -> Result<Sort, Fault> {
    let field = match field {
        RELEVANCE => SortField::Relevance,
        "sortTitle" => SortField::Title,
        "minPrice.minor" => SortField::Price,
        "createdAt" => SortField::Created,
        "updatedAt" => SortField::Updated,
        other => return Err(Fault::BadInput(format!("products cannot be sorted by {other}"))),
    };
    Ok(Sort { field, descending: direction == Direction::Descending })
}

fn place_of(cursor: Cursor) -> Place {
    let key = |value| match value {
        Value::Null => Key::Null,
        Value::Integer(number) => Key::Integer(number),
        Value::Text(text) => Key::Text(text),
    };
    Place { keys: cursor.values.into_iter().map(key).collect(), id: cursor.id }
}

fn cursor_of(place: Place) -> Cursor {
    let value = |key| match key {
        Key::Null => Value::Null,
        Key::Integer(number) => Value::Integer(number),
        Key::Text(text) => Value::Text(text),
    };
    Cursor { values: place.keys.into_iter().map(value).collect(), id: place.id }
}

/// The most suggestions.
const MOST_SUGGESTIONS: i32 = 20;
/// The largest part of the suggestions that are categories, if there are enough products.
const CATEGORIES_AMONG: usize = 3;

/// Suggestions of published products and of categories that have some.
pub(crate) async fn suggest(reader: &Reader, text: &str, limit: i32) -> Result<Vec<Suggestion>, Fault> {
    if !(1..=MOST_SUGGESTIONS).contains(&limit) {
        return Err(Fault::BadInput("limit must be from 1 to 20".to_owned()));
    }
    search::check_text(text)?;
    let limit = usize::try_from(limit).unwrap_or(1);
    let statuses = [name(ProductStatus::Published).to_owned()];
    let found = reader.product_index(false).await?.suggest(text, &statuses, limit).await?;
    let documents = reader.load::<products::Product>(&PRODUCTS, &found.entries).await?;
    let seen = documents.into_iter().filter_map(|one| Product::for_audience(shared(one?)?, reader.audience));
    let seen: Vec<Product> = seen.collect();
    let tree = reader.categories().await?;
    let categories = found.categories.iter().filter_map(|one| Category::find(tree.as_ref()?, &one.id));
    let room = (limit / CATEGORIES_AMONG).max(1).max(limit.saturating_sub(seen.len()));
    let categories = categories.take(room).map(Suggestion::Category);
    Ok(categories.chain(seen.into_iter().map(Suggestion::Product)).take(limit).collect())
}
