//! Many subscribers on one process, over both transports: every version reaches all of them in order, and their memory is
//! bounded.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use e2e::program::{Program, SOON};
use futures_util::{SinkExt, StreamExt};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

/// Subscribers to whose SKU nothing happens until the end.
const IDLE: usize = 5_000;
/// Subscribers to a SKU that changes all the time.
const BUSY: usize = 500;
/// Versions that the busy ones get.
const VERSIONS: u64 = 50;
/// Versions of each subscriber that may wait to be looked at. One that has more ends, which the test notices.
const QUEUED: usize = 4;
/// Subscribers that connect at once.
const AT_ONCE: usize = 50;
const IDLE_SKU: &str = "HERB-100";
const BUSY_SKU: &str = "TEA-100";
/// The most memory of the process for each idle subscriber, in bytes: two to three times what was measured.
const MEMORY: u64 = 100 << 10;

/// A version that a subscriber was sent.
struct Sent {
    subscriber: usize,
    version: u64,
}

/// Subscribers that run until they are dropped. Half of them use WebSockets, half of them event streams.
struct Subscribers {
    sent: mpsc::Receiver<Sent>,
    /// The versions of each.
    versions: BTreeMap<usize, Vec<u64>>,
    /// Those that have ended.
    ended: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Subscribers {
    /// Subscribes, and waits until each of them was sent the current version.
    async fn open(address: &str, sku: &str, count: usize) -> Result<Self> {
        let (sender, sent) = mpsc::channel(count * QUEUED);
        let ended = Arc::new(AtomicUsize::new(0));
        let (mut tasks, client) = (JoinSet::new(), Client::builder().build()?);
        let versions = (0..count).map(|subscriber| (subscriber, Vec::new())).collect();
        let mut all = Self { sent, versions, ended: ended.clone(), _tasks: JoinSet::new() };
        for subscriber in 0..count {
            let (sender, ended) = (sender.clone(), ended.clone());
            let query = format!("subscription {{ stockChanged(skus: [\"{sku}\"]) {{ version }} }}");
            let (address, client) = (address.to_owned(), client.clone());
            tasks.spawn(async move {
                let passed_on = |version| Ok(sender.try_send(Sent { subscriber, version })?);
                let done = match subscriber % 2 {
                    0 => over_a_socket(&address, &query, passed_on).await,
                    _ => as_events(&client, &address, &query, passed_on).await,
                };
                eprintln!("subscriber {subscriber} has ended: {done:?}");
                ended.fetch_add(1, Ordering::Relaxed);
            });
            if (subscriber + 1) % AT_ONCE == 0 || subscriber + 1 == count {
                all.reach(subscriber + 1, |versions| !versions.is_empty()).await?;
            }
        }
        all._tasks = tasks;
        Ok(all)
    }

    /// Waits until so many subscribers were sent what is wanted.
    async fn reach(&mut self, count: usize, wanted: impl Fn(&[u64]) -> bool) -> Result<()> {
        let mut left = self.versions.values().take(count).filter(|versions| !wanted(versions)).count();
        let waiting = async {
            while left > 0 {
                let Sent { subscriber, version } = self.sent.recv().await.context("all have ended")?;
                let versions = self.versions.get_mut(&subscriber).context("an unknown subscriber")?;
                let before = wanted(versions);
                versions.push(version);
                left -= usize::from(!before && wanted(versions));
            }
            anyhow::Ok(())
        };
        let waited = tokio::time::timeout(SOON, waiting).await;
        waited.with_context(|| format!("{} have ended, others wait", self.ended.load(Ordering::Relaxed)))?
    }

    /// Waits until all were sent this version as their last one.
    async fn have(&mut self, version: u64) -> Result<()> {
        let count = self.versions.len();
        self.reach(count, |versions| versions.last() == Some(&version)).await
    }

    fn are_all_open(&self) -> bool {
        self.ended.load(Ordering::Relaxed) == 0
    }
}

fn version_of(answer: &Value) -> Result<u64> {
    answer["data"]["stockChanged"]["version"].as_u64().with_context(|| format!("no version: {answer}"))
}

/// Passes on the versions that come over a WebSocket, in the protocol `graphql-transport-ws`, until it is closed.
async fn over_a_socket(address: &str, query: &str, passed_on: impl Fn(u64) -> Result<()>) -> Result<()> {
    let stream = TcpStream::connect(address).await?;
    let mut request = format!("ws://{address}/graphql").into_client_request()?;
    request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse()?);
    let (mut socket, _): (WebSocketStream<TcpStream>, _) = client_async(request, stream).await?;
    socket.send(Message::text(json!({ "type": "connection_init" }).to_string())).await?;
    let subscribe = json!({ "id": "1", "type": "subscribe", "payload": { "query": query } });
    socket.send(Message::text(subscribe.to_string())).await?;
    while let Some(message) = socket.next().await {
        // Pings are answered by the client library.
        let Message::Text(text) = message? else { continue };
        let message: Value = serde_json::from_str(&text)?;
        match message["type"].as_str() {
            Some("connection_ack") => {}
            Some("next") => passed_on(version_of(&message["payload"])?)?,
            _ => bail!("{message}"),
        }
    }
    Ok(())
}

