//! Connections whose other end is gone without a sign.

use std::time::{Duration, Instant};

use event_log::contract::Draft;
use event_log::port::{Committed, Read};
use event_log::{connect, migrate};
use platform::fault_proxy::{FaultProxy, Network};
use platform::postgres::scratch::Scratch;
use schemas::Context;

/// All connections of a log are replaced within this time.
const SOON: Duration = Duration::from_secs(10);
/// Longer than a connection is trusted without a ping.
const AT_REST: Duration = Duration::from_millis(200);

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_the_server_has_forgotten_are_replaced_soon() {
    let database = Scratch::new().await.unwrap();
    migrate(database.url(), Context::Ordering).await.unwrap();
    let (user, rest) = database.url().rsplit_once('@').unwrap();
    let (host, name) = rest.split_once('/').unwrap();
    let proxy = FaultProxy::to(host).await.unwrap();
    let url = format!("{user}@{}/{name}", proxy.address());
    let log = connect(&url, Context::Ordering).await.unwrap();
    // In use a moment ago, and at rest.
    for (version, rest) in [(1, Duration::ZERO), (2, AT_REST)] {
        let draft = Draft::now(&*log).await.unwrap();
        proxy.set(Network::HalfOpen);
        tokio::time::sleep(rest).await;
        let began = Instant::now();
        let read = log.read(Read::After(0), 10).await.unwrap();
        assert_eq!(read.len() as u64, version - 1);
        let draft = draft.event("order-1", version);
        // The first attempt may end without an outcome.
        let committed = match draft.commit(&*log).await {
            Ok(committed) => committed,
            Err(_) => draft.commit(&*log).await.unwrap(),
        };
        assert!(matches!(committed, Committed::Done(_)), "{committed:?}");
        assert!(began.elapsed() < SOON, "it took {:?}", began.elapsed());
    }
    assert_eq!(log.read(Read::After(0), 10).await.unwrap().len(), 2);
}
