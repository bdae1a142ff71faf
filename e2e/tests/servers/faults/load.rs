//! Shoppers that order and browse while servers fail, and what they are answered.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use e2e::program::{SOON, basket};
use parking_lot::Mutex;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::chaos::{Answer, SKUS};
use crate::deployment::Deployment;

const SHOPPERS: usize = 2;
/// Time between two orders of a shopper: the load is steady, so that a backlog is the fault's. It is low, because the server that
/// is compatible with MongoDB searches whole collections.
const BETWEEN_ORDERS: Duration = Duration::from_secs(1);
/// Time between two queries of a shopper, and before an order is repeated.
const PAUSE: Duration = Duration::from_millis(100);
/// Longer than any answer may take. It only ends a hang.
const HANGS: Duration = Duration::from_secs(60);
/// A page of the catalogue, with stock.
const CATALOGUE: &str = "{ products(first: 10) { nodes { title priceRange { min { amount } } availableForSale } } \
    stock(sku: \"TEA-100\") { level } }";

/// What was answered.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub ordered: u64,
    pub refused: u64,
    /// 503 with `Retry-After`.
    pub commands_unavailable: u64,
    pub longest_command: Duration,
    pub whole: u64,
    /// Whole, and marked as answered without the hot views.
    pub degraded: u64,
    /// With the error UNAVAILABLE.
    pub queries_unavailable: u64,
    pub longest_query: Duration,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "orders: {} placed, {} refused, {} × 503, at most {:.1?}; queries: {} whole, {} degraded, {} unavailable, at most {:.1?}",
            self.ordered,
            self.refused,
            self.commands_unavailable,
            self.longest_command,
            self.whole,
            self.degraded,
            self.queries_unavailable,
            self.longest_query
        )
    }
}

/// How a query was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answered {
    Whole,
    Degraded,
    Unavailable,
}

/// A client of both APIs.
#[derive(Clone)]
struct Shopper {
    client: Client,
    commands: String,
    public: String,
    staff: String,
    tally: Arc<Mutex<Tally>>,
}

/// Shoppers at work.
pub struct Load {
    shoppers: JoinSet<Result<BTreeMap<String, Answer>>>,
    leave: watch::Sender<bool>,
    probe: Shopper,
    probes: BTreeMap<String, Answer>,
}

impl Load {
    pub async fn begin(deployment: &Deployment) -> Result<Self> {
        let [public, staff] = deployment.queries()?;
        let client = Client::builder().timeout(HANGS).build()?;
        let tally = Arc::default();
        let probe = Shopper { client, commands: deployment.commands()?, public, staff, tally };
        let (mut shoppers, leave) = (JoinSet::new(), watch::Sender::new(false));
        for number in 0..SHOPPERS {
            shoppers.spawn(probe.clone().order_until(number, leave.subscribe()));
            shoppers.spawn(probe.clone().browse_until(leave.subscribe()));
        }
        Ok(Self { shoppers, leave, probe, probes: BTreeMap::new() })
    }

    /// What was answered since the last call.
    pub fn take(&mut self) -> Tally {
        std::mem::take(&mut *self.probe.tally.lock())
    }

    /// Waits until an order is placed, reacted to and shown, and the catalogue is answered whole and from the hot views.
    /// Answers how long after `since` that was.
    pub async fn recovered(&mut self, since: Instant) -> Result<Duration> {
        let key = format!("probe-{}", self.probes.len());
        let (probe, shoppers) = (&self.probe, &mut self.shoppers);
        let healthy = async {
            let answer = probe.ordered(&key).await?;
            if let Some(order) = &answer.order {
                probe.until_reacted_to(order).await?;
            }
            while probe.browse().await? != Answered::Whole {}
            anyhow::Ok(answer)
        };
        let answer = tokio::select! {
            healthy = tokio::time::timeout(SOON, healthy) => healthy.context("it does not recover")??,
            // Shoppers only end early with an error.
            Some(left) = shoppers.join_next() => bail!("a shopper left: {:#?}", left?.err()),
        };
        self.probes.insert(key, answer);
        Ok(since.elapsed())
    }

