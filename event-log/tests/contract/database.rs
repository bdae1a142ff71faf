//! A PostgreSQL database that is dropped in the end.

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

/// A database of its own.
pub struct Database {
    server: String,
    name: String,
}

/// The address of a server on which databases can be made.
fn server() -> String {
    std::env::var("CHORALE_TEST_POSTGRES").unwrap_or_else(|_| {
        panic!("CHORALE_TEST_POSTGRES names no PostgreSQL server: `scripts/servers up` starts one")
    })
}

impl Database {
    pub async fn new() -> Self {
        let database = Self { server: server(), name: format!("chorale_test_{}", Uuid::new_v4().simple()) };
        raw(
            &database.server,
            &format!("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0", database.name),
        )
        .await
        .unwrap();
        database
    }

    pub fn url(&self) -> String {
        let (server, parameters) = self.server.split_once('?').unwrap_or((&self.server, ""));
        let end = server.rfind('/').filter(|end| *end > "postgresql://".len()).unwrap_or(server.len());
        format!("{}/{}?{parameters}", &server[..end], self.name)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, drop) = (self.server.clone(), format!("DROP DATABASE {} WITH (FORCE)", self.name));
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(raw(&server, &drop))
        });
        if let Ok(Err(error)) = dropping.join() {
            eprintln!("{} stays: {error}", self.name);
        }
    }
}

/// Runs a statement at `url` as whoever has the password, in the schema of ordering, if there is one.
pub async fn raw(url: &str, statement: &str) -> Result<(), String> {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql("SET search_path = ordering").execute(&mut connection).await.unwrap();
    let statement = sqlx::raw_sql(AssertSqlSafe(statement));
    let answer = statement.execute(&mut connection).await.map(drop).map_err(|error| error.to_string());
    connection.close().await.unwrap();
    answer
}
