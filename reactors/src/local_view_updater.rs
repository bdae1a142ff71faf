//! Keeps a context's local view: what it has learnt from other contexts' topics.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::{LocalView, ViewKey, ViewWrite};
use event_log::port::Wanted;
use event_log::writer::Writer;
use platform::bus::{Bus, Record, Start, Subscription};
use platform::shutdown::Shutdown;
use schemas::Context;
use serde_json::Value;

use crate::positions::GroupPositions;
use crate::progress::Progress;
use crate::runner::RunError;

/// A context and a view that it keeps.
pub struct Kept {
    /// Whose database it is in.
    pub context: Context,
    /// What it learns.
    pub view: &'static LocalView,
}

/// Every local view there is.
pub static VIEWS: [Kept; 1] = [Kept { context: Context::Ordering, view: &domain::price_book::PRICE_BOOK }];

const DELIVERY: usize = 1_000;
const PATIENCE: Duration = Duration::from_secs(5);

/// A view with what it needs.
pub struct Learner {
    view: &'static LocalView,
    bus: Arc<dyn Bus>,
    writer: Writer,
    progress: Progress,
}

impl Learner {
    /// `writer` must be that of the context that the view belongs to.
    pub fn new(view: &'static LocalView, bus: Arc<dyn Bus>, writer: Writer, progress: Progress) -> Self {
        Self { view, bus, writer, progress }
    }

    /// Learns until the shutdown begins or something fails. Entries and positions are kept together.
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
            let views = self.learn(&delivery.records).await?;
            let positions = &delivery.positions;
            // What was learnt belongs to what was known before: where another process has gone on, it is learnt anew.
            self.writer.note(resume.note(positions, views)).await?;
            resume.noted(positions);
            self.progress.advance(group, positions);
            consumer.commit(positions).await?;
        }
    }

    /// What the entries are after these records. An event that cannot be read is passed over with an alarm: the view is
    /// private and disposable, and what it would have said is said again by the stream's later events or a rebuild.
    async fn learn(&self, records: &[Record]) -> Result<Vec<ViewWrite>, RunError> {
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
                    tracing::error!(view = self.view.name, event = %record.envelope.token(), %error, "not learnt from");
                }
            }
        }
        Ok(changed.into_iter().map(|(key, value)| ViewWrite { key, value }).collect())
    }
}
