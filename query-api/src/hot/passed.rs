//! Positions that a hot view has passed without reaching them. Documents that were kept when the bus was changed can have
//! positions that no record of the new bus has; only the bus knows.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use platform::bus::{Partition, Positions, covers};
use platform::error::Chain;
use tokio::time::{Instant, timeout};

use crate::services::StatusSource;

/// The bus is asked at most this often.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long an answer of the bus is waited for. Queries do not wait for it.
const LIMIT: Duration = Duration::from_secs(30);

/// What the bus has answered. It stays true, because topics only grow.
pub(crate) struct Passed {
    status: Arc<dyn StatusSource>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// A view that has reached the first position of a partition has passed the second one.
    known: BTreeMap<Partition, (u64, u64)>,
    asked: Option<Instant>,
    asking: bool,
}

impl Passed {
    pub(super) fn of(status: Arc<dyn StatusSource>) -> Arc<Self> {
        Arc::new(Self { status, state: Mutex::default() })
    }

    /// Whether a view at `reached` has reached or passed `floor`. If that is not known, the bus is asked, and a later call
    /// has the answer.
    pub(super) fn covers(self: &Arc<Self>, reached: &Positions, floor: &Positions) -> bool {
        if covers(reached, floor) {
            return true;
        }
        let mut state = self.state.lock();
        let at = |partition: &Partition| reached.get(partition).copied().unwrap_or(0);
        let open = |(partition, wanted): &(&Partition, &u64)| {
            let known = state.known.get(partition);
            let passed = known.is_some_and(|(from, to)| at(partition) >= *from && *to >= **wanted);
            at(partition) < **wanted && !passed
        };
        let open: Positions =
            floor.iter().filter(open).map(|(partition, wanted)| (*partition, *wanted)).collect();
        if open.is_empty() {
            return true;
        }
        if !state.asking && state.asked.is_none_or(|asked| asked.elapsed() >= INTERVAL) {
            state.asking = true;
            tokio::spawn(Self::ask(Arc::clone(self), reached.clone(), open));
        }
        false
    }

    async fn ask(self: Arc<Self>, reached: Positions, wanted: Positions) {
        let answer = timeout(LIMIT, self.status.passed(&reached, &wanted)).await;
        let mut state = self.state.lock();
        (state.asking, state.asked) = (false, Some(Instant::now()));
        match answer {
            Ok(Ok(passed)) => {
                let from = |partition| reached.get(partition).copied().unwrap_or(0);
                state.known.extend(passed.iter().map(|(at, to)| (*at, (from(at), *to))));
            }
            // The documents are read until the next answer.
            Ok(Err(problem)) => {
                tracing::warn!(problem = %Chain(&*problem), "could not compare the positions of a hot view with the bus");
            }
            Err(_) => tracing::warn!(
                "could not compare the positions of a hot view with the bus: no answer within {LIMIT:?}"
            ),
        }
    }
}
