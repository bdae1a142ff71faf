//! Creates missing topics, and checks the settings of existing ones. Topics are never created by use.

use std::collections::BTreeMap;
use std::time::Duration;

use platform::bus::BusError;
use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigResource, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::error::RDKafkaErrorCode;
use schemas::topics::{RELAY_PARTITIONS, RELAY_TOPIC};

use crate::Cluster;
use crate::address::Address;
use crate::client::{self, LogOnly, unavailable};

/// Interval of checks whether a new topic is known to the brokers.
const RECHECK: Duration = Duration::from_millis(50);
/// How long a new topic may take to be known.
const PROPAGATION: Duration = Duration::from_secs(30);

/// The required settings of a topic.
struct TopicSpec {
    name: String,
    partitions: u32,
    cleanup: &'static str,
    settings: &'static [(&'static str, &'static str)],
}

/// Topics of events keep everything for ever.
const EVENTS: &[(&str, &str)] = &[
    ("cleanup.policy", "delete"),
    ("retention.ms", "-1"),
    ("retention.bytes", "-1"),
    ("message.timestamp.type", "CreateTime"),
    // Records carry the shop's time, which may be any time in an import or a simulation.
    ("message.timestamp.after.max.ms", ANY_TIME),
    ("message.timestamp.before.max.ms", ANY_TIME),
];
/// The marks of the relays. Only the latest of each counts, and they are rewritten every second.
const MARKS: &[(&str, &str)] = &[
    ("cleanup.policy", "compact"),
    ("segment.ms", "3600000"),
    ("segment.bytes", "16777216"),
    ("min.cleanable.dirty.ratio", "0.1"),
    ("delete.retention.ms", "60000"),
    ("message.timestamp.after.max.ms", ANY_TIME),
    ("message.timestamp.before.max.ms", ANY_TIME),
];
const ANY_TIME: &str = "9223372036854775807";

impl TopicSpec {
    fn of(address: &Address, name: &str) -> Self {
        let full = format!("{}{name}", address.prefix);
        if name == RELAY_TOPIC {
            Self { name: full, partitions: RELAY_PARTITIONS, cleanup: "compact", settings: MARKS }
        } else {
            Self { name: full, partitions: address.partitions, cleanup: "delete", settings: EVENTS }
        }
    }

    fn differs(&self, problem: String) -> BusError {
        BusError::Topic { topic: self.name.clone(), problem }
    }

    /// The error for a setting that is not as required.
    fn differs_in(&self, setting: &str, found: &str, wanted: &str, why: &str) -> BusError {
        self.differs(format!(
            "has {setting}={found} and needs {wanted}, {why}: change it with kafka-configs.sh --alter --entity-type topics \
             --entity-name {} --add-config {setting}={wanted}",
            self.name
        ))
    }
}

/// Creates the topics of these names (without prefix) that are missing, and checks all of them.
pub(crate) async fn ensure(address: &Address, cluster: &Cluster, names: &[&str]) -> Result<(), BusError> {
    let wanted: Vec<TopicSpec> = names.iter().map(|name| TopicSpec::of(address, name)).collect();
    let admin: AdminClient<LogOnly> =
        client::settings(address).create_with_context(LogOnly).map_err(unavailable)?;
    let found = cluster.metadata().await?;
    let missing: Vec<&TopicSpec> =
        wanted.iter().filter(|topic| !found.topics.contains_key(&topic.name)).collect();
    let mut metadata = found;
    if !missing.is_empty() {
        create(address, &admin, &missing, metadata.brokers).await?;
        metadata = cluster.metadata_with(missing.iter().map(|topic| topic.name.as_str())).await?;
    }
    check(address, &admin, &wanted, &metadata).await
}

async fn create(
    address: &Address,
    admin: &AdminClient<LogOnly>,
    missing: &[&TopicSpec],
    brokers: u32,
) -> Result<(), BusError> {
    let copies = address.replication.unwrap_or(if brokers >= 3 { 3 } else { 1 });
    if copies == 1 {
        tracing::warn!(
            brokers,
            "creating topics with one replica: a lost disk loses them (not the logs); set replication= if there are more brokers"
        );
    }
    let min_insync = address.min_insync.unwrap_or(copies.saturating_sub(1).max(1)).to_string();
    let topics: Vec<NewTopic<'_>> = missing
        .iter()
        .map(|topic| {
            let (partitions, copies) =
                (crate::reader::signed(topic.partitions), crate::reader::signed(copies));
            let new = NewTopic::new(&topic.name, partitions, TopicReplication::Fixed(copies));
            let new = new.set("min.insync.replicas", &min_insync);
            topic.settings.iter().fold(new, |new, (setting, value)| new.set(setting, value))
        })
        .collect();
    let made = admin.create_topics(&topics, &options(address)).await.map_err(unavailable)?;
    for result in made {
        match result {
            Ok(name) => tracing::info!(topic = name, "topic created"),
            // Another process has created it. It is checked like any other.
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, error)) => {
                let hint = "make it by hand, or give this user the right to create topics";
                return Err(BusError::Topic { topic, problem: format!("cannot be made ({error}): {hint}") });
            }
        }
    }
    Ok(())
}

