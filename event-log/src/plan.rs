//! The net changes of a batch, checked as far as possible without the database. Keys that the batch writes
//! more than once are reduced to their final value. Every backend executes the same plan.

use std::collections::{BTreeMap, BTreeSet};

use decider::{Claim, ViewKey};
use schemas::{Context, StreamId, Timestamp};

use crate::chain;
use crate::port::{Batch, Handled, Head, LedgerEntry, LogError, Parking, StoredEvent, Write};

/// A stream's deadline after the batch: version, kind, instant.
pub(crate) type StreamDeadline<'a> = (u64, &'a str, Timestamp);

/// The net changes of a batch.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    /// The head after the batch.
    pub(crate) head: Head,
    /// Events, each with the hash chain at it.
    pub(crate) events: Vec<(&'a StoredEvent, [u8; 32])>,
    /// Events that the log must have already: stream, version, and the position of the event that follows it.
    pub(crate) predecessors: Vec<(&'a str, u64, u64)>,
    /// By stream prefix: the number of new events, and the position of the last.
    pub(crate) counts: BTreeMap<&'a str, (u64, u64)>,
    pub(crate) ledger: Vec<&'a LedgerEntry>,
    pub(crate) inbox: BTreeMap<(&'a str, &'a str), &'a Handled>,
    /// Claims that the batch releases at any point; removed before `claimed` is written.
    pub(crate) released: BTreeSet<&'a Claim>,
    /// Claims that are held after the batch.
    pub(crate) claimed: BTreeMap<&'a Claim, &'a StreamId>,
    pub(crate) deadlines: BTreeMap<&'a str, Option<StreamDeadline<'a>>>,
    pub(crate) parking: Vec<&'a Parking>,
    pub(crate) views: BTreeMap<&'a ViewKey, Option<String>>,
    pub(crate) positions: BTreeMap<(&'a str, &'a str), u64>,
    pub(crate) starts: BTreeMap<&'a str, u32>,
}

impl<'a> Plan<'a> {
    /// Plans `batch` on `base`. Refuses events that cannot continue the log of `context` from there.
    pub(crate) fn of(context: Context, base: &Head, batch: &'a Batch) -> Result<Self, LogError> {
        let mut plan = Self {
            head: Head { revision: base.revision + 1, ..*base },
            events: Vec::new(),
            predecessors: Vec::new(),
            counts: BTreeMap::new(),
            ledger: Vec::new(),
            inbox: BTreeMap::new(),
            released: BTreeSet::new(),
            claimed: BTreeMap::new(),
            deadlines: BTreeMap::new(),
            parking: Vec::new(),
            views: batch.views.iter().map(|w| (&w.key, w.value.as_ref().map(ToString::to_string))).collect(),
            positions: BTreeMap::new(),
            starts: batch.starts.iter().map(|(group, starts)| (group.as_str(), *starts)).collect(),
        };
        for (group, partition, done) in &batch.positions {
            let known = plan.positions.entry((group, partition)).or_default();
            *known = (*known).max(*done);
        }
        let mut versions = BTreeMap::new();
        for write in &batch.writes {
            for event in &write.events {
                plan.event(context, event, &mut versions)?;
            }
            plan.other_changes(context, write)?;
        }
        Ok(plan)
    }

    fn event(
        &mut self,
        context: Context,
        event: &'a StoredEvent,
        versions: &mut BTreeMap<&'a str, u64>,
    ) -> Result<(), LogError> {
        let envelope = event.envelope.as_ref();
        let position = self.head.position + 1;
        let broken = |problem: String| Err(LogError::Broken { context, position, problem });
        if envelope.position != position {
            return broken(format!("an event with position {} cannot follow", envelope.position));
        }
        if envelope.context != context || envelope.epoch != self.head.epoch {
            return broken("an event of another log cannot follow".to_owned());
        }
        let Some(hash) = chain::from_hex(&envelope.hash) else {
            return broken("an event without a hash cannot follow".to_owned());
        };
        let stream = envelope.stream.as_str();
        match versions.insert(stream, envelope.version) {
            Some(before) if envelope.version != before + 1 => {
                return broken(format!(
                    "{stream} is at version {before}, so its next version cannot be {}",
                    envelope.version
                ));
            }
            None if envelope.version == 0 => return broken(format!("{stream} cannot have version 0")),
            None if envelope.version > 1 => self.predecessors.push((stream, envelope.version - 1, position)),
            _ => {}
        }
        let count = self.counts.entry(envelope.stream.prefix()).or_default();
        *count = (count.0 + 1, position);
        self.events.push((event, hash));
        (self.head.position, self.head.hash) = (position, hash);
        Ok(())
    }

    fn other_changes(&mut self, context: Context, write: &'a Write) -> Result<(), LogError> {
        self.ledger.extend(&write.ledger);
        self.inbox.extend(
            write
                .inbox
                .iter()
                .map(|(reactor, source, handled)| ((reactor.as_str(), source.as_str()), handled)),
        );
        for claim in &write.released {
            self.claimed.remove(claim);
            self.released.insert(claim);
        }
        for (claim, stream) in &write.claimed {
            if self.claimed.insert(claim, stream).is_some_and(|holder| holder != stream) {
                let problem = format!("two streams claim the {} {}", claim.kind.name(), claim.value);
                return Err(LogError::Broken { context, position: self.head.position, problem });
            }
        }
        for (stream, version, deadline) in &write.deadlines {
            let deadline = deadline.as_ref().map(|(kind, at)| (*version, kind.as_str(), *at));
            self.deadlines.insert(stream.as_str(), deadline);
        }
        self.parking.extend(&write.parking);
        Ok(())
    }
}
