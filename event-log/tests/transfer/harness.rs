//! A log with every kind of content, and a database to move it to.

use std::collections::BTreeMap;
use std::sync::Arc;

use decider::{Claim, ClaimKind, ViewKey, ViewWrite};
use event_log::connect;
use event_log::contract::Draft;
use event_log::port::{
    Committed, DueDeadline, Facts, Handled, Head, Log, ParkedRecord, Parking, Read, StoredEvent, Wanted,
};
use event_log::transfer::{Moved, Transfer, TransferError, release};
use platform::postgres::Address;
use platform::postgres::scratch::Scratch;
use schemas::{CommandId, Context, EventId, StreamId, Timestamp};
use serde_json::json;
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;
use uuid::Uuid;

pub const CONTEXT: Context = Context::Ordering;
/// Enough for several chunks.
pub const STREAMS: u64 = 1_500;

pub struct Harness {
    folder: TempDir,
    pub database: Scratch,
}

impl Harness {
    /// A log with every kind of content.
    pub async fn new() -> Self {
        let harness = Self { folder: tempfile::tempdir().unwrap(), database: Scratch::new().await.unwrap() };
        fill(harness.old().await.as_ref()).await;
        harness
    }

    pub fn file(&self) -> String {
        format!("sqlite://{}", self.folder.path().join("ordering").display())
    }

    pub async fn old(&self) -> Arc<dyn Log> {
        connect(&self.file(), CONTEXT).await.unwrap()
    }

    pub async fn new_log(&self) -> Arc<dyn Log> {
        connect(self.database.url(), CONTEXT).await.unwrap()
    }

    pub async fn lock(&self) -> Transfer {
        Transfer::lock(&self.file(), CONTEXT).await.unwrap()
    }

    /// Copies the log and checks the copy.
    pub async fn copy(&self) -> Result<Moved, TransferError> {
        let mut transfer = Transfer::lock(&self.file(), CONTEXT).await?;
        transfer.copy(self.database.url(), &mut |_| {}).await?;
        transfer.check(self.database.url(), &mut |_| {}).await
    }

    /// The same, and opens the copy for writing.
    pub async fn transfer(&self) -> Result<Moved, TransferError> {
        let moved = self.copy().await?;
        release(&[(CONTEXT, self.database.url().to_owned())]).await?;
        Ok(moved)
    }

    /// Runs statements in the database, in the schema of the log.
    pub async fn raw(&self, sql: &str) {
        self.database.run_in(CONTEXT.name(), sql).await.unwrap();
    }

    /// Runs statements in the file.
    pub async fn raw_file(&self, sql: &'static str) {
        let path = self.folder.path().join("ordering");
        let mut connection = SqliteConnection::connect(&path.display().to_string()).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    }

    /// Ends all connections of moves into the database.
    pub async fn cut(&self) {
        let database = Address::parse(self.database.url(), &[]).unwrap().database().to_owned();
        let cut = format!(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
             WHERE datname = '{database}' AND application_name = 'chorale-move'"
        );
        self.database.run(&cut).await.unwrap();
    }
}

pub fn stream(number: u64) -> StreamId {
    StreamId::from_text(format!("{}-{number:05}", if number.is_multiple_of(3) { "payment" } else { "order" }))
}

pub fn command(number: u64) -> CommandId {
    CommandId::derived(&["transfer", &number.to_string()])
}

pub fn claim(kind: ClaimKind, number: u64) -> Claim {
    Claim { kind, value: format!("größe-{number}") }
}

fn key(number: u64) -> ViewKey {
    ViewKey { view: "prices", key: format!("sku '{number}' \\ \"") }
}

fn deadline(number: u64) -> (String, Timestamp) {
    ("expire".to_owned(), Timestamp::from_millis(1_000 + i64::try_from(number).unwrap() * 10))
}

/// Texts that a careless copy changes.
fn payload(number: u64) -> String {
    let odd =
        ["{ \"a\" : 1.0 }", "{\"b\":\"\\u0000 \\\\N \\t\",\"a\":1e2}", "{\"z\":\"🍵 ü\\n\",\"z\":2}", "[]"];
    let odd = odd[usize::try_from(number).unwrap() % odd.len()];
    format!("{odd}{}", " ".repeat(usize::try_from(number % 7).unwrap() * 40))
}

