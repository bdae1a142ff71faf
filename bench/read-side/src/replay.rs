//! P7: all projections are built from the logs, beside a raw bulk write of the same documents to the same server.

use std::time::Instant;

use futures_util::TryStreamExt;
use measure::{Sample, Samples};
use mongodb::bson::{self, doc};
use mongodb::options::{Acknowledgment, ClientOptions, InsertManyOptions, WriteConcern};
use read_models::documents;
use serde_json::Value;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, QueryBuilder, SqliteConnection};
use tokio::process::Command;

use crate::place::{Place, Store};
use crate::program::{History, PATIENCE};
use crate::{Outcome, Turn};

/// Documents per raw write.
const BATCH: usize = 1_000;

/// Names of the contenders.
pub fn names(store: &str) -> [String; 2] {
    [
        format!("chorale, all projections into {store}, documents"),
        format!("raw bulk write into {store}, documents"),
    ]
}

/// Builds the documents that the other measurements read, in any case.
pub async fn run(turn: &Turn<'_>, samples: &mut Samples) -> Outcome<()> {
    let Turn { place, history, store, .. } = *turn;
    let started = Instant::now();
    let projectors = turn.role("projectors", &[]).await?;
    caught_up(place, history, store).await?;
    let taken = started.elapsed();
    projectors.stop().await?;
    // With hot views the documents are there already.
    if !turn.options.wants("P7") || store.hot_views.is_some() {
        return Ok(());
    }
    let bodies = bodies(store).await?;
    let [ours, raw] = names(&store.name);
    samples.add(&ours, Sample::rate(bodies.len() as u64, taken));
    let count = bodies.len() as u64;
    let started = Instant::now();
    match store.is_mongodb() {
        true => raw_mongodb(&place.database()?, bodies).await?,
        false => raw_sqlite(history, bodies).await?,
    }
    samples.add(&raw, Sample::rate(count, started.elapsed()));
    Ok(())
}

/// Waits until every projection has every event.
async fn caught_up(place: &Place, history: &History, store: &Store) -> Outcome<()> {
    let output = Command::new(&place.chorale)
        .arg("--data-dir")
        .arg(history.folder.path())
        .args(["projections", "wait", "--all", "--timeout", &PATIENCE.as_secs().to_string()])
        .args(store.arguments())
        .env("CHORALE_LOG", "error")
        .output()
        .await?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("chorale projections wait: {}", String::from_utf8_lossy(&output.stderr)).into()),
    }
}

/// Ids and bodies of all documents.
async fn bodies(store: &Store) -> Outcome<Vec<(String, String)>> {
    let open = read_models::connect_read_only(&store.documents, &documents::ALL).await?;
    let mut bodies = Vec::new();
    for collection in documents::ALL {
        let of = open.of_collection(collection);
        let generation = of.generations.live(collection).await?;
        let mut all = of.scan.scan(&generation);
        while let Some(stored) = all.try_next().await? {
            let body = stored.body.ok_or("a deleted document was scanned")?;
            bodies.push((format!("{}/{}", collection.name, stored.id), body));
        }
    }
    Ok(bodies)
}

/// One table without indexes, as durable as Chorale's.
async fn raw_sqlite(history: &History, bodies: Vec<(String, String)>) -> Outcome<()> {
    let mut connection: SqliteConnection = SqliteConnectOptions::new()
        .filename(history.folder.path().join("raw.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .connect()
        .await?;
    sqlx::query("CREATE TABLE documents (id TEXT PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID")
        .execute(&mut connection)
        .await?;
    for batch in bodies.chunks(BATCH) {
        let mut insert = QueryBuilder::new("INSERT INTO documents (id, version, body) ");
        insert.push_values(batch, |mut row, (id, body)| {
            row.push_bind(id).push_bind(1).push_bind(body);
        });
        insert.build().execute(&mut connection).await?;
    }
    Ok(connection.close().await?)
}

/// Unordered inserts, acknowledged as Chorale's writes are. Text becomes BSON here, too.
async fn raw_mongodb(address: &str, bodies: Vec<(String, String)>) -> Outcome<()> {
    let options = ClientOptions::parse(address).await?;
    let name = options.default_database.clone().ok_or("an address without a database")?;
    let database = mongodb::Client::with_options(options)?.database(&name);
    let collection = database.collection::<bson::Document>("documents");
    let concern = WriteConcern::builder().w(Acknowledgment::Majority).journal(true).build();
    for batch in bodies.chunks(BATCH) {
        let read = |(id, body): &(String, String)| {
            let document = bson::serialize_to_bson(&serde_json::from_str::<Value>(body)?)?;
            Outcome::Ok(doc! { "_id": id, "version": 1_i64, "document": document })
        };
        let documents = batch.iter().map(read).collect::<Outcome<Vec<_>>>()?;
        let options = InsertManyOptions::builder().ordered(false).write_concern(concern.clone()).build();
        collection.insert_many(documents).with_options(options).await?;
    }
    Ok(database.drop().await?)
}
