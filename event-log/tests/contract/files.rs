//! The SQLite backend under test: a file in a folder.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use event_log::contract::LogUnderTest;
use event_log::port::{Log, LogError};
use schemas::Context;
use sqlx::{Connection, SqliteConnection};

pub struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("log.db")
    }
}

#[async_trait]
impl LogUnderTest for Files {
    async fn open(&self) -> Result<Arc<dyn Log>, LogError> {
        event_log::connect(&format!("sqlite://{}", self.path().display()), Context::Ordering).await
    }

    async fn raw(&self, statement: &str) -> Result<(), String> {
        let mut connection = SqliteConnection::connect(&self.path().display().to_string()).await.unwrap();
        let statement = sqlx::raw_sql(sqlx::AssertSqlSafe(statement));
        statement.execute(&mut connection).await.map(drop).map_err(|error| error.to_string())
    }
}
