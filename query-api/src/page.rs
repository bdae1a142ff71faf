//! Pages: what of a list is asked for, and the Relay connection that answers.

mod connection;
mod cursor;
mod memory;

use std::sync::Arc;

use read_models::{Collection, Cursor, Direction, Document, Filter, Place, Query};
use serde::de::DeserializeOwned;

pub(crate) use connection::{Connection, Edge, Listed, Named, PageInfo, listed};
pub(crate) use cursor::{read as read_cursor, signature, write as write_cursor};
pub(crate) use memory::slice;

use crate::fault::Fault;
use crate::reader::{Doc, Reader, shared};
use crate::types::product::Product;

/// The longest page.
const LONGEST: i32 = 100;

/// The page that a field's arguments ask for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Window {
    pub(crate) first: Option<i32>,
    pub(crate) after: Option<String>,
    pub(crate) last: Option<i32>,
    pub(crate) before: Option<String>,
}

impl Window {
    /// A page that is only ever read forwards.
    pub(crate) fn forwards(first: i32, after: Option<String>) -> Self {
        Self { first: Some(first), after, ..Self::default() }
    }

    /// How long the page is, and whether it is the end of the list that is wanted.
    pub(crate) fn limit(&self, default: i32) -> Result<(usize, bool), Fault> {
        let bad = |text: &str| Err(Fault::BadInput(text.to_owned()));
        let (length, from_end) = match (self.first, self.last) {
            (Some(_), Some(_)) => return bad("pass first or last, not both"),
            (None, Some(last)) => (last, true),
            (first, None) => (first.unwrap_or(default), false),
        };
        if length > LONGEST {
            return bad("first and last must be at most 100");
        }
        match usize::try_from(length) {
            Ok(length) => Ok((length, from_end)),
            Err(_) => bad("first and last must not be negative"),
        }
    }
}

/// A list of documents in an order.
#[derive(Clone, Debug)]
pub(crate) struct List {
    pub(crate) collection: &'static Collection,
    pub(crate) filters: Vec<Filter>,
    pub(crate) sort: Vec<(&'static str, Direction)>,
}

/// A page of a list.
pub(crate) struct Page<N> {
    /// Each item with its place.
    items: Vec<(N, Cursor)>,
    /// Whether there is more behind the page; known without asking only where it was read towards.
    more_behind: bool,
    /// Whether there is more before it, likewise.
    more_before: bool,
    from_end: bool,
    /// The cursor that it was read from.
    bound: Option<Cursor>,
    list: List,
}

impl List {
    /// Distinguishes cursors of this list from those of others.
    fn signature(&self) -> String {
        cursor::signature(self.collection.name, &self.sort)
    }

    /// The page of documents that a field's arguments ask for.
    pub(crate) async fn page<T: DeserializeOwned>(
        self,
        reader: &Reader,
        window: &Window,
        default: i32,
    ) -> Result<Page<Arc<Doc<T>>>, Fault> {
        let query = self.query(window, default)?;
        let found: Vec<(Document<T>, Cursor)> = reader.find(self.collection, &query).await?;
        Ok(self.cut(&query, found).filter_map(shared))
    }

    /// The page of products that a field's arguments ask for. The list finds their places; what it shows of them are cards.
    pub(crate) async fn products(
        self,
        reader: &Reader,
        window: &Window,
        default: i32,
    ) -> Result<Page<Product>, Fault> {
        let query = self.query(window, default)?;
        let places = reader.places(self.collection, &query).await?;
        let page =
            self.cut(&query, places.iter().map(|place| (place.clone(), place.cursor.clone())).collect());
        let places: Vec<Place> = page.items.iter().map(|(place, _)| place.clone()).collect();
        let mut listed = reader.listed(&places).await?.into_iter();
        Ok(page.filter_map(|_| listed.next().flatten().map(Product::listed)))
    }

    /// Asks for one document more than the page has, to know whether there is more.
    fn query(&self, window: &Window, default: i32) -> Result<Query, Fault> {
        let (length, from_end) = window.limit(default)?;
        let signature = self.signature();
        let place = |cursor: &Option<String>| {
            cursor.as_deref().map(|cursor| cursor::read(&signature, cursor)).transpose()
        };
        Ok(Query {
            filters: self.filters.clone(),
            sort: self.sort.clone(),
            after: place(&window.after)?,
            before: place(&window.before)?,
            from_end,
            limit: length + 1,
        })
    }

    /// The page of what [`query`](Self::query) finds.
    fn cut<N>(self, query: &Query, mut items: Vec<(N, Cursor)>) -> Page<N> {
        let more = items.len() == query.limit;
        if more {
            items.remove(if query.from_end { 0 } else { items.len() - 1 });
        }
        Page {
            items,
            more_behind: more && !query.from_end,
            more_before: more && query.from_end,
            from_end: query.from_end,
            bound: if query.from_end { query.before.clone() } else { query.after.clone() },
            list: self,
        }
    }
}

impl<N> Page<N> {
    /// The page with other items at the same places.
    fn filter_map<M>(self, mut item: impl FnMut(N) -> Option<M>) -> Page<M> {
        let Self { items, more_behind, more_before, from_end, bound, list } = self;
        let items = items.into_iter().filter_map(|(one, place)| Some((item(one)?, place))).collect();
        Page { items, more_behind, more_before, from_end, bound, list }
    }
}
