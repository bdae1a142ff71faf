//! A process that appends is killed at any moment. Everything that it acknowledged is in the log, and nothing partially.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use event_log::contract::Draft;
use event_log::port::{Committed, Log, Read, Wanted};
use event_log::verify::verify;
use platform::postgres::scratch::Scratch;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use schemas::{CommandId, Context, StreamId, Timestamp};
use tokio::sync::oneshot;
use uuid::Uuid;

/// Set in the process that is killed: the address of its log.
const VICTIM: &str = "CHORALE_KILLED_LOG";
const KILLS: usize = 30;
const SEED: u64 = 0x00c0_ffee;
/// The longest life of a victim after its first acknowledgement.
const LIFE: Duration = Duration::from_millis(120);
/// Number of streams that all requests share.
const STREAMS: u64 = 20;
const EVENTS_EACH: u64 = 3;

#[test]
fn acknowledged_requests_survive_thirty_kills_and_none_is_partial() {
    if is_victim() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("ordering.db").display());
    let name = "acknowledged_requests_survive_thirty_kills_and_none_is_partial";
    acknowledged_requests_survive(name, &url, async || {});
}

#[test]
fn acknowledged_requests_survive_thirty_kills_on_postgresql_and_none_is_partial() {
    if is_victim() {
        return;
    }
    let database = runtime().block_on(Scratch::new()).unwrap();
    let name = "acknowledged_requests_survive_thirty_kills_on_postgresql_and_none_is_partial";
    acknowledged_requests_survive(name, database.url(), async || {
        database.run_in("ordering", SETTLE).await.unwrap()
    });
}

/// Waits until the server has ended the sessions of killed clients.
const SETTLE: &str = "SET statement_timeout = '60s';
    DO $$ BEGIN
        WHILE EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
            AND backend_type = 'client backend') LOOP
            PERFORM pg_sleep(0.005), pg_stat_clear_snapshot();
        END LOOP;
    END $$";

/// Does a victim's work without end, if this process is one.
fn is_victim() -> bool {
    let url = std::env::var(VICTIM);
    if let Ok(url) = &url {
        runtime().block_on(append_forever(url));
    }
    url.is_ok()
}