async fn check(
    address: &Address,
    admin: &AdminClient<LogOnly>,
    wanted: &[TopicSpec],
    metadata: &ClusterMetadata,
) -> Result<(), BusError> {
    let resources: Vec<ResourceSpecifier<'_>> =
        wanted.iter().map(|topic| ResourceSpecifier::Topic(&topic.name)).collect();
    let described = admin.describe_configs(&resources, &options(address)).await.map_err(unavailable)?;
    for (topic, described) in wanted.iter().zip(described) {
        let Some(found) = metadata.topics.get(&topic.name) else {
            return Err(topic.differs("is missing: chorale migrate makes it".to_owned()));
        };
        if found.partitions != topic.partitions {
            return Err(topic.differs(format!(
                "has {} partitions and needs {}: partitions= of the address must say what it said when the topics were made, \
                 because keys would lie elsewhere otherwise",
                found.partitions, topic.partitions
            )));
        }
        let settings = described.map_err(|error| topic.differs(format!("cannot be looked at ({error})")))?;
        check_settings(address, topic, found.copies, &settings)?;
    }
    Ok(())
}

fn check_settings(
    address: &Address,
    topic: &TopicSpec,
    copies: u32,
    settings: &ConfigResource,
) -> Result<(), BusError> {
    let get = |name: &str| settings.get(name).and_then(|entry| entry.value.as_deref()).unwrap_or("");
    let cleanup = get("cleanup.policy");
    if cleanup != topic.cleanup {
        let why = if topic.cleanup == "delete" {
            "or records would be lost"
        } else {
            "or it would grow without end"
        };
        return Err(topic.differs_in("cleanup.policy", cleanup, topic.cleanup, why));
    }
    if topic.cleanup == "delete" {
        for setting in ["retention.ms", "retention.bytes"] {
            if get(setting) != "-1" {
                return Err(topic.differs_in(setting, get(setting), "-1", "or records would be forgotten"));
            }
        }
    }
    let min_insync: u32 = get("min.insync.replicas").parse().unwrap_or(1);
    let wanted = address.min_insync.unwrap_or(copies.saturating_sub(1).max(1));
    if min_insync < wanted {
        let why = "or acknowledged records could be lost";
        let (found, wanted) = (min_insync.to_string(), wanted.to_string());
        return Err(topic.differs_in("min.insync.replicas", &found, &wanted, why));
    }
    if min_insync > copies {
        let why = "or nothing can be written";
        let (found, wanted) = (min_insync.to_string(), copies.to_string());
        return Err(topic.differs_in("min.insync.replicas", &found, &wanted, why));
    }
    Ok(())
}

fn options(address: &Address) -> AdminOptions {
    let patience = Some(address.request_timeout);
    AdminOptions::new().request_timeout(patience).operation_timeout(patience)
}

/// The brokers and topics of a cluster.
#[derive(Debug, Default)]
pub(crate) struct ClusterMetadata {
    pub brokers: u32,
    pub topics: BTreeMap<String, TopicMetadata>,
}

/// A topic as found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TopicMetadata {
    pub partitions: u32,
    /// Replicas of the partition that has the fewest.
    pub copies: u32,
}

impl Cluster {
    /// Reads the metadata until it has these topics, at most 30 s.
    async fn metadata_with<'n>(
        &self,
        names: impl Iterator<Item = &'n str>,
    ) -> Result<ClusterMetadata, BusError> {
        let names: Vec<&str> = names.collect();
        let deadline = tokio::time::Instant::now() + PROPAGATION;
        loop {
            let metadata = self.metadata().await?;
            let complete = names.iter().all(|name| metadata.topics.contains_key(*name));
            if complete || tokio::time::Instant::now() > deadline {
                return Ok(metadata);
            }
            tokio::time::sleep(RECHECK).await;
        }
    }
}
