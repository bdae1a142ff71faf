//! Filters, order and pages, by hand.

use serde_json::json;

use super::books::{deletion, ids, live, matching, put, write};
use super::{Checked, KeyedStore, Location, ensure};
use crate::port::{Cursor, Direction, Filter, Generation, Query, StoreError, Value};
use crate::store::Store;

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

async fn shelf(store: &Store) -> Result<Generation, StoreError> {
    let keyed = KeyedStore::from(store.clone());
    let generation = live(&keyed).await?;
    let books = [
        (
            "1",
            json!({ "title": "Oolong", "price": { "minor": 450 }, "state": "new", "open": true, "shelf": 3 }),
        ),
        (
            "2",
            json!({ "title": "Assam", "price": { "minor": 300 }, "state": "old", "open": false, "shelf": 1 }),
        ),
        ("3", json!({ "title": null, "price": { "minor": 300 }, "state": "new", "shelf": 2 })),
        ("4", json!({ "title": "assam", "price": { "minor": -20 }, "state": "new", "shelf": 3 })),
        ("5", json!({ "meta": { "tags": ["black", "tea"] }, "price": { "minor": "free" } })),
        ("6", json!({ "title": "Zürich", "meta": { "tags": ["green", "tea"] } })),
    ];
    let writes: Vec<_> = books.iter().map(|(id, book)| write(id, 1, book)).collect();
    put(&keyed, &generation, &writes).await?;
    Ok(generation)
}

pub(super) async fn every_filter_finds_its_documents(location: &dyn Location) -> Checked {
    let store = location.open().await?;
    let generation = shelf(&store).await?;
    let number = |number| Some(Value::Integer(number));
    let tags =
        |tags: &[&str]| Filter::HasAny("meta.tags", tags.iter().map(|tag| (*tag).to_owned()).collect());
    let price = |low, high| Filter::Between("price.minor", low, high);
    for (filters, expected) in [
        (vec![], &["1", "2", "3", "4", "5", "6"][..]),
        (vec![Filter::In("state", vec![text("new")])], &["1", "3", "4"]),
        (vec![Filter::In("state", vec![text("new"), text("old")])], &["1", "2", "3", "4"]),
        (vec![Filter::In("state", vec![Value::Null])], &["5", "6"]),
        (vec![Filter::In("state", vec![text("old"), Value::Null])], &["2", "5", "6"]),
        (vec![Filter::In("state", vec![])], &[]),
        (vec![Filter::In("state", vec![text("new' OR '1'='1")])], &[]),
        (vec![Filter::In("open", vec![Value::Integer(1)])], &["1"]),
        (vec![Filter::In("open", vec![Value::Integer(0), Value::Null])], &["2", "3", "4", "5", "6"]),
        (vec![Filter::In("price.minor", vec![text("300")])], &[]),
        (vec![Filter::In("title", vec![Value::Null])], &["3", "5"]),
        (vec![price(number(300), number(450))], &["1", "2", "3"]),
        (vec![price(number(301), None)], &["1"]),
        (vec![price(None, number(300))], &["2", "3", "4"]),
        (vec![price(None, None)], &["1", "2", "3", "4", "5"]),
        (vec![price(Some(text("a")), None)], &["5"]),
        (vec![price(None, Some(text("z")))], &["5"]),
        (vec![price(number(0), Some(text("z")))], &[]),
        (vec![price(Some(Value::Null), None)], &[]),
        (vec![price(number(450), number(300))], &[]),
        (vec![Filter::Between("title", Some(text("B")), None)], &["1", "4", "6"]),
        (vec![tags(&["tea"])], &["5", "6"]),
        (vec![tags(&["green", "white"])], &["6"]),
        (vec![tags(&["te"])], &[]),
        (vec![tags(&[])], &[]),
        (vec![Filter::In("state", vec![text("new")]), price(number(300), None)], &["1", "3"]),
        (vec![tags(&["tea"]), Filter::In("title", vec![Value::Null])], &["5"]),
        (vec![tags(&["tea"]), tags(&["black"])], &["5"]),
    ] {
        let found = matching(&store, &generation, &filters).await?;
        ensure!(found == expected, "{filters:?} finds {found:?}, not {expected:?}");
        let counted = store.queries.count(&generation, &filters, 100).await?;
        ensure!(counted == expected.len() as u64, "{filters:?} counts {counted}, not {}", expected.len());
    }
    Ok(())
}

