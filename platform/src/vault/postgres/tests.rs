use std::error::Error;
use std::sync::Arc;

use futures_util::future::join_all;
use sqlx::{Executor, PgConnection};

use super::rewrap::rewrap_with;
use super::*;
use crate::contract::breach;
use crate::postgres::scratch::Scratch;
use crate::vault::contract::{VAULT, VaultUnderTest, vault_suite};

const OLD: &str = "0101010101010101010101010101010101010101010101010101010101010101";
const NEW: &str = "0202020202020202020202020202020202020202020202020202020202020202";

fn wrapping(text: &str) -> Wrapping {
    Wrapping::from_text(&Secret::from(text.to_owned())).unwrap()
}

/// A prepared database, and what its processes wrap with.
struct Server {
    scratch: Scratch,
    wrapping: Wrapping,
}

impl Server {
    async fn with(wrapping: Wrapping) -> Self {
        let scratch = Scratch::new().await.unwrap();
        migrate(scratch.url()).await.unwrap();
        Self { scratch, wrapping }
    }

    async fn vault(&self, wrapping: &Wrapping) -> Result<PostgresVault, VaultError> {
        PostgresVault::open_with(parse(self.scratch.url())?, wrapping.clone()).await
    }

    async fn connection(&self) -> PgConnection {
        let address = parse(self.scratch.url()).unwrap();
        address.connect(&address.options("chorale-test", &LIMITS)).await.unwrap()
    }

    /// The stored keys of the subjects.
    async fn stored(&self) -> Vec<Option<Vec<u8>>> {
        let query = sqlx::query_scalar("SELECT key FROM vault.subject_keys ORDER BY name");
        query.fetch_all(&mut self.connection().await).await.unwrap()
    }

    async fn rewrap(&self, keys: &str) -> Result<Rewrapped, VaultError> {
        rewrap_with(&parse(self.scratch.url())?, &wrapping(keys)).await
    }
}

#[async_trait]
impl VaultUnderTest for Server {
    async fn open(&self) -> Result<Arc<dyn Vault>, VaultError> {
        Ok(Arc::new(self.vault(&self.wrapping).await?))
    }
}

fn shown(error: &VaultError) -> String {
    format!("{error}: {}", error.source().unwrap())
}

fn contains(rows: &[Option<Vec<u8>>], key: &Key) -> bool {
    rows.iter().flatten().any(|row| row.windows(32).any(|bytes| bytes == key.as_bytes()))
}

mod keeps_the_promise {
    use super::*;

    vault_suite!(Server::with(Wrapping::none()).await);
}

mod keeps_the_promise_with_wrapped_keys {
    use super::*;

    vault_suite!(Server::with(wrapping(OLD)).await);
}

/// Erases in several statements, between which other processes can write.
struct TwoSteps {
    vault: PostgresVault,
    /// Open in advance, so that the erasure's first statement is not delayed.
    connection: tokio::sync::Mutex<PgConnection>,
}

#[async_trait]
impl Vault for TwoSteps {
    async fn key_for(&self, subject: &str) -> Result<Key, VaultError> {
        self.vault.key_for(subject).await
    }

    async fn existing(&self, subjects: &[&str]) -> Result<Vec<Option<Key>>, VaultError> {
        self.vault.existing(subjects).await
    }

    async fn erase(&self, subject: &str) -> Result<bool, VaultError> {
        const STEPS: [&str; 3] = [
            "UPDATE vault.subject_keys SET key = NULL, wrapped_by = NULL WHERE name = $1 AND key IS NOT NULL",
            "SELECT pg_sleep(0.02) WHERE $1 <> ''",
            "INSERT INTO vault.subject_keys (name) VALUES ($1) ON CONFLICT (name) DO NOTHING",
        ];
        let mut connection = self.connection.lock().await;
        let mut changed = Vec::new();
        for step in STEPS {
            changed.push(
                sqlx::query(step).bind(subject).execute(&mut *connection).await.unwrap().rows_affected(),
            );
        }
        Ok(changed[0] > 0)
    }

