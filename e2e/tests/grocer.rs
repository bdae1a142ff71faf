//! Imports the grocer's first four weeks with the real program and kills it in between; imports one day twice and
//! compares the bytes. Not part of the short run: `cargo test -p e2e --features long --test grocer`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use event_log::port::{Log, Read};
use schemas::{Context, Topic};
use serde_json::Value;

const PROGRAM: &str = "chorale";
const IMPORT: &str = "import-complete-journey";
/// Upper limit for an import.
const PATIENCE: Duration = Duration::from_hours(3);
/// Baskets of the first four weeks in which at least one line can be ordered.
const ORDERS: u64 = 8_429;

#[tokio::test]
async fn four_weeks_are_imported_once_despite_repeated_kills_of_the_import() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("grocer");
    // While the catalogue is imported, at the first baskets, and in the middle.
    for (context, position) in
        [(Context::Catalog, 10_000), (Context::Ordering, 700), (Context::Shipping, 20_000)]
    {
        kill_at(import(&data, &["--weeks", "4"], None)?, &data, context, position).await?;
    }
    let report = finish(import(&data, &["--weeks", "4", "--json"], Some("report.json"))?, &data)?;

    for statement in list(&report, "statements")? {
        assert_eq!(statement["holds"], true, "{statement}");
    }
    assert_eq!(report["orders"], ORDERS, "one for each basket, despite the kills");
    assert_eq!(report["parked"], 0);
    let over = ["COMPLETED", "CANCELLED", "REJECTED", "EXPIRED"];
    for outcome in report["outcomes"].as_object().context("outcomes")?.keys() {
        assert!(
            over.iter().any(|status| outcome.starts_with(status)) && !outcome.contains("on hold"),
            "{outcome}"
        );
    }
    // 426 lines without a quantity and 725 of petrol; 4 lines of unknown products have a quantity.
    assert_eq!(report["refusals"]["OUT_OF_RANGE"], 426);
    assert_eq!(report["refusals"]["QUANTITY_OUT_OF_RANGE"], 725);
    assert_eq!(report["refusals"]["UNKNOWN_SKU"], 4);
    let refused = list(&report, "refused")?;
    let places: BTreeSet<_> =
        refused.iter().map(|one| (one["key"].to_string(), one["line"].to_string())).collect();
    assert_eq!(places.len(), refused.len(), "each refusal is reported once");

    for log in objects(&data, &["log", "verify"])? {
        assert_eq!(log["sound"], true, "{log}");
    }
    let orders = objects(&data, &["topics", "read", "order", "--limit", "100000000"])?;
    assert_eq!(histories(&orders)?, ORDERS);
    let topics = objects(&data, &["topics"])?;
    let counted =
        topics.iter().find(|topic| topic["topic"] == Topic::ORDER.name()).context("no topic of orders")?;
    assert_eq!(counted["records"], orders.len());
    let projections = objects(&data, &["projections"])?;
    // The checks have rebuilt them all, and generations that are retired have no lag.
    let live: Vec<_> = projections.iter().filter(|one| one["state"] == "LIVE").collect();
    assert_eq!(live.len(), projectors::REGISTRY.len());
    for projection in live {
        assert_eq!(
            (&projection["lagEvents"], &projection["heldEvents"]),
            (&0.into(), &0.into()),
            "{projection}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn in_lockstep_a_killed_import_writes_the_same_as_an_undisturbed_one() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (calm, disturbed) = (folder.path().join("calm"), folder.path().join("disturbed"));
    let args = ["--weeks", "1", "--lockstep", "--json"];
    let report = finish(import(&calm, &args, Some("calm.json"))?, &calm)?;
    for statement in list(&report, "statements")? {
        assert_eq!(statement["holds"], true, "{statement}");
    }
    // Sealed with the same keys, the same data has the same bytes.
    fs::create_dir(&disturbed)?;
    for file in ["vault.sqlite", "vault.sqlite-wal"].into_iter().filter(|file| calm.join(file).exists()) {
        fs::copy(calm.join(file), disturbed.join(file))?;
    }
    for (context, position) in [(Context::Inventory, 9_000), (Context::Ordering, 1_500)] {
        kill_at(import(&disturbed, &args, None)?, &disturbed, context, position).await?;
    }
    finish(import(&disturbed, &args, Some("disturbed.json"))?, &disturbed)?;
    for context in Context::ALL {
        let (calm, disturbed) = (streams(&calm, context).await?, streams(&disturbed, context).await?);
        assert_eq!(calm.len(), disturbed.len(), "streams of {context}");
        for (stream, events) in &calm {
            let others = disturbed.get(stream).with_context(|| format!("{stream} is missing"))?;
            assert_eq!(events.len(), others.len(), "events of {stream}");
            for (i, (event, other)) in events.iter().zip(others).enumerate() {
                assert_eq!(event, other, "{stream}@{}", i + 1);
            }
        }
    }
    Ok(())
}

/// Checks that the topic has every order's events once and in order, from OrderPlaced on. Returns the number of orders.
fn histories(records: &[Value]) -> Result<u64> {
    let mut versions: HashMap<&str, u64> = HashMap::new();
    let mut offset = 0;
    for record in records {
        let at = record["offset"].as_u64().context("offset")?;
        ensure!(at > offset, "{at} comes after {offset}");
        offset = at;
        let key = record["key"].as_str().context("key")?;
        let version: u64 = record["headers"]["ce_sequence"].as_str().context("ce_sequence")?.parse()?;
        let before = versions.insert(key, version).unwrap_or(0);
        ensure!(version == before + 1, "{key}: {version} comes after {before}");
        let placed = record["headers"]["ce_type"] == "chorale.order.OrderPlaced.v1";
        ensure!(placed == (version == 1), "{key}@{version} is {}", record["headers"]["ce_type"]);
    }
    Ok(versions.len() as u64)
}

/// The names and payloads of each stream of a context's log.
async fn streams(data: &Path, context: Context) -> Result<BTreeMap<String, Vec<(String, String)>>> {
    let log = open(data, context).await.with_context(|| format!("{context} cannot be opened"))?;
    let (mut streams, mut position) = (BTreeMap::<_, Vec<_>>::new(), 0);
    loop {
        let page = log.read(Read::After(position), 5_000).await?;
        let Some(last) = page.last() else { return Ok(streams) };
        position = last.envelope.position;
        for event in page {
            let event_text = (event.envelope.name.clone(), event.payload.to_string());
            streams.entry(event.envelope.stream.to_string()).or_default().push(event_text);
        }
    }
}

async fn open(data: &Path, context: Context) -> Result<Arc<dyn Log>> {
    let path = data.canonicalize()?.join(format!("{context}.sqlite"));
    Ok(event_log::connect_read_only(&format!("sqlite://{}", path.display()), context).await?)
}

/// A running import. Killed when it is dropped.
struct Import {
    child: Child,
    report: Option<PathBuf>,
    errors: PathBuf,
}

impl Drop for Import {
    fn drop(&mut self) {
        // The process may have ended already.
        if self.child.kill().is_ok() {
            drop(self.child.wait());
        }
    }
}

fn import(data: &Path, args: &[&str], report: Option<&str>) -> Result<Import> {
    let beside = data.parent().context("the data directory is in a folder")?;
    let name = data.file_name().and_then(|name| name.to_str()).context("the data directory has a name")?;
    let (report, errors) = (report.map(|report| beside.join(report)), beside.join(format!("{name}.errors")));
    let stdout = match &report {
        Some(report) => File::create(report)?.into(),
        None => Stdio::null(),
    };
    let child = command(IMPORT, data, &[])?
        .arg(grocer()?)
        .args(args)
        .stdout(stdout)
        .stderr(File::create(&errors)?)
        .spawn()?;
    Ok(Import { child, report, errors })
}

/// Kills an import with SIGKILL when a log has reached `position`.
async fn kill_at(mut import: Import, data: &Path, context: Context, position: u64) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while deadline > Instant::now() {
        // At first the log does not exist.
        if let Ok(log) = open(data, context).await {
            let head = log.head().await?.position;
            if head >= position {
                import.child.kill()?;
                let status = import.child.wait()?;
                ensure!(!status.success(), "the import ended before it could be killed");
                return Ok(());
            }
            log.grown(head, Duration::from_secs(1)).await;
        }
        if let Some(status) = import.child.try_wait()? {
            bail!("the import ended by itself with {status}: {}", fs::read_to_string(&import.errors)?);
        }
    }
    bail!("{context} never reached {position}")
}

