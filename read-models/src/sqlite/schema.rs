//! Tables and indexes.
//!
//! A generation is one table with a column per key field, and one small table per list. The keys that a generation's
//! documents have are recorded beside it, and every program extracts all of them: also a program that does not know an
//! index yet. A document's `row` never changes; lists name it instead of the id because it is short. (Without rowids writes
//! measured 3 to 19 % slower.)

use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, SqliteConnection, SqlitePool};

use super::connection::Writer;
use super::error::failed_at;
use super::{format_1, generations, reindex};
use crate::backend::encoding;
use crate::changes::Changes;
use crate::connect::Migrated;
use crate::port::{Collection, Generation, Index, KeyFields, StoreError};

/// The format of the file. Raised when the tables below change. Format 1 had expression indexes and triggers instead of keys,
/// and operational state among the documents.
const FORMAT: u32 = 2;

pub(super) const SHARED: &str = "
CREATE TABLE IF NOT EXISTS generations (
    collection TEXT NOT NULL,
    shape INTEGER NOT NULL,
    number INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('building', 'live', 'retired', 'dropped')),
    keys TEXT NOT NULL DEFAULT '{}',
    PRIMARY KEY (collection, shape, number)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS one_live ON generations (collection, shape) WHERE state = 'live';
CREATE TABLE IF NOT EXISTS positions (
    collection TEXT NOT NULL,
    shape INTEGER NOT NULL,
    number INTEGER NOT NULL,
    partition TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (collection, shape, number, partition)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS quarantine (
    collection TEXT NOT NULL,
    shape INTEGER NOT NULL,
    number INTEGER NOT NULL,
    stream TEXT NOT NULL,
    version INTEGER NOT NULL,
    released INTEGER NOT NULL,
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    record_offset INTEGER NOT NULL,
    at TEXT NOT NULL,
    error TEXT,
    envelope TEXT NOT NULL,
    payload TEXT NOT NULL,
    PRIMARY KEY (collection, shape, number, stream, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS waiting ON quarantine (collection, shape, number, stream, version) WHERE released = 0;
CREATE TABLE IF NOT EXISTS rebuilds (
    collection TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sources (
    context TEXT PRIMARY KEY,
    epoch TEXT NOT NULL
) STRICT, WITHOUT ROWID;
";

/// The key fields of a generation's documents, as recorded in the file.
#[derive(Debug)]
pub(super) struct Recorded {
    pub(super) text: String,
    pub(super) fields: KeyFields,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct RecordedFields {
    fields: Vec<String>,
    lists: Vec<String>,
}

impl Recorded {
    pub(super) fn parse(text: String) -> Result<Self, StoreError> {
        let RecordedFields { fields, lists } =
            serde_json::from_str(&text).map_err(encoding("the keys of a generation"))?;
        Ok(Self { text, fields: KeyFields::new(fields, lists) })
    }
}

/// The table of a generation, quoted.
pub(super) fn table(generation: &Generation) -> String {
    format!("\"{}\"", bare(generation))
}

/// The table of a list's texts, quoted.
pub(super) fn list_table(generation: &Generation, field: &str) -> String {
    format!("\"{}#{field}\"", bare(generation))
}

/// The column of a key field, quoted. Names were checked when the store was opened: letters, digits, `_` and dots.
pub(super) fn column(field: &str) -> String {
    format!("\"k:{field}\"")
}

fn bare(generation: &Generation) -> String {
    format!("{}_v{}_g{}", generation.collection, generation.shape, generation.number)
}

/// Creates or upgrades the tables that all generations share, and the missing indexes of existing generations.
pub(super) async fn prepare(
    writer: &Writer,
    collections: &[&'static Collection],
) -> Result<Migrated, StoreError> {
    for collection in collections {
        check_names(collection)?;
    }
    let mut transaction = writer.begin(&Changes::default()).await?;
    let connection = transaction.connection();
    let from = format(connection).await?;
    if from == Some(1) {
        tracing::info!("upgrading the documents from format 1 to {FORMAT}: their indexes are built again");
        format_1::upgrade(connection).await?;
    }
    run(connection, SHARED.to_owned()).await?;
    run(connection, format!("PRAGMA user_version = {FORMAT}")).await?;
    for (generation, _) in generations::list(&mut *connection).await? {
        let known =
            |one: &&&'static Collection| one.name == generation.collection && one.shape == generation.shape;
        if let Some(collection) = collections.iter().find(known) {
            let recorded = generations::recorded(&mut *connection, &generation).await?;
            complete(connection, collection, &generation, &recorded.fields, KeyFields::default()).await?;
        }
    }
    transaction.commit().await?;
    if from == Some(1) {
        tracing::info!("the documents have format {FORMAT}");
    }
    Ok(Migrated { from, to: FORMAT })
}

/// Checks that this program can read the file.
pub(super) async fn examine(readers: &SqlitePool) -> Result<(), StoreError> {
    let mut connection = readers.acquire().await.map_err(failed_at("opening its file for reading"))?;
    if let Some(old @ ..FORMAT) = format(&mut connection).await? {
        let message = format!(
            "it has format {old} and this program needs {FORMAT}; run `chorale migrate` to upgrade it"
        );
        return Err(StoreError::Unavailable(message, None));
    }
    generations::list(&mut *connection).await?;
    Ok(())
}

/// Creates the tables of a new generation, with its indexes and with the keys that it inherits.
pub(super) async fn create(
    connection: &mut SqliteConnection,
    collection: &Collection,
    generation: &Generation,
    inherited: KeyFields,
) -> Result<(), StoreError> {
    check_names(collection)?;
    let table = table(generation);
    run(
        connection,
        format!(
            "CREATE TABLE {table} (row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, \
             stale INTEGER NOT NULL, body TEXT) STRICT"
        ),
    )
    .await?;
    complete(connection, collection, generation, &KeyFields::default(), inherited).await
}

/// Drops the tables of a generation.
pub(super) async fn drop(
    connection: &mut SqliteConnection,
    generation: &Generation,
) -> Result<(), StoreError> {
    let lists: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB ? || '#*'")
            .bind(bare(generation))
            .fetch_all(&mut *connection)
            .await
            .map_err(failed_at("looking for the tables of a generation"))?;
    run(connection, format!("DROP TABLE {}", table(generation))).await?;
    for list in lists {
        run(connection, format!("DROP TABLE \"{list}\"")).await?;
    }
    Ok(())
}

/// Adds the keys that documents lack, fills them from the bodies, and creates missing indexes.
async fn complete(
    connection: &mut SqliteConnection,
    collection: &Collection,
    generation: &Generation,
    recorded: &KeyFields,
    inherited: KeyFields,
) -> Result<(), StoreError> {
    let declared = collection.key_fields();
    let new = |known: &[String], one: &[String], more: &[String]| -> Vec<String> {
        one.iter().chain(more).filter(|name| !known.contains(name)).cloned().collect()
    };
    let missing = KeyFields::new(
        new(recorded.fields(), declared.fields(), inherited.fields()),
        new(recorded.lists(), declared.lists(), inherited.lists()),
    );
    if !missing.fields().is_empty() || !missing.lists().is_empty() {
        for field in missing.fields() {
            run(connection, format!("ALTER TABLE {} ADD COLUMN {} ANY", table(generation), column(field)))
                .await?;
        }
        for list in missing.lists() {
            create_list(connection, generation, list).await?;
        }
        reindex::fill(connection, generation, &missing).await?;
        let all = RecordedFields {
            fields: [recorded.fields(), missing.fields()].concat(),
            lists: [recorded.lists(), missing.lists()].concat(),
        };
        record(connection, generation, &all).await?;
    }
    for index in collection.indexes {
        match index {
            Index::Field(one) => create_index(connection, generation, &[one]).await?,
            Index::Pair(first, second) => create_index(connection, generation, &[first, second]).await?,
            Index::List(_) => {}
        }
    }
    Ok(())
}

async fn record(
    connection: &mut SqliteConnection,
    generation: &Generation,
    fields: &RecordedFields,
) -> Result<(), StoreError> {
    let text = serde_json::to_string(fields).map_err(encoding("the keys of a generation"))?;
    sqlx::query("UPDATE generations SET keys = ? WHERE collection = ? AND shape = ? AND number = ?")
        .bind(text)
        .bind(&generation.collection)
        .bind(generation.shape)
        .bind(generation.number)
        .execute(connection)
        .await
        .map_err(failed_at("recording the keys of a generation"))?;
    Ok(())
}

/// Tombstones are in no index: every query excludes them.
async fn create_index(
    connection: &mut SqliteConnection,
    generation: &Generation,
    fields: &[&str],
) -> Result<(), StoreError> {
    let name = format!("\"{}:{}\"", bare(generation), fields.join(","));
    let table = table(generation);
    let columns: Vec<String> = fields.iter().map(|name| column(name)).collect();
    let columns = columns.join(", ");
    let sql = format!("CREATE INDEX IF NOT EXISTS {name} ON {table} ({columns}, id) WHERE body IS NOT NULL");
    run(connection, sql).await
}

async fn create_list(
    connection: &mut SqliteConnection,
    generation: &Generation,
    list: &str,
) -> Result<(), StoreError> {
    let terms = list_table(generation, list);
    let by_row = format!("\"{}#{list}:row\"", bare(generation));
    let sql = format!(
        "CREATE TABLE {terms} (term TEXT NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (term, row)) STRICT, WITHOUT ROWID;
         CREATE INDEX {by_row} ON {terms} (row);"
    );
    run(connection, sql).await
}

/// The format of the file; `None` if it is new.
async fn format(connection: &mut SqliteConnection) -> Result<Option<u32>, StoreError> {
    let format: u32 = sqlx::query_scalar("PRAGMA user_version")
        .fetch_one(connection)
        .await
        .map_err(failed_at("reading the format of its file"))?;
    if format > FORMAT {
        let message = format!("it was written by a newer program (format {format}; this one knows {FORMAT})");
        return Err(StoreError::Unavailable(message, None));
    }
    Ok((format > 0).then_some(format))
}

/// Names become part of SQL.
fn check_names(collection: &Collection) -> Result<(), StoreError> {
    let plain = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.')
    };
    let fields = collection.indexes.iter().flat_map(|index| match index {
        Index::Field(one) | Index::List(one) => vec![*one],
        Index::Pair(first, second) => vec![*first, *second],
    });
    let wrong = |name: &&str| !plain(name) || name.split('.').any(str::is_empty);
    match std::iter::once(collection.name).chain(fields).find(wrong) {
        Some(name) => {
            Err(StoreError::NoIndex { collection: collection.name.to_owned(), field: name.to_owned() })
        }
        None => Ok(()),
    }
}

/// Runs statements that change tables.
pub(super) async fn run(connection: &mut SqliteConnection, sql: String) -> Result<(), StoreError> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.map_err(failed_at("preparing its tables"))?;
    Ok(())
}
