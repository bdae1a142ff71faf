//! Relay connections, with `nodes` next to `edges`.

use crate::execution::{Ctx, Output};
use query_api_macros::{Fields, object};
use std::borrow::Cow;
use std::sync::Arc;

use async_graphql::{OutputType, Result, SimpleObject, TypeName};
use read_models::{Cursor, Direction, Filter, Query};

use super::{List, Page, cursor};
use crate::fault::Fault;
use crate::reader::{Doc, Reader};

/// Longer lists are not counted.
const COUNTED: u64 = 10_000;

/// A node type that has a connection.
pub(crate) trait Named: OutputType + Output {
    /// `Order`: its connection is an `OrderConnection`.
    const NAME: &'static str;
}

/// A node type whose connection is read from the store.
pub(crate) trait Listed: Named {
    /// The document behind the node.
    type Document;
    /// The node of a document.
    fn of(document: Arc<Doc<Self::Document>>) -> Self;
}

/// Implements [`Named`] and [`Listed`] for a node that is a tuple of its document, and has its name in the schema.
macro_rules! listed {
    ($node:ident, $document:ty) => {
        impl $crate::page::Named for $node {
            const NAME: &'static str = stringify!($node);
        }

        impl $crate::page::Listed for $node {
            type Document = $document;

            fn of(document: std::sync::Arc<$crate::reader::Doc<$document>>) -> Self {
                Self(document)
            }
        }
    };
}
pub(crate) use listed;

pub(crate) struct Connection<N> {
    edges: Vec<(String, N)>,
    ends: Ends,
}

/// What is known about the rest of the list.
enum Ends {
    /// The whole list is in memory.
    Known { before: bool, behind: bool, total: u64 },
    /// The rest can be read from the store.
    Stored {
        list: List,
        first: Option<Cursor>,
        last: Option<Cursor>,
        /// The cursor that the page was read from.
        bound: Option<Cursor>,
        before: Option<bool>,
        behind: Option<bool>,
    },
}

impl<N: Listed> Connection<N> {
    /// The connection of a page of documents.
    pub(crate) fn of(page: Page<Arc<Doc<N::Document>>>) -> Self {
        Self::of_nodes(page.filter_map(|document| Some(N::of(document))))
    }
}

impl<N> Connection<N> {
    /// The connection of a page of nodes.
    pub(crate) fn of_nodes(page: Page<N>) -> Self {
        let Page { items, more_behind, more_before, from_end, bound, list } = page;
        let signature = list.signature();
        let place = |at: Option<&(N, Cursor)>| at.map(|(_, place)| place.clone());
        let (first, last) = (place(items.first()), place(items.last()));
        // The side that the page was read towards is known. On the other side there is nothing without a cursor; with one
        // it has to be asked for, because the cursor's own place may be gone.
        let other = bound.is_none().then_some(false);
        let (before, behind) = if from_end { (Some(more_before), other) } else { (other, Some(more_behind)) };
        let edges = items.into_iter().map(|(node, place)| (cursor::write(&signature, &place), node));
        Self { edges: edges.collect(), ends: Ends::Stored { list, first, last, bound, before, behind } }
    }

    /// The connection of a page of a list that is completely in memory.
    pub(crate) fn known(edges: Vec<(String, N)>, before: bool, behind: bool, total: u64) -> Self {
        Self { edges, ends: Ends::Known { before, behind, total } }
    }

    async fn has_previous(&self, reader: &Reader) -> Result<bool, Fault> {
        match &self.ends {
            Ends::Known { before, .. } | Ends::Stored { before: Some(before), .. } => Ok(*before),
            Ends::Stored { list, first: None, bound, .. } => {
                list.reaches(reader, bound.as_ref(), false).await
            }
            Ends::Stored { list, first, .. } => {
                list.has_any(reader, Query { before: first.clone(), ..Query::default() }).await
            }
        }
    }

    async fn has_next(&self, reader: &Reader) -> Result<bool, Fault> {
        match &self.ends {
            Ends::Known { behind, .. } | Ends::Stored { behind: Some(behind), .. } => Ok(*behind),
            Ends::Stored { list, last: None, bound, .. } => list.reaches(reader, bound.as_ref(), true).await,
            Ends::Stored { list, last, .. } => {
                list.has_any(reader, Query { after: last.clone(), ..Query::default() }).await
            }
        }
    }
}