/// `settled` returns when no commit of a killed victim can still go through.
fn acknowledged_requests_survive(name: &str, url: &str, settled: impl AsyncFn()) {
    runtime().block_on(event_log::migrate(url, Context::Ordering)).unwrap();
    let mut random = StdRng::seed_from_u64(SEED);
    let mut acknowledged = BTreeSet::new();
    for kill in 0..KILLS {
        let life = random.random_range(Duration::ZERO..LIFE);
        let new = killed_after(name, life, url);
        assert!(!new.is_empty(), "seed {SEED}, kill {kill}: the victim acknowledged nothing");
        acknowledged.extend(new);
        runtime().block_on(async {
            settled().await;
            examine(url, &acknowledged, &format!("seed {SEED}, kill {kill} after {life:?}")).await;
        });
    }
    println!("{} acknowledged requests survived {KILLS} kills", acknowledged.len());
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Starts a victim and kills it. Returns the requests that it acknowledged.
fn killed_after(name: &str, life: Duration, url: &str) -> Vec<Uuid> {
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(VICTIM, url)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(victim.stdout.take().unwrap());
    let acknowledged = listen(output, &mut victim, life);
    victim.wait().unwrap();
    acknowledged
}

/// Reads acknowledgements to the end of the output, and kills the victim after `life`.
fn listen(output: BufReader<ChildStdout>, victim: &mut Child, life: Duration) -> Vec<Uuid> {
    let mut acknowledged = Vec::new();
    let mut until = None;
    for line in output.lines() {
        // The last line may be cut off anywhere.
        let Some(id) =
            line.ok().as_deref().and_then(|line| line.strip_prefix("ack ")?.strip_suffix(" .")?.parse().ok())
        else {
            continue;
        };
        acknowledged.push(id);
        if Instant::now() >= *until.get_or_insert_with(|| Instant::now() + life) {
            // Kill only once, then read the rest of the output.
            victim.kill().unwrap();
            until = Some(Instant::now() + Duration::from_secs(3600));
        }
    }
    acknowledged
}

/// Two instances on one log, each with several callers, all appending as fast as they can.
async fn append_forever(url: &str) {
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

/// Sends one request after another, and prints each that was acknowledged.
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

/// A small writer: commits what is queued, and decides again while the other instance is faster.
async fn write(log: Arc<dyn Log>, mut jobs: tokio::sync::mpsc::Receiver<Job>) {
    let mut known = BTreeMap::new();
    let mut batch = Vec::new();
    while jobs.recv_many(&mut batch, 16).await > 0 {
        loop {
            let draft = requests(&*log, &batch, &mut known).await;
            if matches!(draft.commit(&*log).await.unwrap(), Committed::Done(_)) {
                break;
            }
        }
        for (_, done) in batch.drain(..) {
            done.send(()).unwrap();
        }
    }
}

fn shared(number: u64) -> StreamId {
    StreamId::from_text(format!("order-{}", number % STREAMS))
}

/// Each request appends to two shared streams and one of its own, answers a command, notes its position and a
/// deadline. `known`: versions of the shared streams that were read from the log.
async fn requests(log: &dyn Log, batch: &[Job], known: &mut BTreeMap<StreamId, u64>) -> Draft {
    let base = log.head().await.unwrap();
    let wanted: Vec<_> =
        (0..STREAMS).map(shared).map(|s| (s.clone(), known.get(&s).copied().unwrap_or(0))).collect();
    for event in log.read(Read::Streams(&wanted), usize::MAX).await.unwrap() {
        known.insert(event.envelope.stream.clone(), event.envelope.version);
    }
    let mut versions = known.clone();
    let mut draft = Draft::on(log.context(), base);
    for (id, _) in batch {
        draft = draft.and_write();
        draft.correlation = *id;
        let number = u64::from(id.as_bytes()[0]);
        for stream in [shared(number), shared(number + 7)] {
            let version = versions.entry(stream.clone()).or_default();
            *version += 1;
            draft = draft.event(stream.as_str(), *version);
        }
        let own = own_stream(*id);
        let deadline = Some(("expire".to_owned(), Timestamp::EPOCH));
        draft = draft.event(own.as_str(), 1).answer(CommandId::new(*id), &answer(*id), Timestamp::EPOCH);
        draft = draft.with(|write| write.deadlines.push((own, 1, deadline)));
    }
    let done = base.position + EVENTS_EACH * batch.len() as u64;
    draft.beside(|batch| batch.positions.push(("group".to_owned(), "topic/0".to_owned(), done)))
}

fn own_stream(id: Uuid) -> StreamId {
    StreamId::from_text(format!("payment-{id}"))
}

fn answer(id: Uuid) -> String {
    format!("\"{id}\"")
}

/// Asserts that every acknowledged request is in the log, that every request is complete, and that the hash chain is valid.
async fn examine(url: &str, acknowledged: &BTreeSet<Uuid>, when: &str) {
    let log = event_log::connect(url, Context::Ordering).await.unwrap();
    let verified = verify(&*log, None, |_| {}).await.unwrap_or_else(|finding| panic!("{when}: {finding}"));
    let mut requests: BTreeMap<Uuid, u64> = BTreeMap::new();
    for event in log.read(Read::After(0), usize::MAX).await.unwrap() {
        *requests.entry(event.envelope.correlation).or_default() += 1;
    }
    assert!(
        requests.values().all(|events| *events == EVENTS_EACH),
        "{when}: a request is only partially in the log"
    );
    let lost: Vec<_> = acknowledged.iter().filter(|id| !requests.contains_key(id)).collect();
    assert!(lost.is_empty(), "{when}: acknowledged and lost: {lost:?}");

    let commands = requests.keys().copied().map(CommandId::new).collect();
    let (head, facts) = log.facts(&Wanted { commands, ..Wanted::default() }).await.unwrap();
    assert_eq!(head, verified.head, "{when}");
    let answered = requests
        .keys()
        .all(|id| facts.ledger.get(&CommandId::new(*id)).is_some_and(|e| e.answer == answer(*id)));
    assert!(answered, "{when}: an answer is missing or wrong");
    let due: BTreeSet<_> =
        log.due(Timestamp::EPOCH, usize::MAX).await.unwrap().into_iter().map(|due| due.stream).collect();
    assert_eq!(
        due,
        requests.keys().copied().map(own_stream).collect(),
        "{when}: deadlines and events differ"
    );
    let (positions, _) = log.group("group").await.unwrap();
    assert_eq!(
        positions.into_values().collect::<Vec<_>>(),
        [head.position],
        "{when}: position and events differ"
    );
}
