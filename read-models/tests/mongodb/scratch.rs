//! Databases for tests on the server that `CHORALE_TEST_MONGODB` names.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use async_trait::async_trait;
use futures_util::TryStreamExt;
use mongodb::bson::{Document, doc};
use mongodb::{Client, Database};
use platform::contract::Broken;
use platform::fault_proxy::FaultProxy;
use read_models::Store;
use read_models::contract::{COLLECTIONS, KeyedLocation, KeyedStore, Location};

const SERVER: &str = "CHORALE_TEST_MONGODB";

/// A database for one test. Each restore goes on in a new one, so that nothing has to wait for the old one to be closed.
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
            name: format!("scratch_{began}_{}_{number}", std::process::id()),
            restores: AtomicUsize::new(0),
        }
    }

    fn current(&self) -> String {
        format!("{}_{}", self.name, self.restores.load(Ordering::SeqCst))
    }

    /// Its address.
    pub fn url(&self) -> String {
        let server = server();
        let (before, query) = server.split_once('?').unwrap_or((&server, ""));
        // Scheme and authority.
        let root = before.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        format!("{root}/{}?{query}", self.current())
    }

    /// A proxy to the server, and the address of the database through it, with these further options.
    pub async fn behind_proxy(&self, options: &str) -> (FaultProxy, String) {
        let url = self.url();
        let (scheme, rest) = url.split_once("://").unwrap();
        let (authority, database) = rest.split_once('/').unwrap();
        let (user, hosts) = authority.rsplit_once('@').map_or(("", authority), |(user, hosts)| (user, hosts));
        let proxy = FaultProxy::to(hosts.split(',').next().unwrap()).await.unwrap();
        let at = if user.is_empty() { "" } else { "@" };
        let url = format!("{scheme}://{user}{at}{}/{database}&{options}", proxy.address());
        (proxy, url)
    }

    /// Its database, without the store.
    pub async fn database(&self) -> Database {
        client().await.database(&self.current())
    }

    async fn copy_from_to(&self, from: &str, to: &str) {
        let client = client().await;
        let (from, to) = (client.database(from), client.database(to));
        for name in from.list_collection_names().await.unwrap() {
            if name.starts_with("system.") {
                continue;
            }
            let all = from.collection::<Document>(&name).find(doc! {}).await.unwrap();
            let all: Vec<Document> = all.try_collect().await.unwrap();
            if !all.is_empty() {
                to.collection::<Document>(&name).insert_many(all).await.unwrap();
            }
        }
    }
}

fn server() -> String {
    match std::env::var(SERVER) {
        Ok(url) => url,
        Err(_) => {
            panic!("{SERVER} is not set: run `scripts/servers up` and `eval \"$(scripts/servers env)\"`")
        }
    }
}

async fn client() -> Client {
    Client::with_uri_str(server()).await.unwrap()
}

#[async_trait]
impl KeyedLocation for Scratch {
    async fn open_keyed(&self) -> Result<KeyedStore, Broken> {
        Ok(self.open().await?.into())
    }

    async fn copy(&self) -> Result<(), Broken> {
        self.copy_from_to(&self.current(), &format!("{}_copy", self.name)).await;
        Ok(())
    }

    async fn restore(&self) -> Result<(), Broken> {
        self.restores.fetch_add(1, Ordering::SeqCst);
        self.copy_from_to(&format!("{}_copy", self.name), &self.current()).await;
        read_models::migrate(&self.url(), COLLECTIONS).await?;
        Ok(())
    }
}

#[async_trait]
impl Location for Scratch {
    async fn open(&self) -> Result<Store, Broken> {
        Ok(read_models::connect(&self.url(), COLLECTIONS).await?)
    }
}