    async fn system_key(&self, name: &str) -> Result<Key, VaultError> {
        self.vault.system_key(name).await
    }
}

struct Broken(Server);

#[async_trait]
impl VaultUnderTest for Broken {
    async fn open(&self) -> Result<Arc<dyn Vault>, VaultError> {
        let vault = self.0.vault(&self.0.wrapping).await?;
        let address = parse(self.0.scratch.url())?;
        let connection = address.connect(&address.options("chorale-test", &LIMITS)).await.unwrap();
        Ok(Arc::new(TwoSteps { vault, connection: connection.into() }))
    }
}

#[tokio::test]
async fn an_erasure_in_two_steps_is_found() {
    let vault = Broken(Server::with(Wrapping::none()).await);
    let mut found = Vec::new();
    for promise in VAULT {
        if breach(VAULT, promise.name, &vault).await.is_some() {
            found.push(promise.name);
        }
    }
    assert_eq!(found, ["an_erasure_wins_over_concurrent_creations"]);
}

#[tokio::test]
async fn an_error_about_an_unprepared_database_says_how_to_prepare_it() {
    let scratch = Scratch::new().await.unwrap();
    let refused = crate::vault::connect(scratch.url()).await.err().unwrap();
    assert!(shown(&refused).ends_with("has no schema vault; run chorale migrate"), "{}", shown(&refused));
    assert_eq!(crate::vault::migrate(scratch.url()).await.unwrap(), Some(Migrated { from: None, to: 1 }));
    crate::vault::connect(scratch.url()).await.unwrap().key_for("customer-1").await.unwrap();
    for (parameter, expected) in
        [("kek=hunter2", "can only be env"), ("kek=env", "CHORALE_VAULT_KEY is not set")]
    {
        let separator = if scratch.url().contains('?') { '&' } else { '?' };
        let refused =
            PostgresVault::open(&format!("{}{separator}{parameter}", scratch.url())).await.err().unwrap();
        assert!(shown(&refused).ends_with(expected), "{}", shown(&refused));
    }
}

#[tokio::test]
async fn creators_at_once_share_their_commits() {
    let server = Server::with(Wrapping::none()).await;
    let vault = server.vault(&server.wrapping).await.unwrap();
    let subjects: Vec<String> = (0..BATCH).map(|number| format!("order-{number}")).collect();
    let started = std::time::Instant::now();
    let keys = join_all(subjects.iter().map(|subject| vault.key_for(subject))).await;
    assert!(keys.iter().all(Result::is_ok));
    println!("{BATCH} keys in {:?}", started.elapsed());
    let commits: i64 = sqlx::query_scalar("SELECT count(DISTINCT xmin::text) FROM vault.subject_keys")
        .fetch_one(&mut server.connection().await)
        .await
        .unwrap();
    assert!(commits <= 4, "{commits} commits for {BATCH} keys");
}

#[tokio::test]
async fn a_wrapped_key_is_not_in_its_row_and_does_not_open_in_another() {
    let server = Server::with(wrapping(OLD)).await;
    let vault = server.vault(&server.wrapping).await.unwrap();
    let key = vault.key_for("customer-1").await.unwrap();
    assert!(!contains(&server.stored().await, &key));
    vault.key_for("customer-2").await.unwrap();
    let mut other = server.connection().await;
    other
        .execute(
            "UPDATE vault.subject_keys SET key = (SELECT key FROM vault.subject_keys WHERE name = 'customer-1')
             WHERE name = 'customer-2'",
        )
        .await
        .unwrap();
    let refused = vault.existing(&["customer-2"]).await.unwrap_err();
    assert!(shown(&refused).ends_with("belongs to another subject"), "{}", shown(&refused));
    assert!(vault.existing(&["customer-1"]).await.is_ok(), "other keys still open");
}

