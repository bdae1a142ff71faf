//! A first start that is ended at several moments: the next one completes it.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use e2e::program::{Program, SOON, objects, spawn};

/// When the process is sent a signal.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// A file of the data directory exists.
    File(&'static str),
    /// The log of inventory has this many events, about a third and two thirds of those of the catalogue's stock.
    Events(u64),
}

/// In this order, so that each life is ended later than the one before it. All of them are before the shop is ready.
const MOMENTS: [(Moment, &str); 6] = [
    (Moment::File("lock"), "-KILL"),
    (Moment::File("shop.json"), "-TERM"),
    (Moment::File("catalog.sqlite"), "-KILL"),
    (Moment::File("documents.sqlite"), "-TERM"),
    (Moment::Events(200), "-KILL"),
    (Moment::Events(400), "-TERM"),
];

impl Moment {
    fn has_come(self, data: &Path) -> Result<bool> {
        Ok(match self {
            Self::File(name) => data.join(name).exists(),
            Self::Events(count) => inventory(data).is_some_and(|events| events >= count),
        })
    }
}

/// Events in the log of inventory; `None` while there is none to read.
fn inventory(data: &Path) -> Option<u64> {
    let logs = objects(data, &["log", "head"]).ok()?;
    logs.iter().find(|log| log["context"] == "inventory")?["position"].as_u64()
}

/// Ends a life of the shop at a moment.
fn end_at(data: &Path, (moment, signal): (Moment, &str)) -> Result<()> {
    let free = ["--listen=127.0.0.1:0", "--staff-listen=127.0.0.1:0"];
    let mut shop = spawn(data, &free, Stdio::null(), Stdio::null())?;
    let waited = wait_for(moment, data, &mut shop);
    ensure!(Command::new("kill").args([signal, &shop.id().to_string()]).status()?.success(), "no signal");
    let status = shop.wait()?;
    waited?;
    // Before it listens to signals, SIGTERM ends it as it ends any process.
    let ended = std::os::unix::process::ExitStatusExt::signal(&status).is_some();
    ensure!(ended || status.success(), "{moment:?}: it exited with {status}");
    Ok(())
}

fn wait_for(moment: Moment, data: &Path, shop: &mut Child) -> Result<()> {
    let began = Instant::now();
    while !moment.has_come(data)? {
        ensure!(shop.try_wait()?.is_none(), "{moment:?}: it has ended by itself");
        ensure!(began.elapsed() < SOON, "{moment:?} never came");
        std::thread::yield_now();
    }
    Ok(())
}

/// SKU, location and quantity of all received stock, sorted.
fn received(data: &Path) -> Result<Vec<String>> {
    let records =
        objects(data, &["topics", "read", "stock", "--type", "StockReceived", "--limit", "100000"])?;
    let line = |value: &serde_json::Value| format!("{} {} {}", value["sku"], value["location"], value["qty"]);
    let mut lines: Vec<_> = records.iter().map(|record| line(&record["value"])).collect();
    lines.sort();
    Ok(lines)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_start_that_was_killed_or_stopped_at_any_moment_is_completed_by_the_next() -> Result<()> {
    let (whole, data) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let undisturbed = Program::start(whole.path(), &[])?;
    undisturbed.until_page("/readyz", "ready").await?;
    undisturbed.leave()?;
    let mut events = Vec::new();
    for moment in MOMENTS {
        tokio::task::block_in_place(|| end_at(data.path(), moment))?;
        events.push(inventory(data.path()).unwrap_or(0));
    }
    let shop = Program::start(data.path(), &[])?;
    shop.until_page("/readyz", "ready").await?;
    let (_, number) = shop.order("first", "TEA-100", "one@example.com").await?;
    shop.until_order(&number, &["CONFIRMED"]).await?;
    assert_eq!(received(data.path())?, received(whole.path())?, "the catalogue's stock, once");
    let in_all = inventory(data.path()).context("no log")?;
    ensure!(events.is_sorted() && events[4] > 0 && events[5] < in_all, "{events:?} of {in_all}");
    for log in objects(data.path(), &["log", "verify"])? {
        ensure!(log["sound"] == true, "{log}");
    }
    ensure!(objects(data.path(), &["parked", "list"])?.is_empty(), "something is parked");
    shop.leave()
}
