use std::sync::Arc;

use futures_util::future::join_all;
use tempfile::TempDir;

use super::*;
use crate::config::Secret;
use crate::postgres::Address;
use crate::postgres::scratch::Scratch;
use crate::sealing::{Opened, Sealer};
use crate::vault::postgres::{PostgresVault, Wrapping};
use crate::vault::{Vault, connect};

const WRAPPING: &str = "0303030303030303030303030303030303030303030303030303030303030303";

struct Move {
    folder: TempDir,
    database: Scratch,
}

impl Move {
    async fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), database: Scratch::new().await.unwrap() }
    }

    fn file(&self) -> String {
        format!("sqlite://{}", self.folder.path().join("vault").display())
    }

    async fn old(&self) -> Arc<dyn Vault> {
        connect(&self.file()).await.unwrap()
    }

    /// Moves the vault and checks the copy.
    async fn transfer(&self) -> Result<Moved, TransferError> {
        let mut transfer = Transfer::lock(&self.file()).await?;
        transfer.copy(self.database.url(), &mut |_| {}).await?;
        transfer.check(self.database.url()).await
    }

    async fn new_vault(&self) -> Arc<dyn Vault> {
        connect(self.database.url()).await.unwrap()
    }

    /// The number of keys of subjects, and the number of rows.
    async fn rows(&self) -> (i64, i64) {
        let address = Address::parse(self.database.url(), &[]).unwrap();
        let mut connection =
            address.connect(&address.options("chorale-test", &crate::vault::postgres::LIMITS)).await.unwrap();
        let count = "SELECT count(key), count(*) FROM vault.subject_keys";
        sqlx::query_as(count).fetch_one(&mut connection).await.unwrap()
    }
}

async fn make(vault: &Arc<dyn Vault>, subjects: std::ops::Range<u32>) {
    let made =
        join_all(subjects.map(|number| async move { vault.key_for(&format!("order-{number:05}")).await }));
    assert!(made.await.iter().all(Result::is_ok));
}

#[tokio::test]
async fn sealed_data_opens_and_erased_keys_stay_erased_with_and_without_wrapped_keys() {
    for wrapping in [None, Some(WRAPPING)] {
        let moving = Move::new().await;
        let old = moving.old().await;
        make(&old, 0..1_203).await;
        let sealer = Sealer::new(Arc::clone(&old));
        let sealed = sealer.seal("customer-1", "email", "me@example.com").await.unwrap();
        let gone = sealer.seal("customer-2", "email", "you@example.com").await.unwrap();
        old.erase("customer-2").await.unwrap();
        old.erase("customer-3").await.unwrap();
        let token = old.system_key("token").await.unwrap();

        let mut transfer = Transfer::lock(&moving.file()).await.unwrap();
        assert_eq!(transfer.rows().await.unwrap(), 1_207);
        let address = Address::parse(moving.database.url(), &[]).unwrap();
        let expected = Moved { subjects: 1_204, erased: 2, system: 1 };
        let new: Arc<dyn Vault> = match wrapping {
            None => {
                transfer.copy(moving.database.url(), &mut |_| {}).await.unwrap();
                assert_eq!(transfer.check(moving.database.url()).await.unwrap(), expected);
                moving.new_vault().await
            }
            Some(key) => {
                let wrapping = Wrapping::from_text(&Secret::from(key.to_owned())).unwrap();
                super::super::postgres::migrate(moving.database.url()).await.unwrap();
                let target = async || TransferTarget::with(address.clone(), wrapping.clone()).await.unwrap();
                transfer.copy_into(target().await, &mut |_| {}).await.unwrap();
                assert_eq!(transfer.compare(target().await).await.unwrap(), expected);
                assert!(connect(moving.database.url()).await.is_err(), "the keys are wrapped");
                Arc::new(PostgresVault::open_with(address, wrapping).await.unwrap())
            }
        };
        let sealer = Sealer::new(Arc::clone(&new));
        assert_eq!(sealer.open(&sealed, "email").await.unwrap(), Opened::Value("me@example.com".to_owned()));
        assert_eq!(sealer.open::<String>(&gone, "email").await.unwrap(), Opened::Erased);
        for erased in ["customer-2", "customer-3"] {
            assert!(matches!(new.key_for(erased).await, Err(VaultError::Erased { .. })));
        }
        assert_eq!(new.system_key("token").await.unwrap().as_bytes(), token.as_bytes());
    }
}

