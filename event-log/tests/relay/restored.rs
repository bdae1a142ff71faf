use event_log::relay::{Options, RelayError};

use super::bench::*;

/// A copy of a log as it was at a moment, as a backup has it.
async fn backup(bench: &Bench, name: &str) -> std::path::PathBuf {
    let path = bench.folder.path().join(name);
    let mut connection = <sqlx::SqliteConnection as sqlx::Connection>::connect(
        &bench.folder.path().join("log").display().to_string(),
    )
    .await
    .unwrap();
    let statement = format!("VACUUM INTO '{}'", path.display());
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_restored_to_an_earlier_moment_is_refused_also_when_it_was_written_on() {
    let bench = Bench::new().await;
    append(bench.log.as_ref(), &["order-a"; 5]).await;
    let backup = backup(&bench, "backup").await;
    append(bench.log.as_ref(), &["order-a"; 3]).await;
    let running = bench.start();
    assert_eq!(bench.relayed().await, 8);
    running.stop().await;
    let published = bench.topics.all("chorale.order.v1");

    let restored = open(backup).await;
    let error = start(relay(&restored, &bench.topics, options())).gave_up().await;
    assert!(matches!(error, RelayError::Lost { published: 8, end: 5, .. }), "{error}");
    assert!(error.to_string().contains("restored to an earlier moment"), "{error}");
    append(restored.as_ref(), &["order-a"; 3]).await;
    let error = start(relay(&restored, &bench.topics, options())).gave_up().await;
    assert!(matches!(error, RelayError::Rewritten { position: 8, .. }), "{error}");
    append(restored.as_ref(), &["order-a"; 3]).await;
    let error = start(relay(&restored, &bench.topics, options())).gave_up().await;
    assert!(matches!(error, RelayError::Rewritten { position: 8, .. }), "{error}");
    assert_eq!(bench.topics.all("chorale.order.v1"), published);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_of_another_epoch_is_refused() {
    let (bench, other) = (Bench::new().await, Bench::new().await);
    append(bench.log.as_ref(), &["order-a"]).await;
    let running = bench.start();
    bench.relayed().await;
    running.stop().await;
    append(other.log.as_ref(), &["order-a"]).await;
    let error = start(relay(&other.log, &bench.topics, options())).gave_up().await;
    assert!(matches!(error, RelayError::OtherLog { .. }), "{error}");
    assert_eq!(bench.topics.all("chorale.order.v1").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_changed_under_a_running_relay_is_not_followed() {
    for change in [
        "DROP TRIGGER events_are_not_updated; UPDATE events SET payload = replace(payload, 'Number', 'number') WHERE position = 7",
        "DROP TRIGGER events_are_not_deleted; DELETE FROM events WHERE position = 7",
    ] {
        let bench = Bench::new().await;
        append(bench.log.as_ref(), &["order-a"; 10]).await;
        let path = bench.folder.path().join("log").display().to_string();
        let mut connection = <sqlx::SqliteConnection as sqlx::Connection>::connect(&path).await.unwrap();
        sqlx::raw_sql(change).execute(&mut connection).await.unwrap();
        // A page is what it takes at a time: what stands before the change may be published, and nothing after it.
        let options = Options { batch: 3, ..options() };
        let error = start(relay(&bench.log, &bench.topics, options)).gave_up().await;
        assert!(matches!(error, RelayError::Torn { position: 7, .. }), "{error}");
        assert!(error.to_string().contains("position 7"), "{error}");
        assert_eq!(bench.topics.all("chorale.order.v1").len(), 6);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_cut_off_under_a_running_relay_is_not_followed() {
    let bench = Bench::new().await;
    append(bench.log.as_ref(), &["order-a"; 5]).await;
    let running = bench.start();
    bench.relayed().await;
    let path = bench.folder.path().join("log").display().to_string();
    let mut connection = <sqlx::SqliteConnection as sqlx::Connection>::connect(&path).await.unwrap();
    let cut = "DROP TRIGGER events_are_not_deleted; DELETE FROM events WHERE position > 3; UPDATE head SET position = 3";
    sqlx::raw_sql(cut).execute(&mut connection).await.unwrap();
    let error = running.gave_up().await;
    assert!(matches!(error, RelayError::Lost { published: 5, end: 3, .. }), "{error}");
}
