//! Personal data is sealed wherever it is recorded.

use std::fs;

use serde_json::json;

use crate::shop::{EMAIL, PAYMENT_TOKEN, STREET, Shop, command, order};

#[tokio::test]
async fn no_file_contains_personal_data_in_plain_text() {
    let shop = Shop::open().await;
    let placed = shop.place("k1", &order()).await;
    let (id, token) = (placed.text("id"), placed.text("guestToken"));
    let note = json!({ "note": "Ask for the elderly gentleman with the parrot." });
    command(&shop.staff, "POST", &format!("/v1/orders/{id}/notes"), "n", &note).await.is(202);
    let cancel = json!({ "text": "My canary is unwell." });
    shop.as_guest(&id, "cancel", "c", &token, &cancel).await.is(202);
    let mut refused = order();
    refused["lines"][0]["sku"] = json!("COFFEE");
    shop.place("k2", &refused).await.is_problem(422, "UNKNOWN_SKU");

    let (mut files, mut bytes) = (0, 0);
    for entry in fs::read_dir(shop.folder.path()).unwrap() {
        let content = fs::read(entry.unwrap().path()).unwrap();
        let said = [EMAIL, PAYMENT_TOKEN, STREET, "Quillfeather", "parrot", "canary", token.as_str()];
        for secret in said {
            assert!(!content.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
        }
        files += 1;
        bytes += content.len();
    }
    assert!(files > 6 && bytes > 100_000, "there were files to look into: {files}, {bytes} bytes");
}
