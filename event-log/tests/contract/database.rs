//! A PostgreSQL database that is dropped in the end.

use platform::postgres::scratch::Scratch;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// A database of its own.
pub struct Database(Scratch);

impl Database {
    pub async fn new() -> Self {
        Self(Scratch::new().await.unwrap())
    }

    pub fn url(&self) -> String {
        self.0.url().to_owned()
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
