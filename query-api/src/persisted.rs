//! Stored documents: those of a manifest that the operator configures, and those that clients register under their SHA-256
//! (automatic persisted queries, Apollo's protocol).

mod manifest;
mod registered;

use std::sync::Arc;

use parking_lot::Mutex;
use sha2::{Digest, Sha256};

pub use manifest::{Manifest, ManifestError};
use registered::Registered;

/// Which documents an endpoint runs.
#[derive(Clone, Debug)]
pub struct PersistedOptions {
    /// The documents that clients name by id.
    pub manifest: Arc<Manifest>,
    /// Whether the storefront runs only the documents of the manifest.
    pub only_manifest: bool,
    /// Bounds on the documents that clients register; `None`: they cannot register any.
    pub automatic: Option<AutomaticLimits>,
}

impl Default for PersistedOptions {
    fn default() -> Self {
        let automatic = Some(AutomaticLimits::default());
        Self { manifest: Arc::default(), only_manifest: false, automatic }
    }
}

/// Bounds on the documents that clients register, per endpoint and process. Beyond them, the document that was used least
/// recently is forgotten; its clients register it again.
#[derive(Clone, Copy, Debug)]
pub struct AutomaticLimits {
    /// Documents.
    pub max_documents: usize,
    /// Bytes of all their texts.
    pub max_bytes: usize,
}

impl Default for AutomaticLimits {
    fn default() -> Self {
        Self { max_documents: 1_000, max_bytes: 4 * 1024 * 1024 }
    }
}

/// Why a document is not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotStored {
    // Clients look for the first two messages, by these very words.
    /// The client registers the document, or sends its text.
    #[error("PersistedQueryNotFound")]
    NotFound,
    /// The client sends the text from now on.
    #[error("PersistedQueryNotSupported")]
    NotSupported,
    /// The hash is that of another text.
    #[error("sha256Hash is not the SHA-256 of the query, in lower-case hex digits")]
    OtherHash,
    /// Only documents of the manifest run, and no document of it has the id.
    #[error(
        "no document of the manifest has this id; add the document to the manifest, and give that to the server"
    )]
    IdNotListed,
    /// Only documents of the manifest run, and the text is not one of them.
    #[error("only documents of the manifest run here; send the id of one, or the text of one unchanged")]
    TextNotListed,
}

impl NotStored {
    /// The error code: Apollo's names.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::NotFound => "PERSISTED_QUERY_NOT_FOUND",
            Self::NotSupported => "PERSISTED_QUERY_NOT_SUPPORTED",
            Self::OtherHash => "PERSISTED_QUERY_HASH_MISMATCH",
            Self::IdNotListed => "PERSISTED_QUERY_NOT_IN_LIST",
            Self::TextNotListed => "QUERY_NOT_IN_SAFELIST",
        }
    }
}

/// The stored documents of one endpoint.
pub(crate) struct PersistedQueries {
    manifest: Arc<Manifest>,
    only_manifest: bool,
    /// `None`: clients cannot register documents.
    registered: Option<Mutex<Registered>>,
}

impl PersistedQueries {
    /// `only_manifest`: whether this endpoint runs only the documents of the manifest.
    pub(crate) fn new(options: &PersistedOptions, only_manifest: bool) -> Self {
        let limits = options.automatic.filter(|_| !only_manifest);
        let registered = limits.map(|limits| Mutex::new(Registered::new(limits)));
        Self { manifest: options.manifest.clone(), only_manifest, registered }
    }

    /// A text that a client sent, if it may run.
    pub(crate) fn text(&self, text: String) -> Result<Arc<str>, NotStored> {
        if self.only_manifest && !self.manifest.contains(&text) {
            return Err(NotStored::TextNotListed);
        }
        Ok(text.into())
    }

    /// The document with this id, which may have the prefix `sha256:`.
    pub(crate) fn named(&self, id: &str) -> Result<Arc<str>, NotStored> {
        let bare = id.strip_prefix("sha256:").unwrap_or(id);
        if let Some(text) = self.manifest.get(id).or_else(|| self.manifest.get(bare)) {
            return Ok(text);
        }
        if self.only_manifest {
            return Err(NotStored::IdNotListed);
        }
        let registered = self.registered.as_ref().ok_or(NotStored::NotSupported)?;
        hash_of(bare).and_then(|hash| registered.lock().get(&hash)).ok_or(NotStored::NotFound)
    }

    /// A text that a client wants to register under its hash, if it may run. It is not stored yet.
    pub(crate) fn offered(&self, text: String, hash: &str) -> Result<Arc<str>, NotStored> {
        match self.manifest.get(hash) {
            Some(listed) if *listed == *text => return Ok(listed),
            _ if hash_of(hash) != Some(sha256(&text)) => return Err(NotStored::OtherHash),
            _ => {}
        }
        self.text(text)
    }

    /// Stores a document under its hash, if clients can register documents.
    pub(crate) fn register(&self, text: &Arc<str>) {
        if let Some(registered) = &self.registered {
            registered.lock().insert(sha256(text), text.clone());
        }
    }
}

/// A SHA-256.
type Hash = [u8; 32];

fn sha256(text: &str) -> Hash {
    Sha256::digest(text.as_bytes()).into()
}

/// The hash that these 64 hex digits state; `None` if the text is something else.
fn hash_of(text: &str) -> Option<Hash> {
    let mut hash = Hash::default();
    hex::decode_to_slice(text, &mut hash).ok()?;
    Some(hash)
}

#[cfg(test)]
mod tests;
