//! A database per test on the server that `CHORALE_TEST_POSTGRES` names, dropped afterwards.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::AssertSqlSafe;

use super::{Address, Limits, PostgresError};

const SERVER: &str = "CHORALE_TEST_POSTGRES";
const LIMITS: Limits = Limits {
    statement: std::time::Duration::from_secs(60),
    lock: std::time::Duration::from_secs(60),
    idle_in_transaction: std::time::Duration::ZERO,
};

/// A database for one test. Dropping this drops the database and closes all connections to it.
#[derive(Debug)]
pub struct Scratch {
    server: Address,
    name: String,
    url: String,
}

impl Scratch {
    /// Creates an empty database.
    ///
    /// # Panics
    /// If no server is named: a test that needs one is not skipped.
    pub async fn new() -> Result<Self, PostgresError> {
        static CREATED: AtomicU32 = AtomicU32::new(0);
        let Ok(text) = std::env::var(SERVER) else {
            panic!("{SERVER} is not set: run `scripts/servers up` and `eval \"$(scripts/servers env)\"`");
        };
        let (before, query) = text.split_once('?').unwrap_or((&text, ""));
        // Scheme and authority; the database that follows is optional.
        let root = before.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        let server = Address::parse(&format!("{root}/postgres?{query}"), &[])?;
        let name = format!("scratch_{}_{}", std::process::id(), CREATED.fetch_add(1, Ordering::Relaxed));
        let url = format!("{root}/{name}?{query}");
        let scratch = Self { server, name, url };
        // A database of the same name can only be left over from a process that has ended.
        scratch.run(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", scratch.name)).await?;
        scratch.run(&format!("CREATE DATABASE {} TEMPLATE template0", scratch.name)).await?;
        Ok(scratch)
    }

    /// Its address, with the credentials of the server's address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs one statement in the database `postgres` of the same server, as the user of the server's address.
    pub async fn run(&self, sql: &str) -> Result<(), PostgresError> {
        run(&self.server, sql).await
    }

    /// Runs statements in this database, as the user of the server's address. Unqualified names are in
    /// `schema`.
    pub async fn run_in(&self, schema: &str, sql: &str) -> Result<(), PostgresError> {
        run(&Address::parse(&self.url, &[])?, &format!("SET search_path = {schema}; {sql}")).await
    }
}

async fn run(address: &Address, sql: &str) -> Result<(), PostgresError> {
    let mut connection = address.connect(&address.options("chorale-test", &LIMITS)).await?;
    let done = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await;
    address.close(connection).await;
    done.map(drop).map_err(|error| address.explain(error))
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let drop_it = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
            match runtime {
                Ok(runtime) => runtime.block_on(self.run(&sql)).map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            }
        };
        // Not on the test's own runtime, which is shutting down.
        let dropped = std::thread::scope(|scope| scope.spawn(drop_it).join());
        if !matches!(dropped, Ok(Ok(()))) {
            tracing::warn!(database = self.name, ?dropped, "could not drop the database of a test");
        }
    }
}
