//! The SQLite backend keeps the promises of all ports, and some that only a file can make.

#[path = "contract/directory.rs"]
mod directory;
#[path = "sqlite/format_1.rs"]
mod format_1;

use std::path::Path;
use std::time::Duration;

use directory::Directory;
use platform::bus::Positions;
use read_models::contract::BOOKS;
use read_models::{
    Collection, Direction, Filter, Index, Migrated, Query, Store, StoreError, Streams, Value, Write, connect,
    connect_read_only, migrate,
};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, SqliteConnection};
use tokio::task::JoinSet;

read_models::keyed_suite!(Directory::new());
read_models::query_suite!(Directory::new());
read_models::repair_suite!(Directory::new());
read_models::operations_suite!(Directory::new());

async fn open(file: &Path, collection: &'static Collection) -> Result<Store, StoreError> {
    connect(&format!("sqlite://{}", file.display()), &[collection]).await
}

async fn directly(file: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(file).create_if_missing(true).connect().await.unwrap()
}

fn write(id: &str, body: &str) -> Write {
    Write { id: id.to_owned(), version: 1, body: Some(body.to_owned()), stale: false }
}

fn sorted_by(field: &'static str) -> Query {
    Query { sort: vec![(field, Direction::Ascending)], limit: 10, ..Query::default() }
}

#[tokio::test]
async fn an_index_that_comes_later_finds_what_was_written_before() {
    static BEFORE: Collection =
        Collection { name: "books", shape: 1, streams: Streams::Other, hot: false, indexes: &[] };
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("read.sqlite");
    let old = open(&file, &BEFORE).await.unwrap();
    let generation = old.generations.live(&BEFORE).await.unwrap();
    let body = r#"{"title": "Assam", "words": ["assam", "assam", "black"]}"#;
    old.keyed.write(&generation, &[write("1", body)], &Positions::new()).await.unwrap();

    let new = open(&file, &BOOKS).await.unwrap();
    // The older program still runs and knows nothing of the index.
    let body = r#"{"title": "Aachen", "words": ["aachen"]}"#;
    old.keyed.write(&generation, &[write("2", body)], &Positions::new()).await.unwrap();
    let words = Query {
        filters: vec![Filter::HasAny("words", vec!["assam".to_owned(), "aachen".to_owned()])],
        ..sorted_by("title")
    };
    let found = new.queries.find(&generation, &words).await.unwrap();
    let ids: Vec<_> = found.iter().map(|one| one.document.id.as_str()).collect();
    assert_eq!(ids, ["2", "1"]);
    let refused = old.queries.find(&generation, &words).await.unwrap_err();
    assert!(matches!(refused, StoreError::NoIndex { .. }), "{refused:?}");
}

#[tokio::test]
async fn a_field_that_is_neither_text_nor_number_is_malformed_where_it_is_indexed() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("read.sqlite"), &BOOKS).await.unwrap();
    let generation = store.generations.live(&BOOKS).await.unwrap();
    let half = write("half", r#"{"title": 0.5}"#);
    let error = store.keyed.write(&generation, &[half], &Positions::new()).await.unwrap_err();
    assert!(matches!(&error, StoreError::Malformed { id, .. } if id == "half"), "{error:?}");
}

#[tokio::test]
async fn documents_are_read_as_what_they_are() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("read.sqlite"), &BOOKS).await.unwrap();
    let generation = store.generations.live(&BOOKS).await.unwrap();
    let gone = Write { body: None, ..write("gone", "") };
    let writes = [write("list", "[1, 2]"), write("text", "\"x\""), gone];
    store.keyed.write(&generation, &writes, &Positions::new()).await.unwrap();
    let ids = ["list", "gone", "unknown"].map(str::to_owned);
    let loaded = store.load::<Vec<u8>>(&generation, &ids).await.unwrap();
    let values: Vec<_> = loaded.into_iter().map(|one| one.map(|one| one.value)).collect();
    assert_eq!(values, [Some(Some(vec![1, 2])), Some(None), None]);
    let all = Query { limit: 10, ..Query::default() };
    let error = store.find::<Vec<u8>>(&generation, &all).await.unwrap_err();
    assert!(matches!(&error, StoreError::Malformed { id, .. } if id == "text"), "{error:?}");
}

