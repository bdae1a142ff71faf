//! Programs of other people read the topics as `docs/topics-elsewhere.md` says: the recipes are taken from that page.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use crate::WHOLE_MACHINE;
use crate::chaos::{ask_until_answered, client};
use crate::deployment::Deployment;
use crate::servers::root;
use e2e::clients::sinks;

/// Orders that are placed, of several products.
const ORDERS: usize = 12;
/// The catalogue's topic has records in binary mode: all were published before the relays changed to structured events.
const BINARY: &str = "chorale.product.v1";
/// The topic of orders has only structured records.
const STRUCTURED: &str = "chorale.order.v1";

fn ran(command: &mut Command, what: &str) -> Result<()> {
    let output = command.output().with_context(|| format!("{what} cannot be started"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    ensure!(output.status.success(), "{what}: {said}{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// The number of records of a topic.
fn records(deployment: &Deployment, topic: &str) -> Result<String> {
    let topics = deployment.objects(&["topics"])?;
    let found = topics.iter().find(|one| one["topic"] == json!(topic)).context("the topic")?;
    Ok(found["records"].as_u64().context("a count")?.to_string())
}

fn read_by_others(deployment: &Deployment) -> Result<()> {
    let (sinks, root, kafka) = (sinks()?, root(), &deployment.servers.kafka);
    let jars = sinks.join("jars");
    let logs = deployment.objects(&["log", "verify"])?;
    let events: u64 = logs.iter().filter_map(|log| log["events"].as_u64()).sum();
    let mut java = Command::new("java");
    java.arg("-cp").arg(jars.join("*")).arg(root.join("e2e/java/Kafka.java"));
    ran(java.args([kafka, "shop.", &events.to_string()]), "the Java client")?;
    let mut recipes = Command::new(sinks.join("python/bin/python"));
    recipes.arg(root.join("e2e/python/sinks.py")).arg(root.join("docs/topics-elsewhere.md")).arg(kafka);
    recipes.arg(&jars).arg(root.join("scripts/servers.d/kafka/log4j2.xml"));
    for topic in [BINARY, STRUCTURED] {
        recipes.arg(format!("shop.{topic}")).arg(records(deployment, topic)?);
    }
    ran(&mut recipes, "the recipes")
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_of_other_people_read_every_event_once_as_the_recipes_say() -> Result<()> {
    let _turn = WHOLE_MACHINE.lock().await;
    let mut deployment = Deployment::new("sinks").await?;
    deployment.addresses.kafka_parameters = "&cloudevents=structured".to_owned();
    deployment.open()?;
    let client = client()?;
    for number in 0..ORDERS {
        ask_until_answered(&client, &deployment.commands()?, &format!("sinks-{number}")).await?;
    }
    deployment.settled().await?;
    tokio::task::block_in_place(|| deployment.close())?;
    deployment.is_sound().await?;
    tokio::task::block_in_place(|| read_by_others(&deployment))
}
