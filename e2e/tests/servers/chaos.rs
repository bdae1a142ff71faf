//! The chaos test: processes and servers are killed under load.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::Client;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::WHOLE_MACHINE;
use crate::deployment::{Deployment, ROLES};
use crate::two_command_apis;
use e2e::program::{SOON, basket};

/// Products that shoppers buy. Some are soon sold out.
pub const SKUS: [&str; 6] = ["TEA-100", "TEA-110", "TEA-120", "TEA-140", "TEA-160", "HERB-100"];
/// Time between two attempts of a shopper.
const RETRY: Duration = Duration::from_millis(50);

/// Events in structured mode.
const STRUCTURED: &str = "&cloudevents=structured";
/// Seed of the random moments at which faults are injected.
const SEED: u64 = 20_170;

/// Size of the test. `CHORALE_CHAOS=long` selects the long form; the default is short enough for every test run.
struct Scale {
    shoppers: usize,
    rounds: usize,
    /// Orders that must be answered between two faults.
    between: u64,
    /// Number of kills of the command API, of PostgreSQL and of the leading relay, after the rounds.
    kills: [(Fault, usize); 3],
    /// Number of graceful stops, after the kills.
    dismissals: usize,
}

#[derive(Clone, Copy, Debug)]
enum Fault {
    Commands,
    Database,
    Relay,
}

