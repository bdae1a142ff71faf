//! The database that keys are moved to.

use std::time::Duration;

use sqlx::{AssertSqlSafe, PgConnection};

use super::tables::{self, Failure};
use super::wrapping::Wrapping;
use super::{LIMITS, VaultError, acceptable, parse, wrapping_of};
use crate::postgres::{Address, Limits};
use crate::vault::{KeyKind, NamedKey};

/// A vault that takes the keys of another one.
pub(in crate::vault) struct TransferTarget {
    address: Address,
    wrapping: Wrapping,
    connection: PgConnection,
}

impl TransferTarget {
    /// Opens the vault at `to`, which a migration has prepared.
    pub(in crate::vault) async fn open(to: &str) -> Result<Self, VaultError> {
        let address = parse(to)?;
        let wrapping = wrapping_of(&address).map_err(VaultError::unavailable)?;
        Self::with(address, wrapping).await
    }

    /// Opens it with the given wrapping keys.
    pub(in crate::vault) async fn with(address: Address, wrapping: Wrapping) -> Result<Self, VaultError> {
        let limits = Limits { idle_in_transaction: Duration::from_secs(60), ..LIMITS };
        let options = address.options("chorale-move", &limits);
        let connection = address.connect(&options).await.map_err(VaultError::unavailable)?;
        let mut target = Self { address, wrapping, connection };
        let checked = tables::check(&mut target.connection, &target.wrapping).await;
        checked.map_err(|failure| target.explain(failure))?;
        Ok(target)
    }

    /// The address without credentials.
    pub(in crate::vault) fn place(&self) -> String {
        self.address.to_string()
    }

    pub(in crate::vault) async fn close(self) {
        self.address.close(self.connection).await;
    }

    fn explain(&self, failure: Failure) -> VaultError {
        match failure {
            Failure::Sql(error) => VaultError::unavailable(self.address.explain(error)),
            Failure::Wrapping(error) => VaultError::unavailable(error),
            Failure::Standby => VaultError::unavailable(std::io::Error::other("this is a standby")),
        }
    }

    async fn run(&mut self, sql: &'static str) -> Result<(), VaultError> {
        let done = sqlx::raw_sql(sql).execute(&mut self.connection).await;
        done.map(drop).map_err(|error| self.explain(error.into()))
    }

    /// Begins the transaction. No other process can create or erase keys until it ends.
    pub(in crate::vault) async fn begin(&mut self) -> Result<(), VaultError> {
        self.run("BEGIN; LOCK TABLE vault.subject_keys, vault.system_keys IN ACCESS EXCLUSIVE MODE").await?;
        let registered = tables::register(&mut self.connection, &self.wrapping).await;
        registered.map_err(|failure| self.explain(failure))
    }

    /// Removes all keys. Their files are deleted at the end of the transaction.
    pub(in crate::vault) async fn clear(&mut self) -> Result<(), VaultError> {
        self.run("TRUNCATE vault.subject_keys, vault.system_keys").await
    }

    /// The next keys in order of name, compared byte by byte.
    pub(in crate::vault) async fn page(
        &mut self,
        kind: KeyKind,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<NamedKey>, VaultError> {
        let found = tables::page(&mut self.connection, kind, after, limit).await;
        let found = found.map_err(|error| self.explain(error.into()))?;
        let open = |(name, stored): (String, Option<_>)| {
            let key = stored.map(|stored| self.wrapping.unwrap(kind, &name, &stored)).transpose();
            key.map(|key| (name, key)).map_err(VaultError::unavailable)
        };
        found.into_iter().map(open).collect()
    }

    pub(in crate::vault) async fn add(&mut self, kind: KeyKind, keys: &[NamedKey]) -> Result<(), VaultError> {
        let (mut names, mut bytes, mut wrapped_by) = (Vec::new(), Vec::new(), Vec::new());
        for (name, key) in keys {
            names.push(acceptable(name)?);
            let stored = key.as_ref().map(|key| self.wrapping.wrap(kind, name, key));
            let stored = stored.transpose().map_err(VaultError::unavailable)?;
            wrapped_by.push(stored.as_ref().and_then(|stored| stored.wrapped_by.clone()));
            bytes.push(stored.map(|stored| stored.bytes));
        }
        let sql = format!(
            "INSERT INTO {} (name, key, wrapped_by) SELECT * FROM unnest($1::text[], $2::bytea[], $3::text[])",
            tables::table(kind)
        );
        let added = sqlx::query(AssertSqlSafe(sql))
            .bind(names)
            .bind(bytes)
            .bind(wrapped_by)
            .execute(&mut self.connection)
            .await;
        added.map(drop).map_err(|error| self.explain(error.into()))
    }

    pub(in crate::vault) async fn commit(mut self) -> Result<(), VaultError> {
        self.run("COMMIT").await?;
        self.close().await;
        Ok(())
    }
}
