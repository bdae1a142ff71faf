//! Places for SQLite stores.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use read_models::Store;
use read_models::contract::{COLLECTIONS, Failure, Place};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;

/// A directory that is gone with its last user. Each time the data is put back it goes on in a new file, so that nobody
/// has to wait for the old one to be closed.
pub struct Directory {
    directory: TempDir,
    moment: AtomicUsize,
}

impl Directory {
    pub fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap(), moment: AtomicUsize::new(0) }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn current(&self) -> PathBuf {
        self.file(&format!("{}.sqlite", self.moment.load(Ordering::SeqCst)))
    }
}

#[async_trait]
impl Place for Directory {
    async fn open(&self) -> Result<Store, Failure> {
        let url = format!("sqlite://{}", self.current().display());
        Ok(read_models::connect(&url, COLLECTIONS).await?)
    }

    async fn copy(&self) -> Result<(), Failure> {
        let options = SqliteConnectOptions::new().filename(self.current());
        let mut connection = options.connect().await.unwrap();
        let copy = self.file("copy.sqlite").display().to_string();
        sqlx::query("VACUUM INTO ?").bind(copy).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        Ok(())
    }

    async fn restore(&self) -> Result<(), Failure> {
        self.moment.fetch_add(1, Ordering::SeqCst);
        std::fs::copy(self.file("copy.sqlite"), self.current()).unwrap();
        Ok(())
    }
}
