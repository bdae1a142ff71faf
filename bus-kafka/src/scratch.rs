//! Topics for one test, on the broker that `CHORALE_TEST_KAFKA` names. They are deleted after the test.

use std::time::Duration;

use platform::bus::BusError;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use uuid::Uuid;

use crate::{Address, KafkaBus};

const BROKERS: &str = "CHORALE_TEST_KAFKA";
/// How long the broker may take to delete topics.
const DELETING: Duration = Duration::from_secs(30);

/// `host:port` of the broker.
///
/// # Panics
/// If the variable is not set: a test that needs a broker is not skipped.
pub fn brokers() -> String {
    std::env::var(BROKERS).unwrap_or_else(|_| {
        panic!("{BROKERS} is not set: run `scripts/servers up` and `eval \"$(scripts/servers env)\"`")
    })
}

/// Topics with a unique prefix. Dropping this deletes them.
#[derive(Debug)]
pub struct Scratch {
    url: String,
    topics: Vec<String>,
}

impl Scratch {
    /// Creates topics of these names (without prefix). `more`: further parameters of the address, each after `&`.
    pub async fn new(names: &[&str], partitions: u32, more: &str) -> Result<(Self, KafkaBus), BusError> {
        let prefix = format!("test-{}-", &Uuid::new_v4().simple().to_string()[16..]);
        let url = format!("kafka://{}?prefix={prefix}&partitions={partitions}{more}", brokers());
        let topics = names.iter().map(|name| format!("{prefix}{name}")).collect();
        let scratch = Self { url, topics };
        let bus = scratch.connect().await?;
        bus.ensure_topics(names).await?;
        Ok((scratch, bus))
    }

    /// Another client of the same topics, as in another process.
    pub async fn connect(&self) -> Result<KafkaBus, BusError> {
        KafkaBus::at(Address::parse(&self.url, &|_| None)?).await
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let names: Vec<&str> = self.topics.iter().map(String::as_str).collect();
        let delete = || -> Result<(), String> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let admin: Result<AdminClient<DefaultClientContext>, _> =
                ClientConfig::new().set("bootstrap.servers", brokers()).create();
            let (runtime, admin) =
                (runtime.map_err(|error| error.to_string())?, admin.map_err(|error| error.to_string())?);
            let options = AdminOptions::new().request_timeout(Some(DELETING));
            let deleted = runtime.block_on(admin.delete_topics(&names, &options));
            deleted.map(drop).map_err(|error| error.to_string())
        };
        // Not on the test's runtime, which is shutting down.
        let deleted = std::thread::scope(|scope| scope.spawn(delete).join());
        if !matches!(deleted, Ok(Ok(()))) {
            tracing::warn!(?deleted, "could not delete the topics of a test");
        }
    }
}
