//! Tables, indexes and triggers.
//!
//! A generation is one table, named after it, and one small table per list index. Triggers keep the lists, so they are
//! right whoever writes, also a program that does not know the index yet. A document's `row` never changes; lists name
//! it instead of the id because it is short. (Without rowids writes measured 3 to 19 % slower.)

use sqlx::{AssertSqlSafe, SqliteConnection, SqlitePool};

use super::changes::Changes;
use super::connection::Writer;
use super::error::failed_at;
use super::generations;
use crate::port::{Collection, Generation, Index, StoreError};

/// Raised when the tables below change.
const LAYOUT: i64 = 1;

const SHARED: &str = "
CREATE TABLE IF NOT EXISTS generations (
    collection TEXT NOT NULL,
    shape INTEGER NOT NULL,
    number INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('building', 'live', 'retired', 'dropped')),
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
";

/// The table of a generation, quoted.
pub(super) fn table(generation: &Generation) -> String {
    format!("\"{}\"", bare(generation))
}

/// The table of a list's texts, quoted.
pub(super) fn list_table(generation: &Generation, field: &str) -> String {
    format!("\"{}#{field}\"", bare(generation))
}

/// A field of a document. Names were checked when the store was opened: letters, digits, `_` and dots.
pub(super) fn field(name: &str) -> String {
    format!("json_extract(body,'$.{name}')")
}

fn bare(generation: &Generation) -> String {
    format!("{}_s{}_g{}", generation.collection, generation.shape, generation.number)
}

/// Creates the tables that all generations share and the missing indexes of the generations that are there.
pub(super) async fn prepare(writer: &Writer, collections: &[&'static Collection]) -> Result<(), StoreError> {
    for collection in collections {
        check_names(collection)?;
    }
    let mut transaction = writer.begin(&Changes::default()).await?;
    let connection = transaction.connection();
    check_layout(connection).await?;
    run(connection, SHARED.to_owned()).await?;
    run(connection, format!("PRAGMA user_version = {LAYOUT}")).await?;
    for (generation, _) in generations::list(&mut *connection).await? {
        let known =
            |one: &&&'static Collection| one.name == generation.collection && one.shape == generation.shape;
        if let Some(collection) = collections.iter().find(known) {
            create_indexes(connection, collection, &generation).await?;
        }
    }
    transaction.commit().await
}

/// Checks that the file holds documents that this program can read.
pub(super) async fn examine(readers: &SqlitePool) -> Result<(), StoreError> {
    let mut connection = readers.acquire().await.map_err(failed_at("opening its file for reading"))?;
    check_layout(&mut connection).await?;
    generations::list(&mut *connection).await?;
    Ok(())
}

/// Creates the table of a new generation with its indexes.
pub(super) async fn create(
    connection: &mut SqliteConnection,
    collection: &Collection,
    generation: &Generation,
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
    create_indexes(connection, collection, generation).await
}

/// Drops the table of a generation and those of its lists.
pub(super) async fn drop(
    connection: &mut SqliteConnection,
    generation: &Generation,
) -> Result<(), StoreError> {
    let lists: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB ? || '#*'")
            .bind(bare(generation))
            .fetch_all(&mut *connection)
            .await
            .map_err(failed_at("looking for a generation's tables"))?;
    run(connection, format!("DROP TABLE {}", table(generation))).await?;
    for list in lists {
        run(connection, format!("DROP TABLE \"{list}\"")).await?;
    }
    Ok(())
}

async fn create_indexes(
    connection: &mut SqliteConnection,
    collection: &Collection,
    generation: &Generation,
) -> Result<(), StoreError> {
    for index in collection.indexes {
        match index {
            Index::Field(one) => create_index(connection, generation, &[one]).await?,
            Index::Pair(first, second) => create_index(connection, generation, &[first, second]).await?,
            Index::List(list) => create_list(connection, generation, list).await?,
        }
    }
    Ok(())
}

/// Tombstones are in no index: every question excludes them.
async fn create_index(
    connection: &mut SqliteConnection,
    generation: &Generation,
    fields: &[&str],
) -> Result<(), StoreError> {
    let name = format!("\"{}:{}\"", bare(generation), fields.join(","));
    let table = table(generation);
    let columns: Vec<String> = fields.iter().map(|name| field(name)).collect();
    let columns = columns.join(", ");
    let sql = format!("CREATE INDEX IF NOT EXISTS {name} ON {table} ({columns}, id) WHERE body IS NOT NULL");
    run(connection, sql).await
}

async fn create_list(
    connection: &mut SqliteConnection,
    generation: &Generation,
    list: &str,
) -> Result<(), StoreError> {
    let bare_list = format!("{}#{list}", bare(generation));
    let there: i64 =
        sqlx::query_scalar("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?")
            .bind(bare_list)
            .fetch_one(&mut *connection)
            .await
            .map_err(failed_at("looking for a list index"))?;
    if there > 0 {
        return Ok(());
    }
    let documents = table(generation);
    let terms = list_table(generation, list);
    let on_insert = format!("\"{}#{list}+\"", bare(generation));
    let on_update = format!("\"{}#{list}~\"", bare(generation));
    let path = format!("'$.{list}'");
    let insert_new = format!(
        "INSERT INTO {terms} SELECT value, new.row FROM json_each(new.body, {path}) WHERE type = 'text' \
         ON CONFLICT DO NOTHING;"
    );
    run(
        connection,
        format!(
            "CREATE TABLE {terms} (term TEXT NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (term, row)) \
             STRICT, WITHOUT ROWID;
             INSERT INTO {terms} SELECT DISTINCT each.value, held.row FROM {documents} AS held, \
             json_each(held.body, {path}) AS each WHERE each.type = 'text';
             CREATE TRIGGER {on_insert} AFTER INSERT ON {documents} WHEN new.body IS NOT NULL BEGIN
               {insert_new}
             END;
             CREATE TRIGGER {on_update} AFTER UPDATE OF body ON {documents}
             WHEN json_extract(old.body, {path}) IS NOT json_extract(new.body, {path}) BEGIN
               DELETE FROM {terms} WHERE row = new.row
                 AND term IN (SELECT value FROM json_each(old.body, {path}) WHERE type = 'text');
               {insert_new}
             END;"
        ),
    )
    .await
}

async fn check_layout(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let layout: i64 = sqlx::query_scalar("PRAGMA user_version")
        .fetch_one(connection)
        .await
        .map_err(failed_at("reading its layout's version"))?;
    if layout > LAYOUT {
        let message = format!("it was written by a newer program (layout {layout}; this one knows {LAYOUT})");
        return Err(StoreError::Unavailable(message, None));
    }
    Ok(())
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

async fn run(connection: &mut SqliteConnection, sql: String) -> Result<(), StoreError> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.map_err(failed_at("preparing its tables"))?;
    Ok(())
}
