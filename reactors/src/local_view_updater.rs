//! Updates a context's local view from the topics of other contexts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::{LocalView, ViewKey, ViewWrite};
use event_log::port::Wanted;
use event_log::writer::Writer;
use platform::bus::{Bus, Record, Start, Subscription};
use platform::shutdown::Shutdown;
use serde_json::Value;

use crate::positions::GroupPositions;
use crate::progress::Progress;
use crate::runner::RunError;

/// Records per read.
const DELIVERY: usize = 1_000;
/// The longest wait for records.
const PATIENCE: Duration = Duration::from_secs(5);

/// The updater of a local view.
pub struct LocalViewUpdater {
    view: &'static LocalView,
    bus: Arc<dyn Bus>,
    writer: Writer,
    progress: Progress,
}

impl LocalViewUpdater {
    /// `writer` must be that of the context that owns the view.
    pub fn new(view: &'static LocalView, bus: Arc<dyn Bus>, writer: Writer, progress: Progress) -> Self {
        Self { view, bus, writer, progress }
    }

    /// Runs until the shutdown begins or something fails. Entries and positions are one commit.
    pub async fn run(self, shutdown: Shutdown) -> Result<(), RunError> {
        let group = self.view.name;
        let log = self.writer.log();
        let resume = Arc::new(GroupPositions::new(Arc::clone(log), group));
        self.progress.join(group, log.context(), self.view.topics, resume.read().await?);
        let subscription = Subscription {
            group: group.to_owned(),
            topics: self.view.topics.to_vec(),
            start: Start::Beginning,
            resume: Arc::clone(&resume) as _,
        };
        let mut consumer = self.bus.subscribe(subscription).await?;
        loop {
            let delivery = tokio::select! {
                biased;
                () = shutdown.begun() => return Ok(()),
                delivery = consumer.next(DELIVERY, PATIENCE) => delivery?,
            };
            if delivery.positions.is_empty() {
                continue;
            }
            let views = self.updates(&delivery.records).await?;
            let positions = &delivery.positions;
            // The entries follow from those that were read. If another process has written since, the note is refused and
            // the records are delivered again.
            self.writer.note(resume.note(positions, views)).await?;
            resume.noted(positions);
            self.progress.advance(group, positions);
            consumer.commit(positions).await?;
        }
    }

    /// The entries that change with these records. An event that cannot be applied is skipped with an alarm: the view is
    /// private and disposable, and later events of the stream, or a rebuild, will correct it.
    async fn updates(&self, records: &[Record]) -> Result<Vec<ViewWrite>, RunError> {
        let views: Vec<ViewKey> =
            records.iter().flat_map(|record| (self.view.reads)(&record.envelope)).collect();
        let (_, facts) = self.writer.log().facts(&Wanted { views, ..Wanted::default() }).await?;
        let mut entries: BTreeMap<ViewKey, Value> =
            facts.views.into_iter().map(|(key, value)| (key, Value::clone(&value))).collect();
        let mut changed: BTreeMap<ViewKey, Option<Value>> = BTreeMap::new();
        for record in records {
            match (self.view.learn)(&entries, &record.envelope, &record.payload) {
                Ok(writes) => {
                    for ViewWrite { key, value } in writes {
                        match &value {
                            Some(value) => drop(entries.insert(key.clone(), value.clone())),
                            None => drop(entries.remove(&key)),
                        }
                        changed.insert(key, value);
                    }
                }
                Err(error) => {
                    let event = record.envelope.token();
                    tracing::error!(view = self.view.name, %event, %error, "local view could not apply the event");
                }
            }
        }
        Ok(changed.into_iter().map(|(key, value)| ViewWrite { key, value }).collect())
    }
}
