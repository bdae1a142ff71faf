//! The SQLite backend keeps the contract of the port, and what only a file can promise.

#[path = "contract/directory.rs"]
mod directory;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use directory::Directory;
use read_models::contract::{self, BOOKS, Factory, Failure, Place};
use read_models::{
    Checkpoint, Collection, Direction, Filter, Index, Query, Store, StoreError, Value, Write, connect,
    connect_read_only,
};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, SqliteConnection};
use tokio::task::JoinSet;

struct Sqlite;

#[async_trait]
impl Factory for Sqlite {
    async fn place(&self) -> Result<Arc<dyn Place>, Failure> {
        Ok(Arc::new(Directory::new()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_the_contract_of_document_stores() {
    if let Err(failure) = contract::run(&Sqlite).await {
        panic!("{failure}");
    }
}

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
    static BEFORE: Collection = Collection { name: "books", shape: 1, indexes: &[] };
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("read.sqlite");
    let old = open(&file, &BEFORE).await.unwrap();
    let generation = old.generations().live(&BEFORE).await.unwrap();
    let body = r#"{"title": "Assam", "words": ["assam", "assam", "black"]}"#;
    old.documents().write(&generation, &[write("1", body)], &Checkpoint::new()).await.unwrap();

    let new = open(&file, &BOOKS).await.unwrap();
    // The older program still runs and knows nothing of the index.
    let body = r#"{"title": "Aachen", "words": ["aachen"]}"#;
    old.documents().write(&generation, &[write("2", body)], &Checkpoint::new()).await.unwrap();
    let words = Query { filters: vec![Filter::Words("words", vec!["a".to_owned()])], ..sorted_by("title") };
    let found = new.documents().find(&generation, &words).await.unwrap();
    let ids: Vec<_> = found.iter().map(|one| one.document.id.as_str()).collect();
    assert_eq!(ids, ["2", "1"]);
    let refused = old.documents().find(&generation, &words).await.unwrap_err();
    assert!(matches!(refused, StoreError::NoIndex { .. }), "{refused:?}");
}

#[tokio::test]
async fn a_field_that_is_neither_text_nor_number_is_malformed_where_it_is_sorted_by() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("read.sqlite"), &BOOKS).await.unwrap();
    let generation = store.generations().live(&BOOKS).await.unwrap();
    let half = write("half", r#"{"title": 0.5}"#);
    store.documents().write(&generation, &[half], &Checkpoint::new()).await.unwrap();
    let error = store.documents().find(&generation, &sorted_by("title")).await.unwrap_err();
    assert!(matches!(&error, StoreError::Malformed { id, .. } if id == "half"), "{error:?}");
}

#[tokio::test]
async fn documents_are_read_as_what_they_are() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("read.sqlite"), &BOOKS).await.unwrap();
    let generation = store.generations().live(&BOOKS).await.unwrap();
    let gone = Write { body: None, ..write("gone", "") };
    let writes = [write("list", "[1, 2]"), write("text", "\"x\""), gone];
    store.documents().write(&generation, &writes, &Checkpoint::new()).await.unwrap();
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
    let generation = store.generations().live(&BOOKS).await.unwrap();
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
    store.documents().write(&generation, &writes, &Checkpoint::new()).await.unwrap();
    for (word, expected) in [("rare", 15), ("common", 1_485)] {
        let filters = [
            Filter::Words("words", vec![word.to_owned()]),
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
                let found = store.documents().find(&generation, &page).await.unwrap();
                titles.extend(found.iter().map(|one| one.place.values[0].clone()));
                let Some(last) = found.last() else { break };
                page.after = Some(last.place.clone());
            }
            assert_eq!(titles.len(), expected, "{page:?}");
            assert!(titles.is_sorted_by(|one, next| one > next), "{page:?}");
        }
    }
}

