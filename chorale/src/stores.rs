//! The addresses of a shop's stores. A store without an address is a file in the data directory.

use std::convert::Infallible;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context as _, Result};
use clap::Args;
use platform::config::Secret;
use platform::servers::{NoClient, is_mongodb, is_postgres, is_redis};
use schemas::Context;

use crate::data_dir::{DataDir, DataDirError};

mod bus;
mod read_models;

pub use bus::BusAddress;

/// Whether this build has the clients of PostgreSQL, Kafka, MongoDB and Redis.
pub const HAS_CLIENTS: bool = cfg!(feature = "servers");

/// Addresses of stores; a store without an address is a file in the data directory. Addresses may contain passwords: they
/// are never printed, and those from the environment do not appear in the process list.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Stores")]
pub struct Stores {
    /// Address of the event logs: postgres://user:password@host/database, with one schema per context. CONTEXT=postgres://…
    /// applies to one context only; separate several addresses by spaces. `chorale migrate` prepares the schemas. Default:
    /// files in the data directory.
    #[arg(
        long,
        global = true,
        env = "CHORALE_EVENT_LOG",
        hide_env_values = true,
        value_delimiter = ' ',
        value_name = "ADDRESS"
    )]
    pub event_log: Vec<LogAddress>,
    /// Address of the bus: log://, which reads the event logs themselves, or kafka://host:port,host:port?partitions=6&…,
    /// a cluster that the relay publishes to. Default: log://.
    #[arg(long, global = true, env = "CHORALE_BUS", hide_env_values = true, value_name = "ADDRESS")]
    pub bus: Option<Secret>,
    /// Address of the key vault: postgres://user:password@host/database, preferably a separate database. Default: a file in
    /// the data directory.
    #[arg(long, global = true, env = "CHORALE_VAULT", hide_env_values = true, value_name = "ADDRESS")]
    pub vault: Option<Secret>,
    /// Address of the read-model documents: sqlite://FILE or mongodb://user:password@host/database. `chorale migrate` builds
    /// missing indexes. Default: a file in the data directory.
    #[arg(long, global = true, env = "CHORALE_DOCUMENTS", hide_env_values = true, value_name = "ADDRESS")]
    pub documents: Option<Secret>,
    /// Address of the hot views, from which product lists and stock levels are answered: redis://user:password@host:port/number,
    /// or rediss://… for TLS. Redis must not evict keys (maxmemory-policy noeviction). Default: among the documents.
    #[arg(long, global = true, env = "CHORALE_HOT_VIEWS", hide_env_values = true, value_name = "ADDRESS")]
    pub hot_views: Option<Secret>,
    /// The key (32 bytes, base64 or hex) with which the relay signs log heads for auditors. Read from the environment only.
    #[arg(skip = environment("CHORALE_AUDIT_KEY"))]
    pub audit_key: Option<Secret>,
}

fn environment(name: &str) -> Option<Secret> {
    std::env::var(name).ok().filter(|text| !text.is_empty()).map(Secret::from)
}

/// The address of the log of one context, or of all contexts.
#[derive(Clone, Debug)]
pub struct LogAddress {
    context: Option<Context>,
    address: Secret,
}

impl LogAddress {
    /// The text that it is parsed from. May contain a password.
    fn text(&self) -> String {
        let address = self.address.expose();
        self.context.map_or_else(|| address.to_owned(), |context| format!("{}={address}", context.name()))
    }
}

impl FromStr for LogAddress {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let named = text.split_once('=').and_then(|(name, rest)| Some((name.parse::<Context>().ok()?, rest)));
        Ok(match named {
            Some((context, address)) => {
                Self { context: Some(context), address: Secret::from(address.to_owned()) }
            }
            None => Self { context: None, address: Secret::from(text.to_owned()) },
        })
    }
}

impl Stores {
    /// The address of a context's log; `None` if it is a file in the data directory. The address of this context
    /// alone takes precedence over the last one for all contexts.
    pub fn log(&self, context: Context) -> Option<&str> {
        let own = self.event_log.iter().rfind(|one| one.context == Some(context));
        let any = || self.event_log.iter().rfind(|one| one.context.is_none());
        own.or_else(any).map(|one| one.address.expose())
    }

    /// Whether any log is a file in the data directory. Then only one process can claim the directory.
    pub(crate) fn keeps_logs_in_files(&self) -> bool {
        Context::ALL.into_iter().any(|context| self.log(context).is_none())
    }

