//! Tests of the rules of the catalog: products, categories, and ordering's price book.

mod category;
mod price_book;
mod product;
mod variants;
