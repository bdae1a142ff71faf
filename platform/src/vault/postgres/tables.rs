//! The vault's tables, and the statements on them, each of which commits by itself.

use std::collections::HashMap;

use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::wrapping::{Stored, Wrapping, WrappingError, random};
use crate::postgres::Schema;
use crate::vault::{Key, KeyKind};

/// A key is NULL if the subject was erased. A wrapping key is registered before it is used, so that a retired
/// one cannot be used again. A few dead rows are enough to start a vacuum, because each holds a key.
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

/// The table that holds the keys of a kind.
pub(super) fn table(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::Subject => "vault.subject_keys",
        KeyKind::System => "vault.system_keys",
    }
}

/// Why a statement failed.
pub(super) enum Failure {
    Sql(sqlx::Error),
    Wrapping(WrappingError),
    /// The database is a standby.
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

/// Whether the statement would have stored a key that is wrapped with an unregistered key.
pub(super) fn is_unknown_wrapping(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.is_foreign_key_violation())
}

/// Checks that all keys can be unwrapped, and that reads are current.
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

/// Registers the key that this process wraps with. Fails if it was retired.
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

/// The rows of `names` that exist.
pub(super) async fn find(
    connection: &mut PgConnection,
    kind: KeyKind,
    names: &[&str],
) -> Result<HashMap<String, Option<Stored>>, sqlx::Error> {
    let sql = format!("SELECT name, key, wrapped_by FROM {} WHERE name = ANY($1)", table(kind));
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(names).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

/// The next `limit` rows in order of name.
pub(super) async fn page(
    connection: &mut PgConnection,
    kind: KeyKind,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<(String, Option<Stored>)>, sqlx::Error> {
    let sql = format!(
        "SELECT name, key, wrapped_by FROM {} WHERE $1::text IS NULL OR name > $1 ORDER BY name LIMIT $2",
        table(kind)
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(after).bind(limit).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

/// The rows of `names` (sorted, without duplicates). Missing ones are created with new keys.
pub(super) async fn find_or_create(
    connection: &mut PgConnection,
    kind: KeyKind,
    names: &[&str],
    wrapping: &Wrapping,
) -> Result<HashMap<String, Option<Stored>>, Failure> {
    let mut found = find(connection, kind, names).await?;
    let missing: Vec<&str> = names.iter().copied().filter(|name| !found.contains_key(*name)).collect();
    if missing.is_empty() {
        return Ok(found);
    }
    let (mut keys, mut wrapped_by) = (Vec::new(), Vec::new());
    for name in &missing {
        let stored = wrapping.wrap(kind, name, &Key::new(random()?))?;
        keys.push(stored.bytes);
        wrapped_by.push(stored.wrapped_by);
    }
    let sql = format!(
        "INSERT INTO {} (name, key, wrapped_by) SELECT * FROM unnest($1::text[], $2::bytea[], $3::text[])
         ON CONFLICT (name) DO NOTHING RETURNING name, key, wrapped_by",
        table(kind)
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
    // Other processes created these at the same time.
    let theirs: Vec<&str> = missing.into_iter().filter(|name| !found.contains_key(*name)).collect();
    if !theirs.is_empty() {
        found.extend(find(connection, kind, &theirs).await?);
    }
    // A row is never deleted.
    if found.len() == names.len() { Ok(found) } else { Err(sqlx::Error::RowNotFound.into()) }
}

/// Removes the key from the row, or inserts a tombstone if there is no row. Returns whether there was a key.
pub(super) async fn erase(connection: &mut PgConnection, subject: &str) -> Result<bool, sqlx::Error> {
    // One statement, because between two another process could create a key. An inserted row has no xmax yet.
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
