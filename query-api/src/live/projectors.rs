//! The status of projectors, asked for once a second for all subscribers.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures_util::Stream;
use parking_lot::Mutex;
use read_models::ProjectorStatus;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::fault::Fault;
use crate::services::StatusSource;

/// The time between two questions.
const EVERY: Duration = Duration::from_secs(1);

/// The latest answer; `None` before the first.
type Latest = Option<Result<Arc<Vec<ProjectorStatus>>, Arc<Fault>>>;

/// The status of all projectors.
pub(crate) struct ProjectorFeed {
    source: Arc<dyn StatusSource>,
    latest: watch::Sender<Latest>,
    /// Whether the task runs.
    following: Mutex<bool>,
}

impl ProjectorFeed {
    pub(crate) fn new(source: Arc<dyn StatusSource>) -> Self {
        Self { source, latest: watch::Sender::new(None), following: Mutex::new(false) }
    }

    /// The status of each projector, and again whenever it has changed; and the fault, if it is not known.
    pub(crate) fn changes(
        self: &Arc<Self>,
    ) -> impl Stream<Item = Result<ProjectorStatus, Fault>> + Send + 'static {
        let receiver = self.subscribe();
        let (told, next) = (HashMap::new(), VecDeque::new());
        futures_util::stream::unfold(
            (receiver, told, next),
            |(mut receiver, mut told, mut next)| async move {
                loop {
                    if let Some(status) = next.pop_front() {
                        return Some((status, (receiver, told, next)));
                    }
                    receiver.changed().await.ok()?;
                    let latest = receiver.borrow_and_update().clone();
                    match latest {
                        Some(Ok(all)) => next.extend(changed(&all, &mut told).into_iter().map(Ok)),
                        Some(Err(fault)) => next.push_back(Err(Fault::Shared(fault))),
                        None => {}
                    }
                }
            },
        )
    }

    fn subscribe(self: &Arc<Self>) -> watch::Receiver<Latest> {
        let mut following = self.following.lock();
        let mut receiver = self.latest.subscribe();
        if !std::mem::replace(&mut *following, true) {
            self.latest.send_replace(None);
            tokio::spawn(Arc::clone(self).follow());
        } else {
            // The first answer is the one that is there.
            receiver.mark_changed();
        }
        receiver
    }

    async fn follow(self: Arc<Self>) {
        loop {
            let answer = self.source.projectors().await;
            let answer = answer.map(Arc::new);
            let answer = answer.map_err(|error| Arc::new(Fault::Status("projectors", error)));
            self.latest.send_replace(Some(answer));
            sleep(EVERY).await;
            let mut following = self.following.lock();
            if self.latest.receiver_count() == 0 {
                *following = false;
                return;
            }
        }
    }
}

type Name = (String, u32, u32);

/// Those that are not as they were told before.
fn changed(all: &[ProjectorStatus], told: &mut HashMap<Name, ProjectorStatus>) -> Vec<ProjectorStatus> {
    let name = |one: &ProjectorStatus| (one.name.clone(), one.shape, one.generation);
    let new: Vec<_> = all.iter().filter(|one| told.get(&name(one)) != Some(one)).cloned().collect();
    *told = all.iter().map(|one| (name(one), one.clone())).collect();
    new
}