/// One request with every kind of change.
fn request(draft: Draft, number: u64) -> Draft {
    let own = stream(number);
    let parked = ParkedRecord {
        reactor: "payments-orders".to_owned(),
        envelope: Draft::on(CONTEXT, draft.base).event("order-parked", number + 1).batch.writes[0].events[0]
            .envelope
            .as_ref()
            .clone(),
        payload: payload(number),
        error: format!("boom {number}\u{0}"),
        redrive: number.is_multiple_of(2),
    };
    let handled = Handled { version: number, event: EventId::new(Uuid::from_u128(number.into())) };
    draft
        .and_write()
        .envelope(own.as_str(), 1, &payload(number), |envelope| {
            envelope.name = format!("Event{}", number % 5);
            envelope.type_version = 1 + u32::try_from(number % 3).unwrap();
            envelope.traceparent =
                number.is_multiple_of(2).then(|| format!("00-{number:032x}-{number:016x}-01"));
        })
        .event(own.as_str(), 2)
        .answer(command(number), &payload(number), Timestamp::from_millis(i64::try_from(number).unwrap()))
        .with(|write| {
            write.inbox = Some(("payments-orders".to_owned(), own.clone(), handled));
            write.claimed.push((claim(ClaimKind("slug"), number), own.clone()));
            write.claimed.push((claim(ClaimKind("sku"), number), own.clone()));
            write.deadlines.push((own, 2, Some(deadline(number))));
            if number < 40 {
                write.parking.push(Parking::Park(Box::new(parked)));
            }
        })
        .beside(|batch| {
            let value = Some(json!({ "price": number, "text": "\u{0} ü" }));
            batch.views.push(ViewWrite { key: key(number), value });
            let partition = format!("chorale.order.v1/{}", number % 6);
            batch.positions.push((format!("group-{}", number % 4), partition, number));
            batch.starts.push((format!("group-{}", number % 4), u32::try_from(number % 9).unwrap()));
        })
}

async fn fill(log: &dyn Log) {
    let numbers: Vec<u64> = (0..STREAMS).collect();
    for portion in numbers.chunks(100) {
        let mut draft = Draft::now(log).await.unwrap();
        for number in portion {
            draft = request(draft, *number);
        }
        assert!(matches!(draft.commit(log).await.unwrap(), Committed::Done(_)));
    }
    // The revision differs from the number of batches with events.
    Draft::now(log).await.unwrap().commit(log).await.unwrap();
    assert!(log.set_property("time", "REAL").await.unwrap());
    assert!(log.set_property("rules", "{ \"maxPerOrder\" : 7 }").await.unwrap());
}

/// Everything that is observable of a log.
#[derive(Debug, PartialEq)]
pub struct Contents {
    pub head: Head,
    pub events: Vec<StoredEvent>,
    facts: Vec<String>,
    due: Vec<DueDeadline>,
    groups: Vec<(BTreeMap<String, u64>, u32)>,
    pub parked: Vec<ParkedRecord>,
    counts: BTreeMap<String, (u64, u64)>,
    properties: BTreeMap<String, String>,
}

impl Contents {
    pub async fn of(log: &dyn Log) -> Self {
        let numbers = || 0..STREAMS;
        let wanted = Wanted {
            commands: numbers().map(command).collect(),
            inbox: numbers().map(|number| ("payments-orders".to_owned(), stream(number))).collect(),
            claims: numbers()
                .flat_map(|number| [claim(ClaimKind("slug"), number), claim(ClaimKind("sku"), number)])
                .collect(),
            views: numbers().map(key).collect(),
            ..Wanted::default()
        };
        let (head, Facts { ledger, inbox, claims, views, .. }) = log.facts(&wanted).await.unwrap();
        let each = usize::try_from(STREAMS).unwrap();
        assert_eq!((ledger.len(), inbox.len(), claims.len(), views.len()), (each, each, 2 * each, each));
        let mut groups = Vec::new();
        for number in 0..4 {
            groups.push(log.group(&format!("group-{number}")).await.unwrap());
        }
        Self {
            head,
            events: log.read(Read::After(0), 1_000_000).await.unwrap(),
            facts: [format!("{ledger:?}"), format!("{inbox:?}"), format!("{claims:?}"), format!("{views:?}")]
                .into(),
            due: log.due(Timestamp::from_millis(i64::MAX), 1_000_000).await.unwrap(),
            groups,
            parked: log.parked(None, 1_000).await.unwrap(),
            counts: log.counts().await.unwrap(),
            properties: log.properties().await.unwrap(),
        }
    }
}