    /// The environment variables that give another process of this program the same addresses.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let logs = self.event_log.iter().map(LogAddress::text).collect::<Vec<_>>().join(" ");
        let one =
            |name, secret: &Option<Secret>| secret.as_ref().map(|secret| (name, secret.expose().to_owned()));
        let logs = (!logs.is_empty()).then_some(("CHORALE_EVENT_LOG", logs));
        let others = [
            one("CHORALE_BUS", &self.bus),
            one("CHORALE_VAULT", &self.vault),
            one("CHORALE_DOCUMENTS", &self.documents),
            one("CHORALE_HOT_VIEWS", &self.hot_views),
        ];
        logs.into_iter().chain(others.into_iter().flatten()).collect()
    }

    /// Fails if a store is on a server for which this build has no client. `has_clients`: whether the build has the feature
    /// `servers`.
    pub(crate) fn require_clients(&self, has_clients: bool) -> Result<()> {
        let postgres = |address: Option<&str>| address.is_some_and(is_postgres);
        let kafka = self.bus.as_ref().is_some_and(|bus| bus.expose().starts_with("kafka://"));
        let missing = [
            (
                "--event-log (CHORALE_EVENT_LOG)",
                NoClient::POSTGRESQL,
                Context::ALL.into_iter().any(|context| postgres(self.log(context))),
            ),
            (
                "--vault (CHORALE_VAULT)",
                NoClient::POSTGRESQL,
                postgres(self.vault.as_ref().map(Secret::expose)),
            ),
            ("--bus (CHORALE_BUS)", NoClient::KAFKA, kafka),
            (
                "--documents (CHORALE_DOCUMENTS)",
                NoClient::MONGODB,
                self.documents.as_ref().is_some_and(|address| is_mongodb(address.expose())),
            ),
            (
                "--hot-views (CHORALE_HOT_VIEWS)",
                NoClient::REDIS,
                self.hot_views.as_ref().is_some_and(|address| is_redis(address.expose())),
            ),
        ];
        match missing.into_iter().find(|(.., named)| *named && !has_clients) {
            Some((option, error, _)) => Err(error).context(format!("{option} names a server")),
            None => Ok(()),
        }
    }
}

/// The locations of a shop's stores.
#[derive(Debug)]
pub struct StoreLocations {
    /// The directory of stores that have no address.
    pub data: DataDir,
    /// The bus.
    pub bus: BusAddress,
    stores: Stores,
}

impl StoreLocations {
    /// For a process that runs a role. If any log is a file in the data directory, the directory is claimed exclusively.
    pub fn claim(path: &Path, stores: &Stores) -> Result<Self> {
        stores.require_clients(HAS_CLIENTS)?;
        let bus = BusAddress::parse(stores.bus.as_ref())?;
        let data = if stores.keeps_logs_in_files() { DataDir::claim(path)? } else { DataDir::share(path)? };
        let locations = Self { data, bus, stores: stores.clone() };
        locations.require_here()?;
        Ok(locations)
    }

    /// Fails if a log or the vault is in a directory that the shop has moved away from. A caller that changes either
    /// without a claim checks before and after, because the shop may move in between.
    pub fn require_here(&self) -> Result<(), DataDirError> {
        let elsewhere = !self.stores.keeps_logs_in_files() && self.stores.vault.is_some();
        if elsewhere { Ok(()) } else { self.data.require_here() }
    }

    /// For a command that reads a shop beside its processes.
    pub fn read_only(path: &Path, stores: &Stores) -> Result<Self> {
        stores.require_clients(HAS_CLIENTS)?;
        let bus = BusAddress::parse(stores.bus.as_ref())?;
        let data = if stores.keeps_logs_in_files() { DataDir::look(path)? } else { DataDir::share(path)? };
        Ok(Self { data, bus, stores: stores.clone() })
    }

    /// Whether no other process can use the shop's logs.
    pub fn is_exclusive(&self) -> bool {
        self.stores.keeps_logs_in_files()
    }

    /// The address of a context's log.
    pub fn log(&self, context: Context) -> String {
        self.stores.log(context).map_or_else(|| self.data.log(context), str::to_owned)
    }

    /// The address of the key vault.
    pub fn vault(&self) -> String {
        or_file(&self.stores.vault, || self.data.vault())
    }

    /// The address of the documents.
    pub fn documents(&self) -> String {
        or_file(&self.stores.documents, || self.data.documents())
    }

    /// The address of the hot views; `None` if they are among the documents.
    pub fn hot_views(&self) -> Option<&str> {
        self.stores.hot_views.as_ref().map(Secret::expose)
    }

    /// A sentence for people about the location of the data.
    pub fn words(&self) -> String {
        let folder = self.data.path().display();
        if self.stores.keeps_logs_in_files() {
            return format!("Its files are in {folder}.");
        }
        format!("Its logs are on servers; files of stores without an address are in {folder}.")
    }

    /// The key that log heads are signed with.
    pub fn audit_key(&self) -> Option<&Secret> {
        self.stores.audit_key.as_ref()
    }

    /// The addresses of all its stores but the bus.
    pub fn addresses(&self) -> Vec<String> {
        let logs = Context::ALL.map(|context| self.log(context));
        logs.into_iter().chain([self.vault(), self.documents()]).collect()
    }
}

fn or_file(address: &Option<Secret>, file: impl FnOnce() -> String) -> String {
    address.as_ref().map_or_else(file, |address| address.expose().to_owned())
}

#[cfg(test)]
mod tests {
    use schemas::topics::PARTITIONS;

    use super::*;

