//! Shops for tests on the server that `CHORALE_TEST_REDIS` names.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use async_trait::async_trait;
use platform::contract::Broken;
use read_models::contract::{COLLECTIONS, KeyedLocation, KeyedStore};
use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;

const SERVER: &str = "CHORALE_TEST_REDIS";

/// The keys of one test. Each restore goes on under new ones, so that nothing has to wait for the old ones to be unused.
pub struct Scratch {
    name: String,
    restores: AtomicUsize,
}

impl Scratch {
    pub fn new() -> Self {
        static CREATED: AtomicU32 = AtomicU32::new(0);
        // The time tells it from those of a process that had the same id.
        let began = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
        let number = CREATED.fetch_add(1, Ordering::Relaxed);
        Self {
            name: format!("scratch-{began}-{}-{number}", std::process::id()),
            restores: AtomicUsize::new(0),
        }
    }

    /// The shop's name.
    pub fn shop(&self) -> String {
        format!("{}-{}", self.name, self.restores.load(Ordering::SeqCst))
    }

    /// A key of the shop.
    pub fn key(&self, rest: &str) -> String {
        format!("chorale:{{{}}}:{rest}", self.shop())
    }

    pub async fn open(&self) -> KeyedStore {
        read_models::connect_hot(&url(), &self.shop(), COLLECTIONS).await.unwrap()
    }

    /// Deletes everything, as `FLUSHALL` would, but only of this shop.
    pub async fn empty(&self) {
        let mut connection = connection().await;
        for key in keys_of(&self.shop()).await {
            connection.del::<_, ()>(key).await.unwrap();
        }
    }

    async fn copy_from_to(&self, from: &str, to: &str) {
        let mut connection = connection().await;
        for key in keys_of(from).await {
            let copy = key.replacen(from, to, 1);
            let copied: bool =
                redis::cmd("COPY").arg(&key).arg(copy).query_async(&mut connection).await.unwrap();
            assert!(copied, "{key}");
        }
    }
}

/// The server's address.
pub fn url() -> String {
    std::env::var(SERVER).unwrap_or_else(|_| {
        panic!("{SERVER} is not set: run `scripts/servers up` and `eval \"$(scripts/servers env)\"`")
    })
}

pub async fn connection() -> MultiplexedConnection {
    redis::Client::open(url()).unwrap().get_multiplexed_async_connection().await.unwrap()
}

/// All keys of a shop.
pub async fn keys_of(shop: &str) -> Vec<String> {
    let mut connection = connection().await;
    connection.keys(format!("chorale:{{{shop}}}:*")).await.unwrap()
}

#[async_trait]
impl KeyedLocation for Scratch {
    async fn open_keyed(&self) -> Result<KeyedStore, Broken> {
        Ok(self.open().await)
    }

    async fn copy(&self) -> Result<(), Broken> {
        self.copy_from_to(&self.shop(), &format!("{}-copy", self.name)).await;
        Ok(())
    }

    async fn restore(&self) -> Result<(), Broken> {
        self.restores.fetch_add(1, Ordering::SeqCst);
        self.copy_from_to(&format!("{}-copy", self.name), &self.shop()).await;
        Ok(())
    }
}
