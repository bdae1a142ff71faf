//! Lists of products from the search index.

use read_models::documents::products::{self, PRODUCTS};
use read_models::{Cursor, Direction, Value};
use search::{Answer, Filters, Key, Place, Query, Sort, SortField};

use crate::fault::Fault;
use crate::id;
use crate::input::{AttributeWhere, LONGEST, ProductWhere, RELEVANCE};
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
    let (limit, from_end) = window.limit(20)?;
    let signature = signature(LIST, &asked.sort);
    let place = |cursor: &Option<String>| {
        cursor.as_deref().map(|cursor| read_cursor(&signature, cursor).map(place_of)).transpose()
    };
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
    let answer = reader.product_index().await?.find(&query).await?;
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
    let limited = |values: Vec<String>| match values.len() > LONGEST {
        true => Err(Fault::BadInput("a filter may list at most 100 values".to_owned())),
        false => Ok(values),
    };
    let attributes = filter.attributes.unwrap_or_default().into_iter();
    let attributes = attributes.map(|AttributeWhere { name, values }| Ok((name, limited(values)?)));
    Ok(Filters {
        statuses: Some(status.into_iter().map(|status| name(status).to_owned()).collect()),
        codes: filter.skus.map(limited).transpose()?,
        categories: category(reader, filter.category.as_ref(), filter.category_slug.as_deref()).await?,
        brands: filter.brand.map(limited).transpose()?,
        price: filter.price.map(|range| range.bounds()),
        available: filter.available_for_sale,
        attributes: attributes.collect::<Result<_, Fault>>()?,
    })
}

/// The id of the category that the filter names: products are indexed with the ancestors of their categories. Nothing matches
/// an unknown one.
async fn category(
    reader: &Reader,
    id: Option<&async_graphql::ID>,
    slug: Option<&str>,
) -> Result<Option<Vec<String>>, Fault> {
    if let Some(id) = id {
        return Ok(Some(vec![id::key(id, "Category")?]));
    }
    let Some(slug) = slug else { return Ok(None) };
    let tree = reader.categories().await?;
    let found = tree.as_ref().and_then(|tree| tree.value.by_slug(slug));
    Ok(Some(found.map(|(id, _)| id.to_owned()).into_iter().collect()))
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
    let found = reader.product_index().await?.suggest(text, &statuses, limit).await?;
    let documents = reader.load::<products::Product>(&PRODUCTS, &found.entries).await?;
    let seen = documents.into_iter().filter_map(|one| Product::for_audience(shared(one?)?, reader.audience));
    let seen: Vec<Product> = seen.collect();
    let tree = reader.categories().await?;
    let categories = found.categories.iter().filter_map(|one| Category::find(tree.as_ref()?, &one.id));
    let room = (limit / CATEGORIES_AMONG).max(1).max(limit.saturating_sub(seen.len()));
    let categories = categories.take(room).map(Suggestion::Category);
    Ok(categories.chain(seen.into_iter().map(Suggestion::Product)).take(limit).collect())
}
