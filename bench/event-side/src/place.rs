//! The servers, and databases and topics for one turn.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};

use crate::Outcome;

/// The servers of this run.
pub struct Place {
    /// The address of PostgreSQL, with a database from which others can be created.
    postgres: String,
    /// `host:port` of a broker.
    pub kafka: String,
    mongodb: String,
    redis: String,
    /// A folder on the servers' disk.
    pub disk: PathBuf,
    /// The folder of the peers' programs and files.
    pub peers: PathBuf,
    /// The program of the peer postgres-es, if it was built.
    pub postgres_es: Option<PathBuf>,
    /// The program `chorale`, if it was built.
    pub chorale: Option<PathBuf>,
    number: AtomicU32,
}

impl Place {
    /// The servers and programs that `bench/run` has prepared.
    pub async fn from_environment() -> Outcome<Self> {
        let get = |name: &str| {
            std::env::var(name).map_err(|_| format!("{name} is not set; start this program with bench/run"))
        };
        let built = |name: &str| std::env::var(name).ok().map(PathBuf::from).filter(|file| file.exists());
        Ok(Self {
            postgres: get("CHORALE_TEST_POSTGRES")?,
            kafka: get("CHORALE_TEST_KAFKA")?,
            mongodb: get("CHORALE_TEST_MONGODB")?,
            redis: get("CHORALE_TEST_REDIS")?,
            disk: get("CHORALE_BENCH_DISK")?.into(),
            peers: get("CHORALE_BENCH_PEERS")?.into(),
            postgres_es: built("CHORALE_BENCH_POSTGRES_ES"),
            chorale: built("CHORALE_BENCH_PROGRAM"),
            number: AtomicU32::new(1),
        })
    }

    /// A description of the servers, for readers of the results.
    pub async fn told(&self) -> Outcome<String> {
        let mut connection = PgConnection::connect(&self.postgres).await?;
        let mut settings = Vec::new();
        for name in ["server_version", "fsync", "synchronous_commit", "wal_sync_method", "shared_buffers"] {
            let value: String =
                sqlx::query_scalar(AssertSqlSafe(format!("SHOW {name}"))).fetch_one(&mut connection).await?;
            if name == "fsync" && value != "on" {
                return Err("PostgreSQL runs with fsync=off, so the results would be meaningless".into());
            }
            settings.push(format!("{name}={value}"));
        }
        let sync = crate::disk::sync(&self.disk, std::time::Duration::from_millis(500))?;
        let disk = format!("fdatasync of 8 KiB p50 {:.3} ms", sync.p50.unwrap_or_default());
        let cores = std::thread::available_parallelism()?;
        let load = std::fs::read_to_string("/proc/loadavg")?;
        let load = load.split(' ').next().unwrap_or_default();
        Ok(format!("{cores} cores, load {load} before; PostgreSQL {}; {disk}", settings.join(", ")))
    }

    fn next(&self) -> u32 {
        self.number.fetch_add(1, Ordering::Relaxed)
    }

    pub async fn database(&self) -> Outcome<Database> {
        let name = format!("bench_{}_{}", std::process::id(), self.next());
        let mut server = PgConnection::connect(&self.postgres).await?;
        server.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await?;
        // A checkpoint, so that a turn does not include writes of earlier turns.
        server.execute("CHECKPOINT").await?;
        server.close().await?;
        let (server, _) =
            self.postgres.rsplit_once('/').ok_or("the address of PostgreSQL has no database")?;
        Ok(Database { url: format!("{server}/{name}"), name, server: self.postgres.clone() })
    }

    /// Variables that put a shop's documents and hot views on servers.
    pub fn read_models(&self) -> Vec<(&'static str, String)> {
        let (before, options) = self.mongodb.split_once('?').unwrap_or((&self.mongodb, ""));
        let server = before.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        let documents = format!("{server}/bench_{}_{}?{options}", std::process::id(), self.next());
        vec![("CHORALE_DOCUMENTS", documents), ("CHORALE_HOT_VIEWS", self.redis.clone())]
    }

    /// The address of a bus with topics of its own.
    pub fn bus(&self) -> String {
        let (brokers, prefix) = (&self.kafka, self.prefix());
        format!("kafka://{brokers}?prefix={prefix}")
    }

    /// A prefix that is valid in names of topics.
    pub fn prefix(&self) -> String {
        format!("bench-{}-{}.", std::process::id(), self.next())
    }
}

/// A database for one turn.
pub struct Database {
    pub url: String,
    name: String,
    server: String,
}

impl Database {
    /// The result of a query that returns one number.
    pub async fn number(&self, question: &'static str) -> Outcome<i64> {
        let mut connection = PgConnection::connect(&self.url).await?;
        let row = sqlx::query(question).fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(row.try_get(0)?)
    }

    pub async fn drop(self) -> Outcome<()> {
        let mut server = PgConnection::connect(&self.server).await?;
        server.execute(AssertSqlSafe(format!("DROP DATABASE {} WITH (FORCE)", self.name))).await?;
        server.close().await?;
        Ok(())
    }
}
