//! Servers that cannot be used, and what is in one that can.

use std::time::Duration;

use platform::bus::Positions;
use read_models::contract::{BOOKS, COLLECTIONS};
use read_models::{StoreError, Write, check_hot, connect_hot};
use redis::AsyncCommands;

use crate::scratch::{Scratch, connection, keys_of, url};

const NOWHERE: &str = "redis://:secret@127.0.0.1:1/0";

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_answer_is_an_error_of_each_call_and_not_of_opening() {
    let store = connect_hot(NOWHERE, "shop", COLLECTIONS).await.unwrap();
    let began = std::time::Instant::now();
    let problem = store.generations.live(&BOOKS).await.unwrap_err();
    assert!(matches!(problem, StoreError::Unavailable(..)), "{problem}");
    assert!(began.elapsed() < Duration::from_secs(5));
    let problem = format!("{:?}", check_hot(NOWHERE).await.unwrap_err());
    assert!(!problem.contains("secret"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_refuses_the_password_is_refused_at_the_start() {
    let server = url();
    let (_, host) = server.split_once('@').expect("the server has a password");
    let problem = connect_hot(&format!("redis://:wrong@{host}"), "shop", COLLECTIONS).await.err().unwrap();
    assert!(problem.to_string().contains("does not accept this user with this password"), "{problem:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_another_store_is_refused_without_its_password() {
    for url in ["sqlite://hot.db", "mongodb://u:secret@h/d", "redis://u:secret@h:x/0", "nonsense"] {
        let problem = connect_hot(url, "shop", COLLECTIONS).await.err().unwrap();
        assert!(matches!(problem, StoreError::HotAddress(_)), "{problem:?}");
        assert!(!problem.to_string().contains("secret"), "{problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_under_the_keys_of_the_shop_in_one_slot_and_is_readable() {
    let location = Scratch::new();
    let store = location.open().await;
    let generation = store.generations.live(&BOOKS).await.unwrap();
    let body = r#"{"title":"Tea"}"#.to_owned();
    let write = Write { id: "a".to_owned(), version: 17, body: Some(body), stale: false };
    store.keyed.write(&generation, &[write], &Positions::new()).await.unwrap();
    let dropped = store.generations.create(&BOOKS).await.unwrap();
    store.generations.drop_generation(&dropped).await.unwrap();

    let mut connection = connection().await;
    let documents = location.key("books_v1_g1:documents");
    let value: String = connection.hget(&documents, "a").await.unwrap();
    assert_eq!(value, r#"17c{"title":"Tea"}"#);
    let mut keys = keys_of(&location.shop()).await;
    keys.sort();
    assert_eq!(keys, [documents, location.key("generations"), location.key("store")]);
    let mut slots = Vec::new();
    for key in &keys {
        let hashed = key.split(['{', '}']).nth(1);
        slots.push(hashed.map(str::to_owned));
    }
    slots.dedup();
    assert_eq!(slots, [Some(location.shop())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn shops_on_one_server_do_not_meet() {
    let (one, other) = (Scratch::new(), Scratch::new());
    let store = one.open().await;
    store.generations.live(&BOOKS).await.unwrap();
    assert_eq!(other.open().await.generations.list().await.unwrap(), []);
}