    /// The final answers by key.
    pub async fn end(mut self) -> Result<BTreeMap<String, Answer>> {
        self.leave.send_replace(true);
        let mut all = self.probes;
        while let Some(answers) = self.shoppers.join_next().await {
            all.extend(answers??);
        }
        Ok(all)
    }
}

impl Shopper {
    async fn order_until(
        self,
        number: usize,
        mut leave: watch::Receiver<bool>,
    ) -> Result<BTreeMap<String, Answer>> {
        let mut answers = BTreeMap::new();
        for turn in 0.. {
            let key = format!("{number}-{turn}");
            let answer = self.ordered(&key).await.with_context(|| key.clone())?;
            answers.insert(key, answer);
            if tokio::time::timeout(BETWEEN_ORDERS, leave.wait_for(|leave| *leave)).await.is_ok() {
                break;
            }
        }
        Ok(answers)
    }

    async fn browse_until(self, mut leave: watch::Receiver<bool>) -> Result<BTreeMap<String, Answer>> {
        loop {
            self.browse().await?;
            if tokio::time::timeout(PAUSE, leave.wait_for(|leave| *leave)).await.is_ok() {
                return Ok(BTreeMap::new());
            }
        }
    }

    /// Repeats an order until it is placed or refused.
    async fn ordered(&self, key: &str) -> Result<Answer> {
        loop {
            if let Some(answer) = self.order(key).await? {
                return Ok(answer);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// `None` for 503 with `Retry-After`. Any other answer than that or a final one is an error, and so is none.
    async fn order(&self, key: &str) -> Result<Option<Answer>> {
        let sku = SKUS[key.bytes().map(usize::from).sum::<usize>() % SKUS.len()];
        let began = Instant::now();
        let request = self.client.post(format!("{}/v1/orders", self.commands)).header("Idempotency-Key", key);
        let response = request.json(&basket(sku, "one@example.com")).send().await?;
        let (status, retry) = (response.status().as_u16(), response.headers().get("retry-after").cloned());
        let body: Value = response.json().await?;
        let mut tally = self.tally.lock();
        tally.longest_command = tally.longest_command.max(began.elapsed());
        match status {
            200 | 201 => {
                tally.ordered += 1;
                let order = body["orderId"].as_str().context("an order without id")?;
                Ok(Some(Answer { status, order: Some(order.to_owned()) }))
            }
            409 | 422 => {
                tally.refused += 1;
                Ok(Some(Answer { status, order: None }))
            }
            503 => {
                ensure!(retry.is_some(), "503 without Retry-After: {body}");
                tally.commands_unavailable += 1;
                Ok(None)
            }
            _ => bail!("{status}: {body}"),
        }
    }

    async fn query(&self, url: &str, query: &str) -> Result<Value> {
        let asked = self.client.post(url).json(&json!({ "query": query })).send().await?;
        let (status, body) = (asked.status(), asked.json::<Value>().await?);
        let codes = body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        let temporary = codes.iter().all(|error| error["extensions"]["code"] == "UNAVAILABLE");
        ensure!(temporary && (status == 200 || status == 503), "{status}: {body}");
        Ok(body)
    }

    async fn browse(&self) -> Result<Answered> {
        let began = Instant::now();
        let body = self.query(&self.public, CATALOGUE).await?;
        let mut tally = self.tally.lock();
        tally.longest_query = tally.longest_query.max(began.elapsed());
        if !body["errors"].is_null() {
            tally.queries_unavailable += 1;
            return Ok(Answered::Unavailable);
        }
        ensure!(body["data"]["products"]["nodes"][0]["title"].is_string(), "no products: {body}");
        if body["extensions"]["degraded"].is_null() {
            tally.whole += 1;
            return Ok(Answered::Whole);
        }
        tally.degraded += 1;
        Ok(Answered::Degraded)
    }

    /// Waits until an order's document shows that another context has answered it.
    async fn until_reacted_to(&self, order: &str) -> Result<()> {
        let query = format!("{{ order(by: {{ id: {order:?} }}) {{ status }} }}");
        loop {
            let body = self.query(&self.staff, &query).await?;
            match body["data"]["order"]["status"].as_str() {
                Some("PLACED") | None => tokio::task::yield_now().await,
                Some(_) => return Ok(()),
            }
        }
    }
}
