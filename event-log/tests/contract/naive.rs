//! How a log is often kept in PostgreSQL: positions come from a sequence, and nobody waits for anybody.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use event_log::contract::LogUnderTest;
use event_log::port::{
    Batch, Committed, Desk, DueDeadline, EventLog, Facts, Head, Log, LogError, ParkedRecord, Read,
    StoredEvent, Wanted,
};
use schemas::{Context, Timestamp};
use sqlx::{Connection, PgConnection};

use crate::databases::Databases;

#[derive(Default)]
pub struct Naive {
    databases: Databases,
}

#[async_trait]
impl LogUnderTest for Naive {
    async fn open(&self, name: &str) -> Result<Arc<dyn Log>, LogError> {
        let inner = self.databases.open(name).await?;
        self.raw(name, "CREATE SEQUENCE IF NOT EXISTS next_position").await.unwrap();
        Ok(Arc::new(NaiveLog { inner, url: self.databases.url(name).await }))
    }

    async fn raw(&self, name: &str, statement: &str) -> Result<(), String> {
        self.databases.raw(name, statement).await
    }
}

struct NaiveLog {
    inner: Arc<dyn Log>,
    url: String,
}

impl NaiveLog {
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
impl EventLog for NaiveLog {
    fn context(&self) -> Context {
        self.inner.context()
    }

    async fn head(&self) -> Result<Head, LogError> {
        self.inner.head().await
    }

    async fn read(&self, what: Read<'_>, limit: usize) -> Result<Vec<StoredEvent>, LogError> {
        self.inner.read(what, limit).await
    }

    async fn facts(&self, wanted: &Wanted) -> Result<(Head, Facts), LogError> {
        self.inner.facts(wanted).await
    }

    async fn commit(&self, _base: &Head, batch: &Batch) -> Result<Committed, LogError> {
        let appended = self.append(batch).await;
        let head = self.inner.head().await?;
        Ok(if appended.is_ok() { Committed::Done(head) } else { Committed::Moved(head) })
    }

    async fn grown(&self, position: u64, patience: Duration) {
        self.inner.grown(position, patience).await;
    }
}

#[async_trait]
impl Desk for NaiveLog {
    async fn due(&self, until: Timestamp, limit: usize) -> Result<Vec<DueDeadline>, LogError> {
        self.inner.due(until, limit).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, LogError> {
        self.inner.next_due().await
    }

    async fn group(&self, group: &str) -> Result<(BTreeMap<String, u64>, u32), LogError> {
        self.inner.group(group).await
    }

    async fn parked(&self, reactor: Option<&str>, limit: usize) -> Result<Vec<ParkedRecord>, LogError> {
        self.inner.parked(reactor, limit).await
    }

    async fn counts(&self) -> Result<BTreeMap<String, (u64, u64)>, LogError> {
        self.inner.counts().await
    }

    async fn prune_ledger(&self, older_than: Timestamp) -> Result<u64, LogError> {
        self.inner.prune_ledger(older_than).await
    }

    async fn lease(&self, name: &str, holder: &str, ttl: Duration) -> Result<bool, LogError> {
        self.inner.lease(name, holder, ttl).await
    }

    async fn release(&self, name: &str, holder: &str) -> Result<(), LogError> {
        self.inner.release(name, holder).await
    }

    async fn about(&self) -> Result<BTreeMap<String, String>, LogError> {
        self.inner.about().await
    }

    async fn set_about(&self, key: &str, value: &str) -> Result<bool, LogError> {
        self.inner.set_about(key, value).await
    }
}