#[tokio::test]
async fn many_and_few_matches_are_answered_alike() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("read.sqlite"), &BOOKS).await.unwrap();
    let generation = store.generations.live(&BOOKS).await.unwrap();
    let writes: Vec<Write> = (0..1_500)
        .map(|number| {
            let word = if number % 100 == 0 { "rare" } else { "common" };
            let title = number * 7 % 1_500;
            write(
                &format!("{number:04}"),
                &format!(r#"{{"title": {title}, "state": "{word}", "words": ["{word}"]}}"#),
            )
        })
        .collect();
    store.keyed.write(&generation, &writes, &Positions::new()).await.unwrap();
    for (word, expected) in [("rare", 15), ("common", 1_485)] {
        let filters = [
            Filter::HasAny("words", vec![word.to_owned(), "none".to_owned()]),
            Filter::In("state", vec![Value::Text(word.to_owned()), Value::Null]),
        ];
        for filter in filters {
            let mut page = Query {
                filters: vec![filter],
                sort: vec![("title", Direction::Descending)],
                limit: 101,
                ..Query::default()
            };
            let mut titles = Vec::new();
            loop {
                let found = store.queries.find(&generation, &page).await.unwrap();
                titles.extend(found.iter().map(|one| one.cursor.values[0].clone()));
                let Some(last) = found.last() else { break };
                page.after = Some(last.cursor.clone());
            }
            assert_eq!(titles.len(), expected, "{page:?}");
            assert!(titles.is_sorted_by(|one, next| one > next), "{page:?}");
        }
    }
}

#[tokio::test]
async fn an_abandoned_write_leaves_nothing_and_blocks_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("read.sqlite"), &BOOKS).await.unwrap();
    let generation = store.generations.live(&BOOKS).await.unwrap();
    let writes: Vec<Write> = (0..400).map(|number| write(&number.to_string(), "{}")).collect();
    let none = Positions::new();
    for polls in 1..12 {
        // Abandoned at its n-th await.
        let mut writing = Box::pin(store.keyed.write(&generation, &writes, &none));
        let mut left = polls;
        let given_up = std::future::poll_fn(|context| {
            left -= 1;
            match writing.as_mut().poll(context) {
                std::task::Poll::Pending if left > 0 => std::task::Poll::Pending,
                _ => std::task::Poll::Ready(()),
            }
        });
        given_up.await;
        drop(writing);
        let count = store.queries.count(&generation, &[], 1_000).await.unwrap();
        assert!(count == 0 || count == 400, "{count} documents of an abandoned write of 400");
        let next = write(&format!("next {polls}"), "{}");
        assert!(store.keyed.put_if_newer(&generation, &next).await.unwrap());
        let undone = Write { version: 2, body: None, ..next };
        store.keyed.write(&generation, &[undone], &none).await.unwrap();
    }
}

#[tokio::test]
async fn a_file_of_a_newer_program_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("read.sqlite");
    let mut connection = directly(&file).await;
    sqlx::raw_sql("PRAGMA user_version = 99").execute(&mut connection).await.unwrap();
    let refused = open(&file, &BOOKS).await.err().unwrap();
    assert!(refused.to_string().contains("newer program"), "{refused}");
}

#[tokio::test]
async fn an_impossible_directory_and_a_wrong_address_are_reported() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "not a directory").unwrap();
    let refused = open(&file.join("read.sqlite"), &BOOKS).await.err().unwrap();
    assert!(refused.to_string().contains("file/read.sqlite"), "{refused}");
    for address in ["redis://user:secret@host/", "sqlite://", "read.sqlite"] {
        let refused = connect(address, &[]).await.err().unwrap();
        assert!(matches!(refused, StoreError::Address(_)), "{address}: {refused:?}");
        assert!(!refused.to_string().contains("secret"), "{refused}");
    }
}

#[tokio::test]
async fn many_may_open_a_new_store_at_once_and_its_files_are_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    for round in 0..10 {
        let file = directory.path().join(format!("deep/{round}.sqlite"));
        let openings: JoinSet<_> = (0..8)
            .map(|_| {
                let file = file.clone();
                async move { open(&file, &BOOKS).await?.generations.live(&BOOKS).await }
            })
            .collect();
        for generation in openings.join_all().await {
            assert_eq!(generation.unwrap().number, 1);
        }
    }
    for file in std::fs::read_dir(directory.path().join("deep")).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", file.path());
    }
}

