//! Every call to the server. Nothing else in this program holds a handle of the driver.
//!
//! The driver's futures have to be polled to their end: one that is dropped in the middle can leave the driver in an
//! inconsistent state (its README, "Warning about timeouts / cancellation"; RUST-937). Callers are dropped at any time, a request
//! whose client has gone away for example. Therefore **every call runs in a task of its own**, and the caller waits for that
//! task, for a limited time. A call that takes longer is [`StoreError::Unavailable`]; its task ends later, and its outcome is
//! not known: a write may still happen, and the guards of writes decide whether it replaces anything.
//!
//! | limit | default | option of the address |
//! |---|---|---|
//! | a call, as its caller sees it, with retries of the driver | 20 s | `timeoutMS` |
//! | building an index | 1 h | |
//! | the server's work on a call that reads documents or writes a batch (`maxTimeMS`) | half of `timeoutMS` | |
//! | a write's wait for a majority | half of `timeoutMS` | `wTimeoutMS` |
//! | finding a primary | 5 s | `serverSelectionTimeoutMS` |
//! | making a connection | 5 s | `connectTimeoutMS` |
//! | time between two heartbeats | 5 s | `heartbeatFrequencyMS` |
//! | calls at once, each with a connection of its own | 32 | `maxPoolSize` |
//! | idle time after which a connection is closed | 60 s | `maxIdleTimeMS` |
//!
//! They fit together as follows. A slow server gives up first and says so (`maxTimeMS`, `wTimeoutMS`); the caller's limit is for
//! a server that says nothing. A server that stops answering while its connections stay open is noticed by the driver's
//! heartbeats after at most `heartbeatFrequencyMS` + `connectTimeoutMS` (10 s). The driver then fails all calls that it has sent
//! to this server and closes their connections, so the tasks end and the pool is free again. The driver itself has no limit for
//! an answer or for a place in its pool: it refuses `socketTimeoutMS` and `timeoutMS`, and ignores `waitQueueTimeoutMS`. Here, no
//! more calls begin than the pool has connections. Idle connections are closed before firewalls forget them.
//!
//! One connection that dies silently while heartbeats to the same server go through holds its place until the operating system
//! gives it up, which can take 15 minutes; the other places remain.
//!
//! **Failover.** The driver retries a read once (`retryReads`), and a write of one entry (`retryWrites`, needs a replica set).
//! These are its defaults, stated because they are relied on. Batches are commands, which it never retries. So a read fails with
//! `NotWritablePrimary`, an interruption or a lost connection only if this happens twice; the driver then looks for the new
//! primary. Projectors repeat the batch from the stored positions, and requests are answered with an error that may be retried.
//! A slow secondary delays the majority: the write ends with an error after `wTimeoutMS`, although the primary has it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use mongodb::bson::{Bson, Document, doc};
use mongodb::error::Error;
use mongodb::options::{CreateIndexOptions, FindOptions};
use mongodb::{Collection, Database, IndexModel};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::error::{failed, is_duplicate};
use crate::port::StoreError;

/// The limit of a call, as its caller sees it.
pub(super) const CALL_WITHIN: Duration = Duration::from_secs(20);
/// How long a call waits for a primary.
pub(super) const PRIMARY_WITHIN: Duration = Duration::from_secs(5);
pub(super) const CONNECTED_WITHIN: Duration = Duration::from_secs(5);
/// The time between two heartbeats of the driver to a server.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(5);
/// When an idle connection is closed.
pub(super) const IDLE: Duration = Duration::from_secs(60);
/// Calls at once.
pub(super) const PLACES: u32 = 32;
/// Longer than any call of another kind: the server reads all documents.
const INDEX_WITHIN: Duration = Duration::from_secs(60 * 60);

/// A call outside of a pool, such as looking up a host: see the [module](self).
pub(super) async fn detached<T: Send + 'static>(
    limit: Duration,
    operation: &'static str,
    call: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, StoreError> {
    finish(Instant::now() + limit, limit, operation, call).await
}

async fn finish<T: Send + 'static>(
    deadline: Instant,
    limit: Duration,
    operation: &'static str,
    call: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, StoreError> {
    match timeout_at(deadline, tokio::spawn(call)).await {
        Ok(Ok(answer)) => answer.map_err(|error| failed(operation, error)),
        // The call panicked, or the program ends.
        Ok(Err(ended)) => Err(StoreError::Unavailable(operation.to_owned(), Some(Box::new(ended)))),
        Err(_) => Err(late(limit, operation)),
    }
}

