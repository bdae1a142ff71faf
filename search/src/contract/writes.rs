//! Putting and removing entries.

use platform::contract::Checked;

use super::draw::Draw;
use super::{Indexes, ensure};
use crate::port::{Category, Entry, Filters, Query, Search, SearchError};

async fn titles_with(index: &dyn Search, text: &str) -> Result<u64, SearchError> {
    Ok(index.find(&Query { text: Some(text.to_owned()), limit: 0, ..Query::default() }).await?.total)
}

fn entry(version: u64, title: &str) -> Entry {
    Entry { id: "p1".to_owned(), version, title: title.to_owned(), ..Entry::default() }
}

pub(super) async fn an_older_version_never_wins(indexes: &dyn Indexes) -> Checked {
    let index = indexes.empty();
    let ids = ["p1".to_owned(), "p2".to_owned()];
    ensure!(index.versions(&ids).await? == [None, None], "an empty index has versions");
    for (version, title) in [(2, "second"), (1, "first"), (2, "again")] {
        index.put(vec![entry(version, title)]).await?;
    }
    ensure!(titles_with(&*index, "second").await? == 1, "the newest version is gone");
    index.put(vec![entry(4, "fourth"), entry(3, "third")]).await?;
    ensure!(titles_with(&*index, "fourth").await? == 1, "the older one of a batch wins");
    for (revision, title) in [(2, "renamed"), (1, "behind")] {
        index.put(vec![Entry { revision, ..entry(4, title) }]).await?;
    }
    ensure!(titles_with(&*index, "renamed").await? == 1, "the newest revision is gone");
    let versions = index.versions(&ids).await?;
    ensure!(versions == [Some(4), None], "{versions:?}");
    Ok(())
}

pub(super) async fn a_removed_entry_is_gone(indexes: &dyn Indexes) -> Checked {
    let index = indexes.empty();
    index.put(vec![entry(5, "kettle")]).await?;
    index.remove(&["p1".to_owned(), "never".to_owned()]).await?;
    ensure!(titles_with(&*index, "kettle").await? == 0, "it is still found");
    ensure!(index.versions(&["p1".to_owned()]).await? == [None], "it still has a version");
    index.put(vec![entry(1, "teapot")]).await?;
    ensure!(titles_with(&*index, "teapot").await? == 1, "it cannot be put again");
    Ok(())
}

pub(super) async fn a_changed_entry_is_found_by_its_new_values_only(indexes: &dyn Indexes) -> Checked {
    let index = indexes.empty();
    let old = Entry { brand: Some("Acme".to_owned()), codes: vec!["A-100".to_owned()], ..entry(1, "kettle") };
    let new =
        Entry { brand: Some("Leafy".to_owned()), codes: vec!["B-200".to_owned()], ..entry(2, "teapot") };
    index.put(vec![old]).await?;
    index.put(vec![new]).await?;
    for (text, found) in [("kettle", 0), ("acme", 0), ("a100", 0), ("teapot", 1), ("leafy", 1), ("b200", 1)] {
        ensure!(titles_with(&*index, text).await? == found, "{text} is found {} times", 1 - found);
    }
    for (brand, found) in [("Acme", 0), ("Leafy", 1)] {
        let filters = Filters { brands: Some(vec![brand.to_owned()]), ..Filters::default() };
        let total = index.find(&Query { filters, limit: 1, ..Query::default() }).await?.total;
        ensure!(total == found, "{brand}: {total}");
    }
    Ok(())
}

pub(super) async fn answers_do_not_depend_on_the_history_of_the_index(indexes: &dyn Indexes) -> Checked {
    for seed in 300..330 {
        let mut draw = Draw::new(seed);
        let last: Vec<Entry> = (0..25).map(|number| draw.entry(number, 9)).collect();
        let (one, other) = (indexes.empty(), indexes.empty());
        one.put(last.clone()).await?;
        // Earlier versions, other entries that are removed, and another order.
        for number in (0..30).rev() {
            other.put(vec![draw.entry(number, 1)]).await?;
        }
        other.remove(&["p04".to_owned(), "p25".to_owned(), "p26".to_owned()]).await?;
        for entry in last.iter().rev() {
            other.put(vec![entry.clone()]).await?;
        }
        let gone: Vec<String> = (25..30).map(|number| format!("p{number:02}")).collect();
        other.remove(&gone).await?;
        for _ in 0..30 {
            let query = draw.query();
            let (found, also) = (one.find(&query).await?, other.find(&query).await?);
            ensure!(found == also, "seed {seed}, {query:?}\nfinds {found:?}\nand {also:?}");
        }
        for text in ["te", "gre", "kanne", "pot"] {
            let statuses = ["PUBLISHED".to_owned()];
            let (found, also) =
                (one.suggest(text, &statuses, 5).await?, other.suggest(text, &statuses, 5).await?);
            ensure!(found == also, "seed {seed}, {text}: suggests {found:?}\nand {also:?}");
        }
    }
    Ok(())
}

pub(super) async fn entries_are_found_by_their_categories(indexes: &dyn Indexes) -> Checked {
    let index = indexes.empty();
    let category = |id: &str| Category { id: id.to_owned(), name: id.to_owned() };
    let of = |id: &str, categories: &[&str]| Entry {
        id: id.to_owned(),
        categories: categories.iter().map(|id| category(id)).collect(),
        ..entry(1, "tea")
    };
    index.put(vec![of("1", &["a", "b"]), of("2", &["b"]), of("3", &[])]).await?;
    for (wanted, expected) in [(&["a"][..], &["1"][..]), (&["a", "b"], &["1", "2"]), (&["c"], &[])] {
        let wanted: Vec<String> = wanted.iter().map(|id| (*id).to_owned()).collect();
        let mut found = index.in_categories(&wanted).await?;
        found.sort();
        ensure!(found == expected, "{wanted:?}: {found:?}");
    }
    Ok(())
}
