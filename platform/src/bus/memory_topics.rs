//! Topics in memory that publishers write to: transactions, fencing and marks as on a real bus, for the tests of relays.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::{Mutex, MutexGuard};
use schemas::Context;
use schemas::topics::{PARTITIONS, RELAY_TOPIC};
use tokio::sync::watch;

use super::publisher::{Mark, Outgoing, PublishError, Publisher};

/// The faults of publishers in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(test), expect(dead_code, reason = "faults are for the tests of the suite"))]
pub(super) enum Fault {
    None,
    LetsStaleOnesWrite,
    FencesOtherContexts,
    ForgetsTheMark,
    AcknowledgesStaleOnes,
    MarksForStaleOnes,
    LosesTheLastRecord,
    Reorders,
    WritesUpToWhatIsRefused,
    KeepsWhatWasNotCommitted,
    IgnoresMarksAlone,
}

/// Topics in memory, with as many partitions each as a shop has by default. Cheap to clone: clones are the same topics.
#[derive(Clone)]
pub struct MemoryTopics {
    state: Arc<Mutex<State>>,
    /// Changes after every takeover and transaction.
    changes: watch::Sender<()>,
    fault: Fault,
}

#[derive(Default)]
struct State {
    records: BTreeMap<(String, u32), Vec<Outgoing>>,
    marks: BTreeMap<Context, Mark>,
    /// Number of takeovers per context. Only the last publisher may write.
    generations: BTreeMap<Context, u64>,
    /// What happens to the next transactions.
    failures: Vec<Failure>,
}

impl State {
    fn write(&mut self, records: &[Outgoing]) {
        for record in records {
            let place = (record.topic.clone(), record.partition);
            self.records.entry(place).or_default().push(record.clone());
        }
    }
}

/// The failures of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The batch is lost, and the publisher gets the error that the bus does not answer.
    Lost,
    /// The batch is written, but the publisher gets the error that the bus does not answer.
    AnswerLost,
}

impl Default for MemoryTopics {
    fn default() -> Self {
        Self::with(Fault::None)
    }
}

impl MemoryTopics {
    pub(super) fn with(fault: Fault) -> Self {
        Self { state: Arc::default(), changes: watch::Sender::default(), fault }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// A publisher of this context's topics.
    pub fn publisher(&self, context: Context) -> Box<dyn Publisher> {
        Box::new(MemoryPublisher { topics: self.clone(), context, generation: 0 })
    }

    /// The committed records of a partition.
    pub fn visible(&self, topic: &str, partition: u32) -> Vec<Outgoing> {
        self.lock().records.get(&(topic.to_owned(), partition)).cloned().unwrap_or_default()
    }

    /// The committed records of a topic, partition by partition.
    pub fn all(&self, topic: &str) -> Vec<Outgoing> {
        let state = self.lock();
        let of_topic = state.records.iter().filter(|((name, _), _)| name == topic);
        of_topic.flat_map(|(_, records)| records.iter().cloned()).collect()
    }

    /// The mark that the next publisher finds when it takes over.
    pub fn mark(&self, context: Context) -> Option<Mark> {
        self.lock().marks.get(&context).cloned()
    }

    /// Number of takeovers of a context's topics.
    pub fn takeovers(&self, context: Context) -> u64 {
        self.lock().generations.get(&context).copied().unwrap_or(0)
    }

    /// Waits until these topics are as wanted. Looks again after every takeover and transaction.
    pub async fn until(&self, is_so: impl Fn(&Self) -> bool) {
        let mut changes = self.changes.subscribe();
        // The sender is in `self`, so only the condition ends the loop.
        while !is_so(self) && changes.changed().await.is_ok() {}
    }

    /// Makes the next transactions end like this, one each.
    pub fn fail(&self, failures: impl IntoIterator<Item = Failure>) {
        self.lock().failures.extend(failures);
    }
}

struct MemoryPublisher {
    topics: MemoryTopics,
    context: Context,
    generation: u64,
}

impl MemoryPublisher {
    /// Fences earlier publishers of the context.
    fn acquire(&mut self) -> Option<Mark> {
        let mut state = self.topics.lock();
        let fault = self.topics.fault;
        if fault == Fault::FencesOtherContexts {
            state.generations.values_mut().for_each(|generation| *generation += 1);
        }
        let generation = state.generations.entry(self.context).or_default();
        *generation += 1;
        self.generation = *generation;
        let mark = state.marks.get(&self.context).cloned();
        mark.filter(|_| fault != Fault::ForgetsTheMark)
    }

    fn transact(&mut self, records: &[Outgoing], mark: &Mark) -> Result<(), PublishError> {
        let mut state = self.topics.lock();
        let fault = self.topics.fault;
        if mark.context != self.context || records.iter().any(|record| record.topic == RELAY_TOPIC) {
            return Err(PublishError::Rejected("the mark is that of another context".to_owned()));
        }
        if state.generations.get(&self.context) != Some(&self.generation) {
            match fault {
                Fault::LetsStaleOnesWrite => {}
                Fault::AcknowledgesStaleOnes => return Ok(()),
                Fault::MarksForStaleOnes => {
                    state.marks.insert(self.context, mark.clone());
                    return Err(PublishError::Fenced);
                }
                _ => return Err(PublishError::Fenced),
            }
        }
        let refused = records.iter().position(|record| record.partition >= PARTITIONS);
        if let Some(place) = refused {
            if fault == Fault::WritesUpToWhatIsRefused {
                state.write(&records[..place]);
            }
            return Err(PublishError::Rejected("there is no such partition".to_owned()));
        }
        let failure = if state.failures.is_empty() { None } else { Some(state.failures.remove(0)) };
        let lost = || PublishError::Unavailable("no answer".into());
        if failure == Some(Failure::Lost) {
            self.generation = 0;
            return Err(lost());
        }
        let mut records = records.to_vec();
        match fault {
            Fault::LosesTheLastRecord => drop(records.pop()),
            Fault::Reorders => records.reverse(),
            _ => {}
        }
        if fault != Fault::IgnoresMarksAlone || !records.is_empty() {
            state.marks.insert(self.context, mark.clone());
        }
        state.write(&records);
        if failure == Some(Failure::AnswerLost) {
            self.generation = 0;
            return Err(lost());
        }
        Ok(())
    }
}

#[async_trait]
impl Publisher for MemoryPublisher {
    async fn take_over(&mut self) -> Result<Option<Mark>, PublishError> {
        let mark = self.acquire();
        self.topics.changes.send_replace(());
        Ok(mark)
    }

    async fn publish(&mut self, records: &[Outgoing], mark: &Mark) -> Result<(), PublishError> {
        let result = self.transact(records, mark);
        self.topics.changes.send_replace(());
        result
    }
}

#[cfg(test)]
mod tests;
