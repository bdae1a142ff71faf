//! A change of a log that bypasses it is found, at the right position.

use std::path::PathBuf;
use std::sync::Arc;

use event_log::contract::Draft;
use event_log::port::{Committed, Log};
use event_log::verify::{Finding, Problem, Verified, verify};
use platform::postgres::scratch::Scratch;
use schemas::{Context, StreamId};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use uuid::Uuid;

const EVENTS: u64 = 2_500;

struct Case {
    storage: Storage,
    log: Arc<dyn Log>,
}

/// The database of the log.
enum Storage {
    Sqlite { _folder: tempfile::TempDir, path: PathBuf },
    Postgres(Scratch),
}

impl Storage {
    async fn each() -> [Self; 2] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ordering.db");
        [Self::Sqlite { _folder: folder, path }, Self::Postgres(Scratch::new().await.unwrap())]
    }

    async fn log(&self) -> Arc<dyn Log> {
        let url = match self {
            Self::Sqlite { path, .. } => format!("sqlite://{}", path.display()),
            Self::Postgres(database) => database.url().to_owned(),
        };
        event_log::migrate(&url, Context::Ordering).await.unwrap();
        event_log::connect(&url, Context::Ordering).await.unwrap()
    }

    /// Runs forbidden statements, written for SQLite.
    async fn tamper(&self, statements: &str) {
        match self {
            Self::Sqlite { path, .. } => {
                let mut connection = SqliteConnection::connect(&path.display().to_string()).await.unwrap();
                let drop = "DROP TRIGGER IF EXISTS events_are_not_updated; DROP TRIGGER IF EXISTS events_are_not_deleted;";
                sqlx::raw_sql(drop).execute(&mut connection).await.unwrap();
                sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut connection).await.unwrap();
            }
            Self::Postgres(database) => {
                let translated = statements
                    .replace("randomblob(16)", "gen_random_uuid()")
                    .replace("randomblob(32)", "sha256(random()::text::bytea)")
                    .replace("zeroblob(32)", "decode(repeat('00', 32), 'hex')");
                let disable = "ALTER TABLE events DISABLE TRIGGER ALL";
                database.run_in("ordering", &format!("{disable}; {translated}")).await.unwrap();
            }
        }
    }

    /// An id and a hash as the database writes them.
    fn literals(&self, id: Uuid, hash: &str) -> (String, String) {
        match self {
            Self::Sqlite { .. } => (format!("x'{}'", id.simple()), format!("x'{hash}'")),
            Self::Postgres(_) => (format!("'{id}'"), format!("'\\x{hash}'")),
        }
    }
}

impl Case {
    /// Logs with events 1 to `EVENTS` in 50 streams, one on each backend.
    async fn each() -> Vec<Self> {
        let mut cases = Vec::new();
        for storage in Storage::each().await {
            let case = Self { log: storage.log().await, storage };
            case.append(EVENTS).await;
            cases.push(case);
        }
        cases
    }

    async fn append(&self, events: u64) {
        let mut draft = Draft::now(&*self.log).await.unwrap();
        for position in draft.base.position..draft.base.position + events {
            draft = draft.event(&format!("order-{}", position % 50), position / 50 + 1);
        }
        assert!(matches!(draft.commit(&*self.log).await.unwrap(), Committed::Done(_)));
    }

    async fn verify(&self) -> Result<Verified, Finding> {
        verify(&*self.log, None, |_| {}).await
    }

    /// The finding after `statements`.
    async fn finding(&self, statements: &str) -> (u64, Problem) {
        self.storage.tamper(statements).await;
        found(self.verify().await)
    }
}

fn found(result: Result<Verified, Finding>) -> (u64, Problem) {
    match result {
        Err(Finding::Wrong { position, problem }) => (position, problem),
        other => panic!("{other:?}"),
    }
}

/// Moves all events from position 1700 on by one, to make room for another row.
const MAKE_ROOM: &str = "UPDATE events SET position = -position WHERE position >= 1700;
                         UPDATE events SET position = 1 - position WHERE position < 0;";

const COPY: &str = "stream, 1000, randomblob(16), name, type_version, payload, recorded_at, correlation, causation, \
                    traceparent, hash FROM events";

#[tokio::test]
async fn an_intact_log_is_verified_with_progress() {
    for case in Case::each().await {
        let mut reached = Vec::new();
        let verified = verify(&*case.log, None, |position| reached.push(position)).await.unwrap();
        assert_eq!(verified, Verified { events: EVENTS, head: case.log.head().await.unwrap() });
        assert_eq!(reached.last(), Some(&EVENTS));
        assert!(reached.len() > 1 && reached.is_sorted());
    }
}

#[tokio::test]
async fn an_empty_log_is_intact() {
    for storage in Storage::each().await {
        assert_eq!(verify(&*storage.log().await, None, |_| {}).await.unwrap().events, 0);
    }
}

#[tokio::test]
async fn a_flipped_byte_is_found() {
    for case in Case::each().await {
        let sql = "UPDATE events SET payload = replace(payload, 'Number', 'number') WHERE position = 1234";
        assert_eq!(case.finding(sql).await, (1234, Problem::Hash));
    }
}

