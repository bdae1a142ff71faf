//! A store, a bus and projectors on them.

use std::sync::Arc;
use std::time::Duration;

use platform::bus::memory::MemoryBus;
use platform::bus::shuffled::ShuffledBus;
use platform::bus::{Bus, Positions};
use platform::clock::Clock;
use platform::shutdown::Shutdown;
use projectors::{Backends, Handle, Options, Projection, caught_up};
use read_models::{Collection, Generation, Query, Store, Stored, connect, documents};

/// Ends a hang. Longer than anything takes, even on a busy machine.
pub const LONG: Duration = Duration::from_secs(300);

pub struct Shop {
    pub bus: MemoryBus,
    pub backends: Backends,
    projection: &'static Projection,
    running: Option<(Shutdown, Handle)>,
    _directory: tempfile::TempDir,
}

impl Shop {
    /// No projector runs yet. With a seed the bus shuffles.
    pub async fn closed(projection: &'static Projection, seed: Option<u64>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("documents.sqlite").display());
        let mut collections: Vec<&'static Collection> = documents::ALL.to_vec();
        if !collections.iter().any(|one| one.name == projection.name()) {
            collections.push(projection.collection());
        }
        let store = connect(&url, &collections).await.unwrap();
        let bus = MemoryBus::default();
        let plain: Arc<dyn Bus> = Arc::new(bus.clone());
        let seen: Arc<dyn Bus> = match seed {
            Some(seed) => Arc::new(ShuffledBus::new(plain, seed)),
            None => plain,
        };
        let backends = Backends::new(store, seen, Clock::system());
        Self { bus, backends, projection, running: None, _directory: directory }
    }

    pub async fn open(projection: &'static Projection, seed: Option<u64>) -> Self {
        let mut shop = Self::closed(projection, seed).await;
        shop.start(64);
        shop
    }

    pub fn store(&self) -> &Store {
        &self.backends.store
    }

    pub fn handle(&self) -> &Handle {
        &self.running.as_ref().unwrap().1
    }

    pub fn is_open(&self) -> bool {
        self.running.is_some()
    }

    pub fn start(&mut self, batch: usize) {
        let options =
            Options { projections: vec![self.projection], batch, patience: Duration::from_millis(50) };
        let shutdown = Shutdown::new();
        let handle = projectors::run(options, self.backends.clone(), &shutdown);
        self.running = Some((shutdown, handle));
    }

    pub async fn stop(&mut self) {
        if let Some((shutdown, _)) = self.running.take() {
            shutdown.begin();
            shutdown.drained(LONG).await.unwrap();
        }
    }

    /// Waits until all records are applied. A projector must be running.
    pub async fn settled(&self) {
        assert!(self.is_open(), "no projector is running, so there is nothing to wait for");
        caught_up(self.store(), self.backends.bus.as_ref(), &[self.projection], LONG).await.unwrap();
    }

    pub async fn live(&self) -> Generation {
        self.store().generations.live(self.projection.collection()).await.unwrap()
    }

    /// As after losing the positions: everything is redelivered.
    pub async fn forget_positions(&self) {
        let live = self.live().await;
        let positions = self.store().keyed.positions(&live).await.unwrap();
        let zero: Positions = positions.into_keys().map(|partition| (partition, 0)).collect();
        self.store().keyed.write(&live, &[], &zero).await.unwrap();
    }

    /// All live documents that are not deleted, by id.
    pub async fn documents(&self) -> Vec<Stored> {
        let mut query = Query { limit: 1_000, ..Query::default() };
        let mut all = Vec::new();
        loop {
            let found = self.store().queries.find(&self.live().await, &query).await.unwrap();
            let Some(last) = found.last() else { return all };
            query.after = Some(last.cursor.clone());
            all.extend(found.into_iter().map(|one| one.document));
        }
    }

    pub async fn document(&self, id: &str) -> Option<Stored> {
        let found = self.store().keyed.load(&self.live().await, &[id.to_owned()]).await.unwrap();
        found.into_iter().next().unwrap()
    }
}
