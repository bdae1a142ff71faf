//! P11 and P12: the program itself on its servers, over HTTP.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::Outcome;
use crate::place::Place;
use measure::{Options, Sample, Samples};

mod bus;
mod program;

use program::Shop;

/// The processes of a shop.
pub struct Shape {
    pub name: &'static str,
    /// Subcommands; each is a process.
    processes: &'static [&'static str],
    /// Whether documents are in MongoDB and hot views in Redis; otherwise they are in SQLite.
    servers: bool,
}

const ROLES: &[&str] = &["relay", "reactors", "projectors", "command-api", "query-api"];

pub const SHAPES: [Shape; 3] = [
    Shape { name: "all in one", processes: &[""], servers: false },
    Shape { name: "one process per role", processes: ROLES, servers: false },
    Shape { name: "one process per role, MongoDB and Redis", processes: ROLES, servers: true },
];

/// The name of the contender without Chorale.
pub const RAW: &str = "raw produce → consume, 200/s";

/// Names of a shop's measurements.
pub fn names(shape: &str) -> [String; 3] {
    [
        format!("chorale, {shape}: accepted → visible, 200/s"),
        format!("chorale, {shape}: order accepted → confirmed, 100/s"),
        format!("chorale, {shape}: orders/s sustained"),
    ]
}

/// Commands per second in P11.
const COMMANDS: u32 = 200;
/// Orders per second at which P12 is timed.
const ORDERS: u32 = 100;
/// Offered rates, one after another until a shop cannot sustain one.
const STEPS: [u32; 10] = [50, ORDERS, 200, 300, 400, 500, 600, 750, 1_000, 2_000];

pub async fn round(place: &Place, options: &Options, samples: &mut Samples) -> Outcome<()> {
    if !options.wants_any(&["P11", "P12"]) || place.chorale.is_none() {
        return Ok(());
    }
    let time = options.time * 2;
    if options.wants("P11") {
        samples.add(RAW, bus::raw(place, COMMANDS, time).await?);
    }
    for shape in SHAPES {
        let [visible, confirmed, sustained] = names(shape.name);
        let shop = Arc::new(Shop::open(place, shape.processes, shape.servers).await?);
        if options.wants("P11") {
            samples.add(&visible, until_visible(&shop, time).await?);
        }
        if options.wants("P12") {
            let watch = bus::Watch::start(place, &shop.prefix)?;
            let mut most = 0.0;
            for rate in STEPS {
                let step = orders(&shop, &watch, rate, time).await?;
                eprintln!("    {rate}/s offered: {step:?}");
                if rate == ORDERS {
                    samples.add(&confirmed, step.sample);
                }
                if !step.followed {
                    break;
                }
                most = f64::from(rate);
            }
            samples.add(&sustained, Sample { per_second: most, ..Sample::default() });
            watch.stop()?;
        }
        let shop = Arc::into_inner(shop).ok_or("the shop is still in use")?;
        shop.close().await?;
    }
    Ok(())
}

/// Calls `call` with 0, 1, 2 … at a constant rate, whether or not earlier calls have ended.
async fn evenly<F>(rate: u32, time: Duration, call: impl Fn(u64) -> F) -> Outcome<Vec<Duration>>
where
    F: Future<Output = Outcome<Duration>> + Send + 'static,
{
    let (mut calls, start, mut times) = (JoinSet::new(), Instant::now(), Vec::new());
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / rate);
    let mut number = 0;
    while start.elapsed() < time {
        ticks.tick().await;
        calls.spawn(call(number));
        number += 1;
    }
    while let Some(done) = calls.join_next().await {
        times.push(done??);
    }
    Ok(times)
}

/// The time from the answer to a command until the answer to a query with its token.
async fn until_visible(shop: &Arc<Shop>, time: Duration) -> Outcome<Sample> {
    let visible = |number: u64| {
        let shop = Arc::clone(shop);
        async move {
            let sku = &shop.skus[number as usize % shop.skus.len()];
            let answer = shop.receive(sku, 1).await?;
            let accepted = Instant::now();
            let token = answer["token"].as_str().ok_or("an answer without token")?;
            let query = "query($sku: String!, $token: String) { stockItems(first: 1, where: { skus: [$sku] }, consistency: $token) { nodes { sku onHand } } }";
            let answer = shop.ask(query, json!({ "sku": sku, "token": token })).await?;
            let taken = accepted.elapsed();
            let said = &answer["extensions"]["consistency"];
            if answer["data"]["stockItems"]["nodes"][0]["sku"] != sku.as_str() || said["stale"] != false {
                return Err(format!("not visible: {answer}").into());
            }
            Ok(taken)
        }
    };
    // The first commands open connections and fill caches.
    evenly(COMMANDS / 4, Duration::from_secs(1), visible).await?;
    let start = Instant::now();
    let times = evenly(COMMANDS, time, visible).await?;
    Ok(Sample::timed(times.len() as u64, start.elapsed(), times))
}

/// The outcome of a step.
#[derive(Debug)]
struct Step {
    sample: Sample,
    /// Whether the backlog stayed below one second's worth of orders.
    followed: bool,
}

async fn orders(shop: &Arc<Shop>, watch: &bus::Watch, rate: u32, time: Duration) -> Outcome<Step> {
    let accepted: Arc<Mutex<HashMap<String, Instant>>> = Arc::default();
    let before = watch.count()?;
    let start = Instant::now();
    let place = |number: u64| {
        let (shop, accepted) = (Arc::clone(shop), Arc::clone(&accepted));
        async move {
            let sent = Instant::now();
            let sku = &shop.skus[number as usize % shop.skus.len()];
            let order = shop.order(sku).await?;
            accepted.lock().map_err(|_| "poisoned")?.insert(format!("order-{order}"), Instant::now());
            Ok(sent.elapsed())
        }
    };
    let placing = evenly(rate, time, place).await?;
    let (taken, placed) = (start.elapsed(), placing.len());
    let confirmed = watch.count()? - before;
    let late = taken > time + Duration::from_secs(1);
    let followed = !late && placed.saturating_sub(confirmed) <= rate as usize;
    let all = tokio::time::timeout(Duration::from_secs(120), watch.until(before + placed)).await;
    all.map_err(|_| "orders were not confirmed")??;
    let times = watch.times(&*accepted.lock().map_err(|_| "poisoned")?)?;
    if times.len() != placed {
        return Err(format!("{placed} orders were placed, {} confirmed", times.len()).into());
    }
    let sample = Sample { per_second: placed as f64 / taken.as_secs_f64(), ..Sample::calls(times) };
    Ok(Step { sample, followed })
}

/// Sends JSON, and reads the response. The request must succeed.
async fn post(client: &Client, url: String, key: Option<String>, body: &Value) -> Outcome<Value> {
    let mut request = client.post(url).json(body);
    if let Some(key) = key {
        request = request.header("Idempotency-Key", key);
    }
    let answer = request.send().await?;
    let (status, body): (_, Value) = (answer.status(), answer.json().await?);
    if status.is_success() { Ok(body) } else { Err(format!("{status}: {body}").into()) }
}