impl List {
    async fn has_any(&self, reader: &Reader, place: Query) -> Result<bool, Fault> {
        Ok(self.first(reader, place).await?.is_some())
    }

    /// Whether the list has something at the cursor that an empty page was read from, or on the other side of it: whether what
    /// the list begins with (ends with, if `from_end`) is not what comes after the cursor.
    async fn reaches(&self, reader: &Reader, bound: Option<&Cursor>, from_end: bool) -> Result<bool, Fault> {
        let bound = bound.cloned();
        let behind = match from_end {
            true => Query { before: bound, from_end, ..Query::default() },
            false => Query { after: bound, ..Query::default() },
        };
        let outermost = self.first(reader, Query { from_end, ..Query::default() }).await?;
        Ok(outermost != self.first(reader, behind).await?)
    }

    /// The id of the first document there.
    async fn first(&self, reader: &Reader, place: Query) -> Result<Option<String>, Fault> {
        let filters: Vec<Filter> = self.filters.clone();
        let sort: Vec<(&'static str, Direction)> = self.sort.clone();
        let query = Query { filters, sort, limit: 1, ..place };
        Ok(reader.places(self.collection, &query).await?.last().map(|place| place.cursor.id.clone()))
    }
}

/// One page of a list, as a Relay connection.
#[object(name_type)]
impl<N: Named> Connection<N> {
    /// The nodes of this page, without their cursors.
    pub(crate) fn nodes(&self) -> Vec<&N> {
        self.edges.iter().map(|(_, node)| node).collect()
    }

    /// The nodes of this page with their cursors.
    pub(crate) fn edges(&self) -> Vec<Edge<'_, N>> {
        self.edges.iter().map(|(cursor, node)| Edge { cursor, node }).collect()
    }

    /// Position of this page in the list.
    pub(crate) async fn page_info(&self, ctx: &Ctx<'_>) -> Result<PageInfo> {
        let reader = ctx.reader();
        Ok(PageInfo {
            has_previous_page: match ctx.selects("hasPreviousPage") {
                true => self.has_previous(reader).await?,
                false => false,
            },
            has_next_page: match ctx.selects("hasNextPage") {
                true => self.has_next(reader).await?,
                false => false,
            },
            start_cursor: self.edges.first().map(|(cursor, _)| cursor.clone()),
            end_cursor: self.edges.last().map(|(cursor, _)| cursor.clone()),
        })
    }

    /// Number of nodes in the whole list, across all pages. Null if there are more than 10 000.
    pub(crate) async fn total_count(&self, ctx: &Ctx<'_>) -> Result<Option<u64>> {
        match &self.ends {
            Ends::Known { total, .. } => Ok(Some(*total)),
            Ends::Stored { list, .. } => {
                let counted = ctx.reader().count(list.collection, &list.filters, COUNTED + 1).await?;
                Ok((counted <= COUNTED).then_some(counted))
            }
        }
    }
}

impl<N: Named> TypeName for Connection<N> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Connection", N::NAME).into()
    }
}

pub(crate) struct Edge<'c, N> {
    cursor: &'c str,
    node: &'c N,
}

/// A node of a list with its cursor.
#[object(name_type)]
impl<N: Named> Edge<'_, N> {
    /// Opaque position of the node, for `after` and `before`. Valid only for the same list in the same sort
    /// order.
    fn cursor(&self) -> &str {
        self.cursor
    }

    /// The object at this position of the list.
    fn node(&self) -> &N {
        self.node
    }
}

impl<N: Named> TypeName for Edge<'_, N> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Edge", N::NAME).into()
    }
}

/// Position of a page in its list.
#[derive(SimpleObject, Fields)]
pub(crate) struct PageInfo {
    /// Whether the list has nodes before this page.
    has_previous_page: bool,
    /// Whether the list has nodes after this page.
    has_next_page: bool,
    /// Cursor of the first node of the page. Null if the page is empty.
    start_cursor: Option<String>,
    /// Cursor of the last node of the page. Null if the page is empty.
    end_cursor: Option<String>,
}