    fn stores(logs: &[&str], bus: Option<&str>) -> Stores {
        let event_log = logs.iter().map(|text| text.parse().unwrap()).collect();
        Stores { event_log, bus: bus.map(|text| Secret::from(text.to_owned())), ..Stores::default() }
    }

    fn documents_on(address: &str) -> Stores {
        Stores { documents: Some(Secret::from(address.to_owned())), ..Stores::default() }
    }

    fn bus(address: Option<&str>) -> Result<BusAddress> {
        BusAddress::parse(stores(&[], address).bus.as_ref())
    }

    #[test]
    fn a_context_has_its_own_address_or_that_of_all_or_its_file() {
        let all = stores(&["postgres://u:p=1@h/all", "ordering=postgres://h/own?sslmode=disable"], None);
        assert_eq!(all.log(Context::Ordering), Some("postgres://h/own?sslmode=disable"));
        assert_eq!(all.log(Context::Catalog), Some("postgres://u:p=1@h/all"));
        assert!(!all.keeps_logs_in_files());
        let some = stores(&["payments=postgres://h/own"], None);
        assert_eq!(some.log(Context::Catalog), None);
        assert!(some.keeps_logs_in_files());
        assert!(!format!("{all:?}").contains("p=1"));
    }

    #[test]
    fn a_process_that_gets_the_environment_has_the_same_addresses() {
        let all = Stores {
            vault: Some(Secret::from("postgres://h/vault".to_owned())),
            documents: Some(Secret::from("mongodb://h/shop".to_owned())),
            hot_views: Some(Secret::from("redis://h/1".to_owned())),
            ..stores(&["postgres://u:p=1@h/all", "ordering=postgres://h/own"], Some("kafka://h:1"))
        };
        let environment = all.environment();
        let value = |name: &str| {
            environment.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
        };
        let logs = value("CHORALE_EVENT_LOG").unwrap();
        let again = stores(&logs.split(' ').collect::<Vec<_>>(), value("CHORALE_BUS"));
        for context in Context::ALL {
            assert_eq!(again.log(context), all.log(context));
        }
        assert_eq!(value("CHORALE_BUS"), Some("kafka://h:1"));
        assert_eq!(value("CHORALE_VAULT"), Some("postgres://h/vault"));
        assert_eq!(value("CHORALE_DOCUMENTS"), Some("mongodb://h/shop"));
        assert_eq!(value("CHORALE_HOT_VIEWS"), Some("redis://h/1"));
        assert_eq!(Stores::default().environment(), []);
    }

    #[test]
    fn a_build_without_clients_refuses_servers_and_says_how_to_build_it() {
        let in_files = stores(&["sqlite://x"], Some("log://?partitions=12"));
        in_files.require_clients(false).unwrap();
        let on_vault = Stores {
            vault: Some(Secret::from("postgresql://u:hunter2@h/v".to_owned())),
            ..Stores::default()
        };
        let on_redis = Stores {
            hot_views: Some(Secret::from("rediss://u:hunter2@h/1".to_owned())),
            ..Stores::default()
        };
        let cases = [
            (on_redis, "--hot-views", "Redis"),
            (stores(&["postgres://u:hunter2@h/all"], None), "--event-log", "PostgreSQL"),
            (stores(&["payments=postgres://u:hunter2@h/own"], None), "--event-log", "PostgreSQL"),
            (on_vault, "--vault", "PostgreSQL"),
            (stores(&[], Some("kafka://u:hunter2@h:1")), "--bus", "Kafka"),
            (documents_on("mongodb://u:hunter2@h/shop"), "--documents", "MongoDB"),
            (documents_on("mongodb+srv://u:hunter2@h/shop"), "--documents", "MongoDB"),
        ];
        for (stores, option, server) in cases {
            stores.require_clients(true).unwrap();
            let refused = format!("{:#}", stores.require_clients(false).unwrap_err());
            assert!(refused.starts_with(option) && refused.contains(server), "{refused}");
            assert!(refused.contains("cargo run --features servers"), "{refused}");
            assert!(!refused.contains("hunter2"), "{refused}");
        }
    }

    #[test]
    fn a_bus_is_the_logs_or_a_cluster_and_nothing_else() {
        assert!(matches!(bus(None).unwrap(), BusAddress::Logs(PARTITIONS)));
        assert!(matches!(bus(Some("log://")).unwrap(), BusAddress::Logs(PARTITIONS)));
        assert!(matches!(bus(Some("log://?partitions=12")).unwrap(), BusAddress::Logs(12)));
        assert!(matches!(bus(Some("kafka://h:1")).unwrap(), BusAddress::Kafka(_)));
        for bad in [
            "log://?partitions=0",
            "log://?partitions=x",
            "log://?other=1",
            "log://x",
            "amqp://u:hunter2@h",
            "kafka:u:hunter2@h",
        ] {
            let said = bus(Some(bad)).unwrap_err().to_string();
            assert!(said.contains("log://") && !said.contains("hunter2"), "{said}");
        }
    }
}
