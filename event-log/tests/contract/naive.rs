//! A common way to keep a log in PostgreSQL: positions come from a sequence, and transactions do not wait for
//! each other.

use std::sync::Arc;

use async_trait::async_trait;
use event_log::contract::LogUnderTest;
use event_log::port::{Batch, Committed, EventAppender, Facts, Head, Log, LogError, LogParts, Wanted};
use sqlx::{Connection, PgConnection};

use crate::database::Database;

pub struct Naive {
    database: Database,
}

impl Naive {
    pub async fn new() -> Self {
        Self { database: Database::new().await }
    }
}

#[async_trait]
impl LogUnderTest for Naive {
    async fn open(&self) -> Result<Arc<dyn Log>, LogError> {
        let inner = self.database.open().await?;
        self.raw("CREATE SEQUENCE IF NOT EXISTS next_position").await.unwrap();
        let appender = NaiveAppender { inner: Arc::clone(&inner), url: self.database.url().to_owned() };
        Ok(Arc::new(LogParts { appender: Arc::new(appender), ..LogParts::of(&inner) }))
    }

    async fn raw(&self, statement: &str) -> Result<(), String> {
        self.database.raw(statement).await
    }
}

struct NaiveAppender {
    inner: Arc<dyn Log>,
    url: String,
}

impl NaiveAppender {
    async fn append(&self, batch: &Batch) -> Result<(), sqlx::Error> {
        let mut connection = PgConnection::connect(&self.url).await?;
        sqlx::raw_sql("SET search_path = ordering").execute(&mut connection).await?;
        let mut transaction = connection.begin().await?;
        for event in batch.writes.iter().flat_map(|write| &write.events) {
            let envelope = &event.envelope;
            sqlx::query(
                "INSERT INTO events SELECT nextval('next_position'), $1, $2, $3, $4, 1, $5, 0, $3, $3, NULL, $6",
            )
            .bind(envelope.stream.as_str())
            .bind(i64::try_from(envelope.version).unwrap())
            .bind(envelope.id.uuid())
            .bind(envelope.name.as_str())
            .bind(event.payload.as_ref())
            .bind([7_u8; 32])
            .execute(&mut *transaction)
            .await?;
            sqlx::raw_sql("SELECT pg_sleep(random() * 0.005)").execute(&mut *transaction).await?;
        }
        let head =
            "UPDATE head SET revision = revision + 1, position = (SELECT last_value FROM next_position)";
        sqlx::raw_sql(head).execute(&mut *transaction).await?;
        transaction.commit().await
    }
}

#[async_trait]
impl EventAppender for NaiveAppender {
    async fn facts(&self, wanted: &Wanted) -> Result<(Head, Facts), LogError> {
        self.inner.facts(wanted).await
    }

    async fn commit(&self, _base: &Head, batch: &Batch) -> Result<Committed, LogError> {
        let appended = self.append(batch).await;
        let head = self.inner.head().await?;
        Ok(if appended.is_ok() { Committed::Done(head) } else { Committed::Moved(head) })
    }
}
