//! The address of the bus, and the bus behind it.

use std::sync::Arc;

use anyhow::{Result, bail, ensure};
use event_log::log_bus::LogBus;
use event_log::port::Log;
use platform::bus::Bus;
use platform::bus::publisher::RelayedTopics;
use platform::config::Secret;
use schemas::topics::PARTITIONS;

/// The topics of a bus that relays write to; `None` if the topics are the logs themselves.
type Relayed = Option<Arc<dyn RelayedTopics>>;

#[derive(Clone, Debug)]
pub enum BusAddress {
    /// The logs themselves, in this number of partitions.
    Logs(u32),
    Kafka(Secret),
}

impl BusAddress {
    /// Reads an address; without one the bus is the logs.
    pub(crate) fn parse(address: Option<&Secret>) -> Result<Self> {
        let Some(address) = address else { return Ok(Self::Logs(PARTITIONS)) };
        let text = address.expose();
        if text.starts_with("kafka://") {
            return Ok(Self::Kafka(address.clone()));
        }
        let Some(rest) = text.strip_prefix("log://") else {
            // A text without a scheme may be a password.
            match text.split_once("://") {
                Some((scheme, _)) => bail!("the bus must be log:// or kafka://host:port, not {scheme}://"),
                None => bail!("the bus must be log:// or kafka://host:port; this address has no ://"),
            }
        };
        let Some(number) = rest.strip_prefix("?partitions=") else {
            ensure!(rest.is_empty(), "log:// has only one parameter: log://?partitions={PARTITIONS}");
            return Ok(Self::Logs(PARTITIONS));
        };
        match number.parse() {
            Ok(number @ 1..=1_000) => Ok(Self::Logs(number)),
            _ => bail!("log://?partitions= must be a number from 1 to 1000"),
        }
    }

    /// Connects to the bus. `logs` are the topics of a bus that has no others.
    pub(crate) async fn connect(&self, logs: &[Arc<dyn Log>]) -> Result<(Relayed, Arc<dyn Bus>)> {
        match self {
            Self::Logs(partitions) => {
                Ok((None, Arc::new(LogBus::with_partitions(logs.iter().cloned(), *partitions))))
            }
            Self::Kafka(address) => {
                let (relayed, bus) = kafka(address).await?;
                Ok((Some(relayed), bus))
            }
        }
    }

    /// Connects to the topics that relays write to.
    pub(crate) async fn relayed(&self) -> Result<Relayed> {
        match self {
            Self::Logs(_) => Ok(None),
            Self::Kafka(address) => Ok(Some(kafka(address).await?.0)),
        }
    }
}

#[cfg(feature = "servers")]
async fn kafka(address: &Secret) -> Result<(Arc<dyn RelayedTopics>, Arc<dyn Bus>)> {
    let kafka = Arc::new(bus_kafka::KafkaBus::connect(address.expose()).await?);
    Ok((kafka.clone(), kafka))
}

#[cfg(not(feature = "servers"))]
async fn kafka(_: &Secret) -> Result<(Arc<dyn RelayedTopics>, Arc<dyn Bus>)> {
    Err(platform::servers::NoClient::KAFKA.into())
}
