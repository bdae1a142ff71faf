//! Correcting documents.

use async_trait::async_trait;
use platform::bus::Positions;
use sqlx::AssertSqlSafe;

use super::error::failed_at;
use super::upsert::{self, Guard};
use super::{Sqlite, generations, schema};
use crate::backend::whole;
use crate::port::{Generation, KeyFields, Repairs, StoreError, Write};

#[async_trait]
impl Repairs for Sqlite {
    async fn replace(&self, generation: &Generation, write: &Write, seen: u64) -> Result<bool, StoreError> {
        let guard = Guard::NotAfter(whole(seen)?);
        let writes = std::slice::from_ref(write);
        Ok(self.write_guarded(generation, writes, &Positions::new(), guard).await? == 1)
    }

    async fn remove(&self, generation: &Generation, id: &str, seen: u64) -> Result<bool, StoreError> {
        let seen = whole(seen)?;
        let mut transaction = self.writer.begin(&self.changes).await?;
        let connection = transaction.connection();
        let fields = KeyFields::clone(&generations::recorded(&mut *connection, generation).await?.fields);
        let (table, none) = (schema::table(generation), fields.none());
        let deletion = format!("DELETE FROM {table} WHERE id = ? AND version <= ? RETURNING row");
        let removed: Option<i64> = sqlx::query_scalar(AssertSqlSafe(deletion))
            .bind(id)
            .bind(seen)
            .fetch_optional(&mut *connection)
            .await
            .map_err(failed_at("removing a document"))?;
        if let Some(row) = removed {
            upsert::lists(connection, generation, &fields, &[(row, &none)]).await?;
        }
        transaction.commit().await?;
        self.changes.notify(&generation.collection);
        Ok(removed.is_some())
    }
}
