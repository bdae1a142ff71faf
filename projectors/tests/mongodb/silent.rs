//! A server that is silent for a while.

use platform::fault_proxy::Network;

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