#[tokio::test]
async fn a_read_only_store_sees_writes_and_changes_nothing() {
    static LATER: Collection = Collection {
        name: "later",
        shape: 1,
        streams: Streams::Other,
        hot: false,
        indexes: &[Index::Field("title")],
    };
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("read.sqlite");
    let look =
        || async { connect_read_only(&format!("sqlite://{}", file.display()), &[&BOOKS, &LATER]).await };
    let refused = look().await.err().unwrap();
    assert!(refused.to_string().contains("read.sqlite") && !file.exists(), "{refused}");

    let store = open(&file, &BOOKS).await.unwrap();
    let reader = look().await.unwrap();
    let generation = store.generations.live(&BOOKS).await.unwrap();
    let before = reader.keyed.changed("books", None, Duration::ZERO).await.unwrap();
    let written = write("1", r#"{"title": "Assam"}"#);
    let none = Positions::new();
    store.keyed.write(&generation, std::slice::from_ref(&written), &none).await.unwrap();
    let after = reader.keyed.changed("books", Some(&before), Duration::from_secs(10)).await.unwrap();
    assert_ne!(after, before);
    assert_eq!(reader.generations.live(&BOOKS).await.unwrap(), generation);
    assert_eq!(reader.queries.find(&generation, &sorted_by("title")).await.unwrap().len(), 1);

    let uncreated = reader.generations.live(&LATER).await.unwrap();
    assert_eq!(uncreated.number, 0);
    assert_eq!(reader.keyed.load(&uncreated, &["1".to_owned()]).await.unwrap(), [None]);
    assert!(reader.queries.find(&uncreated, &sorted_by("title")).await.unwrap().is_empty());
    assert_eq!(reader.queries.count(&uncreated, &[], 10).await.unwrap(), 0);
    assert!(reader.keyed.positions(&uncreated).await.unwrap().is_empty());

    for refused in [
        reader.keyed.write(&generation, &[written], &none).await,
        reader.sources.claim_source("ordering", "epoch").await.map(drop),
        reader.generations.create(&BOOKS).await.map(drop),
        reader.generations.drop_generation(&generation).await,
    ] {
        assert!(refused.unwrap_err().to_string().contains("for reading only"));
    }
    assert_eq!(store.generations.list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn names_cannot_inject_sql() {
    static WRONG: Collection = Collection {
        name: "books",
        shape: 1,
        streams: Streams::Other,
        hot: false,
        indexes: &[Index::Field("title') --")],
    };
    let directory = tempfile::tempdir().unwrap();
    let refused = open(&directory.path().join("read.sqlite"), &WRONG).await.err().unwrap();
    assert!(matches!(refused, StoreError::NoIndex { .. }), "{refused:?}");
}

#[tokio::test]
async fn pages_in_an_indexed_order_are_not_sorted_again() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("read.sqlite");
    let store = open(&file, &BOOKS).await.unwrap();
    store.generations.live(&BOOKS).await.unwrap();
    let mut connection = directly(&file).await;
    for (condition, order, index) in [
        ("", "\"k:title\", id", "books_v1_g1:title"),
        ("AND \"k:state\" = 'new'", "\"k:shelf\" DESC, id DESC", "books_v1_g1:state,shelf"),
    ] {
        let sql = format!(
            "EXPLAIN QUERY PLAN SELECT * FROM books_v1_g1 WHERE body IS NOT NULL {condition} ORDER BY {order}"
        );
        let plan: Vec<(i64, i64, i64, String)> =
            sqlx::query_as(AssertSqlSafe(sql)).fetch_all(&mut connection).await.unwrap();
        let plan: Vec<_> = plan.into_iter().map(|step| step.3).collect();
        assert!(plan.len() == 1 && plan[0].contains(index), "{plan:?}");
    }
}

#[tokio::test]
async fn a_store_is_prepared_by_its_address() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", directory.path().join("new/read.sqlite").display());
    assert_eq!(migrate(&url, &[&BOOKS]).await.unwrap(), Migrated { from: None, to: 2 });
    assert_eq!(migrate(&url, &[&BOOKS]).await.unwrap(), Migrated { from: Some(2), to: 2 });
    let refused = migrate("redis://host", &[&BOOKS]).await.unwrap_err();
    assert!(matches!(refused, StoreError::Address(_)), "{refused:?}");
}
