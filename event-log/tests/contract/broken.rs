//! Backends with common mistakes. A suite that accepts one of them is worthless.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use event_log::chain;
use event_log::contract::LogUnderTest;
use event_log::port::{
    Batch, Committed, ConsumerProgress, EventAppender, EventReader, Facts, Head, Leases, Log, LogError,
    LogParts, ParkedRecord, Parking, Read, StoredEvent, Wanted, Write,
};
use parking_lot::Mutex;
use schemas::{Context, Envelope};

use crate::files::Files;

#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// Commits are not compared with the head.
    NoHeadCheck,
    /// Answers and handled events are not visible to decisions.
    DeduplicatesLate,
    /// A second answer to a command is silently dropped, and the rest of the batch is kept.
    IgnoresSecondAnswer,
    /// Positions come from a sequence, and some transactions end late.
    LateCommits,
    /// When one stream's events are refused, the others are kept.
    HalfOfABatch,
    /// Positions are committed before the work.
    CheckpointFirst,
    /// Payloads are normalised, as a database's JSON type would.
    RewritesJson,
    /// Only commits of the same process wake waiters.
    IgnoresOtherProcesses,
    /// A redelivered record replaces a parked one and its error.
    ReplacesParked,
    /// A late commit moves a group backwards.
    MovesBackwards,
    /// A lease is taken, but its holder is not stored.
    LeaseWithoutHolder,
}

/// A correct backend with a mistake added to it.
pub struct Broken {
    files: Files,
    fault: Fault,
}

impl Broken {
    pub fn by(fault: Fault) -> Self {
        Self { files: Files::new(), fault }
    }
}

#[async_trait]
impl LogUnderTest for Broken {
    async fn open(&self) -> Result<Arc<dyn Log>, LogError> {
        let inner = self.files.open().await?;
        let broken = Arc::new(BrokenLog {
            inner: Arc::clone(&inner),
            fault: self.fault,
            visible: Mutex::default(),
            noted: Mutex::default(),
            own: tokio::sync::Notify::new(),
        });
        Ok(Arc::new(LogParts {
            reader: broken.clone(),
            appender: broken.clone(),
            progress: broken.clone(),
            leases: broken,
            ..LogParts::of(&inner)
        }))
    }

    async fn raw(&self, statement: &str) -> Result<(), String> {
        self.files.raw(statement).await
    }

    fn soon(&self) -> Duration {
        Duration::from_secs(2)
    }
}

struct BrokenLog {
    inner: Arc<dyn Log>,
    fault: Fault,
    /// Late positions that have become visible.
    visible: Mutex<BTreeSet<u64>>,
    /// The last committed position, per group and partition.
    noted: Mutex<BTreeMap<(String, String), u64>>,
    own: tokio::sync::Notify,
}

impl BrokenLog {
    /// The batch with its events moved to the current end of the log.
    async fn rebased(&self, batch: &Batch, onto: &Head) -> Result<Batch, LogError> {
        let (mut batch, mut position, mut hash) = (batch.clone(), onto.position, onto.hash);
        let mut versions = BTreeMap::new();
        for event in batch.writes.iter_mut().flat_map(|write| write.events.iter_mut()) {
            let stream = event.envelope.stream.clone();
            let stored = self.inner.read(Read::Streams(&[(stream.clone(), 0)]), 1_000_000).await?;
            let version = versions.entry(stream).or_insert(stored.len() as u64);
            *version += 1;
            position += 1;
            let mut envelope =
                Envelope { version: *version, position, epoch: onto.epoch, ..(*event.envelope).clone() };
            hash = chain::link(&hash, &envelope, &event.payload);
            envelope.hash = chain::to_hex(&hash);
            event.envelope = Arc::new(envelope);
        }
        Ok(batch)
    }

    async fn without_head_check(&self, base: &Head, batch: &Batch) -> Result<Committed, LogError> {
        let mut committed = self.inner.commit(base, batch).await?;
        while let Committed::Moved(head) = committed {
            committed = self.inner.commit(&head, &self.rebased(batch, &head).await?).await?;
        }
        Ok(committed)
    }

    async fn half(&self, base: &Head, batch: &Batch) -> Result<Committed, LogError> {
        let committed = self.inner.commit(base, batch).await;
        if committed.is_err()
            && let Some(event) = batch.writes.first().and_then(|write| write.events.first())
        {
            let events = vec![event.clone()];
            let half = Batch { writes: vec![Write { events, ..Write::default() }], ..Batch::default() };
            self.inner.commit(base, &half).await?;
        }
        committed
    }

    async fn ignore_second_answer(&self, base: &Head, batch: &Batch) -> Result<Committed, LogError> {
        let mut batch = batch.clone();
        let commands = batch.writes.iter().filter_map(|write| Some(write.ledger.as_ref()?.command)).collect();
        let (_, facts) = self.inner.facts(&Wanted { commands, ..Wanted::default() }).await?;
        for write in &mut batch.writes {
            write.ledger.take_if(|entry| facts.ledger.contains_key(&entry.command));
        }
        self.inner.commit(base, &batch).await
    }

    async fn checkpoint_first(&self, base: &Head, batch: &Batch) -> Result<Committed, LogError> {
        let checkpoint = Batch { positions: batch.positions.clone(), ..Batch::default() };
        match self.inner.commit(base, &checkpoint).await? {
            Committed::Done(head) => self.inner.commit(&head, batch).await,
            moved => Ok(moved),
        }
    }

