//! The rules of the catalog, as tests: products, categories, and what ordering learns of them.
#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

mod category;
mod price_book;
mod product;
mod variants;
