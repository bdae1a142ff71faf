//! Where a shop's stores are: files in its data directory, unless an address says otherwise.

use std::convert::Infallible;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Result, bail, ensure};
use clap::Args;
use platform::config::Secret;
use schemas::Context;
use schemas::topics::PARTITIONS;

use crate::data_dir::{DataDir, DataDirError};

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
    /// Address of the read-model documents: sqlite://FILE. Default: a file in the data directory.
    #[arg(long, global = true, env = "CHORALE_DOCUMENTS", hide_env_values = true, value_name = "ADDRESS")]
    pub documents: Option<Secret>,
    /// The key (32 bytes, base64 or hex) with which the relay signs log heads for auditors. Read from the environment only.
    #[arg(skip = environment("CHORALE_AUDIT_KEY"))]
    pub audit_key: Option<Secret>,
}

fn environment(name: &str) -> Option<Secret> {
    std::env::var(name).ok().filter(|text| !text.is_empty()).map(Secret::from)
}

/// The address of one context's log, or of all of them.
#[derive(Clone, Debug)]
pub struct LogAddress {
    context: Option<Context>,
    address: Secret,
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

/// Which bus.
#[derive(Clone, Debug)]
pub enum BusAddress {
    /// The logs themselves, in so many partitions.
    Logs(u32),
    /// A cluster.
    Kafka(Secret),
}

impl Stores {
    /// The address of a context's log, if it is not in the data directory. The one for this context alone comes first, then
    /// the last one for all.
    pub fn log(&self, context: Context) -> Option<&str> {
        let own = self.event_log.iter().rfind(|one| one.context == Some(context));
        let any = || self.event_log.iter().rfind(|one| one.context.is_none());
        own.or_else(any).map(|one| one.address.expose())
    }

    /// Whether some of the logs are files in the data directory: then only one process can have it.
    fn keeps_logs_in_files(&self) -> bool {
        Context::ALL.into_iter().any(|context| self.log(context).is_none())
    }

    fn bus(&self) -> Result<BusAddress> {
        let Some(address) = &self.bus else { return Ok(BusAddress::Logs(PARTITIONS)) };
        let text = address.expose();
        if text.starts_with("kafka://") {
            return Ok(BusAddress::Kafka(address.clone()));
        }
        let Some(rest) = text.strip_prefix("log://") else {
            // What has no scheme may be a password.
            match text.split_once("://") {
                Some((scheme, _)) => bail!("the bus must be log:// or kafka://host:port, not {scheme}://"),
                None => bail!("the bus must be log:// or kafka://host:port; this address has no ://"),
            }
        };
        let Some(number) = rest.strip_prefix("?partitions=") else {
            ensure!(rest.is_empty(), "log:// has only one parameter: log://?partitions={PARTITIONS}");
            return Ok(BusAddress::Logs(PARTITIONS));
        };
        match number.parse() {
            Ok(number @ 1..=1_000) => Ok(BusAddress::Logs(number)),
            _ => bail!("log://?partitions= must be a number from 1 to 1000"),
        }
    }
}

/// A shop's stores, each with its address.
#[derive(Debug)]
pub struct Place {
    /// Where what has no address of its own is.
    pub data: DataDir,
    /// Which bus.
    pub bus: BusAddress,
    stores: Stores,
}

impl Place {
    /// For a process that works: where logs are files in the data directory, no other process can have it.
    pub fn claim(path: &Path, stores: &Stores) -> Result<Self> {
        let bus = stores.bus()?;
        let data = if stores.keeps_logs_in_files() { DataDir::claim(path)? } else { DataDir::share(path)? };
        let place = Self { data, bus, stores: stores.clone() };
        place.require_here()?;
        Ok(place)
    }

    /// Fails if it would use logs or keys in a directory that the shop has moved away from. Who changes any of them without
    /// a claim asks before and after, because the shop may move meanwhile.
    pub fn require_here(&self) -> Result<(), DataDirError> {
        let elsewhere = !self.stores.keeps_logs_in_files() && self.stores.vault.is_some();
        if elsewhere { Ok(()) } else { self.data.require_here() }
    }

    /// For who looks at a shop while others work.
    pub fn look(path: &Path, stores: &Stores) -> Result<Self> {
        let bus = stores.bus()?;
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

    /// Where its data is, in a sentence for people.
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
    use super::*;

    fn stores(logs: &[&str], bus: Option<&str>) -> Stores {
        let event_log = logs.iter().map(|text| text.parse().unwrap()).collect();
        Stores { event_log, bus: bus.map(|text| Secret::from(text.to_owned())), ..Stores::default() }
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
    fn a_bus_is_the_logs_or_a_cluster_and_nothing_else() {
        assert!(matches!(stores(&[], None).bus().unwrap(), BusAddress::Logs(PARTITIONS)));
        assert!(matches!(stores(&[], Some("log://")).bus().unwrap(), BusAddress::Logs(PARTITIONS)));
        assert!(matches!(stores(&[], Some("log://?partitions=12")).bus().unwrap(), BusAddress::Logs(12)));
        assert!(matches!(stores(&[], Some("kafka://h:1")).bus().unwrap(), BusAddress::Kafka(_)));
        for bad in [
            "log://?partitions=0",
            "log://?partitions=x",
            "log://?other=1",
            "log://x",
            "amqp://u:hunter2@h",
            "kafka:u:hunter2@h",
        ] {
            let said = stores(&[], Some(bad)).bus().unwrap_err().to_string();
            assert!(said.contains("log://") && !said.contains("hunter2"), "{said}");
        }
    }
}
