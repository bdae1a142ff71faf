//! Pages: what of a list is asked for, and the Relay connection that answers.

mod connection;
mod cursor;
mod memory;

use std::sync::Arc;

use read_models::{Collection, Cursor, Direction, Document, Filter, Query};
use serde::de::DeserializeOwned;

pub(crate) use connection::{Connection, Listed, Named, listed};
pub(crate) use memory::slice;

use crate::fault::Fault;
use crate::reader::{Doc, Reader, shared};

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
    fn limit(&self, default: i32) -> Result<(usize, bool), Fault> {
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
pub(crate) struct Page<T> {
    /// Each document with its place.
    pub(crate) items: Vec<(Arc<Doc<T>>, Cursor)>,
    /// Whether there is more behind the page; known without asking only where it was read towards.
    more_behind: bool,
    /// Whether there is more before it, likewise.
    more_before: bool,
    from_end: bool,
    bounded: bool,
    list: List,
}

impl List {
    /// Distinguishes cursors of this list from those of others.
    fn signature(&self) -> String {
        cursor::signature(self.collection.name, &self.sort)
    }

    /// Reads a page; one more document than asked for, to know whether there is more.
    pub(crate) async fn page<T: DeserializeOwned>(
        self,
        reader: &Reader,
        window: &Window,
        default: i32,
    ) -> Result<Page<T>, Fault> {
        let (length, from_end) = window.limit(default)?;
        let signature = self.signature();
        let place = |cursor: &Option<String>| {
            cursor.as_deref().map(|cursor| cursor::read(&signature, cursor)).transpose()
        };
        let query = Query {
            filters: self.filters.clone(),
            sort: self.sort.clone(),
            after: place(&window.after)?,
            before: place(&window.before)?,
            from_end,
            limit: length + 1,
        };
        let mut found: Vec<(Document<T>, Cursor)> = reader.find(self.collection, &query).await?;
        let more = found.len() > length;
        if more {
            found.remove(if from_end { 0 } else { found.len() - 1 });
        }
        let items = found.into_iter().filter_map(|(document, place)| Some((shared(document)?, place)));
        let bounded = if from_end { query.before.is_some() } else { query.after.is_some() };
        Ok(Page {
            items: items.collect(),
            more_behind: more && !from_end,
            more_before: more && from_end,
            from_end,
            bounded,
            list: self,
        })
    }
}
