//! The program as `cargo run` builds it, without clients of servers. The tests of the workspace are built with them, so this
//! file is empty there: `cargo test -p chorale --test default_build`, which `scripts/test --long` runs.
#![cfg(not(feature = "servers"))]

use std::path::Path;

use anyhow::Result;
use chorale::migrate;
use chorale::moving::{self, MoveArgs};
use chorale::operator::{ReadOnlyShop, vault};
use chorale::shop::{Shop, ShopOptions};
use chorale::stores::{StoreLocations, Stores};
use clap::Parser;
use schemas::Context;

#[derive(Parser)]
struct Addresses {
    #[command(flatten)]
    stores: Stores,
}

const POSTGRES: &str = "postgres://ann:hunter2@127.0.0.1:1/shop";

/// Each store on a server, alone.
fn servers() -> [Stores; 3] {
    [["--event-log", POSTGRES], ["--vault", POSTGRES], ["--bus", "kafka://ann:hunter2@127.0.0.1:1"]]
        .map(|[option, address]| Addresses::parse_from(["test", option, address]).stores)
}

fn assert_says_how_to_build<T>(done: Result<T>, server: &str) {
    let said = format!("{:#}", done.map(drop).unwrap_err());
    assert!(said.contains(server) && said.contains("cargo run --features servers"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().next().is_none()
}

#[tokio::test]
async fn a_store_on_a_server_is_refused_before_anything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    for (stores, server) in servers().into_iter().zip(["PostgreSQL", "PostgreSQL", "Kafka"]) {
        let options = ShopOptions { stores: stores.clone(), ..ShopOptions::default() };
        assert_says_how_to_build(Shop::open(folder.path(), options).await, server);
        assert_says_how_to_build(ReadOnlyShop::open(folder.path(), &stores).await, server);
        assert_says_how_to_build(migrate::run(folder.path(), &stores, false, &mut Vec::new()).await, server);
        assert_says_how_to_build(StoreLocations::read_only(folder.path(), &stores), server);
    }
    assert!(is_empty(folder.path()));
}

#[tokio::test]
async fn a_shop_is_not_moved_and_keys_are_not_wrapped_without_a_client() {
    #[derive(Parser)]
    struct Move {
        #[command(flatten)]
        args: MoveArgs,
    }
    let folder = tempfile::tempdir().unwrap();
    let to = Move::parse_from(["test", "--to-event-log", POSTGRES, "--to-vault", POSTGRES]).args;
    let moved = moving::run(folder.path(), &Stores::default(), &to, &mut Vec::new()).await;
    assert_says_how_to_build(moved, "PostgreSQL");
    assert!(is_empty(folder.path()));
    let [_, on_server, _] = servers();
    let locations = StoreLocations::read_only(folder.path(), &on_server);
    if let Ok(locations) = &locations {
        vault::rewrap(locations, false, &mut Vec::new()).await.unwrap_err();
    }
    assert_says_how_to_build(locations, "PostgreSQL");
}

#[tokio::test]
async fn the_stores_themselves_refuse_as_well() {
    let log = event_log::connect(POSTGRES, Context::Ordering).await.map(drop);
    assert_says_how_to_build(log.map_err(Into::into), "PostgreSQL");
    let log = event_log::connect_read_only(POSTGRES, Context::Ordering).await.map(drop);
    assert_says_how_to_build(log.map_err(Into::into), "PostgreSQL");
    assert_says_how_to_build(
        event_log::migrate(POSTGRES, Context::Ordering).await.map_err(Into::into),
        "PostgreSQL",
    );
    assert_says_how_to_build(platform::vault::connect(POSTGRES).await.map_err(Into::into), "PostgreSQL");
    assert_says_how_to_build(platform::vault::migrate(POSTGRES).await.map_err(Into::into), "PostgreSQL");
}
