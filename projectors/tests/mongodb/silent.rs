//! A server that is silent for a while.

use platform::fault_proxy::Network;
use projectors::projections::orders::ORDERS;
use projectors::rebuild;
use tokio::sync::Notify;

use crate::shared::history::history;
use crate::shop::Shop;

#[tokio::test(flavor = "multi_thread")]
async fn projectors_report_a_silent_server_and_go_on_by_themselves_when_it_answers_again() {
    let records = history(61);
    let mut pieces = records.chunks(records.len() / 4 + 1);
    let mut piece = || pieces.next().unwrap();
    let shop = Shop::open().await;
    shop.bus.put(piece());
    shop.settled().await;
    for network in [Network::Blackhole, Network::HalfOpen, Network::Reset] {
        shop.proxy.set(network);
        shop.bus.put(piece());
        if network != Network::HalfOpen {
            shop.stalled().await;
        }
        shop.proxy.set(Network::Forward);
        shop.settled().await;
    }
    shop.equals_a_fresh_build().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_goes_on_when_a_server_that_was_away_answers_again() {
    let shop = Shop::open().await;
    shop.bus.put(&history(65));
    shop.settled().await;
    let (away, mut begun) = (Notify::new(), false);
    let progress = |_| {
        if !std::mem::replace(&mut begun, true) {
            shop.proxy.set(Network::Reset);
            away.notify_one();
        }
    };
    let back = async {
        away.notified().await;
        shop.stalled().await;
        shop.proxy.set(Network::Forward);
    };
    let (rebuilt, ()) = tokio::join!(rebuild(&ORDERS, &shop.backends, progress), back);
    let rebuilt = rebuilt.unwrap();
    assert_eq!((rebuilt.switched, rebuilt.uncompared), (true, 0));
    assert_eq!(rebuild(&ORDERS, &shop.backends, |_| {}).await.unwrap().digest, rebuilt.digest);
}
