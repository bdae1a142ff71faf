//! Databases for tests on the MongoDB that `CHORALE_TEST_MONGODB` names.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use async_trait::async_trait;
use futures_util::TryStreamExt;
use mongodb::bson::{Document, doc};
use mongodb::{Client, Database};
use platform::contract::{Broken, Checked};
use platform::fault_proxy::FaultProxy;

use super::{COLLECTIONS, KeyedLocation, KeyedStore, Location};
use crate::port::Collection;
use crate::store::Store;

const SERVER: &str = "CHORALE_TEST_MONGODB";

/// A database for one test. Each restore goes on in a new one, so that nothing has to wait for the old one to be closed.
pub struct Scratch {
    name: String,
    restores: AtomicUsize,
    collections: Vec<&'static Collection>,
}

impl Scratch {
    /// For the collections of the suites.
    pub fn new() -> Self {
        Self::of(COLLECTIONS)
    }

    /// For these collections.
    pub fn of(collections: &[&'static Collection]) -> Self {
        static CREATED: AtomicU32 = AtomicU32::new(0);
        // The time tells it from those of a process that had the same id.
        let began = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_millis();
        let number = CREATED.fetch_add(1, Ordering::Relaxed);
        Self {
            name: format!("scratch_{began}_{}_{number}", std::process::id()),
            restores: AtomicUsize::new(0),
            collections: collections.to_vec(),
        }
    }

    fn current(&self) -> String {
        format!("{}_{}", self.name, self.restores.load(Ordering::SeqCst))
    }

    /// Its address.
    pub fn url(&self) -> Result<String, Broken> {
        let server = server()?;
        let (before, query) = server.split_once('?').unwrap_or((&server, ""));
        // Scheme and authority.
        let root = before.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        Ok(format!("{root}/{}?{query}", self.current()))
    }

    /// A proxy to the server, and the address of the database through it, with these further options.
    pub async fn behind_proxy(&self, options: &str) -> Result<(FaultProxy, String), Broken> {
        let url = self.url()?;
        let (scheme, rest) = url.split_once("://").ok_or("an address without a scheme")?;
        let (authority, database) = rest.split_once('/').ok_or("an address without a database")?;
        let (user, hosts) = match authority.rsplit_once('@') {
            Some((user, hosts)) => (format!("{user}@"), hosts),
            None => (String::new(), authority),
        };
        let proxy = FaultProxy::to(hosts.split(',').next().unwrap_or(hosts)).await?;
        let url = format!("{scheme}://{user}{}/{database}&{options}", proxy.address());
        Ok((proxy, url))
    }

    /// Its database, without the store.
    pub async fn database(&self) -> Result<Database, Broken> {
        Ok(client().await?.database(&self.current()))
    }

    async fn copy_from_to(&self, from: &str, to: &str) -> Checked {
        let client = client().await?;
        restore(&client.database(to), dump(&client.database(from)).await?).await
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

/// All entries of a database, by collection.
pub type Dump = Vec<(String, Vec<Document>)>;

/// Reads a database.
pub async fn dump(database: &Database) -> Result<Dump, Broken> {
    let mut all = Vec::new();
    for name in database.list_collection_names().await? {
        if !name.starts_with("system.") {
            let entries = database.collection::<Document>(&name).find(doc! {}).await?.try_collect().await?;
            all.push((name, entries));
        }
    }
    Ok(all)
}

/// Makes a database what it was.
pub async fn restore(database: &Database, dump: Dump) -> Checked {
    for name in database.list_collection_names().await? {
        if !name.starts_with("system.") {
            database.collection::<Document>(&name).drop().await?;
        }
    }
    for (name, entries) in dump {
        if !entries.is_empty() {
            database.collection::<Document>(&name).insert_many(entries).await?;
        }
    }
    Ok(())
}

fn server() -> Result<String, Broken> {
    let unset =
        |_| format!("{SERVER} is not set: run `scripts/servers up` and `eval \"$(scripts/servers env)\"`");
    Ok(std::env::var(SERVER).map_err(unset)?)
}

async fn client() -> Result<Client, Broken> {
    Ok(Client::with_uri_str(server()?).await?)
}

#[async_trait]
impl KeyedLocation for Scratch {
    async fn open_keyed(&self) -> Result<KeyedStore, Broken> {
        Ok(self.open().await?.into())
    }

    async fn copy(&self) -> Result<(), Broken> {
        self.copy_from_to(&self.current(), &format!("{}_copy", self.name)).await
    }

    async fn restore(&self) -> Result<(), Broken> {
        self.restores.fetch_add(1, Ordering::SeqCst);
        self.copy_from_to(&format!("{}_copy", self.name), &self.current()).await?;
        crate::migrate(&self.url()?, &self.collections).await?;
        Ok(())
    }
}

#[async_trait]
impl Location for Scratch {
    async fn open(&self) -> Result<Store, Broken> {
        Ok(crate::connect(&self.url()?, &self.collections).await?)
    }
}
