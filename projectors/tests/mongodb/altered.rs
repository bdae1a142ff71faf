//! Documents that someone has altered with another tool.

use std::collections::BTreeMap;

use mongodb::bson::{DateTime, Document, doc};
use projectors::projections::orders::ORDERS;
use projectors::{Difference, verify};

use crate::shared::history::history;
use crate::shop::Shop;

#[tokio::test(flavor = "multi_thread")]
async fn documents_that_were_altered_by_hand_are_found_and_put_right() {
    let records = history(64);
    let (first, second) = records.split_at(records.len() * 3 / 4);
    let shop = Shop::open().await;
    shop.bus.put(first);
    shop.settled().await;
    let orders = shop.database().await.collection::<Document>("orders_v1_g1");
    let ids: Vec<String> = orders
        .distinct("_id", doc! { "deleted": false })
        .await
        .unwrap()
        .iter()
        .map(|id| id.as_str().unwrap().to_owned())
        .collect();
    let [text, time, higher, kind, gone, ..] = ids.as_slice() else { panic!("few orders: {ids:?}") };
    for (id, change) in [
        (text, doc! { "document.status": "LOST" }),
        (time, doc! { "document.placedAt": DateTime::from_millis(0) }),
        (higher, doc! { "version": 1_000_000_i64 }),
        (kind, doc! { "version": "three" }),
    ] {
        orders.update_one(doc! { "_id": id }, doc! { "$set": change }).await.unwrap();
    }
    orders.delete_one(doc! { "_id": gone }).await.unwrap();
    let added = doc! { "_id": "order-x", "version": 7, "deleted": false, "document": { "status": "NEW" } };
    orders.insert_one(added).await.unwrap();

    let verified = verify(&ORDERS, &shop.direct, false, |_| {}).await.unwrap();
    let found: BTreeMap<String, Difference> = verified.first.iter().cloned().collect();
    let mut expected: BTreeMap<String, Difference> =
        [text, time, higher, kind].map(|id| (id.clone(), Difference::Altered)).into();
    expected.insert(gone.clone(), Difference::Missing);
    expected.insert("order-x".to_owned(), Difference::Surplus);
    assert_eq!((found, verified.uncompared), (expected, 0));

    let verified = verify(&ORDERS, &shop.direct, true, |_| {}).await.unwrap();
    assert_eq!((verified.wrong(), verified.repaired), (0, 6));
    shop.bus.put(second);
    shop.settled().await;
    shop.equals_a_fresh_build().await;
}
