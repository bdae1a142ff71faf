//! Telling other processes at once that the log has grown, and hearing it from them: only to be quick, because what nobody
//! told is found by looking. What is told is no more than a reason to look, since every user of the database can say it.
//!
//! It is told after the commit and not in it: transactions that notify take their turns at a lock of the whole server, and
//! would wait for each other's disk.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::fault::Log;
use super::readers::Readers;
use super::rows::{self, HEAD};
use crate::growth::Growth;

/// Told at most so often: what is committed meanwhile is told together.
const PAUSE: Duration = Duration::from_millis(5);
/// After a failure it is listened again.
const AGAIN: Duration = Duration::from_secs(1);

/// The news of a log.
pub(super) struct News {
    way: Arc<Way>,
    told: watch::Sender<u64>,
    heard: OnceLock<AbortOnDropHandle<()>>,
}

/// How news go.
struct Way {
    log: Log,
    channel: String,
    readers: Arc<Readers>,
    /// For the connection that listens.
    options: PgConnectOptions,
}

impl News {
    /// Nothing was told yet. `readers` carry what is told; who hears it has a connection of its own with `options`.
    pub(super) fn new(log: &Log, readers: &Arc<Readers>, options: &PgConnectOptions) -> Self {
        let way = Arc::new(Way {
            log: log.clone(),
            channel: format!("chorale.{}", log.context),
            readers: Arc::clone(readers),
            options: options.clone(),
        });
        let (told, news) = watch::channel(0);
        tokio::spawn(tell(Arc::clone(&way), news));
        Self { way, told, heard: OnceLock::new() }
    }

    /// The log ends at `position`, by a commit of this process.
    pub(super) fn tell(&self, position: u64) {
        self.told.send_replace(position);
    }

    /// From now on `growth` hears what others tell.
    pub(super) fn hear(&self, growth: &Arc<Growth>) {
        let hearing = || hear(Arc::clone(&self.way), Arc::clone(growth));
        self.heard.get_or_init(|| AbortOnDropHandle::new(tokio::spawn(hearing())));
    }
}

/// Until the log is closed.
async fn tell(way: Arc<Way>, mut news: watch::Receiver<u64>) {
    while news.changed().await.is_ok() {
        let position = news.borrow_and_update().to_string();
        // There is nothing to lose, and so nothing to wait for the disk for.
        let notify =
            || sqlx::query("SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)");
        let told = way.readers.rows(|| notify().bind(way.channel.as_str()).bind(position.as_str())).await;
        if let Err(error) = told {
            way.failed("tell of growth", error);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// For ever.
async fn hear(way: Arc<Way>, growth: Arc<Growth>) {
    let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(way.options.clone());
    loop {
        let hearing = async {
            let mut listener = PgListener::connect_with(&pool).await?;
            listener.listen(&way.channel).await?;
            loop {
                let news = listener.recv().await?;
                if news.payload().parse().is_ok_and(|position: u64| position > growth.position()) {
                    let rows = way.readers.rows(|| sqlx::query(HEAD)).await?;
                    let head = rows.first().ok_or(sqlx::Error::RowNotFound).and_then(rows::head_of)?;
                    growth.reached(head.position);
                }
            }
        };
        let ended: Result<(), sqlx::Error> = hearing.await;
        if let Err(error) = ended {
            way.failed("be listened to", error);
        }
        tokio::time::sleep(AGAIN).await;
    }
}

impl Way {
    fn failed(&self, what: &str, error: sqlx::Error) {
        let error = self.log.cannot(what, error);
        tracing::debug!(error = &error as &dyn std::error::Error, "growth will be found by looking");
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
    use crate::growth::Looks;
    use crate::port::Committed;

    /// It only ends a hang.
    const SOON: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn what_another_process_has_committed_is_heard_and_what_is_not_so_is_not_believed() {
        let database = Scratch::new().await.unwrap();
        migrate(database.url(), Context::Ordering).await.unwrap();
        let address = Address::parse(database.url(), &[]).unwrap();
        let options = sqlx::ConnectOptions::disable_statement_logging(
            database.url().parse::<PgConnectOptions>().unwrap().options([("search_path", "ordering")]),
        );
        let log = Log { context: Context::Ordering, address };
        let readers = Arc::new(Readers::new(&options, 1, SOON));
        let news = News::new(&log, &readers, &options);
        // Nobody looks by himself.
        let seldom = Looks { soonest: 2 * SOON, rarest: 2 * SOON };
        let growth = Arc::new(Growth::from(0, seldom));
        news.hear(&growth);

        let another = connect(database.url(), Context::Ordering).await.unwrap();
        let mut version = 0;
        // What was told before anybody listened is told again with the next commit.
        while growth.position() == 0 {
            version += 1;
            assert!(version < 600, "nothing is heard");
            database.run_in("public", "NOTIFY \"chorale.ordering\", '1000000'").await.unwrap();
            let draft = Draft::now(&*another).await.unwrap().event("order-1", version);
            assert!(matches!(draft.commit(&*another).await.unwrap(), Committed::Done(_)));
            let waiting = growth.past(0, Duration::from_millis(100), async || std::future::pending().await);
            waiting.await;
        }
        assert!(growth.position() <= version, "{} of {version}", growth.position());
    }
}
