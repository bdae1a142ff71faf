//! The table of generations.

use sqlx::{SqliteConnection, SqliteExecutor};

use super::error::failed_at;
use super::schema;
use crate::port::{Collection, Generation, GenerationState, StoreError};

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
                    return Err(StoreError::Unavailable(format!("a generation is said to be {other}"), None));
                }
            };
            Ok((Generation { collection, shape, number }, state))
        })
        .collect()
}

/// The live one, if there is one yet.
pub(super) async fn live(
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
    .map_err(failed_at("looking for the live generation"))?;
    Ok(number.map(|number| generation(collection, number)))
}

/// Creates the next one. The dropped ones keep their row, so that no number comes twice and a late writer to a dropped
/// generation cannot meet another.
pub(super) async fn create(
    connection: &mut SqliteConnection,
    collection: &Collection,
    state: GenerationState,
) -> Result<Generation, StoreError> {
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
    schema::create(connection, collection, &generation).await?;
    Ok(generation)
}

/// Retires the live one and makes `to` live.
pub(super) async fn switch(connection: &mut SqliteConnection, to: &Generation) -> Result<(), StoreError> {
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
pub(super) async fn drop(
    connection: &mut SqliteConnection,
    generation: &Generation,
) -> Result<(), StoreError> {
    if expect(connection, generation).await? == name(GenerationState::Live) {
        return Err(StoreError::Live(generation.clone()));
    }
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

/// Whether the generation is there.
pub(super) async fn exists(on: impl SqliteExecutor<'_>, generation: &Generation) -> Result<bool, StoreError> {
    Ok(state(on, generation).await?.is_some())
}

/// Its state, or [`StoreError::NoGeneration`].
pub(super) async fn expect(
    connection: &mut SqliteConnection,
    generation: &Generation,
) -> Result<String, StoreError> {
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
    .map_err(failed_at("looking for a generation"))
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
        .map_err(failed_at("changing a generation's state"))?;
    Ok(())
}

fn name(state: GenerationState) -> &'static str {
    match state {
        GenerationState::Building => "building",
        GenerationState::Live => "live",
        GenerationState::Retired => "retired",
    }
}

/// The one with this number.
pub(super) fn generation(collection: &Collection, number: u32) -> Generation {
    Generation { collection: collection.name.to_owned(), shape: collection.shape, number }
}
