//! The head lock: the head's row is locked from before the decision until after the commit.

use async_trait::async_trait;
use platform::connection::Borrowed;
use sqlx::PgConnection;

use super::append::{self, run};
use super::rows::{self, HEAD_LOCKED};
use super::{PostgresLog, in_time};
use crate::plan::Plan;
use crate::port::{Batch, Committed, EventReader, Head, HeadLock, LogError};

/// Dropping it closes the connection, which releases the lock.
struct LockedHead<'a> {
    log: &'a PostgresLog,
    borrowed: Borrowed<'a, PgConnection>,
    head: Head,
}

/// Locks the head's row and returns the head. The lock is a statement of its own, so that statements after it
/// see at least the locked head.
pub(super) async fn lock_head(log: &PostgresLog) -> Result<impl HeadLock + '_, LogError> {
    let mut borrowed = log.writer().await?;
    let locking = async {
        let connection = borrowed.connection();
        let unwritable = |error| log.log.cannot("be written", error);
        run(connection, "BEGIN").await.map_err(unwritable)?;
        rows::head(connection, HEAD_LOCKED).await.map_err(unwritable)
    };
    let head = in_time(log.writing, &log.log, locking).await?;
    log.tail.reached(log.require_epoch(head)?.position);
    Ok(LockedHead { log, borrowed, head })
}

#[async_trait]
impl HeadLock for LockedHead<'_> {
    fn head(&self) -> Head {
        self.head
    }

    async fn commit(mut self: Box<Self>, batch: &Batch) -> Result<Committed, LogError> {
        let (postgres, log) = (self.log, &self.log.log);
        let plan = match Plan::of(log.context, &self.head, batch) {
            Ok(plan) => plan,
            Err(error) => {
                self.release().await?;
                return Err(error);
            }
        };
        let work = append::within(self.borrowed.connection(), log, &self.head, &plan);
        match in_time(postgres.writing, log, work).await {
            Ok(()) => {}
            // Nothing was committed, whatever the reason.
            Err(LogError::Unavailable(..)) => {
                drop(self);
                return postgres.head().await.map(Committed::Moved);
            }
            Err(error @ LogError::Broken { .. }) => {
                self.release().await?;
                return Err(error);
            }
            Err(error) => return Err(error),
        }
        let ending = async {
            let ended = run(self.borrowed.connection(), "COMMIT").await;
            ended.map_err(|error| log.cannot("be written", error))
        };
        in_time(postgres.writing, log, ending).await?;
        self.borrowed.give_back();
        postgres.tail.reached(plan.head.position);
        postgres.notifications.announce(plan.head.position);
        Ok(Committed::Done(plan.head))
    }

    async fn release(mut self: Box<Self>) -> Result<(), LogError> {
        let log = &self.log.log;
        let released = run(self.borrowed.connection(), "ROLLBACK");
        let unwritable = |error| log.cannot("be written", error);
        match in_time(self.log.writing, log, async { released.await.map_err(unwritable) }).await {
            Ok(()) => self.borrowed.give_back(),
            // The server ends a transaction that is idle for too long, together with its connection.
            Err(error) => {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "the server has broken a head lock"
                );
            }
        }
        Ok(())
    }
}
