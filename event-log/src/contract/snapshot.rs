//! The observable contents of a log, to detect changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use decider::{Claim, ClaimKind, ViewKey};
use schemas::{CommandId, EventId, StreamId, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::draft::Draft;
use super::{Broken, Checked, ensure};
use crate::port::{
    Committed, DueDeadline, EventReader, Handled, Head, LedgerEntry, Log, LogError, ParkedRecord, Parking,
    Read, StoredEvent, Wanted,
};

pub(super) const FAR: Timestamp = Timestamp::EPOCH;

/// Commits a batch that must succeed.
pub(super) async fn done(draft: &Draft, log: &dyn Log) -> Result<Head, Broken> {
    match draft.commit(log).await? {
        Committed::Done(head) => Ok(head),
        Committed::Moved(head) => {
            Err(format!("a commit on the current head is refused: {:?} {head:?}", draft.base).into())
        }
    }
}

pub(super) async fn everything(log: &(impl EventReader + ?Sized)) -> Result<Vec<StoredEvent>, LogError> {
    log.read(Read::After(0), 1_000_000).await
}

pub(super) fn stream(text: &str) -> StreamId {
    StreamId::from_text(text)
}

pub(super) fn command(name: &str) -> CommandId {
    CommandId::derived(&[name])
}

pub(super) fn slug(value: &str) -> Claim {
    Claim { kind: ClaimKind("slug"), value: value.to_owned() }
}

pub(super) fn view(key: &str) -> ViewKey {
    ViewKey { view: "prices", key: key.to_owned() }
}

pub(super) fn parked(draft: &Draft, reactor: &str, source: &str, version: u64) -> Parking {
    let with = draft.clone().and_write().payload(source, version, "{ \"a\" : 1 }");
    let event = with.batch.writes.last().and_then(|write| write.events.last());
    let envelope = event.map(|event| event.envelope.as_ref().clone());
    Parking::Park(Box::new(ParkedRecord {
        reactor: reactor.to_owned(),
        // A draft that an event was added to has an envelope.
        envelope: envelope.unwrap_or_else(|| unreachable!("the event was added above")),
        payload: "{ \"a\" : 1 }".to_owned(),
        error: "boom".to_owned(),
        redrive: false,
    }))
}

/// A draft with every kind of change, with keys that end in `tag`, and two events in separate streams.
pub(super) fn full(draft: Draft, tag: &str) -> Draft {
    let (one, two) = (format!("order-{tag}"), format!("payment-{tag}"));
    let park = parked(&draft, "reactor", &format!("order-parked-{tag}"), 3);
    let handled = Handled { version: 9, event: EventId::new(Uuid::from_u128(9)) };
    draft
        .event(&one, 1)
        .event(&two, 1)
        .answer(command(tag), "{\"verdict\":\"done\"}", FAR)
        .with(|write| {
            write.inbox = Some(("reactor".to_owned(), stream(&one), handled));
            write.claimed.push((slug(tag), stream(&one)));
            write.deadlines.push((stream(&one), 1, Some(("expire".to_owned(), FAR))));
            write.parking.push(park);
        })
        .beside(|batch| {
            batch.views.push(decider::ViewWrite { key: view(tag), value: Some(json!({ "price": 5 })) });
            batch.positions.push(("group".to_owned(), format!("topic/{tag}"), 5));
            batch.starts.push((format!("group-{tag}"), 3));
        })
}

/// The same without parked records, which a backend may write separately.
pub(super) fn nearly_full(draft: Draft, tag: &str) -> Draft {
    full(draft, tag).with(|write| write.parking.clear())
}

/// The contents of a log under the keys of [`full`] for `tags`.
#[derive(Debug, PartialEq)]
pub(super) struct Snapshot {
    pub(super) head: Head,
    pub(super) events: Vec<StoredEvent>,
    ledger: BTreeMap<CommandId, LedgerEntry>,
    inbox: BTreeMap<(String, StreamId), Handled>,
    claims: BTreeMap<Claim, StreamId>,
    views: BTreeMap<ViewKey, Arc<Value>>,
    due: Vec<DueDeadline>,
    groups: Vec<(BTreeMap<String, u64>, u32)>,
    parked: Vec<ParkedRecord>,
    counts: BTreeMap<String, (u64, u64)>,
}

impl Snapshot {
    pub(super) async fn of(log: &dyn Log, tags: &[&str]) -> Result<Self, LogError> {
        let wanted = Wanted {
            commands: tags.iter().map(|tag| command(tag)).collect(),
            inbox: tags.iter().map(|tag| ("reactor".to_owned(), stream(&format!("order-{tag}")))).collect(),
            claims: tags.iter().map(|tag| slug(tag)).collect(),
            views: tags.iter().map(|tag| view(tag)).collect(),
            ..Wanted::default()
        };
        let (head, facts) = log.facts(&wanted).await?;
        let mut groups = vec![log.group("group").await?];
        for tag in tags {
            groups.push(log.group(&format!("group-{tag}")).await?);
        }
        Ok(Self {
            head,
            events: everything(log).await?,
            ledger: facts.ledger,
            inbox: facts.inbox,
            claims: facts.claims,
            views: facts.views,
            due: log.due(Timestamp::from_millis(i64::MAX), 1000).await?,
            groups,
            parked: log.parked(None, 1000).await?,
            counts: log.counts().await?,
        })
    }

    /// Fails unless every change of [`full`] is present for this number of tags.
    pub(super) fn is_full(&self, tags: usize) -> Checked {
        self.is_full_with(tags, tags)
    }

    /// The same with another number of parked records.
    pub(super) fn is_full_with(&self, tags: usize, parked: usize) -> Checked {
        let found = [
            self.events.len() / 2,
            self.ledger.len(),
            self.inbox.len(),
            self.claims.len(),
            self.views.len(),
            self.due.len(),
            self.groups.first().map_or(0, |(positions, _)| positions.len()),
            self.groups.iter().filter(|(_, starts)| *starts == 3).count(),
        ];
        ensure(
            found.iter().all(|number| *number == tags) && self.parked.len() == parked,
            format!("a part of {tags} writes is missing: {self:?}"),
        )
    }
}
