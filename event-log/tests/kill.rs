//! A process that appends is killed at any moment: what it had acknowledged is there, and nothing is there by half.
#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use event_log::contract::Draft;
use event_log::port::{Committed, Log, Read, StoredEvent, Wanted};
use event_log::verify::verify;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use schemas::{CommandId, Context, StreamId, Timestamp};
use tokio::sync::oneshot;
use uuid::Uuid;

/// Set: this process is the one that is killed, and here is its file.
const VICTIM: &str = "CHORALE_KILLED_LOG";
const KILLS: usize = 30;
const SEED: u64 = 0x00c0_ffee;
/// How long the victim lives after its first acknowledgement, at most.
const LIFE: Duration = Duration::from_millis(250);
const STREAMS: u64 = 20;

#[test]
fn what_was_acknowledged_survives_thirty_kills_and_nothing_is_half() {
    if let Ok(url) = std::env::var(VICTIM) {
        return runtime().block_on(append_for_ever(&url));
    }
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("ordering.db").display());
    let mut random = StdRng::seed_from_u64(SEED);
    let mut acknowledged = BTreeSet::new();
    for kill in 0..KILLS {
        let life = random.random_range(Duration::ZERO..LIFE);
        let new = killed_after(life, &url);
        assert!(!new.is_empty(), "seed {SEED}, kill {kill}: the victim never got anywhere");
        acknowledged.extend(new);
        runtime().block_on(examine(&url, &acknowledged, &format!("seed {SEED}, kill {kill} after {life:?}")));
    }
    println!("{} acknowledged requests survived {KILLS} kills", acknowledged.len());
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Starts a victim and kills it; answers what it had acknowledged.
fn killed_after(life: Duration, url: &str) -> Vec<Uuid> {
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "what_was_acknowledged_survives_thirty_kills_and_nothing_is_half", "--nocapture"])
        .env(VICTIM, url)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(victim.stdout.take().unwrap());
    let acknowledged = listen(output, &mut victim, life);
    victim.wait().unwrap();
    acknowledged
}

/// Reads acknowledgements to the end of the output, and kills when the time has come.
fn listen(output: BufReader<ChildStdout>, victim: &mut Child, life: Duration) -> Vec<Uuid> {
    let mut acknowledged = Vec::new();
    let mut until = None;
    for line in output.lines() {
        // The last line may be cut off anywhere.
        let Some(id) = line.ok().as_deref().and_then(|line| line.strip_prefix("ack ")?.strip_suffix(" .")?.parse().ok())
        else {
            continue;
        };
        acknowledged.push(id);
        if Instant::now() >= *until.get_or_insert_with(|| Instant::now() + life) {
            // It writes without end, so the time comes with some line; kill only once, then read what is left.
            victim.kill().unwrap();
            until = Some(Instant::now() + Duration::from_secs(3600));
        }
    }
    acknowledged
}

/// Two instances on one file, each with several callers, all appending as fast as they can.
async fn append_for_ever(url: &str) {
    let mut callers = Vec::new();
    for _ in 0..2 {
        let log = event_log::connect(url, Context::Ordering).await.unwrap();
        let (queue, jobs) = tokio::sync::mpsc::channel(64);
        callers.extend((0..16).map(|_| tokio::spawn(call(queue.clone()))));
        callers.push(tokio::spawn(write(log, jobs)));
    }
    for caller in callers {
        caller.await.unwrap();
    }
}

type Job = (Uuid, oneshot::Sender<()>);

/// Asks for one request after another, and tells the world of each that was acknowledged.
async fn call(queue: tokio::sync::mpsc::Sender<Job>) {
    loop {
        let (done, answer) = oneshot::channel();
        let id = Uuid::new_v4();
        queue.send((id, done)).await.unwrap();
        answer.await.unwrap();
        let mut out = std::io::stdout().lock();
        writeln!(out, "ack {id} .").unwrap();
        out.flush().unwrap();
    }
}

/// A small writer: commits what is queued, again and again while the other instance is faster.
async fn write(log: Arc<dyn Log>, mut jobs: tokio::sync::mpsc::Receiver<Job>) {
    let mut batch = Vec::new();
    while jobs.recv_many(&mut batch, 16).await > 0 {
        while !matches!(requests(&*log, &batch).await.commit(&*log).await.unwrap(), Committed::Done(_)) {}
        for (_, done) in batch.drain(..) {
            done.send(()).unwrap();
        }
    }
}

/// Each request appends to two shared streams and one of its own, answers a command, notes its position and a deadline.
async fn requests(log: &dyn Log, batch: &[Job]) -> Draft {
    let base = log.head().await.unwrap();
    let shared: Vec<_> = (0..STREAMS).map(|number| (StreamId::from_text(format!("order-{number}")), 0)).collect();
    let mut versions: BTreeMap<StreamId, u64> = BTreeMap::new();
    // Only the counts of recent events are needed: the last position of each shared stream.
    for (stream, _) in &shared {
        versions.insert(stream.clone(), last_version(log, stream).await);
    }
    let mut draft = Draft::on(log.context(), base);
    for (id, _) in batch {
        draft = draft.and_write();
        draft.correlation = *id;
        let low = id.as_u128() as u64;
        for stream in [&shared[(low % STREAMS) as usize].0, &shared[((low + 7) % STREAMS) as usize].0] {
            let version = versions.entry(stream.clone()).or_default();
            *version += 1;
            draft = draft.event(stream.as_str(), *version);
        }
        let own = StreamId::from_text(format!("payment-{id}"));
        let answer = format!("\"{id}\"");
        draft = draft.event(own.as_str(), 1).answer(CommandId::new(*id), &answer, Timestamp::EPOCH);
        let deadline = Some(("expire".to_owned(), Timestamp::EPOCH));
        draft = draft.with(|write| write.deadlines.push((own, 1, deadline)));
    }
    let done = base.position + 3 * batch.len() as u64;
    draft.beside(|batch| batch.positions.push(("group".to_owned(), "topic/0".to_owned(), done)))
}
