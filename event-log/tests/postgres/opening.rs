use event_log::contract::Draft;
use event_log::port::{Committed, LogError, Migrated};
use event_log::{connect, connect_read_only, migrate};
use futures_util::future::try_join_all;
use platform::error::Chain;
use platform::postgres::scratch::Scratch;
use schemas::Context;

/// Everything that an error shows, with all its sources.
fn shown(error: &LogError) -> String {
    format!("{error:?}: {}", Chain(error))
}

async fn refused(url: &str) -> LogError {
    connect(url, Context::Ordering).await.map(drop).unwrap_err()
}

#[tokio::test]
async fn an_error_on_opening_shows_the_cause_and_never_the_password() {
    let database = Scratch::new().await.unwrap();
    let there = database.url();
    let (scheme, rest) = there.split_once("://").unwrap();
    let host = rest.split_once('@').map_or(rest, |(_, host)| host);
    let missing = there.replace("/scratch_", "/missing_");
    let password =
        rest.split_once('@').and_then(|(who, _)| who.split_once(':')).map(|(_, password)| password);
    let cases = [
        ("postgres://me:hunter2@127.0.0.1:1/shop".to_owned(), "127.0.0.1:1 does not answer; check"),
        (format!("{scheme}://nobody:hunter2@{host}"), "does not"),
        (missing, "no database missing_"),
        ("postgres://me:hunter2@127.0.0.1:1/shop?readers=many".to_owned(), "readers"),
        ("postgres://me:hunter2@127.0.0.1:1/shop?hunter2=x".to_owned(), "parameter"),
        ("postgres://me:hunter2@127.0.0.1:1".to_owned(), "/database"),
        ("postgre://me:hunter2@127.0.0.1:1/shop".to_owned(), "not an address of an event log"),
        ("me:hunter2@127.0.0.1/shop".to_owned(), "not an address of an event log"),
    ];
    for (url, wanted) in cases {
        for error in [
            refused(&url).await,
            connect_read_only(&url, Context::Ordering).await.map(drop).unwrap_err(),
            migrate(&url, Context::Ordering).await.unwrap_err(),
        ] {
            let shown = shown(&error);
            assert!(shown.contains(wanted) && !shown.contains("hunter2"), "{shown}");
            assert!(password.is_none_or(|password| !shown.contains(password)), "{shown}");
        }
    }
}

#[tokio::test]
async fn a_database_without_tables_or_with_those_of_another_context_is_refused() {
    let database = Scratch::new().await.unwrap();
    let url = database.url();
    let error = refused(url).await;
    assert!(matches!(error, LogError::Unmigrated { found: None, .. }), "{error}");
    assert!(error.to_string().contains("run `chorale migrate`"), "{error}");

    migrate(url, Context::Ordering).await.unwrap();
    assert!(matches!(
        connect(url, Context::Payments).await.map(drop),
        Err(LogError::Unmigrated { context: Context::Payments, .. })
    ));
    database.run_in("ordering", "UPDATE meta SET context = 'payments'").await.unwrap();
    assert!(refused(url).await.to_string().contains("are those of payments"));
    database.run_in("ordering", "UPDATE meta SET context = 'ordering', format = 7").await.unwrap();
    assert!(matches!(refused(url).await, LogError::Newer { found: 7, known: 1 }));
    assert!(matches!(migrate(url, Context::Ordering).await, Err(LogError::Newer { found: 7, .. })));
}

#[tokio::test]
async fn contexts_share_one_database_and_can_be_migrated_concurrently() {
    let database = Scratch::new().await.unwrap();
    let url = database.url();
    let all = || Context::ALL.into_iter().chain(Context::ALL);
    let migrated = try_join_all(all().map(|context| migrate(url, context))).await.unwrap();
    let created = migrated.iter().filter(|migrated| **migrated == Migrated { from: None, to: 1 });
    assert_eq!(created.count(), Context::ALL.len(), "each is created once");
    for context in Context::ALL {
        let log = connect(url, context).await.unwrap();
        let draft = Draft::now(&*log).await.unwrap().event("order-1", 1);
        assert!(matches!(draft.commit(&*log).await.unwrap(), Committed::Done(head) if head.position == 1));
    }
}

#[tokio::test]
async fn a_read_only_log_follows_the_log_and_refuses_writes() {
    let database = Scratch::new().await.unwrap();
    migrate(database.url(), Context::Ordering).await.unwrap();
    let log = connect(database.url(), Context::Ordering).await.unwrap();
    let read_only = connect_read_only(database.url(), Context::Ordering).await.unwrap();
    Draft::now(&*log).await.unwrap().event("order-1", 1).commit(&*log).await.unwrap();
    assert_eq!(read_only.head().await.unwrap(), log.head().await.unwrap());
    let draft = Draft::now(&*read_only).await.unwrap().event("order-1", 2);
    assert!(draft.commit(&*read_only).await.is_err());
    assert!(read_only.prune_ledger(schemas::Timestamp::EPOCH).await.is_err());
    assert!(read_only.set_property("time", "REAL").await.is_err());
}

#[tokio::test]
async fn a_log_that_is_replaced_under_a_running_program_is_refused() {
    let database = Scratch::new().await.unwrap();
    migrate(database.url(), Context::Ordering).await.unwrap();
    let log = connect(database.url(), Context::Ordering).await.unwrap();
    let draft = Draft::now(&*log).await.unwrap().event("order-1", 1);
    database.run_in("ordering", "UPDATE head SET epoch = gen_random_uuid()").await.unwrap();
    for error in [log.head().await.map(drop), draft.commit(&*log).await.map(drop)] {
        assert!(error.unwrap_err().to_string().contains("it was replaced"));
    }
}
