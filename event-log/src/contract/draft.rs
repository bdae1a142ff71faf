//! Builds batches as the writer does.

use std::sync::Arc;

use schemas::{CommandId, Context, Envelope, EventId, StreamId, Timestamp};
use uuid::Uuid;

use crate::chain;
use crate::port::{
    Batch, Committed, EventAppender, EventReader, Head, LedgerEntry, LogError, StoredEvent, Write,
};

/// A batch that continues a log. Positions and the hash chain are computed; versions are the caller's.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The head that it is decided on.
    pub base: Head,
    /// The batch to commit.
    pub batch: Batch,
    /// The flow of events that are added next.
    pub correlation: Uuid,
    context: Context,
    position: u64,
    hash: [u8; 32],
}

impl Draft {
    /// A batch of one empty write.
    pub fn on(context: Context, base: Head) -> Self {
        let batch = Batch { writes: vec![Write::default()], ..Batch::default() };
        let (position, hash) = (base.position, base.hash);
        Self { base, batch, correlation: Uuid::new_v4(), context, position, hash }
    }

    /// A batch of one empty write on the current head of the log.
    pub async fn now(log: &(impl EventReader + ?Sized)) -> Result<Self, LogError> {
        Ok(Self::on(log.context(), log.head().await?))
    }

    /// Adds an empty write, to which later additions belong.
    #[must_use]
    pub fn and_write(mut self) -> Self {
        self.batch.writes.push(Write::default());
        self
    }

    #[must_use]
    pub fn event(self, stream: &str, version: u64) -> Self {
        let payload = format!("{{\"summary\":\"Number {version}.\"}}");
        self.payload(stream, version, &payload)
    }

    /// Adds an event with this payload.
    #[must_use]
    pub fn payload(self, stream: &str, version: u64, payload: &str) -> Self {
        let id = EventId::new(Uuid::new_v4());
        self.envelope(stream, version, payload, |envelope| envelope.id = id)
    }

    /// Adds an event whose envelope is changed before it is hashed.
    #[must_use]
    pub fn envelope(
        mut self,
        stream: &str,
        version: u64,
        payload: &str,
        change: impl FnOnce(&mut Envelope),
    ) -> Self {
        let mut envelope = Envelope {
            id: EventId::new(Uuid::new_v4()),
            stream: StreamId::from_text(stream),
            version,
            context: self.context,
            position: self.position + 1,
            epoch: self.base.epoch,
            name: "Tested".to_owned(),
            type_version: 1,
            time: Timestamp::from_millis(1_772_366_401_482),
            correlation: self.correlation,
            causation: self.correlation,
            traceparent: None,
            hash: String::new(),
        };
        change(&mut envelope);
        self.hash = chain::link(&self.hash, &envelope, payload);
        self.position = envelope.position;
        envelope.hash = chain::to_hex(&self.hash);
        self.write().events.push(StoredEvent { envelope: Arc::new(envelope), payload: payload.into() });
        self
    }

    /// Adds an answer to `command`.
    #[must_use]
    pub fn answer(mut self, command: CommandId, answer: &str, at: Timestamp) -> Self {
        self.write().ledger =
            Some(LedgerEntry { command, fingerprint: [7; 32], answer: answer.to_owned(), at });
        self
    }

    /// Changes the last write.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Write)) -> Self {
        change(self.write());
        self
    }

    /// Changes the rest of the batch.
    #[must_use]
    pub fn beside(mut self, change: impl FnOnce(&mut Batch)) -> Self {
        change(&mut self.batch);
        self
    }

    pub async fn commit(&self, log: &(impl EventAppender + ?Sized)) -> Result<Committed, LogError> {
        log.commit(&self.base, &self.batch).await
    }

    fn write(&mut self) -> &mut Write {
        if self.batch.writes.is_empty() {
            self.batch.writes.push(Write::default());
        }
        let last = self.batch.writes.len() - 1;
        &mut self.batch.writes[last]
    }
}