pub(super) async fn sorting_puts_nulls_first_and_ids_last(location: &dyn Location) -> Checked {
    use Direction::{Ascending, Descending};
    let store = location.open().await?;
    let generation = shelf(&store).await?;
    let new = vec![Filter::In("state", vec![text("new")])];
    for (filters, sort, expected) in [
        (vec![], vec![("title", Ascending)], &["3", "5", "2", "1", "6", "4"][..]),
        (vec![], vec![("title", Descending)], &["4", "6", "1", "2", "5", "3"]),
        (vec![], vec![("price.minor", Ascending)], &["6", "4", "2", "3", "1", "5"]),
        (vec![], vec![("price.minor", Ascending), ("title", Descending)], &["6", "4", "2", "3", "1", "5"]),
        (vec![], vec![("state", Descending), ("price.minor", Ascending)], &["2", "4", "3", "1", "6", "5"]),
        (vec![], vec![("state", Ascending), ("open", Descending)], &["6", "5", "1", "4", "3", "2"]),
        (new.clone(), vec![("shelf", Descending)], &["4", "1", "3"]),
        (new.clone(), vec![("shelf", Ascending)], &["3", "1", "4"]),
        (vec![], vec![], &["1", "2", "3", "4", "5", "6"]),
    ] {
        let query = Query { filters, sort, limit: 100, ..Query::default() };
        let found = ids(&store, &generation, &query).await?;
        ensure!(found == expected, "{query:?} finds {found:?}, not {expected:?}");
    }
    Ok(())
}

pub(super) async fn a_page_lies_between_its_cursors(location: &dyn Location) -> Checked {
    let store = location.open().await?;
    let generation = shelf(&store).await?;
    let all = Query { sort: vec![("title", Direction::Ascending)], limit: 2, ..Query::default() };
    let at = |title: Value, id: &str| Some(Cursor { values: vec![title], id: id.to_owned() });
    // In this order: 3 and 5 without title, 2 Assam, 1 Oolong, 6 Zürich, 4 assam.
    for (query, expected) in [
        (Query { limit: 0, ..all.clone() }, &[][..]),
        (Query { limit: 5_000, ..all.clone() }, &["3", "5", "2", "1", "6", "4"]),
        (all.clone(), &["3", "5"]),
        (Query { from_end: true, ..all.clone() }, &["6", "4"]),
        (Query { after: at(Value::Null, "3"), ..all.clone() }, &["5", "2"]),
        (Query { before: at(text("Oolong"), "1"), ..all.clone() }, &["3", "5"]),
        (Query { before: at(text("Oolong"), "1"), from_end: true, ..all.clone() }, &["5", "2"]),
        (Query { after: at(text("Oolong"), "1"), from_end: true, ..all.clone() }, &["6", "4"]),
        (Query { after: at(text("assam"), "4"), ..all.clone() }, &[]),
        (Query { before: at(Value::Null, "3"), from_end: true, ..all.clone() }, &[]),
        // No document need be at a cursor.
        (Query { after: at(text("Nobody"), "9"), ..all.clone() }, &["1", "6"]),
        (Query { after: at(text("Assam"), "1"), ..all.clone() }, &["2", "1"]),
        (Query { after: at(Value::Null, "5"), before: at(text("Zürich"), "6"), ..all.clone() }, &["2", "1"]),
        (Query { after: at(text("Zürich"), "6"), before: at(Value::Null, "5"), ..all.clone() }, &[]),
    ] {
        let found = ids(&store, &generation, &query).await?;
        ensure!(found == expected, "{query:?} finds {found:?}, not {expected:?}");
    }
    let found = store.queries.find(&generation, &all).await?;
    ensure!(Some(&found[1].cursor) == at(Value::Null, "5").as_ref(), "the cursor is {:?}", found[1].cursor);
    ensure!(found[1].document.version == 1 && found[1].document.body.is_some(), "found {:?}", found[1]);
    Ok(())
}

pub(super) async fn a_query_without_an_index_is_refused(location: &dyn Location) -> Checked {
    let store = location.open().await?;
    let generation = shelf(&store).await?;
    let down = Direction::Descending;
    for (filters, sort, field) in [
        (vec![Filter::In("colour", vec![])], vec![], "colour"),
        (vec![Filter::Between("price", None, None)], vec![], "price"),
        (vec![Filter::In("words", vec![])], vec![], "words"),
        (vec![Filter::HasAny("title", vec![])], vec![], "title"),
        (vec![Filter::HasAny("state", vec![])], vec![], "state"),
        (vec![], vec![("title", down), ("colour", down)], "colour"),
        (vec![], vec![("words", down)], "words"),
        // Only beside an equality on the first field of its pair.
        (vec![], vec![("shelf", down)], "shelf"),
        (vec![Filter::Between("state", None, None)], vec![("shelf", down)], "shelf"),
    ] {
        let query = Query { filters, sort, limit: 1, ..Query::default() };
        let refused = store.queries.find(&generation, &query).await;
        let right = matches!(&refused, Err(StoreError::NoIndex { field: name, .. }) if name == field);
        ensure!(right, "{query:?} is answered with {refused:?}");
        if query.sort.is_empty() {
            let refused = store.queries.count(&generation, &query.filters, 1).await;
            ensure!(matches!(refused, Err(StoreError::NoIndex { .. })), "counting {query:?}: {refused:?}");
        }
    }
    let foreign = Some(Cursor { values: vec![], id: "1".to_owned() });
    let query = Query { sort: vec![("title", down)], after: foreign, limit: 1, ..Query::default() };
    let refused = store.queries.find(&generation, &query).await;
    ensure!(
        matches!(refused, Err(StoreError::Cursor { .. })),
        "a foreign cursor is answered with {refused:?}"
    );
    Ok(())
}

