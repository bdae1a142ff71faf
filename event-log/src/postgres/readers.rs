//! Connections that read. Each statement is a transaction of its own, and so is of one moment.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use platform::connection::{Borrowed, DedicatedConnection};
use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{Connection, PgConnection};
use tokio::time::timeout;

use super::fault::is_disconnect;
use super::rows::Query;

/// An answer that takes longer is asked for again, on a new connection.
const LATE: Duration = Duration::from_secs(2);

/// A few connections, opened on first use.
pub(super) struct Readers {
    options: PgConnectOptions,
    connections: Vec<DedicatedConnection<PgConnection>>,
    turn: AtomicUsize,
    patience: Duration,
}

impl Readers {
    /// `number` connections, each of which waits for an answer at most `patience`.
    pub(super) fn new(options: &PgConnectOptions, number: usize, patience: Duration) -> Self {
        let connections =
            (0..number.max(1)).map(|_| DedicatedConnection::to_server(options.clone())).collect();
        Self { options: options.clone(), connections, turn: AtomicUsize::new(0), patience }
    }

    /// The rows of a statement that may be executed twice: if a connection turns out to be dead, it is
    /// repeated on another one.
    pub(super) async fn rows<'q>(
        &self,
        query: impl Fn() -> Query<'q> + Send + Sync,
    ) -> Result<Vec<PgRow>, sqlx::Error> {
        loop {
            let mut borrowed = within(self.patience, self.free()).await?;
            let fresh = borrowed.is_fresh();
            match within(self.patience, self.answer(&mut borrowed, &query)).await {
                // After one timeout on a silent server, do not wait again.
                Err(error) if is_disconnect(&error) && !is_late(&error) && !fresh => {}
                Err(error) if is_disconnect(&error) => return Err(error),
                answer => {
                    borrowed.give_back();
                    return answer;
                }
            }
        }
    }

    /// The rows of a statement. If they are late, it is also sent on a new connection, because nothing tells a slow server from
    /// one that has forgotten the connection. The first answer counts, and its connection is kept.
    async fn answer<'q>(
        &self,
        borrowed: &mut Borrowed<'_, PgConnection>,
        query: &(impl Fn() -> Query<'q> + Send + Sync),
    ) -> Result<Vec<PgRow>, sqlx::Error> {
        let (rows, other) = {
            let mut first = std::pin::pin!(query().fetch_all(borrowed.connection()));
            if let Ok(answer) = timeout(LATE, &mut first).await {
                return answer;
            }
            let second = async {
                let mut other = PgConnection::connect_with(&self.options).await?;
                let rows = query().fetch_all(&mut other).await?;
                Ok::<_, sqlx::Error>((rows, other))
            };
            tokio::select! {
                answer = first => return answer,
                // If it fails, the first one may still be answered.
                Ok(answered) = second => answered,
            }
        };
        borrowed.replace(other);
        Ok(rows)
    }

    async fn free(&self) -> Result<Borrowed<'_, PgConnection>, sqlx::Error> {
        let first = self.turn.load(Ordering::Relaxed);
        for number in 0..self.connections.len() {
            if let Some(free) =
                self.connections[(first + number) % self.connections.len()].try_borrow().await?
            {
                return Ok(free);
            }
        }
        let next = self.turn.fetch_add(1, Ordering::Relaxed);
        self.connections[next % self.connections.len()].borrow().await
    }
}

fn is_late(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Io(error) if error.kind() == io::ErrorKind::TimedOut)
}

/// Fails with a timeout if the server does not answer within `patience`.
pub(super) async fn within<T>(
    patience: Duration,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    match timeout(patience, work).await {
        Ok(done) => done,
        Err(late) => Err(sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, late))),
    }
}
