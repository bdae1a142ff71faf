//! The pages of docs/ that are made from the rules say what the rules say.

#![expect(
    clippy::disallowed_methods,
    reason = "a test of files reads and writes files; the rules themselves do not"
)]

use std::fs;
use std::path::PathBuf;

use domain::policies::{life_cycle_markdown, score_markdown};

const NOTE: &str = "<!-- Generated from the code; do not edit. UPDATE_CONTRACTS=1 cargo test -p domain --test pages writes it anew. -->";

/// Compares a page with what is checked in, or writes it.
fn check(name: &str, page: &str) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
    let page = format!("{NOTE}\n\n{page}");
    if std::env::var_os("UPDATE_CONTRACTS").is_some() {
        fs::write(&file, &page).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
    let checked_in = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        checked_in == page,
        "docs/{name} is not what the rules say. UPDATE_CONTRACTS=1 cargo test -p domain --test pages writes it anew"
    );
}

#[test]
fn the_page_of_the_choreography_is_what_the_score_says() {
    check("choreography.md", &score_markdown());
}

#[test]
fn the_page_of_an_orders_life_is_what_the_transition_table_says() {
    check("order-life-cycle.md", &life_cycle_markdown());
}