#[tokio::test]
async fn no_key_is_created_or_erased_in_the_file_during_a_move() {
    let moving = Move::new().await;
    let old = moving.old().await;
    make(&old, 0..3).await;
    let transfer = Transfer::lock(&moving.file()).await.unwrap();
    let mut erasing = std::pin::pin!(old.erase("order-00001"));
    let soon = std::time::Duration::from_millis(100);
    assert!(tokio::time::timeout(soon, &mut erasing).await.is_err());
    drop(transfer);
    assert!(erasing.await.unwrap());
}

#[tokio::test]
async fn a_repeated_move_copies_later_changes() {
    let moving = Move::new().await;
    let old = moving.old().await;
    make(&old, 0..700).await;
    moving.transfer().await.unwrap();
    old.erase("order-00007").await.unwrap();
    make(&old, 700..800).await;
    assert_eq!(moving.transfer().await.unwrap(), Moved { subjects: 799, erased: 1, system: 0 });
    let there = moving.new_vault().await;
    assert!(matches!(there.existing(&["order-00007", "order-00750"]).await.unwrap()[..], [None, Some(_)]));
}

#[tokio::test]
async fn a_move_that_would_lose_keys_of_the_target_is_refused() {
    for (erased_there, made_there) in [(true, false), (false, true)] {
        let moving = Move::new().await;
        make(&moving.old().await, 0..3).await;
        moving.transfer().await.unwrap();
        let there = moving.new_vault().await;
        if erased_there {
            there.erase("order-00001").await.unwrap();
        }
        if made_there {
            there.key_for("order-00009").await.unwrap();
        }
        let before = moving.rows().await;
        let refused = moving.transfer().await.unwrap_err();
        assert!(matches!(refused, TransferError::NotEmpty { .. }), "{refused}");
        assert_eq!(moving.rows().await, before);
    }
}

#[tokio::test]
async fn an_abandoned_move_leaves_nothing_and_the_next_attempt_works() {
    let moving = Move::new().await;
    make(&moving.old().await, 0..1_500).await;
    let mut transfer = Transfer::lock(&moving.file()).await.unwrap();
    let (reported, mut half_way) = tokio::sync::watch::channel(0);
    let mut progress = |rows| reported.send_modify(|so_far| *so_far = rows);
    tokio::select! {
        biased;
        reached = half_way.wait_for(|rows| (1..1_500).contains(rows)) => drop(reached.unwrap()),
        done = transfer.copy(moving.database.url(), &mut progress) => panic!("it was faster: {done:?}"),
    }
    drop(transfer);
    assert_eq!(moving.transfer().await.unwrap().subjects, 1_500);
    assert_eq!(moving.rows().await, (1_500, 1_500));
}

#[tokio::test]
async fn a_change_of_the_copy_is_found() {
    let moving = Move::new().await;
    make(&moving.old().await, 0..3).await;
    moving.transfer().await.unwrap();
    let address = Address::parse(moving.database.url(), &[]).unwrap();
    let options = address.options("chorale-test", &crate::vault::postgres::LIMITS);
    let mut connection = address.connect(&options).await.unwrap();
    let tamper =
        "UPDATE vault.subject_keys SET key = decode(repeat('00', 32), 'hex') WHERE name = 'order-00001'";
    sqlx::raw_sql(tamper).execute(&mut connection).await.unwrap();
    let mut transfer = Transfer::lock(&moving.file()).await.unwrap();
    let found = transfer.check(moving.database.url()).await.unwrap_err();
    assert!(matches!(&found, TransferError::Differs { name, .. } if name == "order-00001"), "{found}");
}

#[tokio::test]
async fn a_missing_file_is_not_created() {
    let moving = Move::new().await;
    assert!(matches!(Transfer::lock(&moving.file()).await, Err(TransferError::NoFile)));
    assert!(matches!(Transfer::lock("postgres://host/db").await, Err(TransferError::NoFile)));
    assert!(!moving.folder.path().join("vault").exists());
}
