//! Looks at all documents and positions again and again: none may go back.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use futures_util::TryStreamExt;
use platform::bus::Partition;
use projectors::REGISTRY;
use read_models::Store;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(50);

pub struct Watch {
    leave: watch::Sender<bool>,
    looking: JoinHandle<Result<u64>>,
}

impl Watch {
    pub fn begin(store: Store) -> Self {
        let leave = watch::Sender::new(false);
        let mut asked = leave.subscribe();
        let looking = tokio::spawn(async move {
            let (mut seen, mut looks) = (Seen::default(), 0);
            loop {
                seen.look(&store).await?;
                looks += 1;
                if tokio::time::timeout(PAUSE, asked.wait_for(|asked| *asked)).await.is_ok() {
                    return Ok(looks);
                }
            }
        });
        Self { leave, looking }
    }

    /// How often it has looked. Fails if something went back.
    pub async fn end(self) -> Result<u64> {
        self.leave.send_replace(true);
        self.looking.await?
    }
}

/// The highest versions and positions so far.
#[derive(Default)]
struct Seen {
    versions: BTreeMap<&'static str, BTreeMap<String, u64>>,
    positions: BTreeMap<(&'static str, Partition), u64>,
}

impl Seen {
    async fn look(&mut self, store: &Store) -> Result<()> {
        for projection in REGISTRY {
            let name = projection.name();
            let documents = store.of_collection(projection.collection());
            let live = documents.generations.live(projection.collection()).await?;
            for (partition, position) in documents.keyed.positions(&live).await? {
                let before = self.positions.entry((name, partition)).or_default();
                ensure!(position >= *before, "{name}: {partition:?} from {before} to {position}");
                *before = position;
            }
            let found: BTreeMap<String, u64> = documents
                .scan
                .scan(&live)
                .map_ok(|document| (document.id, document.version))
                .try_collect()
                .await?;
            for (id, before) in &*self.versions.entry(name).or_default() {
                let version = found.get(id).with_context(|| format!("{name}: {id} is gone"))?;
                ensure!(version >= before, "{name}: {id} from version {before} to {version}");
            }
            self.versions.insert(name, found);
        }
        Ok(())
    }
}
