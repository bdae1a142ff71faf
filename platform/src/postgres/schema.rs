//! Versioned schemas, which only an explicit migration changes.

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::{Address, PostgresError};
use crate::servers::Migrated;

/// A schema of a database, and the steps to the version that this program knows: step `n` (from 1) turns
/// version `n - 1` into version `n`. Released steps must never be changed. Unqualified names in them are in
/// the schema.
#[derive(Clone, Copy, Debug)]
pub struct Schema<'s> {
    /// Its name: lower-case letters, digits and `_`.
    pub name: &'s str,
    pub steps: &'s [&'s str],
}

impl Schema<'_> {
    /// The version in the database; `None` if there is no schema.
    pub async fn found(
        &self,
        address: &Address,
        connection: &mut PgConnection,
    ) -> Result<Option<usize>, PostgresError> {
        self.version(connection).await.map_err(|error| address.explain(error))
    }

    /// Fails unless the schema has the version that this program knows.
    pub async fn require(
        &self,
        address: &Address,
        connection: &mut PgConnection,
    ) -> Result<(), PostgresError> {
        let found = self.found(address, connection).await?;
        if found == Some(self.steps.len()) { Ok(()) } else { Err(self.other(address, found)) }
    }

    /// Creates the schema, or migrates it to the version that this program knows, all or nothing. Concurrent
    /// migrations are executed once. A newer version is refused. The role must be allowed to create a schema,
    /// or own one of that name.
    pub async fn migrate(
        &self,
        address: &Address,
        connection: &mut PgConnection,
    ) -> Result<Migrated, PostgresError> {
        if !is_plain(self.name) {
            let problem = format!("{:?} is not a valid name of a schema", self.name);
            return Err(PostgresError::Other { server: address.server(), problem });
        }
        let to = self.steps.len();
        let migrated = self.apply(connection).await.map_err(|error| address.explain(error))?;
        match migrated {
            from if from.is_some_and(|from| from > to) => Err(self.other(address, from)),
            from => Ok(Migrated { from, to }),
        }
    }

    fn other(&self, address: &Address, found: Option<usize>) -> PostgresError {
        let (schema, place, known) = (self.name.to_owned(), address.to_string(), self.steps.len());
        match found {
            None => PostgresError::NoSchema { schema, place },
            Some(found) if found > known => PostgresError::NewerSchema { schema, place, found, known },
            Some(found) => PostgresError::OlderSchema { schema, place, found, known },
        }
    }

    async fn version(&self, connection: &mut PgConnection) -> Result<Option<usize>, sqlx::Error> {
        let there: bool = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
            .bind(format!("{}.schema_version", self.name))
            .fetch_one(&mut *connection)
            .await?;
        if !there || !is_plain(self.name) {
            return Ok(None);
        }
        let version: i32 =
            sqlx::query_scalar(AssertSqlSafe(format!("SELECT version FROM {}.schema_version", self.name)))
                .fetch_one(connection)
                .await?;
        Ok(usize::try_from(version).ok())
    }

    /// Returns the version before.
    async fn apply(&self, connection: &mut PgConnection) -> Result<Option<usize>, sqlx::Error> {
        let name = self.name;
        let mut transaction = connection.begin().await?;
        sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('chorale ' || $1, 0))")
            .bind(name)
            .execute(&mut *transaction)
            .await?;
        let found = self.version(&mut transaction).await?;
        let done = found.unwrap_or(0);
        if done >= self.steps.len() {
            transaction.rollback().await?;
            return Ok(found);
        }
        if found.is_none() {
            self.begin(&mut transaction).await?;
        }
        let path = format!("SET LOCAL search_path = {name}, pg_catalog; SET LOCAL lock_timeout = '10s'");
        sqlx::raw_sql(AssertSqlSafe(path)).execute(&mut *transaction).await?;
        for step in &self.steps[done..] {
            sqlx::raw_sql(AssertSqlSafe((*step).to_owned())).execute(&mut *transaction).await?;
        }
        let last = format!("UPDATE {name}.schema_version SET version = {}", self.steps.len());
        sqlx::raw_sql(AssertSqlSafe(last)).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(found)
    }

    async fn begin(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let name = self.name;
        let there: bool = sqlx::query_scalar("SELECT to_regnamespace($1) IS NOT NULL")
            .bind(name)
            .fetch_one(&mut *connection)
            .await?;
        // Not `IF NOT EXISTS`, which needs the right to create schemas even if this one exists.
        let schema = if there { String::new() } else { format!("CREATE SCHEMA {name};") };
        let first = format!(
            "{schema}
             CREATE TABLE {name}.schema_version (
                 single boolean PRIMARY KEY DEFAULT true CHECK (single), version integer NOT NULL);
             INSERT INTO {name}.schema_version (version) VALUES (0)"
        );
        sqlx::raw_sql(AssertSqlSafe(first)).execute(connection).await?;
        Ok(())
    }
}

/// Whether a name needs no quotes.
fn is_plain(name: &str) -> bool {
    let mut letters = name.bytes();
    letters.next().is_some_and(|first| first.is_ascii_lowercase())
        && letters.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}