fn late(limit: Duration, operation: &str) -> StoreError {
    let message = format!("{operation}: MongoDB did not answer within {} s", limit.as_secs_f64());
    StoreError::Unavailable(message, None)
}

/// The calls to one database.
pub(super) struct Calls {
    database: Database,
    limit: Duration,
    places: Arc<Semaphore>,
    majority_within: Duration,
}

impl Calls {
    /// At most `places` calls at once, each for at most `limit`. A write waits for a majority for `majority_within`.
    pub(super) fn new(database: Database, limit: Duration, places: u32, majority_within: Duration) -> Self {
        let places = Arc::new(Semaphore::new(places as usize));
        Self { database, limit, places, majority_within }
    }

    /// The server's limit for its work.
    fn work(&self) -> Duration {
        work_of(self.limit)
    }

    /// See the [module](self). The call keeps its place until it has ended, even if nothing waits for it.
    async fn run<T: Send + 'static>(
        &self,
        limit: Duration,
        operation: &'static str,
        call: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let deadline = Instant::now() + limit;
        let Ok(Ok(place)) = timeout_at(deadline, Arc::clone(&self.places).acquire_owned()).await else {
            return Err(late(limit, operation));
        };
        let call = async move {
            let answer = call.await;
            drop(place);
            answer
        };
        finish(deadline, limit, operation, call).await
    }

    /// [`command`](Self::command) with the write concern, which the driver does not add to commands.
    pub(super) async fn write(
        &self,
        mut command: Document,
        operation: &'static str,
    ) -> Result<Document, StoreError> {
        let within = milliseconds(self.majority_within);
        command.insert("writeConcern", doc! { "w": "majority", "j": true, "wtimeout": within });
        self.command(command, operation).await
    }

    /// Answers the reply to a command. The driver does not retry it.
    pub(super) async fn command(
        &self,
        mut command: Document,
        operation: &'static str,
    ) -> Result<Document, StoreError> {
        command.insert("maxTimeMS", milliseconds(self.work()));
        let database = self.database.clone();
        self.run(self.limit, operation, async move { database.run_command(command).await }).await
    }

    /// A collection of the database.
    pub(super) fn of(&self, name: &str) -> Entries<'_> {
        Entries { calls: self, collection: self.database.collection(name) }
    }
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// The server's limit for its work on a call that is limited to this: less, so that the server answers first.
pub(super) fn work_of(limit: Duration) -> Duration {
    limit / 2
}

/// The calls on one collection.
pub(super) struct Entries<'a> {
    calls: &'a Calls,
    collection: Collection<Document>,
}

