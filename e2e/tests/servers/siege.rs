//! Shoppers who never give up, while process after process is killed and the servers are, too.

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

use crate::doors;
use crate::town::{CAST, Town};
use e2e::program::{SOON, basket};

/// Some of them are soon sold out.
const SKUS: [&str; 6] = ["TEA-100", "TEA-110", "TEA-120", "TEA-140", "TEA-160", "HERB-100"];
/// How long a shopper waits before asking again.
const AGAIN: Duration = Duration::from_millis(50);

/// When the blows fall, which is at any moment of what everybody is doing.
const SEED: u64 = 20_170;

/// How hard it is. `CHORALE_SIEGE=long` is the whole of it; without, it is short enough for every test run.
struct Force {
    shoppers: usize,
    rounds: usize,
    /// Orders that must be acknowledged between two blows.
    between: u64,
    /// After the rounds: how often the command API is killed, PostgreSQL, and the relay that leads.
    kills: [(Blow, usize); 3],
    /// And how often somebody is asked to leave.
    dismissals: usize,
}

#[derive(Clone, Copy, Debug)]
enum Blow {
    Commands,
    Database,
    Relay,
}

impl Force {
    fn here() -> Self {
        let kills = |commands, database, relay| {
            [(Blow::Commands, commands), (Blow::Database, database), (Blow::Relay, relay)]
        };
        match std::env::var("CHORALE_SIEGE").as_deref() {
            Ok("long") => {
                Self { shoppers: 64, rounds: 3, between: 40, kills: kills(100, 30, 100), dismissals: 100 }
            }
            _ => Self { shoppers: 16, rounds: 1, between: 12, kills: kills(3, 1, 3), dismissals: 0 },
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_process_and_every_server_is_killed_under_load_and_nothing_is_lost_doubled_or_oversold()
-> Result<()> {
    let force = Force::here();
    let mut town = Town::new("siege").await?;
    town.open()?;
    doors::one_key_is_one_order(&town).await?;
    let mut siege = Siege::begin(&town, force.shoppers)?;
    siege.orders(force.between).await?;
    for _ in 0..force.rounds {
        for (role, count) in CAST {
            for number in 0..count {
                town.kill(role, number)?;
                if role != "command-api" {
                    // The others go on meanwhile.
                    siege.orders(force.between).await?;
                }
                town.start(role, number)?;
                siege
                    .orders(force.between)
                    .await
                    .with_context(|| format!("after {role} {number} was killed"))?;
            }
        }
        for server in ["postgres", "kafka"] {
            tokio::task::block_in_place(|| town.servers.crash(server))?;
            siege.orders(force.between).await.with_context(|| format!("after {server} was killed"))?;
        }
        for (role, count) in CAST {
            tokio::task::block_in_place(|| town.dismiss(role, count - 1))?;
            town.start(role, count - 1)?;
            siege.orders(force.between).await.with_context(|| format!("after {role} left"))?;
        }
    }
    let mut moments = StdRng::seed_from_u64(SEED);
    for (blow, times) in force.kills {
        for time in 0..times {
            // The last of a series of orders falls together with the blow.
            siege.orders(moments.random_range(1..=force.between)).await?;
            Siege::strike(&mut town, blow, time)?;
            siege.orders(1).await.with_context(|| format!("{blow:?}, time {time}"))?;
        }
    }
    let mut leaving =
        CAST.into_iter().flat_map(|(role, count)| (0..count).map(move |number| (role, number))).cycle();
    for (role, number) in leaving.by_ref().take(force.dismissals) {
        siege.orders(moments.random_range(1..=force.between)).await?;
        tokio::task::block_in_place(|| town.dismiss(role, number))?;
        town.start(role, number)?;
        siege.orders(1).await.with_context(|| format!("after {role} {number} left"))?;
    }
    let acknowledged = siege.end().await?;
    println!("{} orders acknowledged or refused", acknowledged.len());
    town.settled().await?;
    first_answers_stand(&town, &acknowledged).await?;
    tokio::task::block_in_place(|| town.close())?;
    town.is_sound().await
}

/// Whoever asks again under the same key gets the first answer; and every order that was acknowledged stands in its topic
/// once.
async fn first_answers_stand(town: &Town, acknowledged: &BTreeMap<String, Answer>) -> Result<()> {
    let client = client()?;
    for (key, first) in acknowledged {
        let again = insist(&client, &town.commands()?, key).await?;
        ensure!(again == *first, "{key}: first {first:?}, then {again:?}");
    }
    let placed = town.objects(&["topics", "read", "order", "--type", "OrderPlaced", "--limit", "1000000"])?;
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for record in &placed {
        *times.entry(record["key"].as_str().unwrap_or_default()).or_default() += 1;
    }
    for order in acknowledged.values().filter_map(|answer| answer.order.as_ref()) {
        let count = times.get(format!("order-{order}").as_str()).copied().unwrap_or(0);
        ensure!(count == 1, "{order} was acknowledged and stands {count} times in its topic");
    }
    Ok(())
}

/// What a command was answered, for good.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Answer {
    status: u16,
    order: Option<String>,
}

/// The shoppers at work.
struct Siege {
    shoppers: JoinSet<Result<BTreeMap<String, Answer>>>,
    leave: watch::Sender<bool>,
    answered: watch::Receiver<u64>,
}

impl Siege {
    fn begin(town: &Town, count: usize) -> Result<Self> {
        let (leave, answered) = (watch::Sender::new(false), watch::Sender::new(0));
        let (mut shoppers, told) = (JoinSet::new(), answered.subscribe());
        let answered = Arc::new(answered);
        for number in 0..count {
            let (client, url) = (client()?, town.commands()?);
            let (leave, answered) = (leave.subscribe(), Arc::clone(&answered));
            shoppers.spawn(async move {
                let mut answers = BTreeMap::new();
                for turn in 0.. {
                    if *leave.borrow() {
                        break;
                    }
                    let key = format!("{number}-{turn}");
                    let answer = insist(&client, &url, &key).await?;
                    answers.insert(key, answer);
                    answered.send_modify(|count| *count += 1);
                }
                Ok(answers)
            });
        }
        Ok(Self { shoppers, leave, answered: told })
    }

    /// Waits until so many more were answered.
    async fn orders(&mut self, more: u64) -> Result<()> {
        let goal = *self.answered.borrow() + more;
        let waiting = async {
            tokio::select! {
                answered = self.answered.wait_for(|count| *count >= goal) => drop(answered?),
                // Nobody leaves before he is told to.
                Some(left) = self.shoppers.join_next() => drop(left??),
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(SOON, waiting).await.context("nobody is answered any more")?
    }

    /// A blow, and who was hit begins anew.
    fn strike(town: &mut Town, blow: Blow, time: usize) -> Result<()> {
        match blow {
            Blow::Commands => {
                town.kill("command-api", 0)?;
                town.start("command-api", 0)
            }
            Blow::Database => tokio::task::block_in_place(|| town.servers.crash("postgres")),
            // The one that was not killed leads now.
            Blow::Relay => {
                town.kill("relay", time % 2)?;
                town.start("relay", time % 2)
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

fn client() -> Result<Client> {
    Ok(Client::builder().timeout(Duration::from_secs(20)).build()?)
}

/// Asks until there is an answer.
async fn insist(client: &Client, url: &str, key: &str) -> Result<Answer> {
    let asked = async {
        loop {
            if let Some(answer) = ask(client, url, key).await? {
                return anyhow::Ok(answer);
            }
            tokio::time::sleep(AGAIN).await;
        }
    };
    tokio::time::timeout(SOON, asked).await.with_context(|| format!("{key} was never answered"))?
}

/// The answer to an order under this key; `None` where nobody answers, or not now. The same key is the same order.
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
        // A refusal is an answer, too. Before the catalogue is learnt nothing can be bought.
        409 | 422 => Ok(Some(Answer { status, order: None })),
        _ => bail!("{status}: {body}"),
    }
}