/// Waits until an import has ended, and returns its report.
fn finish(mut import: Import, data: &Path) -> Result<Value> {
    let status = import.child.wait()?;
    let errors = fs::read_to_string(&import.errors)?;
    let report = import.report.as_ref().context("the import has no report")?;
    let text = fs::read_to_string(report)?;
    ensure!(status.success(), "the import into {} ended with {status}: {text}{errors}", data.display());
    eprintln!("{errors}");
    Ok(serde_json::from_str(&text)?)
}

fn list<'a>(report: &'a Value, name: &str) -> Result<&'a Vec<Value>> {
    report[name].as_array().with_context(|| format!("the report has no {name}"))
}

/// Output of an operator's command: one object per line.
fn objects(data: &Path, args: &[&str]) -> Result<Vec<Value>> {
    let output = command(PROGRAM, data, args)?.arg("--json").output()?;
    ensure!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?;
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

fn command(program: &str, data: &Path, args: &[&str]) -> Result<Command> {
    static FOLDER: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = FOLDER.get_or_init(|| build().map_err(|error| format!("{error:#}")));
    let folder = built.as_deref().map_err(|problem| anyhow::anyhow!("{problem}"))?;
    let mut command = Command::new(folder.join(program));
    command.arg("--data-dir").arg(data).args(args).env_remove("CHORALE_LOG").env_remove("RUST_LOG");
    Ok(command)
}

/// The folder of both programs: that of `CHORALE_BIN`, or else that of a release build of this workspace. Without
/// optimisation, four weeks take too long.
fn build() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("CHORALE_BIN") {
        let named = PathBuf::from(named).canonicalize()?;
        return Ok(named.parent().context("CHORALE_BIN names a file in a folder")?.to_owned());
    }
    // This test is target/debug/deps/grocer-….
    let own = std::env::current_exe()?;
    let target = own.ancestors().nth(3).context("the target directory has moved")?;
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--release", "--locked", "--bins"]);
    cargo.args(["--package", PROGRAM, "--package", IMPORT]).arg("--target-dir").arg(target);
    let output = cargo.output().context("cargo cannot be started")?;
    ensure!(
        output.status.success(),
        "the programs cannot be built: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(target.join("release"))
}

/// The folder of the grocer's files.
fn grocer() -> Result<PathBuf> {
    let folder = PathBuf::from("../examples/data/complete-journey");
    let there = folder.join("transactions.parquet").is_file();
    ensure!(
        there,
        "the grocer's data is not in examples/data: fetch it with examples/complete-journey/fetch.sh"
    );
    Ok(folder)
}
