use event_log::relay::{Options, RelayError};

use super::harness::*;

/// A backup of the log.
async fn backup(harness: &Harness, name: &str) -> std::path::PathBuf {
    let path = harness.folder.path().join(name);
    let mut connection = <sqlx::SqliteConnection as sqlx::Connection>::connect(
        &harness.folder.path().join("log").display().to_string(),
    )
    .await
    .unwrap();
    let statement = format!("VACUUM INTO '{}'", path.display());
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_restored_to_an_earlier_moment_is_refused_even_if_it_was_written_afterwards() {
    let harness = Harness::new().await;
    append(harness.log.as_ref(), &["order-a"; 5]).await;
    let backup = backup(&harness, "backup").await;
    append(harness.log.as_ref(), &["order-a"; 3]).await;
    let running = harness.start();
    assert_eq!(harness.relayed().await, 8);
    running.stop().await;
    let published = harness.topics.all("chorale.order.v1");

    let restored = open(backup).await;
    let error = start(relay(&restored, &harness.topics, options())).error().await;
    assert!(matches!(error, RelayError::Lost { published: 8, end: 5, .. }), "{error}");
    assert!(error.to_string().contains("restored to an earlier moment"), "{error}");
    append(restored.as_ref(), &["order-a"; 3]).await;
    let error = start(relay(&restored, &harness.topics, options())).error().await;
    assert!(matches!(error, RelayError::Rewritten { position: 8, .. }), "{error}");
    append(restored.as_ref(), &["order-a"; 3]).await;
    let error = start(relay(&restored, &harness.topics, options())).error().await;
    assert!(matches!(error, RelayError::Rewritten { position: 8, .. }), "{error}");
    assert_eq!(harness.topics.all("chorale.order.v1"), published);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_of_another_epoch_is_refused() {
    let (harness, other) = (Harness::new().await, Harness::new().await);
    append(harness.log.as_ref(), &["order-a"]).await;
    let running = harness.start();
    harness.relayed().await;
    running.stop().await;
    append(other.log.as_ref(), &["order-a"]).await;
    let error = start(relay(&other.log, &harness.topics, options())).error().await;
    assert!(matches!(error, RelayError::OtherLog { .. }), "{error}");
    assert_eq!(harness.topics.all("chorale.order.v1").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_changed_under_a_running_relay_is_not_followed() {
    for change in [
        "DROP TRIGGER events_are_not_updated; UPDATE events SET payload = replace(payload, 'Number', 'number') WHERE position = 7",
        "DROP TRIGGER events_are_not_deleted; DELETE FROM events WHERE position = 7",
    ] {
        let harness = Harness::new().await;
        append(harness.log.as_ref(), &["order-a"; 10]).await;
        let path = harness.folder.path().join("log").display().to_string();
        let mut connection = <sqlx::SqliteConnection as sqlx::Connection>::connect(&path).await.unwrap();
        sqlx::raw_sql(change).execute(&mut connection).await.unwrap();
        // Pages of 3 events: those before the change are published, and nothing after it.
        let options = Options { batch: 3, ..options() };
        let error = start(relay(&harness.log, &harness.topics, options)).error().await;
        assert!(matches!(error, RelayError::Torn { position: 7, .. }), "{error}");
        assert!(error.to_string().contains("position 7"), "{error}");
        assert_eq!(harness.topics.all("chorale.order.v1").len(), 6);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_cut_off_under_a_running_relay_is_not_followed() {
    let harness = Harness::new().await;
    append(harness.log.as_ref(), &["order-a"; 5]).await;
    let running = harness.start();
    harness.relayed().await;
    let path = harness.folder.path().join("log").display().to_string();
    let mut connection = <sqlx::SqliteConnection as sqlx::Connection>::connect(&path).await.unwrap();
    let cut = "DROP TRIGGER events_are_not_deleted; DELETE FROM events WHERE position > 3; UPDATE head SET position = 3";
    sqlx::raw_sql(cut).execute(&mut connection).await.unwrap();
    let error = running.error().await;
    assert!(matches!(error, RelayError::Lost { published: 5, end: 3, .. }), "{error}");
}
