//! Tests with a real server.

use futures_util::future::join_all;
use sqlx::Executor;

use super::*;
use crate::postgres::Schema;
use crate::postgres::scratch::Scratch;
use crate::servers::Migrated;

const ONE: Schema<'static> = Schema { name: "shelf", steps: &["CREATE TABLE book (title text)"] };
const TWO: Schema<'static> =
    Schema { name: "shelf", steps: &["CREATE TABLE book (title text)", "ALTER TABLE book ADD pages int"] };
const BROKEN: Schema<'static> = Schema {
    name: "shelf",
    steps: &["CREATE TABLE book (title text)", "CREATE TABLE half (x int); SELECT 1/0"],
};

async fn opened(scratch: &Scratch) -> (Address, PgConnection) {
    let address = Address::parse(scratch.url(), &[]).unwrap();
    let connection = address.connect(&address.options("chorale-test", &LIMITS)).await.unwrap();
    (address, connection)
}

#[tokio::test]
async fn a_connection_has_its_name_its_limits_and_durable_commits() {
    let scratch = Scratch::new().await.unwrap();
    let (address, mut connection) = opened(&scratch).await;
    let settings: (String, String, String, String, String) = sqlx::query_as(
        "SELECT current_setting('application_name'), current_setting('statement_timeout'), current_setting('lock_timeout'),
                current_setting('idle_in_transaction_session_timeout'), current_setting('synchronous_commit')",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    let expected = ["chorale-test", "5s", "1s", "500ms", "on"].map(str::to_owned);
    assert_eq!(<[String; 5]>::from(settings), expected);
    let late = connection.execute("SET statement_timeout = 20; SELECT pg_sleep(60)").await.unwrap_err();
    let late = address.explain(late);
    assert!(matches!(late, PostgresError::TooSlow { .. }), "{late:?}");
}

#[tokio::test]
async fn a_missing_database_and_a_missing_grant_are_recognised() {
    let scratch = Scratch::new().await.unwrap();
    let (address, mut connection) = opened(&scratch).await;
    let missing = address.with_database("nowhere");
    let refused = refusal(&missing).await;
    assert!(
        matches!(&refused, PostgresError::NoDatabase { database, .. } if database == "nowhere"),
        "{refused:?}"
    );

    // A role belongs to the whole server; this one disappears with the rollback.
    let refused = connection
        .execute("BEGIN; CREATE TABLE secrets (x int); CREATE ROLE chorale_test_nobody; SET ROLE chorale_test_nobody; SELECT * FROM secrets")
        .await
        .unwrap_err();
    let refused = address.explain(refused);
    assert!(matches!(refused, PostgresError::Permission { .. }), "{refused:?}");
    assert!(refused.to_string().contains("permission denied for table secrets; grant it"), "{refused}");
}

#[tokio::test]
async fn errors_do_not_show_the_values_of_a_refused_row() {
    let scratch = Scratch::new().await.unwrap();
    let (address, mut connection) = opened(&scratch).await;
    connection.execute("CREATE TABLE keys (a text, b int CHECK (b > 0))").await.unwrap();
    let refused = connection.execute("INSERT INTO keys VALUES ('hunter2', 0)").await.unwrap_err();
    assert!(format!("{refused:?}").contains("hunter2"), "the server does show them");
    let refused = address.explain(refused);
    assert!(!shown(&refused).contains("hunter2"), "{}", shown(&refused));
}

#[tokio::test]
async fn only_a_migration_creates_and_changes_a_schema() {
    let scratch = Scratch::new().await.unwrap();
    let (address, mut connection) = opened(&scratch).await;
    let missing = ONE.require(&address, &mut connection).await.unwrap_err();
    assert_eq!(missing.to_string(), format!("{address} has no schema shelf; run chorale migrate"));
    let made = ONE.migrate(&address, &mut connection).await.unwrap();
    assert_eq!(made, Migrated { from: None, to: 1 });
    ONE.require(&address, &mut connection).await.unwrap();
    assert_eq!(ONE.migrate(&address, &mut connection).await.unwrap(), Migrated { from: Some(1), to: 1 });

    let older = TWO.require(&address, &mut connection).await.unwrap_err().to_string();
    assert!(older.ends_with("has version 1, and this program needs 2; run chorale migrate"), "{older}");
    assert_eq!(TWO.migrate(&address, &mut connection).await.unwrap(), Migrated { from: Some(1), to: 2 });
    connection.execute("INSERT INTO shelf.book (title, pages) VALUES ('Tea', 7)").await.unwrap();

    let newer = ONE.require(&address, &mut connection).await.unwrap_err().to_string();
    assert!(newer.ends_with("has version 2, and this program knows 1; run the newer chorale"), "{newer}");
    assert!(matches!(ONE.migrate(&address, &mut connection).await, Err(PostgresError::NewerSchema { .. })));
}

#[tokio::test]
async fn a_migration_that_fails_changes_nothing() {
    let scratch = Scratch::new().await.unwrap();
    let (address, mut connection) = opened(&scratch).await;
    ONE.migrate(&address, &mut connection).await.unwrap();
    assert!(BROKEN.migrate(&address, &mut connection).await.is_err());
    ONE.require(&address, &mut connection).await.unwrap();
    assert!(connection.execute("SELECT * FROM shelf.half").await.is_err());
    let odd = Schema { name: "a; DROP TABLE b", steps: &[] };
    assert!(odd.migrate(&address, &mut connection).await.is_err());
}

#[tokio::test]
async fn concurrent_migrations_are_executed_once() {
    let scratch = Scratch::new().await.unwrap();
    let address = Address::parse(scratch.url(), &[]).unwrap();
    let migrated = join_all((0..8).map(|_| async {
        let mut connection = address.connect(&address.options("chorale-test", &LIMITS)).await.unwrap();
        TWO.migrate(&address, &mut connection).await.unwrap()
    }))
    .await;
    assert_eq!(migrated.iter().filter(|migrated| migrated.from.is_none()).count(), 1, "{migrated:?}");
}
