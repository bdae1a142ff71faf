//! All projectors on documents in MongoDB, behind a proxy.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mongodb::Database;
use platform::bus::memory::MemoryBus;
use platform::clock::Clock;
use platform::fault_proxy::FaultProxy;
use platform::shutdown::Shutdown;
use projectors::{Backends, Handle, Options, REGISTRY, caught_up, rebuild, verify};
use read_models::contract::scratch::Scratch;
use read_models::{ProjectorState, connect, documents};

/// Ends a hang. Longer than anything takes, even on a busy machine.
pub const LONG: Duration = Duration::from_secs(120);

pub struct Shop {
    pub bus: MemoryBus,
    /// Those of the projectors: behind the proxy, with short time limits.
    pub backends: Backends,
    /// The same database past the proxy, with the usual time limits: a busy server is not a silent one.
    pub direct: Backends,
    pub proxy: FaultProxy,
    pub handle: Handle,
    scratch: Scratch,
    _shutdown: Shutdown,
}

impl Shop {
    /// All projectors run.
    pub async fn open() -> Self {
        let scratch = Scratch::of(&documents::ALL);
        let options =
            "timeoutMS=2000&serverSelectionTimeoutMS=500&connectTimeoutMS=500&heartbeatFrequencyMS=500";
        let (proxy, url) = scratch.behind_proxy(options).await.unwrap();
        let store = connect(&url, &documents::ALL).await.unwrap();
        let past_proxy = connect(&scratch.url().unwrap(), &documents::ALL).await.unwrap();
        let bus = MemoryBus::default();
        let [backends, direct] =
            [store, past_proxy].map(|store| Backends::new(store, Arc::new(bus.clone()), Clock::system()));
        let shutdown = Shutdown::new();
        let options = Options { batch: 64, patience: Duration::from_millis(50), ..Options::default() };
        let handle = projectors::run(options, backends.clone(), &shutdown);
        Self { bus, backends, direct, proxy, handle, scratch, _shutdown: shutdown }
    }

    /// The database, past the proxy.
    pub async fn database(&self) -> Database {
        self.scratch.database().await.unwrap()
    }

    /// Waits until all records are applied. While the server is away, waiting fails.
    pub async fn settled(&self) {
        let waiting = async {
            let (store, bus) = (&self.backends.store, self.backends.bus.as_ref());
            while caught_up(store, bus, &REGISTRY, LONG).await.is_err() {}
        };
        tokio::time::timeout(LONG, waiting).await.expect("the projectors do not catch up");
    }

    /// Waits until no projection has fewer documents than events lead to: until a verification finds nothing.
    pub async fn filled_again(&self) {
        for projection in REGISTRY {
            let since = Instant::now();
            loop {
                let verified = verify(projection, &self.direct, false, |_| {}).await.unwrap();
                if verified.wrong() + verified.uncompared == 0 {
                    break;
                }
                assert!(since.elapsed() < LONG, "{projection:?} is not filled again: {verified:?}");
            }
        }
    }

    /// Waits until every projector reports that it is stalled, past the store that does not answer.
    pub async fn stalled(&self) {
        let all = async {
            loop {
                let states = REGISTRY.map(|projection| self.is_stalled(projection.name()));
                if states.iter().all(|stalled| *stalled) {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(LONG, all).await.expect("a projector hangs");
    }

    fn is_stalled(&self, name: &str) -> bool {
        let mut status = [read_models::ProjectorStatus {
            name: name.to_owned(),
            kind: "entity",
            store: "mongodb",
            shape: 1,
            generation: 1,
            state: ProjectorState::Live,
            positions: platform::bus::Positions::new(),
            lag_events: None,
            lag_seconds: None,
            events_per_second: None,
            rebuild_progress: None,
            rebuild_eta_seconds: None,
            quarantined_streams: 0,
            quarantined_events: 0,
            last_error: None,
        }];
        self.handle.mark_stalled(&mut status);
        status[0].state == ProjectorState::Stalled
    }

    /// Every document is what a fresh build makes of the events.
    pub async fn equals_a_fresh_build(&self) {
        for projection in REGISTRY {
            let verified = verify(projection, &self.direct, false, |_| {}).await.unwrap();
            assert_eq!((verified.wrong(), verified.uncompared), (0, 0), "{projection:?}: {verified:?}");
            let rebuilt = rebuild(projection, &self.direct, |_| {}).await.unwrap();
            assert_eq!((rebuilt.compared, rebuilt.uncompared), (verified.equal, 0), "{projection:?}");
            assert_eq!(rebuilt.digest, verified.digest, "{projection:?}");
            assert!(verified.equal > 0, "{projection:?} has no documents");
        }
    }
}
