//! A backend stores and compares the extracted keys, and no others.

use serde_json::{Value as Json, json};

use super::books::{live, put, write};
use super::{BOOKS, Checked, KeyedStore, Location, ensure, model};
use crate::port::{Direction, Filter, Query, StoreError};

fn samples() -> Vec<Json> {
    vec![
        json!({}),
        json!([1, "title"]),
        json!({ "title": null, "price": null, "open": null, "words": null }),
        json!({ "title": "", "price": { "minor": 0 }, "open": false, "words": [] }),
        json!({ "title": "Ünï\"quo'ted\\ \u{1f375}", "price": { "minor": i64::MAX }, "open": true }),
        json!({ "title": 7, "price": { "minor": i64::MIN, "other": 1 }, "meta": { "tags": ["b", "a", "b", 3, null] } }),
        json!({ "title": "17", "price": { "minor": "free" }, "price.minor": 5, "meta.tags": ["no"], "words": ["é", "e"] }),
        json!({ "inner": { "title": "no", "words": ["no"] }, "words": "not a list", "meta": ["tags"] }),
    ]
}

/// The scalar fields of [`BOOKS`] that can be sorted by on their own.
const FIELDS: [&str; 4] = ["title", "price.minor", "state", "open"];

pub(super) async fn found_values_are_the_extracted_keys(location: &dyn Location) -> Checked {
    let store = location.open().await?;
    let keyed = KeyedStore::from(store.clone());
    let generation = live(&keyed).await?;
    let key_fields = BOOKS.key_fields();
    for (number, sample) in samples().iter().enumerate() {
        let id = format!("{number}");
        put(&keyed, &generation, &[write(&id, 1, sample)]).await?;
        let keys = BOOKS.keys(&sample.to_string())?;
        for field in FIELDS {
            let place = key_fields.fields().iter().position(|one| one == field);
            let key = place.map(|place| keys.values[place].clone());
            let by_hand = model::value(sample, field);
            ensure!(key.as_ref() == Some(&by_hand), "{field} of {sample} is extracted as {key:?}");
            let filters = vec![Filter::In(field, vec![by_hand])];
            let sort = vec![(field, Direction::Ascending)];
            let query = Query { filters, sort, limit: 99, ..Query::default() };
            let value =
                store.queries.find(&generation, &query).await?.into_iter().find(|one| one.document.id == id);
            let value = value.and_then(|one| one.cursor.values.first().cloned());
            ensure!(value == key, "{field} of {sample} is stored as {value:?}, not {key:?}");
        }
        for (list, terms) in key_fields.lists().iter().zip(&keys.lists) {
            let mut by_hand = model::list(sample, list);
            by_hand.sort_unstable();
            by_hand.dedup();
            ensure!(*terms == by_hand, "{list} of {sample} is extracted as {terms:?}");
        }
        for term in model::list(sample, "meta.tags") {
            let filters = vec![Filter::HasAny("meta.tags", vec![term.clone()])];
            let found =
                store.queries.find(&generation, &Query { filters, limit: 99, ..Query::default() }).await?;
            ensure!(found.iter().any(|one| one.document.id == id), "{sample} is not found by {term}");
        }
    }
    Ok(())
}

pub(super) async fn numbers_in_texts_are_sorted_by_their_values(location: &dyn Location) -> Checked {
    let store = location.open().await?;
    let keyed = KeyedStore::from(store.clone());
    let generation = live(&keyed).await?;
    let sorted = ["9-7", "10-000042", "10-999999", "10-1000000", "10-10000000", "11-1"];
    let writes: Vec<_> =
        sorted.iter().rev().map(|title| write(title, 1, &json!({ "title": title }))).collect();
    put(&keyed, &generation, &writes).await?;
    for direction in [Direction::Ascending, Direction::Descending] {
        let mut expected = sorted.map(str::to_owned);
        if direction == Direction::Descending {
            expected.reverse();
        }
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let sort = vec![("title.natural", direction)];
            let query = Query { sort, after, limit: 2, ..Query::default() };
            let page = store.queries.find(&generation, &query).await?;
            found.extend(page.iter().map(|one| one.document.id.clone()));
            after = page.last().map(|one| one.cursor.clone());
            if page.len() < 2 {
                break;
            }
        }
        ensure!(found == expected, "{direction:?} is {found:?}");
    }
    Ok(())
}

pub(super) async fn a_document_without_proper_keys_is_refused(location: &dyn Location) -> Checked {
    let store = KeyedStore::from(location.open().await?);
    let generation = live(&store).await?;
    for bad in [json!({ "title": 0.5 }), json!({ "price": { "minor": u64::MAX } }), json!({ "open": {} })] {
        let refused = put(&store, &generation, &[write("good", 1, &json!({})), write("bad", 1, &bad)]).await;
        let right = matches!(&refused, Err(StoreError::Malformed { id, .. }) if id == "bad");
        ensure!(right, "{bad} is answered with {refused:?}");
    }
    Ok(())
}