#[tokio::test]
async fn an_erased_key_is_in_no_row_whether_wrapped_or_not() {
    let server = Server::with(Wrapping::none()).await;
    let vault = server.vault(&server.wrapping).await.unwrap();
    let key = vault.key_for("customer-1").await.unwrap();
    assert!(contains(&server.stored().await, &key), "the search finds a key that is there");
    assert!(vault.erase("customer-1").await.unwrap());
    assert_eq!(server.stored().await, [None]);
}

#[tokio::test]
async fn connections_that_the_server_has_ended_are_opened_again() {
    let server = Server::with(Wrapping::none()).await;
    let vault = server.vault(&server.wrapping).await.unwrap();
    let key = vault.key_for("customer-1").await.unwrap();
    vault.existing(&["customer-1"]).await.unwrap();
    let ended: i64 = sqlx::query_scalar(
        "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'chorale-vault'",
    )
    .fetch_one(&mut server.connection().await)
    .await
    .unwrap();
    assert_eq!(ended, 2, "one that writes, one that reads");
    // Only the first request may fail.
    let mut found = vault.existing(&["customer-1"]).await;
    if found.is_err() {
        found = vault.existing(&["customer-1"]).await;
    }
    assert_eq!(found.unwrap()[0].as_ref().map(Key::as_bytes), Some(key.as_bytes()));
    if vault.key_for("customer-1").await.is_err() {
        vault.key_for("customer-1").await.unwrap();
    }
}