    async fn rewrite_json(&self, base: &Head, batch: &Batch) -> Result<Committed, LogError> {
        let mut batch = batch.clone();
        for event in batch.writes.iter_mut().flat_map(|write| write.events.iter_mut()) {
            if let Ok(value) = serde_json::from_str::<serde_json::Value>(&event.payload) {
                event.payload = value.to_string().into();
            }
        }
        self.inner.commit(base, &batch).await
    }

    async fn replace_parked(&self, base: &Head, batch: &Batch) -> Result<Committed, LogError> {
        let mut batch = batch.clone();
        for write in &mut batch.writes {
            let forget = |parking: &Parking| match parking {
                Parking::Park(record) => Some(Parking::Unpark {
                    reactor: record.reactor.clone(),
                    source: record.envelope.stream.clone(),
                    version: record.envelope.version,
                }),
                Parking::Redrive { .. } | Parking::Unpark { .. } => None,
            };
            let forgotten: Vec<_> = write.parking.iter().filter_map(forget).collect();
            write.parking.splice(0..0, forgotten);
        }
        self.inner.commit(base, &batch).await
    }

    fn last_noted(&self, group: &str, positions: &mut BTreeMap<String, u64>) {
        if matches!(self.fault, Fault::MovesBackwards) {
            let noted = self.noted.lock();
            let of_group = noted.iter().filter(|((known, _), _)| known == group);
            positions.extend(of_group.map(|((_, partition), done)| (partition.clone(), *done)));
        }
    }

    /// Every fifth position belongs to a transaction that ends only after its successor was read.
    fn late(&self, events: Vec<StoredEvent>) -> Vec<StoredEvent> {
        let mut visible = self.visible.lock();
        let last = events.last().map_or(0, |event| event.envelope.position);
        let mut seen = Vec::new();
        for event in events {
            let position = event.envelope.position;
            if !position.is_multiple_of(5) || visible.contains(&position) {
                seen.push(event);
            } else if position < last {
                visible.insert(position);
            }
        }
        seen
    }
}

#[async_trait]
impl EventReader for BrokenLog {
    fn context(&self) -> Context {
        self.inner.context()
    }

    async fn head(&self) -> Result<Head, LogError> {
        self.inner.head().await
    }

    async fn read(&self, what: Read<'_>, limit: usize) -> Result<Vec<StoredEvent>, LogError> {
        let by_position = matches!(what, Read::After(_));
        let events = self.inner.read(what, limit).await?;
        let late = by_position && matches!(self.fault, Fault::LateCommits);
        Ok(if late { self.late(events) } else { events })
    }

    async fn grown(&self, position: u64, patience: Duration) {
        if !matches!(self.fault, Fault::IgnoresOtherProcesses) {
            return self.inner.grown(position, patience).await;
        }
        let own = self.own.notified();
        if self.inner.head().await.is_ok_and(|head| head.position <= position) {
            // Either is a reason to read again.
            tokio::select! { () = own => {}, () = tokio::time::sleep(patience) => {} }
        }
    }
}

#[async_trait]
impl EventAppender for BrokenLog {
    async fn facts(&self, wanted: &Wanted) -> Result<(Head, Facts), LogError> {
        let (head, mut facts) = self.inner.facts(wanted).await?;
        if matches!(self.fault, Fault::DeduplicatesLate) {
            facts.ledger.clear();
            facts.inbox.clear();
        }
        facts.groups.iter_mut().for_each(|(group, positions)| self.last_noted(group, positions));
        Ok((head, facts))
    }

    async fn commit(&self, base: &Head, batch: &Batch) -> Result<Committed, LogError> {
        let committed = match self.fault {
            Fault::NoHeadCheck => self.without_head_check(base, batch).await,
            Fault::HalfOfABatch => self.half(base, batch).await,
            Fault::IgnoresSecondAnswer => self.ignore_second_answer(base, batch).await,
            Fault::CheckpointFirst => self.checkpoint_first(base, batch).await,
            Fault::RewritesJson => self.rewrite_json(base, batch).await,
            Fault::ReplacesParked => self.replace_parked(base, batch).await,
            Fault::DeduplicatesLate
            | Fault::LateCommits
            | Fault::IgnoresOtherProcesses
            | Fault::MovesBackwards
            | Fault::LeaseWithoutHolder => self.inner.commit(base, batch).await,
        };
        let notes = batch.positions.iter().cloned();
        self.noted.lock().extend(notes.map(|(group, partition, done)| ((group, partition), done)));
        self.own.notify_waiters();
        committed
    }
}

#[async_trait]
impl ConsumerProgress for BrokenLog {
    async fn group(&self, group: &str) -> Result<(BTreeMap<String, u64>, u32), LogError> {
        let (mut positions, starts) = self.inner.group(group).await?;
        self.last_noted(group, &mut positions);
        Ok((positions, starts))
    }

    async fn parked(&self, reactor: Option<&str>, limit: usize) -> Result<Vec<ParkedRecord>, LogError> {
        self.inner.parked(reactor, limit).await
    }
}

#[async_trait]
impl Leases for BrokenLog {
    async fn lease(&self, name: &str, holder: &str, ttl: Duration) -> Result<bool, LogError> {
        let holder = if matches!(self.fault, Fault::LeaseWithoutHolder) { "anonymous" } else { holder };
        self.inner.lease(name, holder, ttl).await
    }

    async fn release(&self, name: &str, holder: &str) -> Result<(), LogError> {
        self.inner.release(name, holder).await
    }
}