#[tokio::test]
async fn a_change_in_any_column_is_found() {
    for case in Case::each().await {
        let changes = [
            "name = 'Other'",
            "type_version = 2",
            "recorded_at = recorded_at + 1",
            "traceparent = ''",
            "event_id = randomblob(16)",
            "correlation = randomblob(16)",
            "causation = randomblob(16)",
            "stream = 'order-x'",
            "version = 999",
            "hash = randomblob(32)",
            "payload = payload || ' '",
        ];
        // From the last to the first, so that each change is the first bad position.
        for (number, change) in changes.iter().enumerate() {
            let position = 2_000 - number as u64;
            let sql = format!("UPDATE events SET {change} WHERE position = {position}");
            assert_eq!(case.finding(&sql).await, (position, Problem::Hash), "{change}");
        }
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_decoded_is_found_after_the_rows_before_it() {
    for case in Case::each().await {
        let (position, problem) =
            case.finding("UPDATE events SET type_version = -1 WHERE position = 1500").await;
        assert!(position == 1500 && matches!(problem, Problem::Unreadable(_)), "{position} {problem}");
        let sql = "UPDATE events SET name = 'Other' WHERE position = 1300";
        assert_eq!(case.finding(sql).await, (1300, Problem::Hash));
    }
}

#[tokio::test]
async fn a_deleted_row_is_found() {
    for case in Case::each().await {
        assert_eq!(case.finding("DELETE FROM events WHERE position = 1001").await, (1001, Problem::Missing));
    }
}

#[tokio::test]
async fn a_deleted_row_whose_gap_was_closed_is_found() {
    for case in Case::each().await {
        let sql = "DELETE FROM events WHERE position = 700;
                   UPDATE events SET position = -position WHERE position > 700;
                   UPDATE events SET position = -position - 1 WHERE position < 0;";
        assert_eq!(case.finding(sql).await, (700, Problem::Hash));
    }
}

#[tokio::test]
async fn two_swapped_rows_are_found() {
    for case in Case::each().await {
        let sql = "UPDATE events SET position = -1 WHERE position = 800;
                   UPDATE events SET position = 800 WHERE position = 900;
                   UPDATE events SET position = 900 WHERE position = -1;";
        assert_eq!(case.finding(sql).await, (800, Problem::Hash));
    }
}

#[tokio::test]
async fn a_cut_off_tail_is_found() {
    for case in Case::each().await {
        let finding = case.finding("DELETE FROM events WHERE position > 2000").await;
        assert_eq!(finding, (2001, Problem::CutOff { head: EVENTS }));
    }
}

#[tokio::test]
async fn an_inserted_row_is_found() {
    for case in Case::each().await {
        let sql = format!("{MAKE_ROOM} INSERT INTO events SELECT 1700, {COPY} WHERE position = 1699");
        assert_eq!(case.finding(&sql).await, (1700, Problem::Hash));
    }
}

#[tokio::test]
async fn a_row_after_the_head_is_found() {
    for case in Case::each().await {
        case.append(50).await;
        let sql = "UPDATE head SET position = 2500, hash = (SELECT hash FROM events WHERE position = 2500)";
        assert_eq!(case.finding(sql).await, (2501, Problem::Added));
    }
}

#[tokio::test]
async fn a_changed_head_is_found() {
    for case in Case::each().await {
        assert_eq!(case.finding("UPDATE head SET hash = zeroblob(32)").await, (EVENTS, Problem::Head));
    }
}

#[tokio::test]
async fn a_verification_continues_from_an_earlier_one() {
    for case in Case::each().await {
        let before = case.verify().await.unwrap().head;
        case.append(500).await;
        let from = Some((before.position, before.hash));
        let verified = verify(&*case.log, from, |_| {}).await.unwrap();
        assert_eq!(verified, Verified { events: 500, head: case.log.head().await.unwrap() });

        case.storage.tamper("UPDATE events SET version = 998 WHERE position = 2601").await;
        assert_eq!(found(verify(&*case.log, from, |_| {}).await), (2601, Problem::Hash));
        let elsewhere = Some((before.position, [9; 32]));
        assert_eq!(found(verify(&*case.log, elsewhere, |_| {}).await), (before.position, Problem::Replaced));
        let beyond = Some((9_000, [9; 32]));
        assert_eq!(found(verify(&*case.log, beyond, |_| {}).await), (9_000, Problem::Missing));
    }
}

#[tokio::test]
async fn a_chained_version_that_does_not_continue_its_stream_is_found() {
    for case in Case::each().await {
        // As a faulty writer would leave it: the hash chain is right, the version is not.
        let mut draft = Draft::now(&*case.log).await.unwrap().event("order-new", 1);
        assert!(matches!(draft.commit(&*case.log).await.unwrap(), Committed::Done(_)));
        draft = Draft::on(Context::Ordering, draft.base).event("order-new", 2);
        let hash = draft.batch.writes[0].events[0].envelope.hash.clone();
        let id = draft.batch.writes[0].events[0].envelope.id.uuid();
        let (id, hash) = case.storage.literals(id, &hash);
        let (flow, _) = case.storage.literals(draft.correlation, "");
        let sql = format!(
            "UPDATE events SET version = 2, hash = {hash}, event_id = {id}, correlation = {flow},
             causation = {flow}, payload = '{{\"summary\":\"Number 2.\"}}' WHERE position = 2501"
        );
        let stream = StreamId::from_text("order-new");
        assert_eq!(case.finding(&sql).await, (2501, Problem::Version { stream, version: 2 }));
    }
}

#[tokio::test]
async fn a_log_that_grows_during_the_verification_is_verified_to_its_end() {
    for case in Case::each().await {
        let mut draft = Draft::now(&*case.log).await.unwrap();
        for number in 1..=3_000 {
            draft = draft.event("order-growing", number);
        }
        let (verified, committed) = tokio::join!(case.verify(), draft.commit(&*case.log));
        assert!(matches!(committed.unwrap(), Committed::Done(_)));
        let events = verified.unwrap().events;
        assert!(events == EVENTS || events == EVENTS + 3_000, "{events}");
    }
}
