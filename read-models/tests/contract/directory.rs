//! Locations for SQLite stores.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use platform::contract::Broken;
use read_models::Store;
use read_models::contract::{COLLECTIONS, KeyedLocation, KeyedStore, Location};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;

/// A directory that is deleted with its last user. Each restore goes on in a new file, so that nothing has to wait for the
/// old one to be closed.
pub struct Directory {
    directory: TempDir,
    restores: AtomicUsize,
}

impl Directory {
    pub fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap(), restores: AtomicUsize::new(0) }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn current(&self) -> PathBuf {
        self.file(&format!("{}.sqlite", self.restores.load(Ordering::SeqCst)))
    }
}

#[async_trait]
impl KeyedLocation for Directory {
    async fn open_keyed(&self) -> Result<KeyedStore, Broken> {
        Ok(self.open().await?.into())
    }

    async fn copy(&self) -> Result<(), Broken> {
        let options = SqliteConnectOptions::new().filename(self.current());
        let mut connection = options.connect().await.unwrap();
        let copy = self.file("copy.sqlite").display().to_string();
        sqlx::query("VACUUM INTO ?").bind(copy).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        Ok(())
    }

    async fn restore(&self) -> Result<(), Broken> {
        self.restores.fetch_add(1, Ordering::SeqCst);
        std::fs::copy(self.file("copy.sqlite"), self.current()).unwrap();
        Ok(())
    }
}

#[async_trait]
impl Location for Directory {
    async fn open(&self) -> Result<Store, Broken> {
        let url = format!("sqlite://{}", self.current().display());
        Ok(read_models::connect(&url, COLLECTIONS).await?)
    }
}
