//! Parsed documents: clients send the same ones again and again.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{ExecutableDocument, OperationDefinition};
use async_graphql::{Name, ServerError};
use lru::LruCache;
use parking_lot::Mutex;

use super::{answer, get};
use crate::limits::{Refusal, check_size, check_text};
use crate::options::Options;

/// How many documents are kept.
const KEPT: NonZeroUsize = NonZeroUsize::new(256).expect("256 is not zero");
/// Longer documents, in bytes, are not kept.
const LONGEST: usize = 8 * 1024;
/// How many valid requests with a document are known.
const KNOWN_VALID: NonZeroUsize = NonZeroUsize::new(16).expect("16 is not zero");

/// A cache of parsed documents that passed the size limits.
pub(super) struct Parsed(Mutex<LruCache<String, Arc<Known>>>);

/// A parsed document that passed the size limits.
pub(super) struct Known {
    /// Unique in this process.
    pub(super) number: u64,
    pub(super) document: Arc<ExecutableDocument>,
    /// Whether an argument of it names a guest token or a consistency token.
    pub(super) has_tokens: bool,
    /// Fingerprints of the requests with it that were valid.
    pub(super) valid: Mutex<LruCache<Vec<u8>, ()>>,
}

impl Default for Parsed {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(KEPT)))
    }
}

impl Parsed {
    /// The parsed document, or the reason why it is refused.
    pub(super) fn get(&self, text: &str, options: &Options) -> Result<Arc<Known>, Box<ServerError>> {
        if let Some(known) = self.0.lock().get(text) {
            return Ok(known.clone());
        }
        let refused = |refusal: Refusal| Box::new(answer::coded(refusal.to_string(), refusal.code()));
        check_text(text, options.max_tokens).map_err(refused)?;
        let document = parse_query(text).map_err(|error| {
            let mut error = ServerError::from(error);
            error.extensions.get_or_insert_default().set("code", "GRAPHQL_PARSE_FAILED");
            Box::new(error)
        })?;
        check_size(&document, options).map_err(refused)?;
        let known = Arc::new(Known::of(document));
        if text.len() <= LONGEST {
            let mut kept = self.0.lock();
            kept.put(text.to_owned(), known.clone());
        }
        Ok(known)
    }
}

impl Known {
    fn of(document: ExecutableDocument) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            has_tokens: get::has_arguments(&document, &get::TOKENS),
            document: Arc::new(document),
            valid: Mutex::new(LruCache::new(KNOWN_VALID)),
        }
    }
}

/// The operation that is run, if it can be found.
pub(super) fn operation<'d>(
    document: &'d ExecutableDocument,
    name: Option<&str>,
) -> Option<&'d OperationDefinition> {
    let mut operations = document.operations.iter();
    let found = operations.find(|(found, _)| name.is_none() || found.map(Name::as_str) == name);
    found.map(|(_, operation)| &operation.node)
}
