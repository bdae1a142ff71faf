//! Telling other processes at once that the log has grown, and hearing it from them: only to be quick, because what nobody
//! told is found by looking. What is told is no more than a reason to look, since every user of the database can say it.
//!
//! It is told after the commit and not in it: transactions that notify take their turns at a lock of the whole server, and
//! would wait for each other's disk.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use schemas::Context;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::readers::Readers;
use crate::growth::Growth;

/// Told at most so often: what is committed meanwhile is told together.
const PAUSE: Duration = Duration::from_millis(5);
/// After a failure it is listened again.
const AGAIN: Duration = Duration::from_secs(1);

/// The news of a log.
pub(super) struct News {
    channel: String,
    options: PgConnectOptions,
    told: watch::Sender<u64>,
    heard: OnceLock<AbortOnDropHandle<()>>,
}

impl News {
    /// Nothing was told yet. `readers` carry what is told; who hears it has a connection of its own with `options`.
    pub(super) fn new(context: Context, readers: &Arc<Readers>, options: &PgConnectOptions) -> Self {
        let (told, news) = watch::channel(0);
        let channel = format!("chorale.{context}");
        tokio::spawn(tell(news, channel.clone(), Arc::clone(readers)));
        Self { channel, options: options.clone(), told, heard: OnceLock::new() }
    }

    /// The log ends at `position`, by a commit of this process.
    pub(super) fn tell(&self, position: u64) {
        self.told.send_replace(position);
    }

    /// From now on `growth` hears what others tell.
    pub(super) fn hear(&self, growth: &Arc<Growth>) {
        self.heard.get_or_init(|| {
            let hearing = hear(self.options.clone(), self.channel.clone(), Arc::clone(growth));
            AbortOnDropHandle::new(tokio::spawn(hearing))
        });
    }
}

/// Until the log is closed.
async fn tell(mut news: watch::Receiver<u64>, channel: String, readers: Arc<Readers>) {
    while news.changed().await.is_ok() {
        let position = news.borrow_and_update().to_string();
        // There is nothing to lose, and so nothing to wait for the disk for.
        let notify =
            || sqlx::query("SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)");
        let told = readers.rows(|| notify().bind(channel.as_str()).bind(position.as_str())).await;
        if let Err(error) = told {
            tracing::debug!(channel, error = &error as &dyn std::error::Error, "growth was not told");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// For ever.
async fn hear(options: PgConnectOptions, channel: String, growth: Arc<Growth>) {
    let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(options);
    loop {
        let heard = async {
            let mut listener = PgListener::connect_with(&pool).await?;
            listener.listen(&channel).await?;
            loop {
                let news = listener.recv().await?;
                growth.told(news.payload().parse().unwrap_or(0));
            }
        };
        let heard: Result<(), sqlx::Error> = heard.await;
        if let Err(error) = heard {
            tracing::debug!(channel, error = &error as &dyn std::error::Error, "growth is not heard");
        }
        tokio::time::sleep(AGAIN).await;
    }
}
