//! The pages of docs/ that are generated from the rules agree with the rules.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test of files reads and writes files and may fail loudly; the rules themselves do not"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use domain::policies::{life_cycle_markdown, policies_markdown};

const NOTE: &str = "<!-- Generated from the code; do not edit. UPDATE_CONTRACTS=1 cargo test -p domain --test pages regenerates it. -->";

/// Compares a page with the file that is checked in, or writes it.
fn check(name: &str, page: &str) {
    let file = PathBuf::from("../docs").join(name);
    let page = format!("{NOTE}\n\n{page}");
    if std::env::var_os("UPDATE_CONTRACTS").is_some() {
        fs::write(&file, &page).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
    let checked_in = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        checked_in == page,
        "docs/{name} is out of date. UPDATE_CONTRACTS=1 cargo test -p domain --test pages regenerates it"
    );
}

#[test]
fn the_page_of_the_choreography_lists_the_policies() {
    check("choreography.md", &policies_markdown());
}

#[test]
fn the_page_of_an_orders_life_is_what_the_transition_table_says() {
    check("order-life-cycle.md", &life_cycle_markdown());
}

/// Pages that name files and tests of the repository.
const PAGES: [&str; 7] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "docs/api.md",
    "docs/auditing.md",
    "docs/events.md",
    "docs/operating.md",
];

fn root() -> PathBuf {
    PathBuf::from("..")
}

fn quoted(page: &str) -> impl Iterator<Item = &str> {
    page.split("```").step_by(2).flat_map(|prose| prose.split('`').skip(1).step_by(2))
}

/// All names of several words in the Rust files under `folder`; tests are named like that, also where a macro makes them.
fn names_in(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() && entry.file_name() != "target" {
            names_in(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            let words = text.split(|c| !is_name(c)).filter(|word| word.matches('_').count() >= 3);
            names.extend(words.map(str::to_owned));
        }
    }
}

#[test]
fn the_pages_name_only_files_and_tests_that_are_there() {
    let mut known = BTreeSet::new();
    for entry in fs::read_dir(root()).unwrap().map(Result::unwrap) {
        if entry.path().join("Cargo.toml").is_file() {
            names_in(&entry.path(), &mut known);
        }
    }
    let mut wrong = Vec::new();
    for page in PAGES {
        let text = fs::read_to_string(root().join(page)).unwrap();
        for word in quoted(&text) {
            // A word in capitals is a placeholder.
            let placeholder =
                word.contains(['*', '…', '{', ' ']) || word.split(['/', '.']).any(is_placeholder);
            let of_the_root =
                !word.starts_with('/') && word.split('/').next().is_some_and(|top| root().join(top).is_dir());
            if word.contains('/') && of_the_root && !placeholder && !root().join(word).exists() {
                wrong.push(format!("{page}: there is no file {word}"));
            }
            if is_test(word) && !known.contains(word) {
                wrong.push(format!("{page}: there is no test {word}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn is_placeholder(part: &str) -> bool {
    part.len() > 2 && part.chars().all(|c| c.is_ascii_uppercase() || c == '_') && part != "README"
}

fn is_test(word: &str) -> bool {
    word.matches('_').count() >= 4
        && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}
