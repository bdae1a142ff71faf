//! The table of generations.

use async_trait::async_trait;
use sqlx::{SqliteConnection, SqliteExecutor};

use super::error::failed_at;
use super::schema::Recorded;
use super::{Sqlite, schema};
use crate::port::{Collection, Generation, GenerationState, Generations, KeyFields, StoreError};

#[async_trait]
impl Generations for Sqlite {
    async fn list(&self) -> Result<Vec<(Generation, GenerationState)>, StoreError> {
        list(&self.readers).await
    }

    async fn live(&self, collection: &Collection) -> Result<Generation, StoreError> {
        if let Some(live) = live(&self.readers, collection).await? {
            return Ok(live);
        }
        if self.writer.read_only {
            return Ok(generation(collection, 0));
        }
        let mut transaction = self.writer.begin(&self.changes).await?;
        // Another first caller may have been quicker.
        if let Some(live) = live(transaction.connection(), collection).await? {
            transaction.commit().await?;
            return Ok(live);
        }
        let live = create(transaction.connection(), collection, GenerationState::Live).await?;
        transaction.commit().await?;
        Ok(live)
    }

    async fn create(&self, collection: &Collection) -> Result<Generation, StoreError> {
        let mut transaction = self.writer.begin(&self.changes).await?;
        let building = create(transaction.connection(), collection, GenerationState::Building).await?;
        transaction.commit().await?;
        Ok(building)
    }

    async fn switch(&self, to: &Generation) -> Result<(), StoreError> {
        let mut transaction = self.writer.begin(&self.changes).await?;
        switch(transaction.connection(), to).await?;
        transaction.commit().await?;
        self.changes.notify(&to.collection);
        Ok(())
    }

    async fn drop_generation(&self, generation: &Generation) -> Result<(), StoreError> {
        let mut transaction = self.writer.begin(&self.changes).await?;
        drop(transaction.connection(), generation).await?;
        transaction.commit().await
    }
}

/// All that are not dropped.
pub(super) async fn list(
    on: impl SqliteExecutor<'_>,
) -> Result<Vec<(Generation, GenerationState)>, StoreError> {
    let rows: Vec<(String, u32, u32, String)> = sqlx::query_as(
        "SELECT collection, shape, number, state FROM generations WHERE state <> 'dropped' \
         ORDER BY collection, shape, number",
    )
    .fetch_all(on)
    .await
    .map_err(failed_at("listing generations"))?;
    rows.into_iter()
        .map(|(collection, shape, number, state)| {
            let state = match state.as_str() {
                "building" => GenerationState::Building,
                "live" => GenerationState::Live,
                "retired" => GenerationState::Retired,
                other => {
                    let message = format!("a generation has the unknown state {other}");
                    return Err(StoreError::Unavailable(message, None));
                }
            };
            Ok((Generation { collection, shape, number }, state))
        })
        .collect()
}

/// The live one, if there is one.
async fn live(
    on: impl SqliteExecutor<'_>,
    collection: &Collection,
) -> Result<Option<Generation>, StoreError> {
    let number: Option<u32> = sqlx::query_scalar(
        "SELECT number FROM generations WHERE collection = ? AND shape = ? AND state = 'live'",
    )
    .bind(collection.name)
    .bind(collection.shape)
    .fetch_optional(on)
    .await
    .map_err(failed_at("reading the live generation"))?;
    Ok(number.map(|number| generation(collection, number)))
}

/// Creates the next one. Dropped ones keep their row, so that no number is used twice and a late writer to a dropped
/// generation cannot reach another.
async fn create(
    connection: &mut SqliteConnection,
    collection: &Collection,
    state: GenerationState,
) -> Result<Generation, StoreError> {
    // A newer program may have built indexes that this one does not know: their keys are extracted here, too.
    let newest: Option<String> = sqlx::query_scalar(
        "SELECT keys FROM generations WHERE collection = ? AND shape = ? ORDER BY number DESC LIMIT 1",
    )
    .bind(collection.name)
    .bind(collection.shape)
    .fetch_optional(&mut *connection)
    .await
    .map_err(failed_at("reading the keys of a generation"))?;
    let inherited =
        newest.map(Recorded::parse).transpose()?.map_or_else(KeyFields::default, |one| one.fields);
    let number: u32 = sqlx::query_scalar(
        "INSERT INTO generations (collection, shape, number, state) \
         SELECT ?1, ?2, coalesce(max(number), 0) + 1, ?3 FROM generations WHERE collection = ?1 AND shape = ?2 \
         RETURNING number",
    )
    .bind(collection.name)
    .bind(collection.shape)
    .bind(name(state))
    .fetch_one(&mut *connection)
    .await
    .map_err(failed_at("creating a generation"))?;
    let generation = generation(collection, number);
    schema::create(connection, collection, &generation, inherited).await?;
    Ok(generation)
}