#[tokio::test]
async fn an_abandoned_write_leaves_nothing_and_blocks_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("read.sqlite"), &BOOKS).await.unwrap();
    let generation = store.generations().live(&BOOKS).await.unwrap();
    let writes: Vec<Write> = (0..400).map(|number| write(&number.to_string(), "{}")).collect();
    let none = Checkpoint::new();
    for polls in 1..12 {
        // Given up at its n-th await.
        let mut writing = Box::pin(store.documents().write(&generation, &writes, &none));
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
        let count = store.documents().count(&generation, &[], 1_000).await.unwrap();
        assert!(count == 0 || count == 400, "{count} documents of an abandoned write of 400");
        let next = write(&format!("next {polls}"), "{}");
        assert_eq!(
            store.documents().write(&generation, std::slice::from_ref(&next), &none).await.unwrap(),
            [true]
        );
        let undone = Write { version: 2, body: None, ..next };
        store.documents().write(&generation, &[undone], &none).await.unwrap();
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
async fn an_impossible_directory_and_a_wrong_address_are_said_so() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "not a directory").unwrap();
    let refused = open(&file.join("read.sqlite"), &BOOKS).await.err().unwrap();
    assert!(refused.to_string().contains("file/read.sqlite"), "{refused}");
    for address in ["mongodb://user:secret@host/", "sqlite://", "read.sqlite"] {
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
                async move { open(&file, &BOOKS).await?.generations().live(&BOOKS).await }
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
async fn an_onlooker_sees_what_is_written_and_changes_nothing() {
    static LATER: Collection = Collection { name: "later", shape: 1, indexes: &[Index::Field("title")] };
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("read.sqlite");
    let look =
        || async { connect_read_only(&format!("sqlite://{}", file.display()), &[&BOOKS, &LATER]).await };
    let refused = look().await.err().unwrap();
    assert!(refused.to_string().contains("read.sqlite") && !file.exists(), "{refused}");

    let store = open(&file, &BOOKS).await.unwrap();
    let onlooker = look().await.unwrap();
    let generation = store.generations().live(&BOOKS).await.unwrap();
    let before = onlooker.documents().changed("books", 0, Duration::ZERO).await;
    let written = write("1", r#"{"title": "Assam"}"#);
    let none = Checkpoint::new();
    store.documents().write(&generation, std::slice::from_ref(&written), &none).await.unwrap();
    assert!(onlooker.documents().changed("books", before, Duration::from_secs(10)).await > before);
    assert_eq!(onlooker.generations().live(&BOOKS).await.unwrap(), generation);
    assert_eq!(onlooker.documents().find(&generation, &sorted_by("title")).await.unwrap().len(), 1);

    let unmade = onlooker.generations().live(&LATER).await.unwrap();
    assert_eq!(unmade.number, 0);
    assert_eq!(onlooker.documents().load(&unmade, &["1".to_owned()]).await.unwrap(), [None]);
    assert!(onlooker.documents().find(&unmade, &sorted_by("title")).await.unwrap().is_empty());
    assert_eq!(onlooker.documents().count(&unmade, &[], 10).await.unwrap(), 0);
    assert!(onlooker.documents().positions(&unmade).await.unwrap().is_empty());

    for refused in [
        onlooker.documents().write(&generation, &[written], &none).await.map(drop),
        onlooker.generations().create(&BOOKS).await.map(drop),
        onlooker.generations().drop_generation(&generation).await,
    ] {
        assert!(refused.unwrap_err().to_string().contains("for reading only"));
    }
    assert_eq!(store.generations().list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn names_cannot_bring_sql() {
    static WRONG: Collection = Collection { name: "books", shape: 1, indexes: &[Index::Field("title') --")] };
    let directory = tempfile::tempdir().unwrap();
    let refused = open(&directory.path().join("read.sqlite"), &WRONG).await.err().unwrap();
    assert!(matches!(refused, StoreError::NoIndex { .. }), "{refused:?}");
}

#[tokio::test]
async fn pages_in_an_indexed_order_are_not_sorted_again() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("read.sqlite");
    let store = open(&file, &BOOKS).await.unwrap();
    store.generations().live(&BOOKS).await.unwrap();
    let mut connection = directly(&file).await;
    for (condition, order, index) in [
        ("", "json_extract(body,'$.title'), id", "books_s1_g1:title"),
        (
            "AND json_extract(body,'$.state') = 'new'",
            "json_extract(body,'$.shelf') DESC, id DESC",
            "books_s1_g1:state,shelf",
        ),
    ] {
        let sql = format!(
            "EXPLAIN QUERY PLAN SELECT * FROM books_s1_g1 WHERE body IS NOT NULL {condition} ORDER BY {order}"
        );
        let plan: Vec<(i64, i64, i64, String)> =
            sqlx::query_as(AssertSqlSafe(sql)).fetch_all(&mut connection).await.unwrap();
        let plan: Vec<_> = plan.into_iter().map(|step| step.3).collect();
        assert!(plan.len() == 1 && plan[0].contains(index), "{plan:?}");
    }
}
