use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::join_all;
use sqlx::{ConnectOptions, Executor};
use tempfile::TempDir;

use super::*;
use crate::vault::contract::VaultUnderTest;

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self) -> std::path::PathBuf {
        self.0.path().join("keys.db")
    }

    /// For each key, how often its bytes occur in the files of the vault.
    fn copies(&self, keys: &[Key]) -> Vec<usize> {
        let files = std::fs::read_dir(self.0.path()).unwrap();
        let contents: Vec<Vec<u8>> = files.map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect();
        let mut copies: HashMap<&[u8], usize> = keys.iter().map(|key| (&key.as_bytes()[..], 0)).collect();
        for bytes in contents.iter().flat_map(|content| content.windows(32)) {
            copies.entry(bytes).and_modify(|count| *count += 1);
        }
        keys.iter().map(|key| copies[&key.as_bytes()[..]]).collect()
    }
}

#[async_trait]
impl VaultUnderTest for Folder {
    async fn open(&self) -> Result<Arc<dyn Vault>, VaultError> {
        Ok(Arc::new(SqliteVault::open(&self.file()).await?))
    }
}

mod keeps_the_promise {
    crate::vault::contract::vault_suite!(super::Folder::new());
}

#[tokio::test]
async fn an_erased_key_is_in_no_file_even_where_pages_were_full() {
    let folder = Folder::new();
    let vault = SqliteVault::open(&folder.file()).await.unwrap();
    // Subjects in random order, so that the index is rearranged often, and enough to fill many pages.
    let subjects: Vec<String> =
        (0_u32..2_000).map(|n| format!("{:08x}", n.wrapping_mul(0x9e37_79b9))).collect();
    let keys = join_all(subjects.iter().map(|subject| vault.key_for(subject))).await;
    let keys: Vec<Key> = keys.into_iter().map(Result::unwrap).collect();
    assert!(folder.copies(&keys).iter().all(|copies| *copies > 0), "the search finds keys that are there");

    for subject in subjects.iter().step_by(10) {
        assert!(vault.erase(subject).await.unwrap());
    }
    for (number, copies) in folder.copies(&keys).into_iter().enumerate() {
        assert_eq!(
            copies,
            usize::from(number % 10 != 0),
            "an erased key occurs nowhere, the others once: {number}"
        );
    }
}

#[tokio::test]
async fn an_erasure_reports_that_a_reader_prevents_wiping_and_can_be_repeated() {
    let folder = Folder::new();
    let vault = SqliteVault::open_patiently(&folder.file(), Duration::from_millis(50)).await.unwrap();
    let key = vault.key_for("customer-1").await.unwrap();
    let mut reader = options(&folder.file(), PATIENCE).connect().await.unwrap();
    reader.execute("BEGIN; SELECT * FROM subject_keys").await.unwrap();

    let refused = vault.erase("customer-1").await;
    assert!(matches!(refused, Err(VaultError::Lingering { .. })), "{refused:?}");
    assert!(matches!(vault.key_for("customer-1").await, Err(VaultError::Erased { .. })));

    reader.execute("COMMIT").await.unwrap();
    assert!(!vault.erase("customer-1").await.unwrap());
    assert_eq!(folder.copies(&[key]), [0]);
}

#[tokio::test]
async fn creators_at_once_share_their_syncs() {
    let folder = Folder::new();
    let vault = SqliteVault::open(&folder.file()).await.unwrap();
    let mut watcher = options(&folder.file(), PATIENCE).connect().await.unwrap();
    let started = Instant::now();
    let subjects: Vec<String> = (0..BATCH).map(|number| format!("order-{number}")).collect();
    let keys = join_all(subjects.iter().map(|subject| vault.key_for(subject))).await;
    assert!(keys.iter().all(Result::is_ok));
    println!("{BATCH} keys in {:?}", started.elapsed());

    // Each commit appends at least one page of 4 KiB to the write-ahead log: a commit per key would be 2 MiB
    // and more.
    let pages: i64 = sqlx::query("PRAGMA wal_checkpoint").fetch_one(&mut watcher).await.unwrap().get(1);
    assert!(pages < 200, "{pages} pages written");
}

#[tokio::test]
async fn a_key_is_in_the_file_for_other_processes_when_it_is_returned() {
    let folder = Folder::new();
    let vault = SqliteVault::open(&folder.file()).await.unwrap();
    let key = vault.key_for("customer-1").await.unwrap();
    let mut other = options(&folder.file(), PATIENCE).connect().await.unwrap();
    let stored: Vec<u8> =
        sqlx::query("SELECT key FROM subject_keys").fetch_one(&mut other).await.unwrap().get(0);
    assert_eq!(stored, key.as_bytes());
    let settings: i64 = sqlx::query("PRAGMA secure_delete").fetch_one(&mut other).await.unwrap().get(0);
    assert_eq!(settings, 1);
    let mode = std::fs::metadata(folder.file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "only the owner may read it");
}

#[tokio::test]
async fn several_processes_can_open_a_new_vault_at_once() {
    for _ in 0..10 {
        let folder = Folder::new();
        let file = folder.file();
        let vaults = join_all((0..8).map(|_| SqliteVault::open(&file))).await;
        let keys = join_all(vaults.iter().map(|vault| vault.as_ref().unwrap().key_for("customer-1"))).await;
        let keys: Vec<Key> = keys.into_iter().map(Result::unwrap).collect();
        assert!(keys.iter().all(|key| key.as_bytes() == keys[0].as_bytes()), "one key for all");
    }
}

#[tokio::test]
async fn a_file_that_is_not_a_vault_is_refused() {
    let folder = Folder::new();
    std::fs::write(folder.file(), "not a database, but long enough to be taken for one: ".repeat(100))
        .unwrap();
    let refused = SqliteVault::open(&folder.file()).await.err();
    assert!(matches!(refused, Some(VaultError::Unavailable(_))), "{refused:?}");
}
