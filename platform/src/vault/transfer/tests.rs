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
    there: Scratch,
}

impl Move {
    async fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), there: Scratch::new().await.unwrap() }
    }

    fn file(&self) -> String {
        format!("sqlite://{}", self.folder.path().join("vault").display())
    }

    async fn old(&self) -> Arc<dyn Vault> {
        connect(&self.file()).await.unwrap()
    }

    /// Moves, and checks it.
    async fn go(&self) -> Result<Moved, TransferError> {
        let mut transfer = Transfer::lock(&self.file()).await?;
        transfer.copy(self.there.url(), &mut |_| {}).await?;
        transfer.check(self.there.url()).await
    }

    async fn new_vault(&self) -> Arc<dyn Vault> {
        connect(self.there.url()).await.unwrap()
    }

    /// How many keys stand in the rows of subjects, and how many rows there are.
    async fn rows(&self) -> (i64, i64) {
        let address = Address::parse(self.there.url(), &[]).unwrap();
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
async fn what_was_sealed_opens_and_what_was_erased_stays_so_with_wrapped_keys_and_without() {
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
        let address = Address::parse(moving.there.url(), &[]).unwrap();
        let expected = Moved { subjects: 1_204, erased: 2, system: 1 };
        let new: Arc<dyn Vault> = match wrapping {
            None => {
                transfer.copy(moving.there.url(), &mut |_| {}).await.unwrap();
                assert_eq!(transfer.check(moving.there.url()).await.unwrap(), expected);
                moving.new_vault().await
            }
            Some(key) => {
                let wrapping = Wrapping::from_text(&Secret::from(key.to_owned())).unwrap();
                super::super::postgres::migrate(moving.there.url()).await.unwrap();
                let arrival = async || Arrival::with(address.clone(), wrapping.clone()).await.unwrap();
                transfer.copy_into(arrival().await, &mut |_| {}).await.unwrap();
                assert_eq!(transfer.compare(arrival().await).await.unwrap(), expected);
                assert!(connect(moving.there.url()).await.is_err(), "the keys are wrapped");
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
async fn while_it_moves_no_key_is_made_or_erased_in_the_file() {
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
async fn a_move_may_be_repeated_and_brings_what_has_changed_since() {
    let moving = Move::new().await;
    let old = moving.old().await;
    make(&old, 0..700).await;
    moving.go().await.unwrap();
    old.erase("order-00007").await.unwrap();
    make(&old, 700..800).await;
    assert_eq!(moving.go().await.unwrap(), Moved { subjects: 799, erased: 1, system: 0 });
    let there = moving.new_vault().await;
    assert!(matches!(there.existing(&["order-00007", "order-00750"]).await.unwrap()[..], [None, Some(_)]));
}

#[tokio::test]
async fn keys_that_only_the_server_has_are_not_lost() {
    for (erased_there, made_there) in [(true, false), (false, true)] {
        let moving = Move::new().await;
        make(&moving.old().await, 0..3).await;
        moving.go().await.unwrap();
        let there = moving.new_vault().await;
        if erased_there {
            there.erase("order-00001").await.unwrap();
        }
        if made_there {
            there.key_for("order-00009").await.unwrap();
        }
        let before = moving.rows().await;
        let refused = moving.go().await.unwrap_err();
        assert!(matches!(refused, TransferError::NotEmpty { .. }), "{refused}");
        assert_eq!(moving.rows().await, before);
    }
}

#[tokio::test]
async fn given_up_half_way_it_leaves_nothing_and_the_next_try_works() {
    let moving = Move::new().await;
    make(&moving.old().await, 0..1_500).await;
    let mut transfer = Transfer::lock(&moving.file()).await.unwrap();
    let (told, mut half_way) = tokio::sync::watch::channel(0);
    let mut progress = |rows| told.send_modify(|told| *told = rows);
    tokio::select! {
        biased;
        reached = half_way.wait_for(|rows| (1..1_500).contains(rows)) => drop(reached.unwrap()),
        done = transfer.copy(moving.there.url(), &mut progress) => panic!("it was faster: {done:?}"),
    }
    drop(transfer);
    assert_eq!(moving.go().await.unwrap().subjects, 1_500);
    assert_eq!(moving.rows().await, (1_500, 1_500));
}

#[tokio::test]
async fn what_is_changed_there_is_found() {
    let moving = Move::new().await;
    make(&moving.old().await, 0..3).await;
    moving.go().await.unwrap();
    let address = Address::parse(moving.there.url(), &[]).unwrap();
    let options = address.options("chorale-test", &crate::vault::postgres::LIMITS);
    let mut connection = address.connect(&options).await.unwrap();
    let tamper =
        "UPDATE vault.subject_keys SET key = decode(repeat('00', 32), 'hex') WHERE name = 'order-00001'";
    sqlx::raw_sql(tamper).execute(&mut connection).await.unwrap();
    let mut transfer = Transfer::lock(&moving.file()).await.unwrap();
    let found = transfer.check(moving.there.url()).await.unwrap_err();
    assert!(matches!(&found, TransferError::Differs { name, .. } if name == "order-00001"), "{found}");
}

#[tokio::test]
async fn a_file_that_is_not_there_is_not_made() {
    let moving = Move::new().await;
    assert!(matches!(Transfer::lock(&moving.file()).await, Err(TransferError::NoFile)));
    assert!(matches!(Transfer::lock("postgres://host/db").await, Err(TransferError::NoFile)));
    assert!(!moving.folder.path().join("vault").exists());
}
