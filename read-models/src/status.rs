//! The status of projectors and reactors: one type each, which any process can fill from the stores and the bus. A value that
//! the process cannot know is `None`, never a default.

use platform::bus::Positions;

/// A projector or reactor that is this many seconds behind is not healthy.
pub const HEALTHY_LAG_SECONDS: f64 = 60.0;

/// The use of a projection's generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProjectorState {
    /// Serves queries. Whether a projector follows the events shows in the lag.
    Live,
    /// Serves queries; its projector failed and retries. Only the process that runs the projector knows, except if the store of
    /// hot views does not answer.
    Stalled,
    /// Is being built beside the live one, or was left by a rebuild that did not finish.
    Building,
    /// Was live before, and is no longer updated.
    Retired,
}

impl ProjectorState {
    /// `LIVE`, `STALLED`, `BUILDING` or `RETIRED`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Live => "LIVE",
            Self::Stalled => "STALLED",
            Self::Building => "BUILDING",
            Self::Retired => "RETIRED",
        }
    }
}

/// The status of one generation of a projection.
#[derive(Clone, Debug, PartialEq)]
pub struct ProjectorStatus {
    /// The projection, named like its collection: `orders`.
    pub name: String,
    /// `entity`, `journal`, `summary` or `versions`.
    pub kind: &'static str,
    /// The engine of its store, which is the scheme of the store's address: `sqlite`.
    pub store: &'static str,
    /// The shape of its documents.
    pub shape: u32,
    /// The number of the generation; 0 if no projector has created one yet, or if the store does not answer.
    pub generation: u32,
    /// What it is used for.
    pub state: ProjectorState,
    /// The positions of its documents.
    pub positions: Positions,
    /// Events that it does not contain yet: exact up to 1 000 per topic, an upper bound beyond. `None` if retired, left by a
    /// rebuild that did not finish, or if the bus does not answer.
    pub lag_events: Option<u64>,
    /// Age of the oldest of them, in seconds; 0 if there is none. `None` unless it serves queries, or if the bus does not answer.
    pub lag_seconds: Option<f64>,
    /// Events per second of a running rebuild, on average since it began. `None` without one: the rate of a live projector is
    /// not measured.
    pub events_per_second: Option<f64>,
    /// Completed share of a running rebuild, from 0 to 1; `None` without one.
    pub rebuild_progress: Option<f64>,
    /// Time that a running rebuild needs for the remaining events, in seconds; `None` without one, and before it has a rate.
    pub rebuild_eta_seconds: Option<f64>,
    /// Streams that wait behind an event that could not be applied.
    pub quarantined_streams: u64,
    /// Events that could not be applied, or wait behind such an event.
    pub quarantined_events: u64,
    /// The present problem; `None` if none is known.
    pub last_error: Option<String>,
}

impl ProjectorStatus {
    /// Whether queries read this generation.
    pub fn serves(&self) -> bool {
        matches!(self.state, ProjectorState::Live | ProjectorState::Stalled)
    }
}

/// The status of a reactor, over all processes that run it.
#[derive(Clone, Debug, PartialEq)]
pub struct ReactorStatus {
    /// The name of its group: `payments-orders`.
    pub name: String,
    /// The context that it belongs to: `payments`.
    pub context: &'static str,
    /// Up to where it has handled the topics.
    pub positions: Positions,
    /// Events that it has not handled yet: exact up to 1 000 per topic, an upper bound beyond. `None` if the bus does not answer.
    pub lag_events: Option<u64>,
    /// Age of the oldest of them, in seconds; 0 if there is none. `None` if the bus does not answer.
    pub lag_seconds: Option<f64>,
    /// Streams with parked events, counted like [`ReactorStatus::parked_events`].
    pub parked_streams: u64,
    /// Events that it has given up on, or that wait behind such an event. Of each context at most 1 000 are counted.
    pub parked_events: u64,
}

