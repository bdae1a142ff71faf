//! The search index of Chorale, tantivy and FTS5 of SQLite on one generated catalogue: time to build, memory, and times of
//! searches. Each engine runs in a process of its own; the processes take turns.
//!
//! usage: search-engines [--products N] [--searches N] [--rounds N]

mod catalogue;
mod engine;
mod fts5;
mod ours;
mod tantivy_engine;

use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use catalogue::{Product, Searched};
use engine::Engine;
use serde_json::{Value, json};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ENGINES: [&str; 3] = ["chorale", "tantivy", "fts5"];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut options = BTreeMap::from([("products", 100_000), ("searches", 1_000), ("rounds", 3)]);
    let mut one = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments.next().with_context(|| format!("{argument} needs a value"))?;
        match argument.trim_start_matches("--") {
            "engine" => one = Some(value),
            name => match options.iter_mut().find(|(known, _)| **known == name) {
                Some((_, option)) => *option = value.parse()?,
                None => bail!("no such option: {argument}"),
            },
        }
    }
    match one {
        Some(engine) => println!("{}", measure(&engine, options["products"], options["searches"]).await?),
        None => compare(&options)?,
    }
    Ok(())
}

/// Runs each engine `rounds` times and prints the medians.
fn compare(options: &BTreeMap<&str, usize>) -> Result<()> {
    let program = std::env::current_exe()?;
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!(
        "{} products, {} searches, {} rounds; load at the start {}",
        options["products"],
        options["searches"],
        options["rounds"],
        load.trim()
    );
    let mut samples: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for round in 0..options["rounds"] {
        for engine in ENGINES {
            let output = Command::new(&program)
                .args(["--engine", engine, "--products", &options["products"].to_string()])
                .args(["--searches", &options["searches"].to_string()])
                .output()?;
            ensure!(output.status.success(), "{engine}: {}", String::from_utf8_lossy(&output.stderr));
            eprintln!("round {}: {engine}", round + 1);
            samples.entry(engine).or_default().push(serde_json::from_slice(&output.stdout)?);
        }
    }
    let figures = [
        "build s",
        "memory MB",
        "plain p50 ms",
        "plain p95 ms",
        "typos and facets p50 ms",
        "typos and facets p95 ms",
        "p95 ratio",
        "found of 100",
    ];
    println!("{:<26}{}", "", ENGINES.map(|engine| format!("{engine:>10}")).concat());
    for figure in figures {
        let median = |engine: &&str| {
            let mut values: Vec<f64> =
                samples[*engine].iter().filter_map(|sample| sample[figure].as_f64()).collect();
            values.sort_by(f64::total_cmp);
            format!("{:>10.2}", values[values.len() / 2])
        };
        println!("{figure:<26}{}", ENGINES.iter().map(median).collect::<String>());
    }
    Ok(())
}

async fn measure(engine: &str, products: usize, searches: usize) -> Result<Value> {
    let products = catalogue::products(products);
    let searches = catalogue::searches(&products, searches);
    let before = resident()?;
    let began = Instant::now();
    let engine: Box<dyn Engine> = match engine {
        "chorale" => Box::new(ours::Ours::build(&products).await?),
        "tantivy" => Box::new(tantivy_engine::Tantivy::build(&products)?),
        "fts5" => Box::new(fts5::Fts5::build(&products).await?),
        other => bail!("no such engine: {other}"),
    };
    let built = began.elapsed();
    let memory = resident()?.saturating_sub(before);
    let by_id: BTreeMap<&str, &Product> =
        products.iter().map(|product| (product.entry.id.as_str(), product)).collect();
    // Warm-up.
    run(engine.as_ref(), &searches, &by_id).await?;
    let (plain, full, found) = run(engine.as_ref(), &searches, &by_id).await?;
    let millis = |times: &[Duration], share: usize| {
        times[(times.len() * share / 100).min(times.len() - 1)].as_secs_f64() * 1_000.0
    };
    Ok(json!({
        "build s": built.as_secs_f64(),
        "memory MB": memory as f64 / 1_048_576.0,
        "plain p50 ms": millis(&plain, 50),
        "plain p95 ms": millis(&plain, 95),
        "typos and facets p50 ms": millis(&full, 50),
        "typos and facets p95 ms": millis(&full, 95),
        "p95 ratio": millis(&full, 95) / millis(&plain, 95),
        "found of 100": found as f64 * 100.0 / searches.len() as f64,
    }))
}

/// Times of plain searches, of those with typing errors and facets, both sorted, and how many of the latter find what was meant
/// first.
async fn run(
    engine: &dyn Engine,
    searches: &[Searched],
    products: &BTreeMap<&str, &Product>,
) -> Result<(Vec<Duration>, Vec<Duration>, usize)> {
    let (mut plain, mut full, mut right) = (Vec::new(), Vec::new(), 0);
    for searched in searches {
        let began = Instant::now();
        let found = engine.plain(&searched.right).await?;
        plain.push(began.elapsed());
        ensure!(!found.is_empty(), "{:?} finds nothing", searched.right);
        let began = Instant::now();
        let (found, facets) = engine.full(&searched.misspelt).await?;
        full.push(began.elapsed());
        let meant = found.first().is_some_and(|id| {
            let product = products[id.as_str()];
            product.noun == searched.noun
                && (searched.brand.is_empty() || product.entry.brand.as_ref() == Some(&searched.brand))
        });
        right += usize::from(meant);
        ensure!(found.is_empty() || facets >= 5, "{:?} has {facets} facets", searched.misspelt);
    }
    plain.sort_unstable();
    full.sort_unstable();
    Ok((plain, full, right))
}

/// Bytes of memory that the process holds.
fn resident() -> Result<u64> {
    let pages = std::fs::read_to_string("/proc/self/statm")?;
    let pages: u64 = pages.split(' ').nth(1).context("statm")?.parse()?;
    Ok(pages * 4_096)
}
