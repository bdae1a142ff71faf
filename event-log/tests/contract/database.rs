//! The PostgreSQL backend under test: a database that is dropped at the end.

use std::sync::Arc;

use async_trait::async_trait;
use event_log::contract::LogUnderTest;
use event_log::port::{Log, LogError};
use platform::postgres::scratch::Scratch;
use schemas::Context;

/// A database on the server that `CHORALE_TEST_POSTGRES` names.
pub struct Database(Scratch);

impl Database {
    pub async fn new() -> Self {
        let database = Scratch::new().await.unwrap();
        event_log::migrate(database.url(), Context::Ordering).await.unwrap();
        Self(database)
    }

    pub fn url(&self) -> &str {
        self.0.url()
    }
}

#[async_trait]
impl LogUnderTest for Database {
    async fn open(&self) -> Result<Arc<dyn Log>, LogError> {
        event_log::connect(self.url(), Context::Ordering).await
    }

    async fn raw(&self, statement: &str) -> Result<(), String> {
        self.0.run_in("ordering", statement).await.map_err(|error| error.to_string())
    }

    async fn cut(&self) {
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
        self.raw(cut).await.unwrap();
    }
}
