//! Changes the key that wraps the keys.

use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use super::tables::{self, Failure, SCHEMA};
use super::wrapping::{Stored, Wrapping, WrappingError};
use super::{LIMITS, VaultError, parse, wrapping_of};
use crate::postgres::Address;
use crate::vault::KeyKind;

/// Keys that one statement wraps again.
const PAGE: i64 = 500;

/// The result of [`rewrap`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrapped {
    /// The number of keys that were wrapped again.
    pub keys: u64,
    /// Ids of the wrapping keys that are no longer used, and can never be used again. Destroy these keys.
    pub retired: Vec<String>,
}

/// Wraps all keys of the vault at `address` with the first key of [`VARIABLE`](super::VARIABLE), including
/// keys that were not wrapped, and retires all other wrapping keys. The vault may be in use by processes that
/// all have that key first. If one has not, this fails with [`WrappingError::StillInUse`], or that process
/// can no longer add keys. Can be repeated after any failure.
///
/// To change the wrapping key: start all processes with `OLD,NEW`, then all with `NEW,OLD`, then rewrap, then
/// start all with `NEW` and destroy `OLD`.
pub async fn rewrap(address: &str) -> Result<Rewrapped, VaultError> {
    let address = parse(address)?;
    let wrapping = wrapping_of(&address).map_err(VaultError::unavailable)?;
    rewrap_with(&address, &wrapping).await
}

pub(super) async fn rewrap_with(address: &Address, wrapping: &Wrapping) -> Result<Rewrapped, VaultError> {
    let mut connection =
        address.connect(&address.options("chorale-vault", &LIMITS)).await.map_err(VaultError::unavailable)?;
    SCHEMA.require(address, &mut connection).await.map_err(VaultError::unavailable)?;
    let rewrapped = rewrap_all(&mut connection, wrapping).await;
    address.close(connection).await;
    rewrapped.map_err(|failure| match failure {
        Failure::Sql(error) if tables::is_unknown_wrapping(&error) => {
            VaultError::unavailable(WrappingError::StillInUse)
        }
        Failure::Sql(error) => VaultError::unavailable(address.explain(error)),
        Failure::Wrapping(error) => VaultError::unavailable(error),
        Failure::Standby => VaultError::unavailable(std::io::Error::other("this is a standby")),
    })
}

async fn rewrap_all(connection: &mut PgConnection, wrapping: &Wrapping) -> Result<Rewrapped, Failure> {
    let Some(id) = wrapping.id() else { return Err(WrappingError::NotAsked.into()) };
    tables::check(connection, wrapping).await?;
    tables::register(connection, wrapping).await?;
    let mut keys = 0;
    for kind in [KeyKind::Subject, KeyKind::System] {
        let mut after: Option<String> = None;
        loop {
            let page = page(connection, kind, id, after.as_deref()).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            keys += replace(connection, kind, wrapping, &page).await?;
        }
    }
    Ok(Rewrapped { keys, retired: retire(connection, id).await? })
}

/// The next keys, by name, that are not wrapped with `id`.
async fn page(
    connection: &mut PgConnection,
    kind: KeyKind,
    id: &str,
    after: Option<&str>,
) -> Result<Vec<(String, Stored)>, Failure> {
    let sql = format!(
        "SELECT name, key, wrapped_by FROM {}
         WHERE key IS NOT NULL AND wrapped_by IS DISTINCT FROM $1 AND ($2::text IS NULL OR name > $2)
         ORDER BY name LIMIT $3",
        tables::table(kind)
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(id).bind(after).bind(PAGE).fetch_all(connection).await?;
    let stored = |row: &sqlx::postgres::PgRow| {
        Ok((row.try_get(0)?, Stored { bytes: row.try_get(1)?, wrapped_by: row.try_get(2)? }))
    };
    Ok(rows.iter().map(stored).collect::<Result<_, sqlx::Error>>()?)
}

async fn replace(
    connection: &mut PgConnection,
    kind: KeyKind,
    wrapping: &Wrapping,
    page: &[(String, Stored)],
) -> Result<u64, Failure> {
    let (mut names, mut old, mut new) = (Vec::new(), Vec::new(), Vec::new());
    for (name, stored) in page {
        let key = wrapping.unwrap(kind, name, stored)?;
        names.push(name.as_str());
        old.push(stored.bytes.as_slice());
        new.push(wrapping.wrap(kind, name, &key)?.bytes);
    }
    // A key that was erased in the meantime stays erased.
    let sql = format!(
        "UPDATE {} AS kept SET key = fresh.key, wrapped_by = $4
         FROM unnest($1::text[], $2::bytea[], $3::bytea[]) AS fresh (name, old, key)
         WHERE kept.name = fresh.name AND kept.key = fresh.old",
        tables::table(kind)
    );
    let done = sqlx::query(AssertSqlSafe(sql))
        .bind(names)
        .bind(old)
        .bind(new)
        .bind(wrapping.id())
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}

/// Retires all wrapping keys but `id`. Fails, and retires none, if a key was added in the meantime that is
/// not wrapped with `id`.
async fn retire(connection: &mut PgConnection, id: &str) -> Result<Vec<String>, Failure> {
    let mut transaction = connection.begin().await?;
    let others: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM vault.subject_keys WHERE key IS NOT NULL AND wrapped_by IS DISTINCT FROM $1)
             OR EXISTS (SELECT FROM vault.system_keys WHERE wrapped_by IS DISTINCT FROM $1)",
    )
    .bind(id)
    .fetch_one(&mut *transaction)
    .await?;
    if others {
        return Err(WrappingError::StillInUse.into());
    }
    let mut retired: Vec<String> =
        sqlx::query_scalar("DELETE FROM vault.wrapping_keys WHERE id <> $1 RETURNING id")
            .bind(id)
            .fetch_all(&mut *transaction)
            .await?;
    retired.sort_unstable();
    sqlx::query(
        "INSERT INTO vault.retired_wrapping_keys (id) SELECT unnest($1::text[]) ON CONFLICT (id) DO NOTHING",
    )
    .bind(&retired)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(retired)
}
