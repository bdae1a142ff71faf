//! The manifest: a file with the documents of a shop's clients, as their build tools write it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use async_graphql::parser::parse_query;
use serde::Deserialize;

use super::{Hash, sha256};

/// The documents of a manifest by id.
#[derive(Clone, Default)]
pub struct Manifest {
    by_id: HashMap<String, Arc<str>>,
    /// Of the texts.
    hashes: HashSet<Hash>,
}

impl std::fmt::Debug for Manifest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Manifest({} documents)", self.by_id.len())
    }
}

/// Why a file is no manifest.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It is not JSON, or has other fields.
    #[error(
        "neither a manifest of Apollo (format apollo-persisted-query-manifest) nor an object of ids and documents \
         (persisted-documents.json)"
    )]
    Malformed(#[source] serde_json::Error),
    /// Apollo's format in a version that this program does not know.
    #[error(
        "a manifest of Apollo in format {format:?}, version {version}; known is apollo-persisted-query-manifest, version 1"
    )]
    UnknownFormat {
        /// The name of the format.
        format: String,
        /// Its version.
        version: u64,
    },
    /// An operation whose document is no GraphQL.
    #[error("the document with the id {id:?} cannot be parsed: {reason}")]
    BadDocument {
        /// The id of the document.
        id: String,
        /// What the parser says.
        reason: String,
    },
    /// Two documents with one id.
    #[error("two different documents have the id {0:?}")]
    Repeated(String),
}

/// What client tools write.
#[derive(Deserialize)]
#[serde(untagged)]
enum File {
    /// `@apollo/generate-persisted-query-manifest`, Apollo Kotlin, Apollo iOS.
    Apollo { format: String, version: u64, operations: Vec<Operation> },
    /// The client preset of GraphQL Code Generator, and Relay: ids with documents.
    Map(BTreeMap<String, String>),
}

#[derive(Deserialize)]
struct Operation {
    id: String,
    body: String,
}

impl Manifest {
    /// Reads a manifest: JSON as Apollo's tools write it, or an object of ids and documents.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let listed: Vec<(String, String)> =
            match serde_json::from_str(text).map_err(ManifestError::Malformed)? {
                File::Apollo { format, version, operations } => {
                    if format != "apollo-persisted-query-manifest" || version != 1 {
                        return Err(ManifestError::UnknownFormat { format, version });
                    }
                    operations.into_iter().map(|operation| (operation.id, operation.body)).collect()
                }
                File::Map(documents) => documents.into_iter().collect(),
            };
        let mut manifest = Self::default();
        for (id, body) in listed {
            if let Err(error) = parse_query(&body) {
                return Err(ManifestError::BadDocument { id, reason: error.to_string() });
            }
            manifest.hashes.insert(sha256(&body));
            let body: Arc<str> = body.into();
            match manifest.by_id.insert(id.clone(), body.clone()) {
                Some(other) if other != body => return Err(ManifestError::Repeated(id)),
                _ => {}
            }
        }
        Ok(manifest)
    }

    /// How many documents it has.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether it has no document.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    pub(super) fn get(&self, id: &str) -> Option<Arc<str>> {
        self.by_id.get(id).cloned()
    }

    /// Whether this is the text of a document.
    pub(super) fn contains(&self, text: &str) -> bool {
        self.hashes.contains(&sha256(text))
    }
}
