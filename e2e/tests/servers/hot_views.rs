//! Hot views in Redis: it is emptied, killed, frozen and restarted while queries are asked and orders are placed. Every answer
//! is the one that the documents give.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use e2e::program::{self, Program, SOON, basket};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::WHOLE_MACHINE;
use crate::servers::Servers;

/// All that a list shows, what only a document has, and stock by itself.
const QUERY: &str = "{ products(first: 100, sort: [{ field: PRICE }]) { nodes { id slug title description brand status \
    categories { name } attributes { name value } media { url alt } priceRange { min { amount } max { amount } } \
    availableForSale version createdAt updatedAt priceHistory { sku new { amount } } \
    variants { nodes { sku title price { amount } stock { level version asOf } product { title } } } } \
    edges { cursor } pageInfo { hasNextPage endCursor } } stock(sku: \"TEA-100\") { sku level version asOf } \
    unknown: stock(sku: \"NO-SUCH\") { level } }";
/// Queries while Redis does not answer.
const QUERIES: u32 = 40;
/// A query may not wait for Redis each time: this is far more than the answers take, and less than each waiting for a second.
const ALL_OF_THEM: Duration = Duration::from_secs(30);

/// A shop in one process, with files and hot views in Redis.
struct Hot {
    servers: Servers,
    folder: TempDir,
    shop: Program,
}

impl Hot {
    fn open() -> Result<Self> {
        Self::on(Servers::up("hot-views", &["redis"])?)
    }

    fn on(servers: Servers) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let shop = Program::start(folder.path(), &[&flag(&servers)])?;
        Ok(Self { servers, folder, shop })
    }

    /// Stops the shop, and starts it on topics in Kafka, which its relay fills.
    fn on_kafka(self) -> Result<Self> {
        let Self { servers, folder, shop } = self;
        shop.leave()?;
        let (hot, bus) = (flag(&servers), format!("--bus=kafka://{}?prefix=hot.", servers.kafka));
        program::printed(folder.path(), &["migrate", &hot, &bus])?;
        let shop = Program::start(folder.path(), &[&hot, &bus])?;
        Ok(Self { servers, folder, shop })
    }

    /// The data of the query's answer, and whether it is marked as degraded.
    async fn ask(&self) -> Result<(Value, bool)> {
        let (public, _) = self.shop.addresses();
        let asked =
            self.shop.client.post(format!("http://{public}/graphql")).json(&json!({ "query": QUERY }));
        let answer: Value = asked.send().await?.json().await?;
        ensure!(answer["errors"].is_null(), "{answer:#}");
        let degraded = &answer["extensions"]["degraded"];
        ensure!(degraded.is_null() || *degraded == json!(["hotViews"]), "{answer:#}");
        Ok((answer["data"].clone(), !degraded.is_null()))
    }

    /// Waits until the hot views have everything. Answers the data.
    async fn hot(&self) -> Result<Value> {
        let deadline = Instant::now() + SOON;
        loop {
            match self.ask().await? {
                (data, false) => return Ok(data),
                _ if Instant::now() > deadline => anyhow::bail!("the hot views do not recover"),
                _ => tokio::task::yield_now().await,
            }
        }
    }

    /// Waits until the hot views have later stock than this. Answers the data.
    async fn hot_after(&self, before: &Value) -> Result<Value> {
        let deadline = Instant::now() + SOON;
        loop {
            let data = self.hot().await?;
            if data["stock"]["version"] != before["stock"]["version"] {
                return Ok(data);
            }
            ensure!(Instant::now() < deadline, "the orders do not arrive");
        }
    }

    async fn order(&self, key: &str) -> Result<()> {
        let (status, answer) =
            self.shop.shopper("/v1/orders", key, basket("TEA-100", "one@example.com")).await?;
        ensure!(status == 201, "{status}: {answer}");
        Ok(())
    }

    fn command(&self, args: &[&str]) -> Result<Vec<Value>> {
        program::objects(self.folder.path(), &[&[flag(&self.servers).as_str()], args].concat())
    }

    /// The status of a projection.
    fn status(&self, name: &str) -> Result<Value> {
        let all = self.command(&["projections"])?;
        let found = all.into_iter().find(|one| one["name"] == name && one["state"] != "RETIRED");
        found.with_context(|| format!("no projection {name}"))
    }

    /// Waits until every projection has applied all events.
    fn settled(&self) -> Result<()> {
        let deadline = Instant::now() + SOON;
        loop {
            let all = self.command(&["projections"])?;
            if all.iter().all(|one| one["state"] == "RETIRED" || one["lagEvents"] == 0) {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "projections are behind: {all:?}");
        }
    }

    /// Rebuilds the hot projections, which fails if a document differs from the live one. Answers their digests.
    fn digests(&self) -> Result<Vec<Value>> {
        let rebuilt = |name: &str| {
            let rebuilt = self.command(&["projections", "rebuild", name])?;
            let rebuilt = rebuilt.first().context("no outcome")?;
            ensure!(rebuilt["compared"].as_u64() > Some(0), "{rebuilt}");
            ensure!(rebuilt["uncompared"] == 0, "{rebuilt}");
            Ok(rebuilt["digest"].clone())
        };
        ["product_cards", "stock_levels"].into_iter().map(rebuilt).collect()
    }

    /// Asks while Redis does not answer: every answer is `expected`, marked, and none waits long.
    async fn is_answered_from_documents(&self, expected: &Value) -> Result<()> {
        let (began, mut marked) = (Instant::now(), 0);
        while marked < QUERIES {
            let (data, degraded) = self.ask().await?;
            ensure!(data == *expected, "{data:#} instead of {expected:#}");
            // An answer from before may be kept for a moment.
            ensure!(degraded || marked == 0, "an answer without Redis is not marked");
            marked += u32::from(degraded);
            ensure!(began.elapsed() < ALL_OF_THEM, "no answer without Redis is marked");
        }
        ensure!(began.elapsed() < ALL_OF_THEM, "{QUERIES} queries took {:?}", began.elapsed());
        Ok(())
    }
}

