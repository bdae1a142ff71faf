//! The guard before validation: what a query may be.
//!
//! The engine's own checks walk a query with every fragment put in its places, so a few hundred bytes of fragments that
//! spread each other twice keep it busy for minutes. Here each fragment is measured once, and only a query whose
//! **expanded** size is small ever reaches the engine.

mod cost;
mod measure;
mod tokens;

use async_graphql::parser::types::ExecutableDocument;

pub(crate) use cost::Prices;
pub(crate) use tokens::check_text;

use crate::options::Options;

/// Why a query is refused before it is run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// More of something than is allowed.
    #[error("the query has more than {limit} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The most there may be.
        limit: u64,
    },
    /// Too deep.
    #[error("the query is nested more than {limit} deep")]
    TooDeep {
        /// The deepest there may be.
        limit: u64,
    },
    /// Too expensive.
    #[error("the query costs {cost} and may cost {limit}; ask for shorter pages or fewer fields")]
    TooExpensive {
        /// What it would cost.
        cost: u64,
        /// The most it may cost.
        limit: u64,
    },
    /// A fragment that is inside itself.
    #[error("fragment {0} is inside itself")]
    Cycle(String),
    /// A fragment that is not there.
    #[error("there is no fragment {0}")]
    NoFragment(String),
    /// Something that these endpoints do not do.
    #[error("only queries are answered here; commands go to the command API under /v1")]
    NotAQuery,
}

impl Refusal {
    /// The machine's name for it.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::TooMany { .. } | Self::TooDeep { .. } => "QUERY_TOO_LARGE",
            Self::TooExpensive { .. } => "QUERY_TOO_EXPENSIVE",
            Self::Cycle(_) | Self::NoFragment(_) => "GRAPHQL_VALIDATION_FAILED",
            Self::NotAQuery => "ONLY_QUERIES",
        }
    }
}

/// The deepest that the schema's description may be asked for: enough for the question that every tool asks.
const INTROSPECTION_DEPTH: u32 = 20;
/// How often lists of the schema's description may be nested: types of fields of types have no end.
const INTROSPECTION_LISTS: u32 = 3;

/// Checks the size of a parsed query; each fragment is looked at once.
pub(crate) fn check_size(document: &ExecutableDocument, options: &Options) -> Result<(), Refusal> {
    let operations = document.operations.iter().len();
    if operations > options.max_operations {
        return Err(Refusal::TooMany { what: "operations", limit: options.max_operations as u64 });
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
    Ok(())
}

#[cfg(test)]
mod tests;
