//! The topics as they have to be: made where they are missing, checked where they are. Nothing is made by use.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigResource, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::error::RDKafkaErrorCode;
use schemas::topics::{RELAY_PARTITIONS, RELAY_TOPIC};

use super::Cluster;
use super::address::Address;
use super::client::{self, Plain, unavailable};
use crate::bus::BusError;

/// Brokers know of a new topic after a few of these.
const SPREAD: Duration = Duration::from_millis(50);
/// And certainly within this.
const KNOWN: Duration = Duration::from_secs(30);

/// How a topic has to be.
struct Wanted {
    name: String,
    partitions: u32,
    cleanup: &'static str,
    settings: &'static [(&'static str, &'static str)],
}

/// Topics of events: everything for ever.
const EVENTS: &[(&str, &str)] = &[
    ("cleanup.policy", "delete"),
    ("retention.ms", "-1"),
    ("retention.bytes", "-1"),
    ("message.timestamp.type", "CreateTime"),
    // Records have the shop's time, which an import or a simulation moves to wherever it wants.
    ("message.timestamp.after.max.ms", ANY_TIME),
    ("message.timestamp.before.max.ms", ANY_TIME),
];
/// The marks of the relays: only the last of each counts, and they are rewritten every second.
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

impl Wanted {
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

    /// A setting that is not as wanted.
    fn differs_in(&self, setting: &str, found: &str, wanted: &str, why: &str) -> BusError {
        self.differs(format!(
            "has {setting}={found} and needs {wanted}, {why}: change it with kafka-configs.sh --alter --entity-type topics \
             --entity-name {} --add-config {setting}={wanted}",
            self.name
        ))
    }
}

/// Makes the topics of these names (without prefix) that are missing, and checks those that are there.
pub(super) async fn ensure(address: &Address, cluster: &Cluster, names: &[&str]) -> Result<(), BusError> {
    let wanted: Vec<Wanted> = names.iter().map(|name| Wanted::of(address, name)).collect();
    let admin: AdminClient<Plain> =
        client::settings(address).create_with_context(Plain).map_err(unavailable)?;
    let found = cluster.shape().await?;
    let missing: Vec<&Wanted> =
        wanted.iter().filter(|topic| !found.topics.contains_key(&topic.name)).collect();
    let mut shape = found;
    if !missing.is_empty() {
        create(address, &admin, &missing, shape.brokers).await?;
        shape = cluster.shape_with(missing.iter().map(|topic| topic.name.as_str())).await?;
    }
    check(address, &admin, &wanted, &shape).await
}

async fn create(
    address: &Address,
    admin: &AdminClient<Plain>,
    missing: &[&Wanted],
    brokers: u32,
) -> Result<(), BusError> {
    let copies = address.replication.unwrap_or(if brokers >= 3 { 3 } else { 1 });
    if copies == 1 {
        tracing::warn!(
            brokers,
            "topics are made with one copy: a lost disk loses them (not the logs); say replication= where there are more brokers"
        );
    }
    let min_insync = address.min_insync.unwrap_or(copies.saturating_sub(1).max(1)).to_string();
    let topics: Vec<NewTopic<'_>> = missing
        .iter()
        .map(|topic| {
            let (partitions, copies) =
                (super::reader::signed(topic.partitions), super::reader::signed(copies));
            let new = NewTopic::new(&topic.name, partitions, TopicReplication::Fixed(copies));
            let new = new.set("min.insync.replicas", &min_insync);
            topic.settings.iter().fold(new, |new, (setting, value)| new.set(setting, value))
        })
        .collect();
    let made = admin.create_topics(&topics, &options(address)).await.map_err(unavailable)?;
    for result in made {
        match result {
            Ok(name) => tracing::info!(topic = name, "topic made"),
            // Another process made it in the meantime; it is checked like any other.
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
    admin: &AdminClient<Plain>,
    wanted: &[Wanted],
    shape: &Shape,
) -> Result<(), BusError> {
    let resources: Vec<ResourceSpecifier<'_>> =
        wanted.iter().map(|topic| ResourceSpecifier::Topic(&topic.name)).collect();
    let described = admin.describe_configs(&resources, &options(address)).await.map_err(unavailable)?;
    for (topic, described) in wanted.iter().zip(described) {
        let Some(found) = shape.topics.get(&topic.name) else {
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
    topic: &Wanted,
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

/// What a cluster consists of.
#[derive(Debug, Default)]
pub(super) struct Shape {
    pub brokers: u32,
    pub topics: BTreeMap<String, TopicShape>,
}

/// A topic as it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct TopicShape {
    pub partitions: u32,
    /// Of the partition with the fewest.
    pub copies: u32,
}

impl Cluster {
    /// Asks until these topics are seen, or patience ends.
    async fn shape_with<'n>(&self, names: impl Iterator<Item = &'n str>) -> Result<Shape, BusError> {
        let names: Vec<&str> = names.collect();
        let deadline = tokio::time::Instant::now() + KNOWN;
        loop {
            let shape = self.shape().await?;
            let complete = names.iter().all(|name| shape.topics.contains_key(*name));
            if complete || tokio::time::Instant::now() > deadline {
                return Ok(shape);
            }
            tokio::time::sleep(SPREAD).await;
        }
    }
}