#[tokio::test]
async fn an_error_about_a_missing_database_names_it() {
    let server = Server::with(Wrapping::none()).await;
    let vault = server.vault(&server.wrapping).await.unwrap();
    vault.key_for("customer-1").await.unwrap();
    let name = parse(server.scratch.url()).unwrap().database().to_owned();
    server.scratch.run(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
    // The first request may only find that its connection was ended.
    let refused = [vault.existing(&["customer-1"]).await, vault.existing(&["customer-1"]).await];
    let [_, Err(refused)] = refused else { panic!("{refused:?}") };
    assert!(
        shown(&refused).contains(&format!("has no database {name}; create it first")),
        "{}",
        shown(&refused)
    );
}

#[tokio::test]
async fn keys_move_to_a_new_wrapping_key_while_the_vault_is_in_use() {
    let server = Server::with(wrapping(OLD)).await;
    let old = server.vault(&wrapping(&format!("{OLD},{NEW}"))).await.unwrap();
    let keys = join_all((0..1_200).map(|number| {
        let vault = &old;
        async move { vault.key_for(&format!("customer-{number}")).await.unwrap() }
    }))
    .await;
    let system = old.system_key("token").await.unwrap();
    old.erase("customer-7").await.unwrap();

    let new = server.vault(&wrapping(&format!("{NEW},{OLD}"))).await.unwrap();
    let done = server.rewrap(&format!("{NEW},{OLD}")).await.unwrap();
    assert_eq!(done.keys, 1_200, "all subjects but the erased one, and the system's");
    assert_eq!(done.retired, [wrapping(OLD).id().unwrap()]);
    assert_eq!(server.rewrap(NEW).await.unwrap(), Rewrapped { keys: 0, retired: Vec::new() });

    let only_new = server.vault(&wrapping(NEW)).await.unwrap();
    for vault in [&old, &new, &only_new] {
        let found = vault.existing(&["customer-3", "customer-7"]).await.unwrap();
        assert!(matches!(&found[..], [Some(key), None] if key.as_bytes() == keys[3].as_bytes()));
        assert_eq!(vault.system_key("token").await.unwrap().as_bytes(), system.as_bytes());
    }
    // No key may be created that only a destroyed key can unwrap.
    let refused = old.key_for("customer-late").await.unwrap_err();
    assert!(shown(&refused).contains("was retired"), "{}", shown(&refused));
    let refused = server.vault(&wrapping(&format!("{OLD},{NEW}"))).await.err().unwrap();
    assert!(shown(&refused).contains("was retired"), "{}", shown(&refused));
    only_new.key_for("customer-late").await.unwrap();
}

#[tokio::test]
async fn a_process_without_the_wrapping_key_is_refused_at_start() {
    let server = Server::with(wrapping(OLD)).await;
    server.vault(&wrapping(OLD)).await.unwrap();
    for other in [Wrapping::none(), wrapping(NEW)] {
        let refused = server.vault(&other).await.err().unwrap();
        assert!(
            shown(&refused).contains("does not have; give it in CHORALE_VAULT_KEY"),
            "{}",
            shown(&refused)
        );
    }
    let refused = rewrap(server.scratch.url()).await.unwrap_err();
    assert!(shown(&refused).contains("has no ?kek=env"), "{}", shown(&refused));
}

#[tokio::test]
async fn unwrapped_keys_are_wrapped_later() {
    let server = Server::with(Wrapping::none()).await;
    let plain = server.vault(&Wrapping::none()).await.unwrap();
    let key = plain.key_for("customer-1").await.unwrap();
    let wrapped = server.vault(&wrapping(OLD)).await.unwrap();
    assert_eq!(wrapped.key_for("customer-1").await.unwrap().as_bytes(), key.as_bytes());
    assert_eq!(server.rewrap(OLD).await.unwrap(), Rewrapped { keys: 1, retired: Vec::new() });
    assert!(!contains(&server.stored().await, &key));
    assert_eq!(wrapped.key_for("customer-1").await.unwrap().as_bytes(), key.as_bytes());
    let refused = plain.key_for("customer-1").await.unwrap_err();
    assert!(shown(&refused).contains("does not have"), "{}", shown(&refused));
}

#[test]
fn wrapping_keys_are_never_shown() {
    let both = wrapping(&format!("{OLD}, {NEW}"));
    let shown = format!("{both:?}");
    assert!(!shown.contains(&OLD[..16]) && !shown.contains(&NEW[..16]), "{shown}");
    assert!(matches!(
        Wrapping::from_text(&Secret::from("hunter2".to_owned())),
        Err(WrappingError::Invalid(_))
    ));
    assert_eq!(both.id(), wrapping(OLD).id());
    assert_ne!(both.id(), wrapping(NEW).id());
}

#[tokio::test]
async fn the_role_of_the_program_can_create_and_erase_keys_but_not_delete_rows() {
    let scratch = Scratch::new().await.unwrap();
    let role = "DO $$ BEGIN
                    CREATE ROLE chorale_app LOGIN PASSWORD 'chorale_app';
                EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$";
    scratch.run(role).await.unwrap();
    migrate(scratch.url()).await.unwrap();
    let (scheme, rest) = scratch.url().split_once("://").unwrap();
    let host = rest.split_once('@').map_or(rest, |(_, host)| host);
    let app = parse(&format!("{scheme}://chorale_app:chorale_app@{host}")).unwrap();
    let vault = PostgresVault::open_with(app.clone(), wrapping(OLD)).await.unwrap();
    vault.key_for("customer-1").await.unwrap();
    vault.system_key("token").await.unwrap();
    assert!(vault.erase("customer-1").await.unwrap());
    assert!(matches!(&vault.existing(&["customer-1"]).await.unwrap()[..], [None]));

    let mut connection = app.connect(&app.options("chorale-test", &LIMITS)).await.unwrap();
    for forbidden in [
        "DELETE FROM vault.subject_keys",
        "TRUNCATE vault.subject_keys",
        "DELETE FROM vault.system_keys",
        "UPDATE vault.system_keys SET key = key",
        "DELETE FROM vault.wrapping_keys",
        "INSERT INTO vault.retired_wrapping_keys VALUES ('x')",
        "DROP TABLE vault.subject_keys",
    ] {
        let refused = sqlx::raw_sql(forbidden).execute(&mut connection).await.unwrap_err();
        let code = refused.as_database_error().unwrap().code().unwrap().into_owned();
        assert_eq!(code, "42501", "{forbidden}: {refused}");
    }
}
