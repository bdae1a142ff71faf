//! Limits on queries, checked before validation.
//!
//! The engine's own checks walk a query with every fragment expanded, so a few hundred bytes of fragments that spread each
//! other twice keep it busy for minutes. Here each fragment is measured once, and the engine only receives queries whose
//! **expanded** size is small.

mod cost;
mod lists;
mod measure;
mod tokens;

use async_graphql::parser::types::{ExecutableDocument, OperationType, Selection};

pub(crate) use cost::Prices;
pub(crate) use lists::check_variables;
pub(crate) use tokens::check_text;

use crate::options::Options;

/// Why a query is refused before it runs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// The query has more of something than is allowed.
    #[error("the query has more than {limit} {what}")]
    TooMany {
        /// What is counted, in the plural.
        what: &'static str,
        /// The largest number allowed.
        limit: u64,
    },
    /// The query is nested too deeply.
    #[error("the query is nested more than {limit} levels deep")]
    TooDeep {
        /// The deepest nesting allowed.
        limit: u64,
    },
    /// The query is too expensive.
    #[error("the query costs {cost}, and the limit is {limit}; request smaller pages or fewer fields")]
    TooExpensive {
        /// Estimated cost of the query.
        cost: u64,
        /// The highest cost allowed.
        limit: u64,
    },
    /// A list that is passed to an argument or an input field is too long.
    #[error("{path} has {items} values, and a list may have at most {max}", max = lists::MOST_ITEMS)]
    ListTooLong {
        /// The argument or variable, and the fields inside it.
        path: String,
        /// Number of values.
        items: usize,
    },
    /// A fragment that includes itself.
    #[error("fragment {0} includes itself")]
    Cycle(String),
    /// A fragment that is not defined.
    #[error("fragment {0} is not defined")]
    NoFragment(String),
    /// A mutation.
    #[error("only queries are supported here; send commands to the command API under /v1")]
    NotAQuery,
    /// A subscription by a plain `POST`.
    #[error("a subscription needs a WebSocket, or a POST that accepts text/event-stream")]
    NotAStream,
    /// A subscription to several fields, or to one inside a fragment.
    #[error("a subscription has exactly one field at its root, outside of fragments")]
    SeveralRoots,
}

impl Refusal {
    /// The error code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::TooMany { .. } | Self::TooDeep { .. } => "QUERY_TOO_LARGE",
            Self::TooExpensive { .. } => "QUERY_TOO_EXPENSIVE",
            Self::ListTooLong { .. } => "BAD_INPUT",
            Self::Cycle(_) | Self::NoFragment(_) => "GRAPHQL_VALIDATION_FAILED",
            Self::SeveralRoots => "GRAPHQL_VALIDATION_FAILED",
            Self::NotAQuery | Self::NotAStream => "ONLY_QUERIES",
        }
    }
}

/// The deepest introspection query allowed: enough for the one that every tool sends.
const INTROSPECTION_DEPTH: u32 = 20;
/// How often lists of the introspection schema may be nested: types of fields of types have no end.
const INTROSPECTION_LISTS: u32 = 3;

/// Checks the size of a parsed query and of the lists in its text. Each fragment is measured once.
pub(crate) fn check_size(document: &ExecutableDocument, options: &Options) -> Result<(), Refusal> {
    let operations = document.operations.iter().len();
    if operations > options.max_operations {
        return Err(Refusal::TooMany { what: "operations", limit: options.max_operations as u64 });
    }
    for (_, operation) in document.operations.iter() {
        let roots = &operation.node.selection_set.node.items;
        let one = matches!(&roots[..], [root] if matches!(root.node, Selection::Field(_)));
        if operation.node.ty == OperationType::Subscription && !one {
            return Err(Refusal::SeveralRoots);
        }
    }
    let size = measure::measure(document)?;
    let too_many = |what, limit| Err(Refusal::TooMany { what, limit });
    if size.fields > options.max_fields {
        return too_many("fields", options.max_fields);
    }
    if size.aliases > options.max_aliases {
        return too_many("aliases", options.max_aliases);
    }
    if size.directives > options.max_directives {
        return too_many("directives", options.max_directives);
    }
    if size.depth > options.max_depth {
        return Err(Refusal::TooDeep { limit: u64::from(options.max_depth) });
    }
    if size.introspection_depth > INTROSPECTION_DEPTH || size.introspection_lists > INTROSPECTION_LISTS {
        return Err(Refusal::TooDeep { limit: u64::from(INTROSPECTION_DEPTH) });
    }
    lists::check_literals(document)
}

#[cfg(test)]
mod tests;
