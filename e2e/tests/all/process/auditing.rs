//! Commands for auditors and operators, beside a running shop.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use schemas::{Context, Topic};
use sqlx::{Connection, SqliteConnection};

use e2e::program::{Program, SOON, objects, printed, run, run_with_closed_output};

const SECRETS: [&str; 4] =
    ["karla.unverwechselbar@example.com", "Wilhelmine Unverwechselbar", "Unverwechselbare Gasse", "tok_ok"];

#[tokio::test(flavor = "multi_thread")]
async fn a_running_shop_can_be_audited_and_a_subject_erased() -> Result<()> {
    let data = tempfile::tempdir()?;
    let data = data.path();
    let shop = Program::start(data, &[])?;
    let (order, number) = shop.order("audited", "TEA-100", SECRETS[0]).await?;
    shop.until_order(&number, &["CONFIRMED"]).await?;

    let topics = objects(data, &["topics"])?;
    assert_eq!(topics.len(), Topic::ALL.len());
    assert!(printed(data, &["topics"])?.contains("chorale.order.v1"));
    let stream = format!("order-{order}");
    let history = objects(data, &["topics", "read", "order", "--key", &stream])?;
    let types: Vec<_> =
        history.iter().map(|record| record["headers"]["ce_type"].as_str().unwrap_or_default()).collect();
    let wanted = ["OrderPlaced", "OrderStockConfirmed", "OrderPaymentAuthorized", "OrderConfirmed"];
    assert_eq!(types, wanted.map(|name| format!("chorale.order.{name}.v1")));
    assert!(
        history
            .iter()
            .all(|record| record["value"]["summary"].is_string() && record["key"] == stream.as_str())
    );
    let placed = objects(data, &["topics", "read", "order", "--type", "OrderPlaced"])?;
    assert_eq!(placed.len(), 1);

    assert!(objects(data, &["log", "verify"])?.iter().all(|log| log["sound"] == true));
    assert_eq!(objects(data, &["log", "head"])?.len(), Context::ALL.len());
    let global = platform::global_id::encode("Order", &order);
    for by in [&order, &number, &stream, &global] {
        let traced = objects(data, &["trace", by])?;
        assert!(traced.iter().any(|event| event["context"] == "shipping"), "{traced:?}");
    }
    let tree = printed(data, &["trace", &number])?;
    assert!(tree.contains("└─") && tree.contains("PaymentAuthorized"), "{tree}");
    let unknown = run(data, &["trace", "10-999999"])?;
    assert_eq!(unknown.status.code(), Some(1));

    let projections = objects(data, &["projections"])?;
    assert!(
        projections.iter().any(|one| one["name"] == "orders" && one["generation"] == 1),
        "{projections:?}"
    );
    let rebuilt = objects(data, &["projections", "rebuild", "orders"])?;
    assert_eq!(rebuilt[0]["projection"], "orders");
    assert!(
        objects(data, &["projections"])?.iter().any(|one| one["name"] == "orders" && one["generation"] == 2)
    );
    // Readers stay online during the rebuild, and the new generation continues.
    let (_, later) = shop.order("later", "TEA-100", "other@example.com").await?;
    shop.until_order(&number, &["CONFIRMED"]).await?;
    shop.until_order(&later, &["CONFIRMED"]).await?;
    assert!(objects(data, &["parked", "list"])?.is_empty());
    assert!(printed(data, &["parked", "list"])?.contains("Nothing is parked"));
    assert_eq!(run(data, &["parked", "redrive", "--all"])?.status.code(), Some(1));

    erase(data, &stream, &shop).await?;
    shop.leave()?;
    assert_eq!(found_in(data, &SECRETS[..3])?, Vec::<String>::new());
    assert!(objects(data, &["log", "verify"])?.iter().all(|log| log["sound"] == true));
    damaged(data).await
}

async fn erase(data: &Path, subject: &str, shop: &Program) -> Result<()> {
    let hesitant = run(data, &["erase", subject])?;
    assert_eq!(hesitant.status.code(), Some(1));
    assert!(String::from_utf8(hesitant.stderr)?.contains("--yes"));
    let query = format!(
        "{{ order(by: {{ id: {:?} }}) {{ shipTo {{ name }} }} }}",
        subject.trim_start_matches("order-")
    );
    let before = shop.ask(&query).await?;
    assert!(before.to_string().contains(SECRETS[1]), "{before}");
    let erased = objects(data, &["erase", subject, "--yes"])?;
    assert_eq!(erased[0]["erased"], true);
    let again = objects(data, &["erase", subject, "--yes"])?;
    assert_eq!(again[0]["erased"], false);
    // The running shop may cache the key for a moment.
    let forgets = async {
        while shop.ask(&query).await?.to_string().contains(SECRETS[1]) {
            tokio::task::yield_now().await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(SOON, forgets).await.context("the running shop still shows erased data")?
}

/// Files of the data directory that contain one of these texts.
fn found_in(data: &Path, secrets: &[&str]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for file in files(data)? {
        let bytes = fs::read(&file)?;
        for secret in secrets {
            if bytes.windows(secret.len()).any(|window| window == secret.as_bytes()) {
                found.push(format!("{secret} in {}", file.display()));
            }
        }
    }
    Ok(found)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    Ok(found)
}

/// A flipped byte in a log is found.
async fn damaged(data: &Path) -> Result<()> {
    let file = data.join("ordering.sqlite");
    let mut connection = SqliteConnection::connect(&format!("sqlite://{}", file.display())).await?;
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await?;
    connection.close().await?;
    let mut bytes = fs::read(&file)?;
    let word = b" placed: 1 line";
    // Free pages may hold older copies; the row itself is among these.
    let found: Vec<_> = bytes.windows(word.len()).enumerate().filter(|(_, window)| *window == word).collect();
    let places: Vec<usize> = found.into_iter().map(|(place, _)| place + 9).collect();
    assert!(!places.is_empty(), "no order was placed");
    for place in places {
        bytes[place] ^= 1;
    }
    fs::write(&file, bytes)?;
    assert_eq!(run_with_closed_output(data, &["log", "verify", "--json"])?.code(), Some(1));
    let verified = run(data, &["log", "verify", "--json"])?;
    assert_eq!(verified.status.code(), Some(1));
    let text = String::from_utf8(verified.stdout)?;
    let broken: Vec<serde_json::Value> = text
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<Vec<serde_json::Value>, _>>()?
        .into_iter()
        .filter(|log| log["sound"] == false)
        .collect();
    assert_eq!(broken.len(), 1, "{text}");
    assert!(broken[0]["context"] == "ordering" && broken[0]["finding"].to_string().contains('1'), "{text}");
    Ok(())
}
