//! The log, held: the head's row is locked from before the decision until after the commit.

use async_trait::async_trait;
use sqlx::PgConnection;

use super::append::{self, run};
use super::rows::{self, HEAD_LOCKED};
use super::{PostgresLog, in_time};
use crate::lane::Borrowed;
use crate::plan::Plan;
use crate::port::{Batch, Committed, EventLog, Head, Held, LogError};

/// Dropped, it closes the connection, and so lets go.
struct HeldLog<'a> {
    log: &'a PostgresLog,
    lane: Borrowed<'a, PgConnection>,
    head: Head,
}

/// Locks the head and answers what is there. Lock and look are statements of their own: what is read after this belongs to
/// the locked head.
pub(super) async fn hold(log: &PostgresLog) -> Result<impl Held + '_, LogError> {
    let mut lane = log.lane().await?;
    let locking = async {
        let connection = lane.connection();
        let unwritable = |error| log.log.cannot("be written", error);
        run(connection, "BEGIN").await.map_err(unwritable)?;
        rows::head(connection, HEAD_LOCKED).await.map_err(unwritable)
    };
    let head = in_time(log.patience, &log.log, locking).await?;
    log.growth.reached(log.same_life(head)?.position);
    Ok(HeldLog { log, lane, head })
}

#[async_trait]
impl Held for HeldLog<'_> {
    fn head(&self) -> Head {
        self.head
    }

    async fn commit(mut self: Box<Self>, batch: &Batch) -> Result<Committed, LogError> {
        let (held, log) = (self.log, &self.log.log);
        let plan = match Plan::of(log.context, &self.head, batch) {
            Ok(plan) => plan,
            Err(error) => {
                self.release().await?;
                return Err(error);
            }
        };
        let work = append::within(self.lane.connection(), log, &self.head, &plan);
        match in_time(held.patience, log, work).await {
            Ok(()) => {}
            // Nothing was committed, whatever the reason.
            Err(LogError::Unavailable(..)) => {
                drop(self);
                return held.head().await.map(Committed::Moved);
            }
            Err(error @ LogError::Broken { .. }) => {
                self.release().await?;
                return Err(error);
            }
            Err(error) => return Err(error),
        }
        let ending = async {
            let ended = run(self.lane.connection(), "COMMIT").await;
            ended.map_err(|error| log.cannot("be written", error))
        };
        in_time(held.patience, log, ending).await?;
        self.lane.give_back();
        held.growth.reached(plan.head.position);
        held.news.tell(plan.head.position);
        Ok(Committed::Done(plan.head))
    }

    async fn release(mut self: Box<Self>) -> Result<(), LogError> {
        let log = &self.log.log;
        let released = run(self.lane.connection(), "ROLLBACK");
        let unwritable = |error| log.cannot("be written", error);
        match in_time(self.log.patience, log, async { released.await.map_err(unwritable) }).await {
            Ok(()) => self.lane.give_back(),
            // Who said nothing for too long holds nothing any more; the connection goes with it.
            Err(error) => {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "a held log was let go by the server"
                );
            }
        }
        Ok(())
    }
}
