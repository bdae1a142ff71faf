//! A GraphQL request, as all transports carry it.

use async_graphql::Variables;
use serde::Deserialize;

/// A GraphQL request.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Sent")]
pub(super) struct GraphqlRequest {
    pub(super) document: Requested,
    /// Which operation of the document to execute.
    pub(super) operation_name: Option<String>,
    pub(super) variables: Variables,
    /// The consistency token in the header.
    pub(super) consistency: Option<String>,
    /// The guest token in the header.
    pub(super) guest_token: Option<String>,
}

/// The document that a request asks to run.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Requested {
    /// Its text.
    Text(String),
    /// A stored document, by its id.
    Id(String),
    /// Its text, and the SHA-256 under which it is to be stored.
    Registration { text: String, hash: String },
    /// A version of automatic persisted queries that does not exist here.
    UnknownVersion,
}

/// The fields of a request, all of which may be null.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sent {
    pub(super) query: Option<String>,
    pub(super) document_id: Option<String>,
    pub(super) operation_name: Option<String>,
    pub(super) variables: Option<Variables>,
    pub(super) extensions: Option<Extensions>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Extensions {
    persisted_query: Option<PersistedQuery>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PersistedQuery {
    version: u64,
    sha256_hash: String,
}

/// The request names no document, or names one twice.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoDocument {
    #[error("the request has neither query nor documentId nor extensions.persistedQuery")]
    None,
    #[error("the request has documentId beside query or extensions.persistedQuery")]
    Several,
}

impl TryFrom<Sent> for GraphqlRequest {
    type Error = NoDocument;

    fn try_from(sent: Sent) -> Result<Self, NoDocument> {
        let persisted = sent.extensions.and_then(|extensions| extensions.persisted_query);
        let document = match (sent.query, sent.document_id, persisted) {
            (None, None, None) => return Err(NoDocument::None),
            (Some(_), Some(_), _) | (_, Some(_), Some(_)) => return Err(NoDocument::Several),
            (_, _, Some(PersistedQuery { version, .. })) if version != 1 => Requested::UnknownVersion,
            (Some(text), None, Some(query)) => Requested::Registration { text, hash: query.sha256_hash },
            (Some(text), None, None) => Requested::Text(text),
            (None, Some(id), None) => Requested::Id(id),
            (None, None, Some(query)) => Requested::Id(query.sha256_hash),
        };
        let (operation_name, variables) = (sent.operation_name, sent.variables.unwrap_or_default());
        Ok(Self { document, operation_name, variables, consistency: None, guest_token: None })
    }
}
