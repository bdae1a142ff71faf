//! Notifies other processes that the log has grown, and listens for their notifications. They only save time:
//! growth without a notification is found by polling. A notification is no more than a reason to read the
//! head, because every user of the database can send one.
//!
//! Notifications are sent after the commit and not in it. PostgreSQL serialises transactions that notify
//! under a server-wide lock, so they would wait for each other's disk writes.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::fault::LogIdentity;
use super::readers::Readers;
use super::rows::{self, HEAD};
use crate::tail_watcher::TailWatcher;

/// The shortest time between two notifications. Commits in between share one.
const PAUSE: Duration = Duration::from_millis(5);
/// A connection on which nothing arrives for this long is replaced: its other end may be gone without a sign.
const QUIET: Duration = Duration::from_secs(30);
/// How long to wait before listening again after a failure.
const RETRY: Duration = Duration::from_secs(1);

/// The notifications of one log.
pub(super) struct Notifications {
    channel: Arc<Channel>,
    /// The position to announce.
    announced: watch::Sender<u64>,
    /// The task that listens, once it is needed.
    listener: OnceLock<AbortOnDropHandle<()>>,
}

struct Channel {
    log: LogIdentity,
    name: String,
    readers: Arc<Readers>,
    /// For the connection that listens.
    options: PgConnectOptions,
}

impl Notifications {
    /// Notifications are sent through `readers`. Listening opens a connection of its own with `options`.
    pub(super) fn new(log: &LogIdentity, readers: &Arc<Readers>, options: &PgConnectOptions) -> Self {
        let channel = Arc::new(Channel {
            log: log.clone(),
            name: format!("chorale.{}", log.context),
            readers: Arc::clone(readers),
            options: options.clone(),
        });
        let (announced, positions) = watch::channel(0);
        tokio::spawn(send(Arc::clone(&channel), positions));
        Self { channel, announced, listener: OnceLock::new() }
    }

    /// Announces that a commit of this process has moved the log's end to `position`.
    pub(super) fn announce(&self, position: u64) {
        self.announced.send_replace(position);
    }

    /// Starts listening on behalf of `tail`, unless that was done before.
    pub(super) fn listen(&self, tail: &Arc<TailWatcher>) {
        let listening = || listen(Arc::clone(&self.channel), Arc::clone(tail));
        self.listener.get_or_init(|| AbortOnDropHandle::new(tokio::spawn(listening())));
    }
}

/// Runs until the log is closed.
async fn send(channel: Arc<Channel>, mut positions: watch::Receiver<u64>) {
    while positions.changed().await.is_ok() {
        let position = positions.borrow_and_update().to_string();
        // A notification need not be durable, so it does not wait for the disk.
        let notify =
            || sqlx::query("SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)");
        let sent =
            channel.readers.rows(|| notify().bind(channel.name.as_str()).bind(position.as_str())).await;
        if let Err(error) = sent {
            channel.failed("send notifications", error);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Runs until it is aborted.
async fn listen(channel: Arc<Channel>, tail: Arc<TailWatcher>) {
    loop {
        // A new one each time: a pool would hand out the same connection again.
        let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(channel.options.clone());
        let listening = async {
            let mut listener = PgListener::connect_with(&pool).await?;
            listener.listen(&channel.name).await?;
            while let Ok(notification) = timeout(QUIET, listener.recv()).await {
                let notification = notification?;
                if notification.payload().parse().is_ok_and(|position: u64| position > tail.position()) {
                    let rows = channel.readers.rows(|| sqlx::query(HEAD)).await?;
                    let head = rows.first().ok_or(sqlx::Error::RowNotFound).and_then(rows::head_of)?;
                    tail.reached(head.position);
                }
            }
            Ok(())
        };
        let ended: Result<(), sqlx::Error> = listening.await;
        if let Err(error) = ended {
            channel.failed("receive notifications", error);
            tokio::time::sleep(RETRY).await;
        }
    }
}

impl Channel {
    fn failed(&self, what: &str, error: sqlx::Error) {
        let error = self.log.cannot(what, error);
        tracing::debug!(
            error = &error as &dyn std::error::Error,
            "growth of the log will be found by polling"
        );
    }
}

#[cfg(test)]
mod tests {
    use platform::postgres::Address;
    use platform::postgres::scratch::Scratch;
    use schemas::Context;

    use super::*;
    use crate::connect::{connect, migrate};
    use crate::contract::Draft;
    use crate::port::Committed;
    use crate::tail_watcher::PollInterval;

    /// Ends a hang.
    const SOON: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn notifications_report_commits_of_other_processes_and_false_ones_are_ignored() {
        let database = Scratch::new().await.unwrap();
        migrate(database.url(), Context::Ordering).await.unwrap();
        let address = Address::parse(database.url(), &[]).unwrap();
        let options = sqlx::ConnectOptions::disable_statement_logging(
            database.url().parse::<PgConnectOptions>().unwrap().options([("search_path", "ordering")]),
        );
        let log = LogIdentity { context: Context::Ordering, address };
        let readers = Arc::new(Readers::new(&options, 1, SOON));
        let notifications = Notifications::new(&log, &readers, &options);
        // Polling is effectively disabled.
        let rarely = PollInterval { shortest: 2 * SOON, longest: 2 * SOON };
        let tail = Arc::new(TailWatcher::new(0, rarely));
        notifications.listen(&tail);

        let another = connect(database.url(), Context::Ordering).await.unwrap();
        let mut version = 0;
        // The next commit notifies a listener that was too late for this one.
        while tail.position() == 0 {
            version += 1;
            assert!(version < 600, "no notification arrives");
            database.run_in("public", "NOTIFY \"chorale.ordering\", '1000000'").await.unwrap();
            let draft = Draft::now(&*another).await.unwrap().event("order-1", version);
            assert!(matches!(draft.commit(&*another).await.unwrap(), Committed::Done(_)));
            let waiting = tail.past(0, Duration::from_millis(100), async || std::future::pending().await);
            waiting.await;
        }
        assert!(tail.position() <= version, "{} of {version}", tail.position());
    }
}
