//! The servers and programs of this run.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::Outcome;

/// What `bench/run` has prepared.
pub struct Place {
    mongodb: String,
    /// `mongodb`, or the name of the compatible server.
    pub mongodb_kind: String,
    redis: String,
    /// A folder on the servers' disk.
    pub disk: PathBuf,
    /// The folder of the peers' programs.
    pub peers: PathBuf,
    /// The program `chorale`.
    pub chorale: PathBuf,
    number: AtomicU32,
}

/// Where the read models of a shop are.
#[derive(Clone)]
pub struct Store {
    pub name: String,
    /// Address for `--documents`.
    pub documents: String,
    /// Address for `--hot-views`.
    pub hot_views: Option<String>,
}

impl Store {
    /// The options that select it.
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["--documents".to_owned(), self.documents.clone()];
        if let Some(hot) = &self.hot_views {
            arguments.extend(["--hot-views".to_owned(), hot.clone()]);
        }
        arguments
    }

    /// Whether the documents are in MongoDB.
    pub fn is_mongodb(&self) -> bool {
        self.documents.starts_with("mongodb")
    }
}

impl Place {
    pub fn from_environment() -> Outcome<Self> {
        let get = |name: &str| {
            std::env::var(name).map_err(|_| format!("{name} is not set; start this program with bench/run"))
        };
        Ok(Self {
            mongodb: get("CHORALE_TEST_MONGODB")?,
            mongodb_kind: get("CHORALE_TEST_MONGODB_KIND")?,
            redis: get("CHORALE_TEST_REDIS")?,
            disk: get("CHORALE_BENCH_DISK")?.into(),
            peers: get("CHORALE_BENCH_PEERS")?.into(),
            chorale: get("CHORALE_BENCH_PROGRAM")?.into(),
            number: AtomicU32::new(1),
        })
    }

    /// A description of the servers, for readers of the results.
    pub fn described(&self) -> Outcome<String> {
        let cores = std::thread::available_parallelism()?;
        let load = std::fs::read_to_string("/proc/loadavg")?;
        let load = load.split(' ').next().unwrap_or_default();
        Ok(format!("{cores} cores, load {load} before; MongoDB protocol served by: {}", self.mongodb_kind))
    }

    /// Empty stores for one round.
    pub fn stores(&self, folder: &Path) -> Outcome<Vec<Store>> {
        let sqlite = |file: &str| format!("sqlite://{}", folder.join(file).display());
        let database = self.database()?;
        Ok(vec![
            Store { name: "SQLite".to_owned(), documents: sqlite("bench.db"), hot_views: None },
            Store { name: "MongoDB".to_owned(), documents: database.clone(), hot_views: None },
            Store {
                name: "MongoDB and Redis".to_owned(),
                documents: database,
                hot_views: Some(self.redis.clone()),
            },
        ])
    }

    /// The address of a database of its own.
    pub fn database(&self) -> Outcome<String> {
        let (before, options) = self.mongodb.split_once('?').unwrap_or((&self.mongodb, ""));
        let server = before.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        Ok(format!("{server}/bench_{}_{number}?{options}", std::process::id()))
    }
}
