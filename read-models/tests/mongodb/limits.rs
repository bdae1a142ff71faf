//! Limits of calls, behind a proxy that makes the server silent.

use std::time::Duration;

use platform::bus::Positions;
use platform::fault_proxy::{FaultProxy, Network};
use read_models::contract::scratch::Scratch;
use read_models::contract::{BOOKS, COLLECTIONS};
use read_models::{Generation, Store, StoreError, Write};
use tokio::time::{Instant, timeout};

/// Ends a hang. Much longer than any limit below.
const LONG: Duration = Duration::from_secs(60);
/// More than the limit, for a busy machine.
const SLACK: Duration = Duration::from_secs(4);

struct Books {
    proxy: FaultProxy,
    store: Store,
    generation: Generation,
    _scratch: Scratch,
}

impl Books {
    async fn open(options: &str) -> Self {
        let scratch = Scratch::new();
        let (proxy, url) = scratch.behind_proxy(options).await.unwrap();
        let store = read_models::connect(&url, COLLECTIONS).await.unwrap();
        let generation = store.generations.live(&BOOKS).await.unwrap();
        Self { proxy, store, generation, _scratch: scratch }
    }

    async fn write(&self, version: u64) -> Result<(), StoreError> {
        let body = Some(format!(r#"{{"title":"version {version}"}}"#));
        let write = Write { id: "a".to_owned(), version, body, stale: false };
        self.store.keyed.write(&self.generation, &[write], &Positions::new()).await
    }

    async fn version(&self) -> Result<u64, StoreError> {
        let found = self.store.keyed.load(&self.generation, &["a".to_owned()]).await?;
        Ok(found[0].as_ref().map_or(0, |one| one.version))
    }

    /// Repeats a call until it succeeds.
    async fn works_again(&self, version: u64) {
        let again = async {
            while self.write(version).await.is_err() {}
            self.version().await
        };
        assert_eq!(timeout(LONG, again).await.expect("it never works again").unwrap(), version);
    }
}

fn is_late<T: std::fmt::Debug>(answer: Result<T, StoreError>, began: Instant) {
    let taken = began.elapsed();
    let problem = answer.unwrap_err().to_string();
    assert!(problem.ends_with("MongoDB did not answer within 1 s"), "{problem}");
    assert!(taken >= Duration::from_secs(1) && taken < Duration::from_secs(1) + SLACK, "{taken:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_to_a_silent_server_fail_within_their_limit_and_succeed_when_it_answers_again() {
    let books = Books::open("timeoutMS=1000").await;
    books.write(1).await.unwrap();
    books.proxy.set(Network::Blackhole);
    let began = Instant::now();
    let (write, read) = tokio::join!(books.write(2), books.version());
    is_late(write, began);
    is_late(read, began);
    let began = Instant::now();
    is_late(books.store.generations.list().await, began);
    books.proxy.set(Network::Forward);
    books.works_again(3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_hang_end_when_the_driver_notices_that_the_server_is_silent() {
    let options =
        "timeoutMS=30000&serverSelectionTimeoutMS=500&connectTimeoutMS=500&heartbeatFrequencyMS=500";
    let books = Books::open(options).await;
    books.write(1).await.unwrap();
    books.proxy.set(Network::Blackhole);
    let began = Instant::now();
    let problem = books.version().await.unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(20), "{problem} after {:?}", began.elapsed());
    books.proxy.set(Network::Forward);
    books.works_again(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_whose_connections_all_died_silently_works_again() {
    let options = "timeoutMS=1000&maxPoolSize=2&connectTimeoutMS=500&heartbeatFrequencyMS=500";
    let books = Books::open(options).await;
    books.write(1).await.unwrap();
    books.proxy.set(Network::HalfOpen);
    books.works_again(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_resets_connections_is_used_again_when_it_does_not() {
    let options = "timeoutMS=2000&serverSelectionTimeoutMS=500&heartbeatFrequencyMS=500";
    let books = Books::open(options).await;
    books.write(1).await.unwrap();
    books.proxy.set(Network::Reset);
    books.version().await.unwrap_err();
    books.proxy.set(Network::Forward);
    books.works_again(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_that_go_away_leave_the_connections_usable() {
    let books = Books::open("timeoutMS=5000&maxPoolSize=2").await;
    books.write(1).await.unwrap();
    books.proxy.set(Network::Latency(Duration::from_millis(5)));
    for round in 0..60 {
        // Dropped before, in the middle of and after every step of the call.
        let patience = Duration::from_micros(500 * round);
        let (one, two) = (books.write(round + 2), books.version());
        drop(timeout(patience, async { tokio::join!(one, two) }).await);
    }
    books.proxy.set(Network::Forward);
    books.works_again(100).await;
    let began = Instant::now();
    for _ in 0..20 {
        assert_eq!(books.version().await.unwrap(), 100);
    }
    assert!(began.elapsed() < SLACK, "20 calls took {:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_calls_begin_than_there_are_connections() {
    let books = Books::open("timeoutMS=1000&maxPoolSize=2").await;
    books.write(1).await.unwrap();
    books.proxy.set(Network::Blackhole);
    // The first two keep their places, the others wait for one.
    let began = Instant::now();
    let (a, b, c, d) = tokio::join!(books.version(), books.version(), books.version(), books.version());
    for answer in [a, b, c, d] {
        is_late(answer, began);
    }
    books.proxy.set(Network::Forward);
    books.works_again(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_is_no_number_of_milliseconds_is_refused() {
    for wrong in ["", "0", "-1", "5s"] {
        let url = format!("mongodb://127.0.0.1:1/shop?timeoutMS={wrong}");
        let problem = read_models::connect(&url, COLLECTIONS).await.err().unwrap().to_string();
        assert!(problem.contains("is no number of milliseconds"), "{problem}");
    }
}
