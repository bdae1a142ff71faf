//! What shoppers type, and what they must find first. The catalogue and the searches are in `quality/`; nothing there comes from
//! what the index finds.

#[path = "quality/catalogue.rs"]
mod catalogue;
#[path = "quality/searches.rs"]
mod searches;

use std::collections::BTreeMap;

use platform::text::folded;
use search::{Filters, MemorySearch, Query, Search, Settings, Sort, SortField, Synonyms};

use catalogue::Product;
use searches::Searched;

/// How many results a shopper looks at.
const FIRST: usize = 3;
/// How many of a hundred searches must be right.
const RIGHT: usize = 95;

async fn index_of(products: &[Product]) -> MemorySearch {
    let synonyms = Synonyms::parse(include_str!("quality/synonyms.txt")).unwrap();
    let index = MemorySearch::new(Settings { synonyms, ..Settings::default() });
    index.put(products.iter().map(|product| product.entry.clone()).collect()).await.unwrap();
    index
}

async fn first_of(index: &MemorySearch, text: &str) -> Vec<String> {
    let query = Query {
        text: Some(text.to_owned()),
        filters: Filters { statuses: Some(vec!["PUBLISHED".to_owned()]), ..Filters::default() },
        sort: vec![Sort { field: SortField::Relevance, descending: false }],
        limit: FIRST,
        ..Query::default()
    };
    index.find(&query).await.unwrap().hits.into_iter().map(|hit| hit.place.id).collect()
}

/// Whether the first three results are as they should be, or as many of them as the catalogue has such products in one language:
/// nobody expects that a German word finds a product with an English title.
fn is_right(searched: &Searched, found: &[String], products: &BTreeMap<&str, &Product>) -> bool {
    let mut by_language: BTreeMap<&str, usize> = BTreeMap::new();
    for product in products.values().filter(|product| searched.wanted.holds(product)) {
        *by_language.entry(product.language.as_str()).or_default() += 1;
    }
    let fewest = by_language.values().min();
    let needed =
        FIRST.min(*fewest.unwrap_or_else(|| panic!("no product of the catalogue fits {searched:?}")));
    found.len() >= needed && found[..needed].iter().all(|id| searched.wanted.holds(products[id.as_str()]))
}

#[tokio::test]
async fn at_least_95_of_100_searches_begin_with_what_was_meant() {
    let products = catalogue::products();
    let index = index_of(&products).await;
    let by_id: BTreeMap<&str, &Product> =
        products.iter().map(|product| (product.entry.id.as_str(), product)).collect();
    let searches = searches::all(&products);
    let mut table: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for searched in &searches {
        let found = first_of(&index, &searched.text).await;
        let right = is_right(searched, &found, &by_id);
        let row = table.entry(searched.kind.as_str()).or_default();
        row.0 += 1;
        row.1 += usize::from(right);
        if !right {
            let titles: Vec<_> = found.iter().map(|id| by_id[id.as_str()].entry.title.as_str()).collect();
            wrong.push(format!("{}: {:?} finds {titles:?}", searched.kind, searched.text));
        }
    }
    println!("{} products\n{:<28} searches  right", products.len(), "kind");
    for (kind, (all, right)) in &table {
        println!("{kind:<28} {all:>8}  {right:>5}  {:>5.1} %", *right as f64 * 100.0 / *all as f64);
    }
    let (all, right) = table.values().fold((0, 0), |sum, row| (sum.0 + row.0, sum.1 + row.1));
    println!("{:<28} {all:>8}  {right:>5}  {:>5.1} %", "all", right as f64 * 100.0 / all as f64);
    println!("\nnot right:\n{}", wrong.join("\n"));
    assert!(all >= 1_000, "only {all} searches");
    assert!(right * 100 >= all * RIGHT, "only {right} of {all} searches are right");
}

/// Whether a folded text is part of another one.
fn contains(text: &str, part: &str) -> bool {
    folded(text).contains(&folded(part))
}
