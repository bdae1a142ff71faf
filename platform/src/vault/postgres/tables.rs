//! The vault's tables and the statements over them, each of which commits by itself.

use std::collections::HashMap;

use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::wrapping::{Kind, Stored, Wrapping, WrappingError, random};
use crate::postgres::Schema;
use crate::vault::Key;

/// Keys are NULL where the subject was erased. A wrapping key is registered before it wraps, so that one that was retired
/// cannot wrap again. Few dead rows are enough for a vacuum, because each holds a key.
pub(super) const SCHEMA: Schema<'static> = Schema {
    name: "vault",
    steps: &["
    CREATE TABLE wrapping_keys (id text COLLATE \"C\" PRIMARY KEY);
    CREATE TABLE retired_wrapping_keys (id text COLLATE \"C\" PRIMARY KEY);
    CREATE TABLE subject_keys (
        name text COLLATE \"C\" PRIMARY KEY,
        key bytea,
        wrapped_by text COLLATE \"C\" REFERENCES wrapping_keys,
        CHECK (CASE WHEN wrapped_by IS NULL THEN length(key) = 32 ELSE key IS NOT NULL AND length(key) = 72 END)
    ) WITH (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0);
    CREATE TABLE system_keys (
        name text COLLATE \"C\" PRIMARY KEY,
        key bytea NOT NULL,
        wrapped_by text COLLATE \"C\" REFERENCES wrapping_keys,
        CHECK (length(key) = CASE WHEN wrapped_by IS NULL THEN 32 ELSE 72 END)
    ) WITH (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0);
    ALTER TABLE subject_keys ALTER COLUMN key SET STORAGE PLAIN;
    ALTER TABLE system_keys ALTER COLUMN key SET STORAGE PLAIN;"],
};

/// Which keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    Subjects,
    System,
}

impl Table {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Subjects => "vault.subject_keys",
            Self::System => "vault.system_keys",
        }
    }

    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Subjects => Kind::Subject,
            Self::System => Kind::System,
        }
    }
}

/// Why something was not done.
pub(super) enum Failure {
    Sql(sqlx::Error),
    Wrapping(WrappingError),
    /// The database only follows another one.
    Standby,
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<WrappingError> for Failure {
    fn from(error: WrappingError) -> Self {
        Self::Wrapping(error)
    }
}

/// A key was to be stored that is wrapped with one that is not registered.
pub(super) fn is_unknown_wrapping(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.is_foreign_key_violation())
}

/// Makes sure that keys can be unwrapped, and that what is read here is the newest.
pub(super) async fn check(connection: &mut PgConnection, wrapping: &Wrapping) -> Result<(), Failure> {
    let standby: bool = sqlx::query_scalar("SELECT pg_is_in_recovery()").fetch_one(&mut *connection).await?;
    if standby {
        return Err(Failure::Standby);
    }
    let ids: Vec<String> =
        sqlx::query_scalar("SELECT id FROM vault.wrapping_keys").fetch_all(&mut *connection).await?;
    if let Some(missing) = ids.iter().find(|id| !wrapping.has(id)) {
        return Err(WrappingError::Missing(missing.clone()).into());
    }
    Ok(())
}

/// Makes sure that keys can be wrapped with the key that this process wraps with.
pub(super) async fn register(connection: &mut PgConnection, wrapping: &Wrapping) -> Result<(), Failure> {
    let Some(first) = wrapping.id() else { return Ok(()) };
    sqlx::query(
        "INSERT INTO vault.wrapping_keys (id) SELECT $1
         WHERE NOT EXISTS (SELECT FROM vault.retired_wrapping_keys WHERE id = $1) ON CONFLICT (id) DO NOTHING",
    )
    .bind(first)
    .execute(&mut *connection)
    .await?;
    let registered: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM vault.wrapping_keys WHERE id = $1)")
            .bind(first)
            .fetch_one(connection)
            .await?;
    if registered { Ok(()) } else { Err(WrappingError::Retired(first.to_owned()).into()) }
}

/// What is stored for those of `names` that there is a row for.
pub(super) async fn find(
    connection: &mut PgConnection,
    table: Table,
    names: &[&str],
) -> Result<HashMap<String, Option<Stored>>, sqlx::Error> {
    let sql = format!("SELECT name, key, wrapped_by FROM {} WHERE name = ANY($1)", table.name());
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(names).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

/// The next `limit` rows in order of name.
pub(super) async fn page(
    connection: &mut PgConnection,
    table: Table,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<(String, Option<Stored>)>, sqlx::Error> {
    let sql = format!(
        "SELECT name, key, wrapped_by FROM {} WHERE $1::text IS NULL OR name > $1 ORDER BY name LIMIT $2",
        table.name()
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(after).bind(limit).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

/// What is stored for `names` (in order, each once), keys made where there is no row.
pub(super) async fn find_or_make(
    connection: &mut PgConnection,
    table: Table,
    names: &[&str],
    wrapping: &Wrapping,
) -> Result<HashMap<String, Option<Stored>>, Failure> {
    let mut found = find(connection, table, names).await?;
    let missing: Vec<&str> = names.iter().copied().filter(|name| !found.contains_key(*name)).collect();
    if missing.is_empty() {
        return Ok(found);
    }
    let (mut keys, mut wrapped_by) = (Vec::new(), Vec::new());
    for name in &missing {
        let stored = wrapping.wrap(table.kind(), name, &Key::new(random()?))?;
        keys.push(stored.bytes);
        wrapped_by.push(stored.wrapped_by);
    }
    let sql = format!(
        "INSERT INTO {} (name, key, wrapped_by) SELECT * FROM unnest($1::text[], $2::bytea[], $3::text[])
         ON CONFLICT (name) DO NOTHING RETURNING name, key, wrapped_by",
        table.name()
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(&missing)
        .bind(keys)
        .bind(wrapped_by)
        .fetch_all(&mut *connection)
        .await?;
    for row in &rows {
        let (name, stored) = read(row)?;
        found.insert(name, stored);
    }
    // Others made these at the same time.
    let theirs: Vec<&str> = missing.into_iter().filter(|name| !found.contains_key(*name)).collect();
    if !theirs.is_empty() {
        found.extend(find(connection, table, &theirs).await?);
    }
    // A row is never deleted.
    if found.len() == names.len() { Ok(found) } else { Err(sqlx::Error::RowNotFound.into()) }
}

/// Takes the key out of the row, or leaves a tombstone where there was none. Answers whether there was a key.
pub(super) async fn erase(connection: &mut PgConnection, subject: &str) -> Result<bool, sqlx::Error> {
    // In one statement: between two, another process could make a key. A row that was inserted has no xmax yet.
    let rows = sqlx::query(
        "INSERT INTO vault.subject_keys AS kept (name) VALUES ($1)
         ON CONFLICT (name) DO UPDATE SET key = NULL, wrapped_by = NULL WHERE kept.key IS NOT NULL
         RETURNING xmax <> 0 AS had_a_key",
    )
    .bind(subject)
    .fetch_all(connection)
    .await?;
    rows.first().map_or(Ok(false), |row| row.try_get(0))
}

fn read(row: &PgRow) -> Result<(String, Option<Stored>), sqlx::Error> {
    let bytes: Option<Vec<u8>> = row.try_get(1)?;
    let wrapped_by = row.try_get(2)?;
    Ok((row.try_get(0)?, bytes.map(|bytes| Stored { bytes, wrapped_by })))
}