/// Retires the live one and makes `to` live.
async fn switch(connection: &mut SqliteConnection, to: &Generation) -> Result<(), StoreError> {
    expect(connection, to).await?;
    sqlx::query(
        "UPDATE generations SET state = 'retired' WHERE collection = ? AND shape = ? AND state = 'live'",
    )
    .bind(&to.collection)
    .bind(to.shape)
    .execute(&mut *connection)
    .await
    .map_err(failed_at("retiring a generation"))?;
    set(connection, to, name(GenerationState::Live)).await
}

/// Drops one that is not live.
async fn drop(connection: &mut SqliteConnection, generation: &Generation) -> Result<(), StoreError> {
    if expect(connection, generation).await? == name(GenerationState::Live) {
        return Err(StoreError::Live(generation.clone()));
    }
    remove(connection, generation).await
}

/// Removes one in any state.
pub(super) async fn remove(
    connection: &mut SqliteConnection,
    generation: &Generation,
) -> Result<(), StoreError> {
    schema::drop(connection, generation).await?;
    sqlx::query("DELETE FROM positions WHERE collection = ? AND shape = ? AND number = ?")
        .bind(&generation.collection)
        .bind(generation.shape)
        .bind(generation.number)
        .execute(&mut *connection)
        .await
        .map_err(failed_at("dropping positions"))?;
    set(connection, generation, "dropped").await
}

/// Whether the generation exists.
pub(super) async fn exists(on: impl SqliteExecutor<'_>, generation: &Generation) -> Result<bool, StoreError> {
    Ok(state(on, generation).await?.is_some())
}

/// The key fields that the generation's documents have, or [`StoreError::NoGeneration`].
pub(super) async fn recorded(
    on: impl SqliteExecutor<'_>,
    generation: &Generation,
) -> Result<Recorded, StoreError> {
    let keys: Option<String> = sqlx::query_scalar(
        "SELECT keys FROM generations WHERE collection = ? AND shape = ? AND number = ? AND state <> 'dropped'",
    )
    .bind(&generation.collection)
    .bind(generation.shape)
    .bind(generation.number)
    .fetch_optional(on)
    .await
    .map_err(failed_at("reading the keys of a generation"))?;
    Recorded::parse(keys.ok_or_else(|| StoreError::NoGeneration(generation.clone()))?)
}

/// Its state, or [`StoreError::NoGeneration`].
async fn expect(connection: &mut SqliteConnection, generation: &Generation) -> Result<String, StoreError> {
    state(connection, generation).await?.ok_or_else(|| StoreError::NoGeneration(generation.clone()))
}

async fn state(on: impl SqliteExecutor<'_>, generation: &Generation) -> Result<Option<String>, StoreError> {
    sqlx::query_scalar(
        "SELECT state FROM generations WHERE collection = ? AND shape = ? AND number = ? AND state <> 'dropped'",
    )
    .bind(&generation.collection)
    .bind(generation.shape)
    .bind(generation.number)
    .fetch_optional(on)
    .await
    .map_err(failed_at("reading the state of a generation"))
}

async fn set(
    connection: &mut SqliteConnection,
    generation: &Generation,
    state: &str,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE generations SET state = ? WHERE collection = ? AND shape = ? AND number = ?")
        .bind(state)
        .bind(&generation.collection)
        .bind(generation.shape)
        .bind(generation.number)
        .execute(connection)
        .await
        .map_err(failed_at("changing the state of a generation"))?;
    Ok(())
}

fn name(state: GenerationState) -> &'static str {
    match state {
        GenerationState::Building => "building",
        GenerationState::Live => "live",
        GenerationState::Retired => "retired",
    }
}

fn generation(collection: &Collection, number: u32) -> Generation {
    Generation { collection: collection.name.to_owned(), shape: collection.shape, number }
}