impl Entries<'_> {
    async fn run<T: Send + 'static, F>(
        self,
        operation: &'static str,
        call: impl FnOnce(Collection<Document>) -> F,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        self.calls.run(self.calls.limit, operation, call(self.collection)).await
    }

    /// The entry with this id.
    pub(super) async fn get(self, id: &str, operation: &'static str) -> Result<Option<Document>, StoreError> {
        let (filter, work) = (doc! { "_id": id }, self.calls.work());
        self.run(operation, |all| async move { all.find_one(filter).max_time(work).await }).await
    }

    /// All entries that match.
    pub(super) async fn find(
        self,
        filter: Document,
        mut options: FindOptions,
        operation: &'static str,
    ) -> Result<Vec<Document>, StoreError> {
        options.max_time = Some(self.calls.work());
        let call = |all: Collection<Document>| async move {
            all.find(filter).with_options(options).await?.try_collect().await
        };
        self.run(operation, call).await
    }

    /// The results of an aggregation.
    pub(super) async fn aggregate(
        self,
        stages: Vec<Document>,
        operation: &'static str,
    ) -> Result<Vec<Document>, StoreError> {
        let work = self.calls.work();
        let call = |all: Collection<Document>| async move {
            all.aggregate(stages).max_time(work).await?.try_collect().await
        };
        self.run(operation, call).await
    }

    /// How many entries match.
    pub(super) async fn count(self, filter: Document, operation: &'static str) -> Result<u64, StoreError> {
        let work = self.calls.work();
        self.run(operation, |all| async move { all.count_documents(filter).max_time(work).await }).await
    }

    /// The values of a field in the entries that match.
    pub(super) async fn distinct(
        self,
        field: &'static str,
        filter: Document,
        operation: &'static str,
    ) -> Result<Vec<Bson>, StoreError> {
        let work = self.calls.work();
        self.run(operation, |all| async move { all.distinct(field, filter).max_time(work).await }).await
    }

    /// Inserts an entry, unless there is one with its id. Answers whether it did.
    pub(super) async fn insert(self, entry: Document, operation: &'static str) -> Result<bool, StoreError> {
        let call = |all: Collection<Document>| async move {
            match all.insert_one(entry).await {
                Ok(_) => Ok(true),
                Err(error) if is_duplicate(&error) => Ok(false),
                Err(error) => Err(error),
            }
        };
        self.run(operation, call).await
    }

    /// Updates the first entry that matches. Answers whether there is one.
    pub(super) async fn update(
        self,
        filter: Document,
        update: Document,
        operation: &'static str,
    ) -> Result<bool, StoreError> {
        let call = |all: Collection<Document>| async move { all.update_one(filter, update).await };
        Ok(self.run(operation, call).await?.matched_count == 1)
    }

    /// Updates all entries that match.
    pub(super) async fn update_all(
        self,
        filter: Document,
        update: Document,
        operation: &'static str,
    ) -> Result<(), StoreError> {
        self.run(operation, |all| async move { all.update_many(filter, update).await.map(drop) }).await
    }

    /// Replaces the first entry that matches. Answers whether there is one.
    pub(super) async fn replace(
        self,
        filter: Document,
        entry: Document,
        operation: &'static str,
    ) -> Result<bool, StoreError> {
        let call = |all: Collection<Document>| async move { all.replace_one(filter, entry).await };
        Ok(self.run(operation, call).await?.matched_count == 1)
    }

    /// Deletes the first entry that matches. Answers whether there was one.
    pub(super) async fn delete(self, filter: Document, operation: &'static str) -> Result<bool, StoreError> {
        let call = |all: Collection<Document>| async move { all.delete_one(filter).await };
        Ok(self.run(operation, call).await?.deleted_count == 1)
    }

    /// Deletes all entries that match.
    pub(super) async fn delete_all(
        self,
        filter: Document,
        operation: &'static str,
    ) -> Result<(), StoreError> {
        self.run(operation, |all| async move { all.delete_many(filter).await.map(drop) }).await
    }

    /// Drops the collection, if there is one.
    pub(super) async fn drop(self, operation: &'static str) -> Result<(), StoreError> {
        let database = self.calls.database.clone();
        let call = |all: Collection<Document>| async move {
            let Err(error) = all.drop().await else { return Ok(()) };
            // The driver ignores that there is none by the error's code, which not every server gives.
            let names = database.list_collection_names().await?;
            if names.iter().any(|name| name == all.name()) { Err(error) } else { Ok(()) }
        };
        self.run(operation, call).await
    }

    /// Builds indexes. The server goes on if the caller gives up; another call waits for the same work.
    pub(super) async fn build(
        self,
        indexes: Vec<IndexModel>,
        operation: &'static str,
    ) -> Result<(), StoreError> {
        let options = CreateIndexOptions::builder().max_time(INDEX_WITHIN).build();
        let all = self.collection;
        let call = async move { all.create_indexes(indexes).with_options(options).await.map(drop) };
        self.calls.run(INDEX_WITHIN, operation, call).await
    }

    /// The indexes.
    pub(super) async fn indexes(self, operation: &'static str) -> Result<Vec<IndexModel>, StoreError> {
        let work = self.calls.work();
        let call = |all: Collection<Document>| async move {
            all.list_indexes().max_time(work).await?.try_collect().await
        };
        self.run(operation, call).await
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn a_call_whose_caller_goes_away_is_polled_to_its_end() {
        let (begun, answer, ended) =
            (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(Notify::new()));
        let call = {
            let (begun, answer, ended) = (begun.clone(), answer.clone(), ended.clone());
            async move {
                begun.notify_one();
                answer.notified().await;
                ended.notify_one();
                Ok(())
            }
        };
        let mut caller = Box::pin(detached(CALL_WITHIN, "asking", call));
        tokio::select! {
            _ = &mut caller => panic!("nothing has answered"),
            () = begun.notified() => drop(caller),
        }
        answer.notify_one();
        tokio::time::timeout(CALL_WITHIN, ended.notified()).await.expect("the call was abandoned");
    }

    #[tokio::test]
    async fn a_call_that_panics_is_an_error() {
        let call = async { panic!("a mistake in the driver") };
        let problem = detached::<()>(CALL_WITHIN, "asking", call).await.unwrap_err();
        assert!(matches!(problem, StoreError::Unavailable(what, Some(_)) if what == "asking"));
    }
}