/// Passes on the versions that come as server-sent events, until the stream ends.
async fn as_events(
    client: &Client,
    address: &str,
    query: &str,
    passed_on: impl Fn(u64) -> Result<()>,
) -> Result<()> {
    let request = client.post(format!("http://{address}/graphql")).header("accept", "text/event-stream");
    let mut answer = request.json(&json!({ "query": query })).send().await?.error_for_status()?;
    let mut unread = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        unread.extend_from_slice(&chunk);
        while let Some(end) = unread.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = unread.drain(..=end).collect();
            if let Some(data) = line.strip_prefix(b"data:") {
                let data = data.trim_ascii();
                if !data.is_empty() {
                    passed_on(version_of(&serde_json::from_slice(data)?)?)?;
                }
            }
        }
    }
    Ok(())
}

/// Receives one unit. Answers the version of the stock that follows.
async fn receive(shop: &Program, sku: &str, number: u64) -> Result<u64> {
    let body = json!({ "location": "central", "quantity": 1 });
    let (path, key) = (format!("/v1/stock/{sku}/receive"), format!("{sku}-{number}"));
    let (status, answer) = shop.office(&path, &key, body).await?;
    ensure!(status == 202, "{status}: {answer}");
    answer["version"].as_u64().with_context(|| format!("no version: {answer}"))
}

/// Memory of the process now, in bytes.
fn memory(shop: &Program) -> Result<u64> {
    Ok(shop.memory()?.0)
}

fn shown(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_idle_and_five_hundred_busy_subscribers_get_every_version_in_order() -> Result<()> {
    let data = tempfile::tempdir()?;
    let shop = Program::start(data.path(), &[])?;
    let address = shop.addresses().0.to_owned();
    // What the first subscribers load is not counted.
    drop(Subscribers::open(&address, BUSY_SKU, AT_ONCE).await?);
    let empty = memory(&shop)?;
    let began = Instant::now();
    let mut idle = Subscribers::open(&address, IDLE_SKU, IDLE).await?;
    let opened = began.elapsed();
    let with_idle = memory(&shop)?;
    let mut busy = Subscribers::open(&address, BUSY_SKU, BUSY).await?;
    let first = busy.versions[&0][0];
    let mut longest = Duration::ZERO;
    let began = Instant::now();
    for number in 1..=VERSIONS {
        let sent = Instant::now();
        let version = receive(&shop, BUSY_SKU, number).await?;
        ensure!(version == first + number, "version {version} instead of {}", first + number);
        busy.have(version).await?;
        longest = longest.max(sent.elapsed());
    }
    let taken = began.elapsed();
    for (subscriber, versions) in &busy.versions {
        ensure!(*versions == Vec::from_iter(first..=first + VERSIONS), "{subscriber} got {versions:?}");
    }
    let with_busy = memory(&shop)?;
    let each = with_idle.saturating_sub(empty) / IDLE as u64;
    println!(
        "{IDLE} idle subscribers opened in {opened:.1?}: memory {} before, {} with them, {:.1} KiB each; with {BUSY} busy ones \
         {}, at most {}; {VERSIONS} versions to {BUSY} subscribers one after the other in {taken:.1?}, the slowest in {longest:.1?}",
        shown(empty),
        shown(with_idle),
        each as f64 / 1024.0,
        shown(with_busy),
        shown(shop.memory()?.1),
    );
    // Those that were idle are still there.
    let version = receive(&shop, IDLE_SKU, 1).await?;
    let sent = Instant::now();
    idle.have(version).await?;
    println!("a version to {IDLE} subscribers in {:.1?}", sent.elapsed());
    ensure!(idle.are_all_open() && busy.are_all_open(), "some were disconnected");
    ensure!(each <= MEMORY, "{each} bytes for each idle subscriber");
    drop((idle, busy));
    shop.leave()
}
