//! Random data and queries, against the model.

use proptest::prelude::{Just, Strategy, any, prop};
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value as Json, json};

use super::books::{deletion, put, write};
use super::model::{self, Book};
use super::{BOOKS, Checked, KeyedStore, Location, ensure};
use crate::port::{Direction, Filter, Generation, Query, Value, Write};
use crate::store::Store;

const SHELVES: u32 = 24;
const QUERIES: usize = 8;

#[derive(Clone, Debug)]
struct Case {
    books: Vec<Option<Json>>,
    queries: Vec<Query>,
}

/// Few values, so that many are equal.
fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["", "a", "b", "aa", "ab", "ä", "Z", "a'b\"c", "\u{1f375}"])
        .prop_map(str::to_owned)
}

fn number() -> impl Strategy<Value = i64> {
    prop::sample::select(vec![i64::MIN, -1, 0, 1, 2, 3, i64::MAX])
}

fn book() -> impl Strategy<Value = Json> {
    let state = prop::option::of(prop::sample::select(vec!["new", "old"]));
    let scalars = (prop::option::of(word()), prop::option::of(number()), state, any::<Option<bool>>());
    let rest = (prop::option::of(0..4i64), prop::collection::vec(word(), 0..4), prop::option::of(word()));
    (scalars, rest).prop_map(|((title, price, state, open), (shelf, words, tag))| {
        let mut book = json!({
            "title": title, "price": { "minor": price }, "state": state, "open": open, "shelf": shelf,
            "words": words, "meta": { "tags": tag.into_iter().collect::<Vec<_>>() },
        });
        // Missing and null are the same.
        if let (Some(fields), None) = (book.as_object_mut(), title) {
            fields.shift_remove("title");
        }
        book
    })
}

fn value() -> impl Strategy<Value = Value> {
    proptest::prop_oneof![
        1 => Just(Value::Null),
        3 => word().prop_map(Value::Text),
        3 => number().prop_map(Value::Integer),
    ]
}

fn filter() -> impl Strategy<Value = Filter> {
    let field = || prop::sample::select(vec!["title", "price.minor", "state", "open"]);
    let list = || prop::sample::select(vec!["words", "meta.tags"]);
    let state = Value::Text("new".to_owned());
    proptest::prop_oneof![
        (field(), prop::collection::vec(value(), 0..4)).prop_map(|(field, any)| Filter::In(field, any)),
        Just(Filter::In("state", vec![state.clone()])),
        Just(Filter::In("state", vec![state, Value::Null])),
        (field(), prop::option::of(value()), prop::option::of(value()))
            .prop_map(|(field, low, high)| Filter::Between(field, low, high)),
        (list(), prop::collection::vec(word(), 0..3)).prop_map(|(list, any)| Filter::HasAny(list, any)),
    ]
}

fn query() -> impl Strategy<Value = Query> {
    let direction = prop::sample::select(vec![Direction::Ascending, Direction::Descending]);
    let fields = prop::sample::subsequence(vec!["title", "price.minor", "state", "open", "shelf"], 0..=3)
        .prop_shuffle();
    let sort = (fields, prop::collection::vec(direction, 3));
    (prop::collection::vec(filter(), 0..2), sort, 1..6usize).prop_map(
        |(mut filters, (fields, directions), limit)| {
            // The shelf is only sortable beside the first field of its pair.
            if fields.contains(&"shelf") {
                filters.push(Filter::In("state", vec![Value::Text("new".to_owned()), Value::Null]));
            }
            Query { filters, sort: fields.into_iter().zip(directions).collect(), limit, ..Query::default() }
        },
    )
}

fn case() -> impl Strategy<Value = Case> {
    let books = prop::collection::vec(prop::option::weighted(0.9, book()), 0..24);
    (books, prop::collection::vec(query(), QUERIES)).prop_map(|(books, queries)| Case { books, queries })
}

pub(super) async fn pages_visit_each_document_exactly_once_in_both_directions(
    location: &dyn Location,
) -> Checked {
    let store = location.open().await?;
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    for _ in 0..SHELVES {
        let drawn = case().new_tree(&mut runner);
        let mut tree = drawn.map_err(|reason| format!("nothing drawn: {reason}"))?;
        let Err(mut failure) = check(&store, tree.current()).await else { continue };
        // Towards the smallest case that fails.
        let mut smaller = tree.simplify();
        while smaller {
            smaller = match check(&store, tree.current()).await {
                Err(again) => {
                    failure = again;
                    tree.simplify()
                }
                Ok(()) => tree.complicate(),
            };
        }
        return Err(format!("{failure}\nwith {:?}", tree.current()).into());
    }
    Ok(())
}

/// On a generation of its own.
async fn check(store: &Store, case: Case) -> Checked {
    let generation = store.generations.create(&BOOKS).await?;
    let id = |number: usize| format!("{:02}", number * 7 % 100);
    let writes: Vec<Write> = case
        .books
        .iter()
        .enumerate()
        .map(|(number, book)| {
            book.as_ref().map_or_else(|| deletion(&id(number), 1), |book| write(&id(number), 1, book))
        })
        .collect();
    put(&KeyedStore::from(store.clone()), &generation, &writes).await?;
    let books: Vec<Book> =
        case.books.into_iter().enumerate().filter_map(|(number, book)| Some((id(number), book?))).collect();
    let mut verdict = Ok(());
    for query in &case.queries {
        verdict = walk(store, &generation, &books, query).await;
        if verdict.is_ok() {
            verdict = windows(store, &generation, &books, query).await;
        }
        if verdict.is_err() {
            break;
        }
    }
    store.generations.drop_generation(&generation).await?;
    verdict
}

/// From both ends, page by page.
async fn walk(store: &Store, generation: &Generation, books: &[Book], query: &Query) -> Checked {
    let all = model::find(books, &Query { limit: 1_000, ..query.clone() });
    let counted = store.queries.count(generation, &query.filters, 1_000).await?;
    ensure!(counted == all.len() as u64, "{query:?} counts {counted}, not {}", all.len());
    for from_end in [false, true] {
        let mut page = Query { from_end, ..query.clone() };
        let mut visited = Vec::new();
        loop {
            let found = store.queries.find(generation, &page).await?;
            let full = found.len() == page.limit;
            let cursors: Vec<_> = found.into_iter().map(|one| one.cursor).collect();
            if from_end {
                page.before = cursors.first().cloned();
                visited.splice(0..0, cursors);
            } else {
                page.after = cursors.last().cloned();
                visited.extend(cursors);
            }
            ensure!(visited.len() <= all.len(), "{page:?} visits more than there is: {visited:?}");
            if !full {
                break;
            }
        }
        ensure!(visited == all, "{page:?}\nvisits {visited:?}\nnot {all:?}");
    }
    Ok(())
}

/// Between two cursors, from either end.
async fn windows(store: &Store, generation: &Generation, books: &[Book], query: &Query) -> Checked {
    let all = model::find(books, &Query { limit: 1_000, ..query.clone() });
    let edges = [all.first(), all.get(all.len() / 3), all.get(all.len() * 2 / 3)];
    for after in edges {
        for before in edges {
            for from_end in [false, true] {
                let page =
                    Query { after: after.cloned(), before: before.cloned(), from_end, ..query.clone() };
                let expected = model::find(books, &page);
                let found = store.queries.find(generation, &page).await?;
                let found: Vec<_> = found.into_iter().map(|one| one.cursor).collect();
                ensure!(found == expected, "{page:?}\nfinds {found:?}\nnot {expected:?}");
            }
        }
    }
    Ok(())
}
