//! Files of format 1 are upgraded when they are opened, and lose nothing.

use read_models::contract::BOOKS;
use read_models::{
    EventKey, Filter, Generation, GenerationState, Migrated, Query, Rebuild, connect, migrate,
};
use serde_json::{Value as Json, json};
use sqlx::{AssertSqlSafe, SqliteConnection};

use crate::{connect_read_only, directly, sorted_by};

/// As format 1 created it, for a collection with a field and a list.
fn table(name: &str, number: u32) -> String {
    let table = format!("{name}_s1_g{number}");
    format!(
        "CREATE TABLE \"{table}\" (row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, \
         stale INTEGER NOT NULL, body TEXT) STRICT;
         CREATE INDEX \"{table}:title\" ON \"{table}\" (json_extract(body,'$.title'), id) WHERE body IS NOT NULL;
         CREATE TABLE \"{table}#words\" (term TEXT NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (term, row)) \
         STRICT, WITHOUT ROWID;
         CREATE TRIGGER \"{table}#words+\" AFTER INSERT ON \"{table}\" WHEN new.body IS NOT NULL BEGIN
           INSERT INTO \"{table}#words\" SELECT value, new.row FROM json_each(new.body, '$.words') \
           WHERE type = 'text' ON CONFLICT DO NOTHING;
         END;"
    )
}

const SHARED: &str = "
CREATE TABLE generations (collection TEXT NOT NULL, shape INTEGER NOT NULL, number INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('building', 'live', 'retired', 'dropped')),
    PRIMARY KEY (collection, shape, number)) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX one_live ON generations (collection, shape) WHERE state = 'live';
CREATE TABLE positions (collection TEXT NOT NULL, shape INTEGER NOT NULL, number INTEGER NOT NULL,
    partition TEXT NOT NULL, position INTEGER NOT NULL,
    PRIMARY KEY (collection, shape, number, partition)) STRICT, WITHOUT ROWID;
INSERT INTO generations VALUES ('books', 1, 1, 'retired'), ('books', 1, 2, 'live'), ('held_events', 1, 1, 'live'),
    ('rebuilds', 1, 1, 'live'), ('sources', 1, 1, 'live');
INSERT INTO positions VALUES ('books', 1, 2, 'chorale.order.v1/3', 42);
PRAGMA user_version = 1;
";

async fn insert(connection: &mut SqliteConnection, table: &str, id: &str, version: i64, body: Option<&str>) {
    let sql = format!("INSERT INTO \"{table}\" (id, version, stale, body) VALUES (?, ?, 0, ?)");
    let insert = sqlx::query(AssertSqlSafe(sql)).bind(id).bind(version).bind(body);
    insert.execute(connection).await.unwrap();
}

/// A golden document of format 1.
fn golden(text: &str, change: &[(&str, Json)]) -> String {
    let mut document: Json = serde_json::from_str(text).unwrap();
    for (field, value) in change {
        document[field] = value.clone();
    }
    document.to_string()
}

#[tokio::test]
async fn a_file_of_format_1_is_indexed_again_and_its_operational_state_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("read.sqlite");
    let url = format!("sqlite://{}", file.display());
    let mut old = directly(&file).await;
    sqlx::raw_sql("PRAGMA journal_mode = WAL").execute(&mut old).await.unwrap();
    sqlx::raw_sql(SHARED).execute(&mut old).await.unwrap();
    for (name, number) in [("books", 1), ("books", 2), ("held_events", 1), ("rebuilds", 1), ("sources", 1)] {
        sqlx::raw_sql(AssertSqlSafe(table(name, number))).execute(&mut old).await.unwrap();
    }
    let books = (0..1_201).map(|number| {
        let body = format!(r#"{{"title": "T{number:04}", "open": true, "words": ["w{}", "w"]}}"#, number % 7);
        (format!("{number:04}"), body)
    });
    for (id, body) in books {
        insert(&mut old, "books_s1_g2", &id, 3, Some(&body)).await;
    }
    insert(&mut old, "books_s1_g2", "gone", 2, None).await;
    insert(&mut old, "books_s1_g2", "odd", 1, Some("{\"title\": 0.5}")).await;
    let held = include_str!("../golden/held_events.v1.json");
    for (version, settled) in [(3, false), (4, true)] {
        let change = [
            ("feed", json!("books.1.2")),
            ("stream", json!("order-1")),
            ("version", json!(version)),
            ("settled", json!(settled)),
        ];
        insert(&mut old, "held_events_s1_g1", &version.to_string(), 1, Some(&golden(held, &change))).await;
    }
    let rebuild = include_str!("../golden/rebuilds.v1.json");
    insert(&mut old, "rebuilds_s1_g1", "orders", 7, Some(rebuild)).await;
    insert(&mut old, "sources_s1_g1", "ordering", 1, Some(include_str!("../golden/sources.v1.json"))).await;

    let refused = connect_read_only(&url, &[&BOOKS]).await.err().unwrap();
    assert!(refused.to_string().contains("run `chorale migrate`"), "{refused}");
    let store = connect(&url, &[&BOOKS]).await.unwrap();
    let live = store.generations.live(&BOOKS).await.unwrap();
    assert_eq!(live, Generation { collection: "books".to_owned(), shape: 1, number: 2 });
    let states: Vec<_> =
        store.generations.list().await.unwrap().into_iter().map(|(one, state)| (one.number, state)).collect();
    assert_eq!(states, [(1, GenerationState::Retired), (2, GenerationState::Live)]);
    let positions = store.keyed.positions(&live).await.unwrap();
    assert_eq!(
        positions.into_iter().map(|(key, at)| (key.to_string(), at)).collect::<Vec<_>>(),
        [("chorale.order.v1/3".to_owned(), 42)]
    );
    let words = |word: &str| [Filter::HasAny("words", vec![word.to_owned()])];
    assert_eq!(store.queries.count(&live, &words("w3"), 9_999).await.unwrap(), 172);
    let page = Query { filters: words("w").to_vec(), ..sorted_by("title") };
    let found = store.queries.find(&live, &page).await.unwrap();
    assert_eq!((found[9].document.id.as_str(), found[9].document.version), ("0009", 3));
    assert_eq!(store.queries.count(&live, &[], 9_999).await.unwrap(), 1_202);

    let waiting = store.quarantine.waiting(&live, None, None, 9).await.unwrap();
    assert_eq!(waiting.len(), 1);
    let known: Json = serde_json::from_str(held).unwrap();
    assert_eq!(waiting[0].key, EventKey { stream: "order-1".to_owned(), version: 3 });
    assert_eq!(
        (json!(waiting[0].payload), json!(waiting[0].offset)),
        (known["payload"].clone(), known["offset"].clone())
    );
    assert_eq!(store.quarantine.count(&live).await.unwrap().ever, 2);
    let known: Rebuild = serde_json::from_str(rebuild).unwrap();
    assert_eq!(store.rebuilds.rebuild("orders").await.unwrap(), Some((known, 7)));
    let known: Json = serde_json::from_str(include_str!("../golden/sources.v1.json")).unwrap();
    assert_eq!(json!(store.sources.claim_source("ordering", "another").await.unwrap()), known["epoch"]);

    // A program of format 1 that still runs cannot write documents without keys.
    let sql = "INSERT INTO \"books_s1_g2\" (id, version, stale, body) VALUES ('x', 1, 0, '{}')";
    sqlx::raw_sql(sql).execute(&mut old).await.unwrap_err();
    assert_eq!(migrate(&url, &[&BOOKS]).await.unwrap(), Migrated { from: Some(2), to: 2 });
}
