//! What is measured of an engine.

use std::future::Future;
use std::pin::Pin;

use anyhow::Result;

pub type Answered<'e, T> = Pin<Box<dyn Future<Output = Result<T>> + 'e>>;

/// An index over the catalogue.
pub trait Engine {
    /// Ids of the first 20 products for a text without typing errors, without facets.
    fn plain<'e>(&'e self, text: &'e str) -> Answered<'e, Vec<String>>;

    /// Ids of the first 20 products for a text that may have typing errors, and the number of facets that were counted:
    /// category, brand, price band, availability and colour at least.
    fn full<'e>(&'e self, text: &'e str) -> Answered<'e, (Vec<String>, usize)>;
}
