//! `chorale demo`: simulated shoppers and a back office for a running shop, over its public HTTP APIs.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt, SeedableRng};
use serde_json::{Value, json};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

mod back_office;
mod http;
mod shopper;

use http::Http;

/// Send simulated shoppers to a running shop.
#[derive(Args, Clone, Debug)]
pub struct DemoArgs {
    /// URL of the shop for shoppers.
    #[arg(long, env = "CHORALE_URL", default_value = "http://127.0.0.1:8080")]
    pub url: String,
    /// URL of the back office.
    #[arg(long, env = "CHORALE_STAFF_URL", default_value = "http://127.0.0.1:8081")]
    pub staff_url: String,
    /// URL for shoppers' queries, if a separate query API answers them. Default: --url.
    #[arg(long, env = "CHORALE_QUERY_URL")]
    pub query_url: Option<String>,
    /// URL for the back office's queries, if a separate query API answers them. Default: --staff-url.
    #[arg(long, env = "CHORALE_STAFF_QUERY_URL")]
    pub staff_query_url: Option<String>,
    /// Number of simultaneous shoppers, 1 to 200.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=200))]
    pub shoppers: u16,
    /// Duration of the simulation, in seconds; at most a year.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(..=31_536_000))]
    pub seconds: u64,
    /// Seed that makes the shoppers' choices repeatable. Default: random.
    #[arg(long)]
    pub seed: Option<u64>,
}

/// Counts of the results so far.
#[derive(Default)]
pub(crate) struct Tally {
    looks: AtomicU64,
    placed: AtomicU64,
    refused: AtomicU64,
    cancelled: AtomicU64,
    dispatched: AtomicU64,
    delivered: AtomicU64,
    failed: AtomicU64,
}

impl Tally {
    fn line(&self) -> String {
        let count = |what: &AtomicU64| what.load(Ordering::Relaxed);
        format!(
            "{} product views, {} orders, {} refused, {} cancelled, {} parcels dispatched, {} delivered",
            count(&self.looks),
            count(&self.placed),
            count(&self.refused),
            count(&self.cancelled),
            count(&self.dispatched),
            count(&self.delivered),
        )
    }
}

/// How often the line of counts is written: on a terminal, and elsewhere.
const LIVE: Duration = Duration::from_millis(250);
const PLAIN: Duration = Duration::from_secs(5);
/// How long the back office may take to send the remaining parcels after the last shopper has left.
const TIDYING: Duration = Duration::from_secs(10);

/// Runs shoppers and a back office for a while, then prints the counts.
pub async fn run(args: &DemoArgs, out: &mut impl Write) -> Result<()> {
    let http = Http::new(args)?;
    let goods = shopper::goods(&http).await.with_context(|| {
        format!("no shop answers at {}. Start one with `chorale`, or pass its address with --url", args.url)
    })?;
    if goods.is_empty() {
        bail!("the shop at {} has nothing to sell. Start it without --no-seed, or add products", args.url);
    }
    let (tally, goods) = (Arc::new(Tally::default()), Arc::new(goods));
    let end = Instant::now() + Duration::from_secs(args.seconds);
    let seed = args.seed.unwrap_or_else(|| rand::rng().random());
    let run: u64 = rand::rng().random();
    let mut shoppers = tokio::task::JoinSet::new();
    for number in 0..args.shoppers {
        let (http, goods, tally) = (http.clone(), Arc::clone(&goods), Arc::clone(&tally));
        let rng = rand::rngs::StdRng::seed_from_u64(seed.wrapping_add(u64::from(number)));
        shoppers.spawn(shopper::come_until(end, format!("demo-{run:x}-{number}"), rng, http, goods, tally));
    }
    let office = tokio::spawn(back_office::work(http.clone(), Arc::clone(&tally), format!("demo-{run:x}")));
    let terminal = std::io::stdout().is_terminal();
    let mut ticks = interval(if terminal { LIVE } else { PLAIN });
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            left = shoppers.join_next() => match left {
                Some(result) => result.context("a shopper failed")??,
                None => break,
            },
            _ = ticks.tick() => {
                if terminal { write!(out, "\r\x1b[2K{}", tally.line())? } else { writeln!(out, "{}", tally.line())? }
                out.flush()?;
            }
        }
    }
    sleep_unless_done(&tally).await;
    office.abort();
    if terminal {
        write!(out, "\r\x1b[2K")?;
    }
    writeln!(out, "{}", tally.line())?;
    let failed = tally.failed.load(Ordering::Relaxed);
    if failed > 0 {
        bail!("{failed} requests got an unexpected answer");
    }
    writeln!(
        out,
        "\nSee what happened: chorale topics, chorale trace ORDER-NUMBER, or the orders in the back office."
    )?;
    Ok(())
}

/// Waits until the back office has sent the last parcels and nothing changes.
async fn sleep_unless_done(tally: &Tally) {
    let end = Instant::now() + TIDYING;
    let mut before = String::new();
    while Instant::now() < end && before != tally.line() {
        before = tally.line();
        sleep(back_office::ROUND * 3).await;
    }
}

fn pick<'a, T>(rng: &mut impl Rng, items: &'a [T]) -> Option<&'a T> {
    items.choose(rng)
}

/// A GraphQL request's body.
fn graphql(query: &str, variables: Value) -> Value {
    json!({ "query": query, "variables": variables })
}