impl Scale {
    fn here() -> Self {
        let kills = |commands, database, relay| {
            [(Fault::Commands, commands), (Fault::Database, database), (Fault::Relay, relay)]
        };
        match std::env::var("CHORALE_CHAOS").as_deref() {
            Ok("long") => {
                Self { shoppers: 64, rounds: 3, between: 40, kills: kills(100, 30, 100), dismissals: 100 }
            }
            _ => Self { shoppers: 16, rounds: 1, between: 12, kills: kills(3, 1, 3), dismissals: 0 },
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_every_process_and_server_under_load_loses_duplicates_and_oversells_nothing() -> Result<()> {
    let _turn = WHOLE_MACHINE.lock().await;
    let scale = Scale::here();
    let mut deployment = Deployment::new("chaos").await?;
    // The catalogue was published in binary mode. Relays that are killed after the rounds go back to it.
    deployment.addresses.kafka_parameters = STRUCTURED.to_owned();
    deployment.open()?;
    two_command_apis::one_key_is_one_order(&deployment).await?;
    let mut load = Load::begin(&deployment, scale.shoppers)?;
    load.orders(scale.between).await?;
    for _ in 0..scale.rounds {
        for (role, count) in ROLES {
            for number in 0..count {
                deployment.kill(role, number)?;
                if role != "command-api" {
                    // The other processes continue.
                    load.orders(scale.between).await?;
                }
                deployment.start(role, number)?;
                load.orders(scale.between)
                    .await
                    .with_context(|| format!("after {role} {number} was killed"))?;
            }
        }
        for server in ["postgres", "kafka"] {
            tokio::task::block_in_place(|| deployment.servers.crash(server))?;
            load.orders(scale.between).await.with_context(|| format!("after {server} was killed"))?;
        }
        for (role, count) in ROLES {
            tokio::task::block_in_place(|| deployment.stop(role, count - 1))?;
            deployment.start(role, count - 1)?;
            load.orders(scale.between).await.with_context(|| format!("after {role} left"))?;
        }
    }
    deployment.addresses.kafka_parameters.clear();
    let mut moments = StdRng::seed_from_u64(SEED);
    for (fault, times) in scale.kills {
        for time in 0..times {
            // The fault is injected while the last orders of a series are in progress.
            load.orders(moments.random_range(1..=scale.between)).await?;
            Load::inject(&mut deployment, fault, time)?;
            load.orders(1).await.with_context(|| format!("{fault:?}, time {time}"))?;
        }
    }
    let mut leaving =
        ROLES.into_iter().flat_map(|(role, count)| (0..count).map(move |number| (role, number))).cycle();
    for (role, number) in leaving.by_ref().take(scale.dismissals) {
        load.orders(moments.random_range(1..=scale.between)).await?;
        tokio::task::block_in_place(|| deployment.stop(role, number))?;
        deployment.start(role, number)?;
        load.orders(1).await.with_context(|| format!("after {role} {number} left"))?;
    }
    let acknowledged = load.end().await?;
    println!("{} orders acknowledged or refused", acknowledged.len());
    deployment.settled().await?;
    first_answers_are_repeated(&deployment, &acknowledged).await?;
    // From topics with both content modes. Documents that differ from the live ones are an error.
    deployment.printed(&["projections", "rebuild", "orders"])?;
    deployment.printed(&["projections", "rebuild", "stock"])?;
    tokio::task::block_in_place(|| deployment.close())?;
    deployment.is_sound().await?;
    tokio::task::block_in_place(|| deployment.other_clients_read_everything())
}

/// A retry with the same key gets the first answer, and every acknowledged order is in its topic exactly once.
pub async fn first_answers_are_repeated(
    deployment: &Deployment,
    acknowledged: &BTreeMap<String, Answer>,
) -> Result<()> {
    let client = client()?;
    for (key, first) in acknowledged {
        let again = ask_until_answered(&client, &deployment.commands()?, key).await?;
        ensure!(again == *first, "{key}: first {first:?}, then {again:?}");
    }
    let placed =
        deployment.objects(&["topics", "read", "order", "--type", "OrderPlaced", "--limit", "1000000"])?;
    let mut times: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for record in &placed {
        times.entry(record["key"].as_str().unwrap_or_default()).or_default().push(record);
    }
    let repeated: Vec<_> = times.values().filter(|records| records.len() > 1).collect();
    ensure!(
        repeated.is_empty(),
        "{} orders are in their topic more than once; the first are {:#?}",
        repeated.len(),
        repeated[0]
    );
    for order in acknowledged.values().filter_map(|answer| answer.order.as_ref()) {
        ensure!(
            times.contains_key(format!("order-{order}").as_str()),
            "{order} was acknowledged, but is not in its topic"
        );
    }
    Ok(())
}

/// The final answer to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub order: Option<String>,
}

/// Shoppers that place orders until they are asked to stop.
struct Load {
    shoppers: JoinSet<Result<BTreeMap<String, Answer>>>,
    leave: watch::Sender<bool>,
    answered: watch::Receiver<u64>,
}

impl Load {
    fn begin(deployment: &Deployment, count: usize) -> Result<Self> {
        let (leave, answered) = (watch::Sender::new(false), watch::Sender::new(0));
        let (mut shoppers, watched) = (JoinSet::new(), answered.subscribe());
        let answered = Arc::new(answered);
        for number in 0..count {
            let (client, url) = (client()?, deployment.commands()?);
            let (leave, answered) = (leave.subscribe(), Arc::clone(&answered));
            shoppers.spawn(async move {
                let mut answers = BTreeMap::new();
                for turn in 0.. {
                    if *leave.borrow() {
                        break;
                    }
                    let key = format!("{number}-{turn}");
                    let answer = ask_until_answered(&client, &url, &key).await?;
                    answers.insert(key, answer);
                    answered.send_modify(|count| *count += 1);
                }
                Ok(answers)
            });
        }
        Ok(Self { shoppers, leave, answered: watched })
    }

    /// Waits until `more` further orders are answered.
    async fn orders(&mut self, more: u64) -> Result<()> {
        let goal = *self.answered.borrow() + more;
        let waiting = async {
            tokio::select! {
                answered = self.answered.wait_for(|count| *count >= goal) => drop(answered?),
                // Shoppers only end early with an error.
                Some(left) = self.shoppers.join_next() => drop(left??),
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(SOON, waiting).await.context("timed out waiting for orders to be answered")?
    }

    /// Injects a fault, and restarts the process or server.
    fn inject(deployment: &mut Deployment, fault: Fault, time: usize) -> Result<()> {
        match fault {
            Fault::Commands => {
                deployment.kill("command-api", 0)?;
                deployment.start("command-api", 0)
            }
            Fault::Database => tokio::task::block_in_place(|| deployment.servers.crash("postgres")),
            // After each kill the other relay leads.
            Fault::Relay => {
                deployment.kill("relay", time % 2)?;
                deployment.start("relay", time % 2)
            }
        }
    }

    async fn end(mut self) -> Result<BTreeMap<String, Answer>> {
        self.leave.send_replace(true);
        let mut all = BTreeMap::new();
        while let Some(answers) = self.shoppers.join_next().await {
            all.extend(answers??);
        }
        Ok(all)
    }
}

pub fn client() -> Result<Client> {
    Ok(Client::builder().timeout(Duration::from_secs(20)).build()?)
}

/// Repeats a request until it is answered.
pub async fn ask_until_answered(client: &Client, url: &str, key: &str) -> Result<Answer> {
    let asked = async {
        loop {
            if let Some(answer) = ask(client, url, key).await? {
                return anyhow::Ok(answer);
            }
            tokio::time::sleep(RETRY).await;
        }
    };
    tokio::time::timeout(SOON, asked).await.with_context(|| format!("{key} was never answered"))?
}

/// The answer to an order with this key. `None` if there is no answer, or status 503: retry with the same key.
async fn ask(client: &Client, url: &str, key: &str) -> Result<Option<Answer>> {
    let sku = SKUS[key.bytes().map(usize::from).sum::<usize>() % SKUS.len()];
    let request = client.post(format!("{url}/v1/orders")).header("Idempotency-Key", key);
    let Ok(response) = request.json(&basket(sku, "one@example.com")).send().await else { return Ok(None) };
    let status = response.status().as_u16();
    let Ok(body) = response.json::<Value>().await else { return Ok(None) };
    match status {
        200 | 201 => {
            let order = body["orderId"].as_str().context("an order without id")?;
            Ok(Some(Answer { status, order: Some(order.to_owned()) }))
        }
        503 => Ok(None),
        // A refusal is an answer. Until the catalogue is known, all orders are refused.
        409 | 422 => Ok(Some(Answer { status, order: None })),
        _ => bail!("{status}: {body}"),
    }
}
