//! Databases that have lost something while projectors run.

use mongodb::bson::Document;
use platform::fault_proxy::Network;
use projectors::{REGISTRY, rebuild};
use read_models::contract::scratch::{dump, restore};

use crate::shared::history::history;
use crate::shop::Shop;

#[tokio::test(flavor = "multi_thread")]
async fn a_database_restored_from_an_older_dump_catches_up_by_itself() {
    let records = history(62);
    let (first, rest) = records.split_at(records.len() / 3);
    let (second, third) = rest.split_at(rest.len() / 2);
    let shop = Shop::open().await;
    shop.bus.put(first);
    shop.settled().await;
    let database = shop.database().await;
    let older = dump(&database).await.unwrap();
    shop.bus.put(second);
    shop.settled().await;
    // Those that were not rebuilt restore positions; the others restore the generation that was live before, too.
    for projection in REGISTRY.iter().step_by(2) {
        rebuild(projection, &shop.direct, |_| {}).await.unwrap();
    }
    shop.settled().await;
    // A server that is restored is down meanwhile.
    shop.proxy.set(Network::Blackhole);
    shop.stalled().await;
    restore(&database, older).await.unwrap();
    shop.proxy.set(Network::Forward);
    shop.settled().await;
    shop.bus.put(third);
    shop.settled().await;
    shop.equals_a_fresh_build().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dropped_collections_are_filled_again_while_the_projectors_run() {
    let records = history(63);
    let mut pieces = records.chunks(records.len() / 4 + 1);
    let mut piece = || pieces.next().unwrap();
    let shop = Shop::open().await;
    shop.bus.put(piece());
    shop.settled().await;
    let database = shop.database().await;
    let drop = async |name: String| database.collection::<Document>(&name).drop().await.unwrap();
    let drop_documents = async || {
        for projection in REGISTRY {
            drop(format!("{}_v{}_g1", projection.name(), projection.collection().shape)).await;
        }
    };
    // Idle projectors notice it, too.
    drop_documents().await;
    shop.filled_again().await;
    shop.bus.put(piece());
    drop_documents().await;
    shop.bus.put(piece());
    shop.filled_again().await;
    // All positions.
    drop("generations".to_owned()).await;
    shop.bus.put(piece());
    shop.settled().await;
    shop.equals_a_fresh_build().await;
}