fn flag(servers: &Servers) -> String {
    format!("--hot-views={}/0", servers.redis)
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_emptied_killed_or_frozen_changes_no_answer_and_is_filled_again() -> Result<()> {
    let _turn = WHOLE_MACHINE.lock().await;
    let hot = tokio::task::block_in_place(Hot::open)?;
    // The catalogue has just been seeded.
    tokio::task::block_in_place(|| hot.settled())?;
    let before = hot.hot().await?;
    ensure!(before["products"]["nodes"].as_array().map(Vec::len) > Some(3), "{before:#}");
    let status = tokio::task::block_in_place(|| hot.status("product_cards"))?;
    ensure!(status["store"] == "redis" && status["lagEvents"] == 0, "{status}");
    let digests = tokio::task::block_in_place(|| hot.digests())?;

    // Emptied, twice: also while it is being filled.
    for _ in 0..2 {
        hot.servers.redis_command(&["FLUSHALL"]).await?;
        let (data, _) = hot.ask().await?;
        ensure!(data == before, "{data:#} instead of {before:#}");
    }
    ensure!(hot.hot().await? == before, "the hot views have changed");
    ensure!(tokio::task::block_in_place(|| hot.digests())? == digests, "other documents than before");

    // Frozen: it accepts connections, and answers nothing.
    let pid = hot.servers.redis_process().await?;
    signal("-STOP", &pid)?;
    hot.is_answered_from_documents(&before).await?;
    signal("-CONT", &pid)?;
    ensure!(hot.hot().await? == before, "the hot views have changed");

    // Killed, while orders change stock.
    signal("-KILL", &pid)?;
    hot.is_answered_from_documents(&before).await?;
    let status = tokio::task::block_in_place(|| hot.status("stock_levels"))?;
    ensure!(status["state"] == "STALLED" && status["lagEvents"].is_null(), "{status}");
    for number in 0..3 {
        hot.order(&format!("down-{number}")).await?;
    }
    tokio::task::block_in_place(|| hot.servers.crash("redis"))?;
    hot.hot_after(&before).await?;
    tokio::task::block_in_place(|| hot.digests())?;
    tokio::task::block_in_place(|| hot.shop.leave())
}

#[tokio::test(flavor = "multi_thread")]
async fn hot_views_that_were_read_from_the_logs_answer_after_the_bus_has_become_kafka() -> Result<()> {
    let _turn = WHOLE_MACHINE.lock().await;
    let hot = tokio::task::block_in_place(|| Hot::on(Servers::up("hot-bus", &["redis", "kafka"])?))?;
    tokio::task::block_in_place(|| hot.settled())?;
    let first = hot.hot().await?;
    // So that stock and products end at different positions of their partitions.
    hot.order("on-the-logs").await?;
    let before = hot.hot_after(&first).await?;

    let hot = tokio::task::block_in_place(|| hot.on_kafka())?;
    let after = hot.hot().await?;
    ensure!(after == before, "{after:#} instead of {before:#}");
    // While the relay fills the topics, the view has to find out again and again that it has passed their ends.
    let (mut whole, deadline) = (0, Instant::now() + SOON);
    while whole < QUERIES {
        let (data, degraded) = hot.ask().await?;
        ensure!(data == before, "{data:#} instead of {before:#}");
        whole = if degraded { 0 } else { whole + 1 };
        ensure!(Instant::now() < deadline, "the hot views do not answer");
    }
    hot.order("on-kafka").await?;
    hot.hot_after(&before).await?;
    tokio::task::block_in_place(|| hot.shop.leave())
}

fn signal(signal: &str, pid: &str) -> Result<()> {
    let sent = std::process::Command::new("kill").args([signal, pid]).status()?;
    ensure!(sent.success(), "no signal was sent");
    Ok(())
}