pub(super) async fn tombstones_are_never_found(location: &dyn Location) -> Checked {
    let store = location.open().await?;
    let generation = shelf(&store).await?;
    put(&KeyedStore::from(store.clone()), &generation, &[deletion("3", 2), deletion("9", 1)]).await?;
    for filters in [vec![], vec![Filter::In("title", vec![Value::Null])]] {
        let found = matching(&store, &generation, &filters).await?;
        ensure!(!found.contains(&"3".to_owned()), "{filters:?} finds a deleted document");
        ensure!(!found.contains(&"9".to_owned()), "{filters:?} finds a tombstone");
    }
    let query = Query { sort: vec![("title", Direction::Ascending)], limit: 9, ..Query::default() };
    let found = ids(&store, &generation, &query).await?;
    ensure!(found == ["5", "2", "1", "6", "4"], "sorted, it finds {found:?}");
    Ok(())
}

pub(super) async fn an_updated_document_is_found_by_its_new_values(location: &dyn Location) -> Checked {
    let store = location.open().await?;
    let generation = shelf(&store).await?;
    let moved = json!({ "title": "Ceylon", "state": "old", "meta": { "tags": ["red"] } });
    put(&KeyedStore::from(store.clone()), &generation, &[write("6", 2, &moved)]).await?;
    let tags = |tag: &str| [Filter::HasAny("meta.tags", vec![tag.to_owned()])];
    ensure!(matching(&store, &generation, &tags("green")).await?.is_empty(), "an old tag finds it");
    ensure!(matching(&store, &generation, &tags("red")).await? == ["6"], "its new tag does not find it");
    let old = [Filter::In("state", vec![text("old")])];
    ensure!(matching(&store, &generation, &old).await? == ["2", "6"], "its new state does not find it");
    let query = Query { sort: vec![("title", Direction::Ascending)], limit: 9, ..Query::default() };
    let found = ids(&store, &generation, &query).await?;
    ensure!(found == ["3", "5", "2", "6", "1", "4"], "sorted by its new title: {found:?}");
    Ok(())
}

pub(super) async fn a_dropped_generation_is_not_queried(location: &dyn Location) -> Checked {
    let store = location.open().await?;
    shelf(&store).await?;
    let dropped = store.generations.create(&super::BOOKS).await?;
    store.generations.drop_generation(&dropped).await?;
    let found = store.queries.find(&dropped, &Query { limit: 9, ..Query::default() }).await.map(drop);
    let counted = store.queries.count(&dropped, &[], 9).await.map(drop);
    for answer in [found, counted] {
        let gone = matches!(&answer, Err(StoreError::NoGeneration(which)) if *which == dropped);
        ensure!(gone, "a query on a dropped generation: {answer:?}");
    }
    Ok(())
}

pub(super) async fn places_are_those_of_the_found_documents(location: &dyn Location) -> Checked {
    use Direction::{Ascending, Descending};
    let store = location.open().await?;
    let generation = shelf(&store).await?;
    let moved = json!({ "title": "Ceylon", "state": "new" });
    put(&KeyedStore::from(store.clone()), &generation, &[write("6", 7, &moved), deletion("2", 4)]).await?;
    let new = vec![Filter::In("state", vec![text("new")])];
    for (filters, sort, from_end) in [
        (vec![], vec![], false),
        (vec![], vec![("title", Ascending)], true),
        (new.clone(), vec![("shelf", Descending)], false),
        (new, vec![("price.minor", Descending), ("title", Ascending)], false),
    ] {
        let mut query = Query { filters, sort, from_end, limit: 2, ..Query::default() };
        for _ in 0..3 {
            let found = store.queries.find(&generation, &query).await?;
            let found: Vec<_> = found.into_iter().map(|one| (one.document.version, one.cursor)).collect();
            let places = store.queries.places(&generation, &query).await?;
            let places: Vec<_> = places.into_iter().map(|one| (one.version, one.cursor)).collect();
            ensure!(places == found, "{query:?} finds {found:?}, but its places are {places:?}");
            let next = if from_end { found.first() } else { found.last() }.map(|(_, cursor)| cursor.clone());
            let side = if from_end { &mut query.before } else { &mut query.after };
            *side = next.or(side.take());
        }
    }
    let unknown = Query { sort: vec![("colour", Ascending)], limit: 1, ..Query::default() };
    let refused = store.queries.places(&generation, &unknown).await;
    ensure!(matches!(refused, Err(StoreError::NoIndex { .. })), "without an index: {refused:?}");
    Ok(())
}
