//! The PostgreSQL backend under test: one database per log, dropped at the end.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use event_log::contract::LogUnderTest;
use event_log::port::{Log, LogError};
use platform::postgres::scratch::Scratch;
use schemas::Context;
use tokio::sync::Mutex;

/// Databases on the server that `CHORALE_TEST_POSTGRES` names.
#[derive(Default)]
pub struct Databases {
    /// By name of the log.
    created: Mutex<BTreeMap<String, Scratch>>,
}

impl Databases {
    pub fn new() -> Self {
        Self::default()
    }

    pub async fn url(&self, name: &str) -> String {
        let mut created = self.created.lock().await;
        if !created.contains_key(name) {
            let database = Scratch::new().await.unwrap();
            event_log::migrate(database.url(), Context::Ordering).await.unwrap();
            created.insert(name.to_owned(), database);
        }
        created[name].url().to_owned()
    }
}

#[async_trait]
impl LogUnderTest for Databases {
    async fn open(&self, name: &str) -> Result<Arc<dyn Log>, LogError> {
        event_log::connect(&self.url(name).await, Context::Ordering).await
    }

    async fn raw(&self, name: &str, statement: &str) -> Result<(), String> {
        self.url(name).await;
        self.created.lock().await[name].run_in("ordering", statement).await.map_err(|error| error.to_string())
    }

    async fn cut(&self, name: &str) {
        self.url(name).await;
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
        self.created.lock().await[name].run_in("ordering", cut).await.unwrap();
    }
}
