//! What a person with any MongoDB tool sees.

use mongodb::bson::{Bson, Document, doc};
use platform::bus::Positions;
use read_models::contract::scratch::Scratch;
use read_models::contract::{BOOKS, COLLECTIONS, Location};
use read_models::{Collection, Direction, Filter, Index, Query, Streams, Value, Write};

fn book(id: &str, body: &str) -> Write {
    Write { id: id.to_owned(), version: 3, body: Some(body.to_owned()), stale: false }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_bson_that_any_tool_reads_and_queries() {
    let location = Scratch::new();
    let store = location.open().await.unwrap();
    let generation = store.generations.live(&BOOKS).await.unwrap();
    let body =
        r#"{"title":"Tee","price":{"minor":450,"rate":0.19},"words":["tee","grün"],"open":true,"none":null}"#;
    let gone = Write { body: None, ..book("gone", "") };
    store.keyed.write(&generation, &[book("a", body), gone], &Positions::new()).await.unwrap();

    let books = location.database().await.unwrap().collection::<Document>("books_v1_g1");
    let found = books.find_one(doc! { "document.price.minor": { "$gt": 400 } }).await.unwrap().unwrap();
    assert_eq!(
        found.get_document("document").unwrap(),
        &doc! {
            "title": "Tee",
            "price": { "minor": 450_i64, "rate": 0.19 },
            "words": ["tee", "grün"],
            "open": true,
            "none": null,
        }
    );
    assert_eq!((found.get_str("_id").unwrap(), found.get_i64("version").unwrap()), ("a", 3));
    assert!(!found.get_bool("stale").unwrap());
    assert_eq!(found.get_document("keys").unwrap().get("price%2Eminor"), Some(&Bson::Int64(450)));
    let gone = books.find_one(doc! { "deleted": true }).await.unwrap().unwrap();
    assert_eq!((gone.get_str("_id").unwrap(), gone.get("document")), ("gone", Some(&Bson::Null)));
}

static LATER: Collection = Collection {
    name: "books",
    shape: 1,
    streams: Streams::Other,
    hot: false,
    indexes: &[Index::Field("title"), Index::Field("year"), Index::List("words"), Index::List("marks")],
};

#[tokio::test(flavor = "multi_thread")]
async fn a_new_index_is_asked_for_at_the_start_and_built_by_a_migration_while_an_older_program_writes() {
    let location = Scratch::new();
    let older = location.open().await.unwrap();
    let generation = older.generations.live(&BOOKS).await.unwrap();
    let body = |year: u32| format!(r#"{{"title":"t","year":{year},"marks":["m{year}"]}}"#);
    older.keyed.write(&generation, &[book("a", &body(1901))], &Positions::new()).await.unwrap();

    let refused = read_models::connect(&location.url().unwrap(), &[&LATER]).await.err().unwrap().to_string();
    assert!(refused.contains("run `chorale migrate`"), "{refused}");
    read_models::migrate(&location.url().unwrap(), &[&LATER]).await.unwrap();
    let newer = read_models::connect(&location.url().unwrap(), &[&LATER]).await.unwrap();
    // It does not know the new keys, and extracts them nevertheless.
    older.keyed.write(&generation, &[book("b", &body(1902))], &Positions::new()).await.unwrap();
    read_models::connect(&location.url().unwrap(), COLLECTIONS).await.unwrap();

    let by_year = Query { sort: vec![("year", Direction::Descending)], limit: 9, ..Query::default() };
    let found = newer.queries.find(&generation, &by_year).await.unwrap();
    let years: Vec<&[Value]> = found.iter().map(|one| one.cursor.values.as_slice()).collect();
    assert_eq!(years, [&[Value::Integer(1902)], &[Value::Integer(1901)]]);
    for year in [1901, 1902] {
        let filters = vec![Filter::HasAny("marks", vec![format!("m{year}")])];
        assert_eq!(newer.queries.count(&generation, &filters, 9).await.unwrap(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_answer_is_named_without_its_password() {
    let nowhere = "mongodb://user:secret@127.0.0.1:1/shop?serverSelectionTimeoutMS=200";
    let problem = read_models::connect(nowhere, COLLECTIONS).await.err().unwrap().to_string();
    assert!(problem.contains("MongoDB at 127.0.0.1:1 does not answer"), "{problem}");
    assert!(!problem.contains("secret"), "{problem}");
}
