//! Connections that look: each statement by itself, and so as of one moment.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sqlx::PgConnection;
use sqlx::postgres::{PgConnectOptions, PgRow};
use tokio::time::timeout;

use super::fault::is_disconnect;
use super::rows::Query;
use crate::lane::{Borrowed, Lane};

/// A few connections, opened when they are first needed.
pub(super) struct Readers {
    lanes: Vec<Lane<PgConnection>>,
    turn: AtomicUsize,
    patience: Duration,
}

impl Readers {
    /// As many as `number`, which wait for an answer no longer than `patience`.
    pub(super) fn new(options: &PgConnectOptions, number: usize, patience: Duration) -> Self {
        let lanes = (0..number.max(1)).map(|_| Lane::new(options.clone())).collect();
        Self { lanes, turn: AtomicUsize::new(0), patience }
    }

    /// The rows of a statement that may be carried out twice: where a connection turns out to be dead, another one is asked.
    pub(super) async fn rows<'q>(&self, query: impl Fn() -> Query<'q>) -> Result<Vec<PgRow>, sqlx::Error> {
        loop {
            let mut lane = within(self.patience, self.free()).await?;
            let fresh = lane.is_fresh();
            match within(self.patience, query().fetch_all(lane.connection())).await {
                // Who has waited once for a server that says nothing does not wait again.
                Err(error) if is_disconnect(&error) && !is_late(&error) && !fresh => {}
                Err(error) if is_disconnect(&error) => return Err(error),
                answer => {
                    lane.give_back();
                    return answer;
                }
            }
        }
    }

    async fn free(&self) -> Result<Borrowed<'_, PgConnection>, sqlx::Error> {
        let first = self.turn.load(Ordering::Relaxed);
        for number in 0..self.lanes.len() {
            if let Some(free) = self.lanes[(first + number) % self.lanes.len()].try_borrow().await? {
                return Ok(free);
            }
        }
        let next = self.turn.fetch_add(1, Ordering::Relaxed);
        self.lanes[next % self.lanes.len()].borrow().await
    }
}

fn is_late(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Io(error) if error.kind() == io::ErrorKind::TimedOut)
}

/// The server may be gone without a word.
pub(super) async fn within<T>(
    patience: Duration,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    match timeout(patience, work).await {
        Ok(done) => done,
        Err(late) => Err(sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, late))),
    }
}
