use event_log::contract::Draft;
use event_log::port::Committed;
use event_log::{connect, migrate};
use platform::postgres::scratch::Scratch;
use schemas::Context;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

#[tokio::test]
async fn the_role_of_the_program_can_only_append_events() {
    let database = Scratch::new().await.unwrap();
    let url = database.url();
    let role = "DO $$ BEGIN
                    CREATE ROLE chorale_app LOGIN PASSWORD 'chorale_app';
                EXCEPTION WHEN duplicate_object THEN NULL; END $$";
    database.run_in("ordering", role).await.unwrap();
    migrate(url, Context::Ordering).await.unwrap();

    let (scheme, rest) = url.split_once("://").unwrap();
    let host = rest.split_once('@').map_or(rest, |(_, host)| host);
    let app = format!("{scheme}://chorale_app:chorale_app@{host}");
    let log = connect(&app, Context::Ordering).await.unwrap();
    let draft = Draft::now(&*log).await.unwrap().event("order-1", 1);
    assert!(matches!(draft.commit(&*log).await.unwrap(), Committed::Done(_)));

    let mut connection = PgConnection::connect(&app).await.unwrap();
    let forbidden = [
        "UPDATE events SET payload = '{}'",
        "DELETE FROM events",
        "TRUNCATE events",
        "ALTER TABLE events DISABLE TRIGGER events_stay",
        "DROP TRIGGER events_stay ON events",
        "DROP TABLE events",
        "DELETE FROM head",
        "UPDATE about SET value = 'IMPORTED'",
    ];
    for statement in forbidden {
        let statement = format!("SET search_path = ordering; {statement}");
        let answer = sqlx::raw_sql(AssertSqlSafe(statement.clone())).execute(&mut connection).await;
        let code =
            answer.unwrap_err().as_database_error().and_then(|error| error.code().map(|c| c.into_owned()));
        assert_eq!(code.as_deref(), Some("42501"), "{statement}");
    }
}