/// Whether all is well. `Some(true)`: every projection and every reactor is less than [`HEALTHY_LAG_SECONDS`] behind, no
/// projector is stalled, and nothing is quarantined or parked. `Some(false)`: something is known to be otherwise. `None`: nothing
/// is known to be wrong, but something is not known; so it is without any projection or reactor.
pub fn health(projectors: Option<&[ProjectorStatus]>, reactors: Option<&[ReactorStatus]>) -> Option<bool> {
    let read = || projectors.unwrap_or_default().iter().filter(|one| one.serves());
    let lags = || {
        let of_projectors = read().map(|one| one.lag_seconds);
        of_projectors.chain(reactors.unwrap_or_default().iter().map(|one| one.lag_seconds))
    };
    let behind = lags().flatten().any(|seconds| seconds >= HEALTHY_LAG_SECONDS);
    let held = read().any(|one| one.state == ProjectorState::Stalled || one.quarantined_events > 0);
    let parked = reactors.unwrap_or_default().iter().any(|one| one.parked_events > 0);
    if behind || held || parked {
        return Some(false);
    }
    let known = read().next().is_some() && reactors.is_some_and(|all| !all.is_empty());
    (known && lags().all(|seconds| seconds.is_some())).then_some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn projector(lag_seconds: Option<f64>) -> ProjectorStatus {
        ProjectorStatus {
            name: "orders".to_owned(),
            kind: "entity",
            store: "sqlite",
            shape: 1,
            generation: 1,
            state: ProjectorState::Live,
            positions: Positions::new(),
            lag_events: lag_seconds.map(|_| 1),
            lag_seconds,
            events_per_second: None,
            rebuild_progress: None,
            rebuild_eta_seconds: None,
            quarantined_streams: 0,
            quarantined_events: 0,
            last_error: None,
        }
    }

    fn reactor(lag_seconds: Option<f64>) -> ReactorStatus {
        ReactorStatus {
            name: "payments-orders".to_owned(),
            context: "payments",
            positions: Positions::new(),
            lag_events: lag_seconds.map(|_| 1),
            lag_seconds,
            parked_streams: 0,
            parked_events: 0,
        }
    }

    #[test]
    fn health_is_true_only_if_everything_is_known_and_well() {
        let (fine, well) = ([projector(Some(59.9))], [reactor(Some(0.0))]);
        assert_eq!(health(Some(&fine), Some(&well)), Some(true));
        assert_eq!(health(Some(&[]), Some(&[])), None);
        assert_eq!(health(None, Some(&well)), None);
        assert_eq!(health(Some(&fine), None), None);
        assert_eq!(health(Some(&fine), Some(&[reactor(None)])), None);
        assert_eq!(health(Some(&[projector(None)]), Some(&well)), None);
    }

    #[test]
    fn health_is_false_if_anything_is_known_to_be_wrong() {
        let (fine, well) = ([projector(Some(0.0))], [reactor(Some(0.0))]);
        assert_eq!(health(Some(&[projector(Some(60.0))]), None), Some(false));
        assert_eq!(health(None, Some(&[reactor(Some(61.0))])), Some(false));
        let stalled = ProjectorStatus { state: ProjectorState::Stalled, ..projector(Some(0.0)) };
        assert_eq!(health(Some(&[stalled]), Some(&well)), Some(false));
        let quarantined = ProjectorStatus { quarantined_events: 1, ..projector(Some(0.0)) };
        assert_eq!(health(Some(std::slice::from_ref(&quarantined)), Some(&well)), Some(false));
        assert_eq!(
            health(Some(&fine), Some(&[ReactorStatus { parked_events: 1, ..reactor(None) }])),
            Some(false)
        );
        let retired = ProjectorStatus { state: ProjectorState::Retired, ..quarantined };
        assert_eq!(health(Some(&[fine[0].clone(), retired]), Some(&well)), Some(true));
    }
}
