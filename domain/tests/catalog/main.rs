//! The rules of the catalog, as tests: products, categories, and what ordering learns of them.

mod category;
mod price_book;
mod product;
mod variants;
