//! A shop that an earlier version of the program left (`e2e/shops`) is opened by this one.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use chorale::shop::{Shop, ShopOptions};
use chorale::shop_properties::Want;
use serde_json::{Value, json};

use e2e::clients::python;
use e2e::program::{Program, SOON, basket, objects, printed, run};

const EVENTS: u64 = 232;
/// The orders, and the statuses that they may have: that of the moment when the shop was closed, and what follows from deadlines
/// that have passed since then and from late answers of the payment provider.
const ORDERS: [(&str, &[&str]); 16] = [
    ("10-000001", &["DELIVERED", "COMPLETED"]),
    ("10-000002", &["STOCK_CONFIRMED", "EXPIRED"]),
    ("10-000003", &["CANCELLED"]),
    ("10-000006", &["CONFIRMED"]),
    ("10-000008", &["CONFIRMED"]),
    ("10-000012", &["STOCK_CONFIRMED", "EXPIRED", "CONFIRMED"]),
    ("10-000014", &["CONFIRMED"]),
    ("10-000016", &["SHIPPED"]),
    ("10-000019", &["SHIPPED"]),
    ("10-000023", &["REJECTED"]),
    ("10-000027", &["CANCELLED"]),
    ("10-000028", &["CONFIRMED"]),
    ("10-000030", &["SHIPPED"]),
    ("10-000032", &["SHIPPED"]),
    ("10-000035", &["CONFIRMED"]),
    ("10-000036", &["CONFIRMED"]),
];

/// Fields of documents that the earlier program did not have.
const NEW_FIELDS: [&str; 1] = ["levelPosition"];

/// Unpacks the archive. Answers the data directory.
fn unpacked(folder: &Path) -> Result<PathBuf> {
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join("shops/2026-11-22.tar.xz");
    let unpack = "import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])";
    let status = Command::new(python()?).args(["-c", unpack]).arg(archive).arg(folder).status()?;
    ensure!(status.success(), "the archive cannot be unpacked");
    Ok(folder.join("old"))
}

fn events(data: &Path) -> Result<u64> {
    let logs = objects(data, &["log", "verify"])?;
    ensure!(logs.iter().all(|log| log["sound"] == true), "{logs:?}");
    Ok(logs.iter().filter_map(|log| log["events"].as_u64()).sum())
}

/// Rebuilds a projection. Its documents differ from those of the earlier program at most in fields that are new.
fn rebuild(data: &Path, name: &str) -> Result<()> {
    let rebuild = ["projections", "rebuild", name];
    // It exits with 1 if a document differs.
    let compared = run(data, &[&rebuild[..], &["--compare-only", "--json"]].concat())?;
    let compared: Value =
        serde_json::from_slice(&compared.stdout).with_context(|| format!("{name}: {compared:?}"))?;
    for difference in compared["fields"].as_array().into_iter().flatten() {
        let field = difference["field"].as_str().context("a field")?;
        ensure!(NEW_FIELDS.iter().any(|new| field.ends_with(new)), "{name}: {compared}");
    }
    printed(data, &[&rebuild[..], &["--accept-differences"]].concat())?;
    printed(data, &["projections", "verify", name]).map(drop)
}

/// The first order as it was placed.
fn first_order() -> Value {
    let mut order = basket("TEA-1", "ann@example.com");
    order["lines"][0]["quantity"] = json!(2);
    order["shippingAddress"] = json!({
        "name": "Ann Guest", "lines": ["1 Harbour Road"], "postalCode": "10115", "city": "Berlin", "country": "DE",
    });
    order
}

/// What the earlier program knew is still known, and the shop goes on.
async fn goes_on(shop: &Program) -> Result<()> {
    let (status, answer) = shop.shopper("/v1/orders", "order-1", first_order()).await?;
    ensure!(status == 201 && answer["orderNumber"] == "10-000001", "not the first answer: {status} {answer}");
    let token = answer["guestToken"].as_str().context("no guest token")?;
    let own = format!(
        "{{ order(by: {{ number: \"10-000001\" }}, guestToken: {token:?}) {{ totals {{ grand {{ minor }} }} }} }}"
    );
    let (status, seen) = shop.shopper("/graphql", "none", json!({ "query": own })).await?;
    ensure!(status == 200 && seen["data"]["order"]["totals"]["grand"]["minor"] == "3070", "{status}: {seen}");
    for (number, statuses) in ORDERS {
        let query = format!("{{ order(by: {{ number: {number:?} }}) {{ status email }} }}");
        let order = shop.ask(&query).await?["order"].clone();
        ensure!(order["email"] == "ann@example.com", "{number}: {order}");
        let status = order["status"].as_str().context("a status")?;
        ensure!(statuses.contains(&status), "{number}: {order}");
    }
    // Its payment was due a quarter of an hour after it was placed. The outcome that was unknown is asked for again.
    shop.until_order("10-000002", &["EXPIRED"]).await?;
    shop.until_order("10-000012", &["EXPIRED", "CONFIRMED"]).await?;
    let (_, number) = shop.order("new", "TEA-1", "bob@example.com").await?;
    shop.until_order(&number, &["CONFIRMED"]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_of_an_earlier_version_is_opened_goes_on_and_rebuilds_everything_alike() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = tokio::task::block_in_place(|| unpacked(folder.path()))?;
    let shop = Program::start(&data, &["--no-seed"])?;
    tokio::time::timeout(SOON, goes_on(&shop)).await.context("the shop does not go on")??;
    shop.leave()?;
    tokio::task::block_in_place(|| {
        let now = events(&data)?;
        ensure!(now > EVENTS, "{now} events");
        let projections = objects(&data, &["projections"])?;
        ensure!(projections.len() >= 16, "{projections:?}");
        for projection in projections {
            rebuild(&data, projection["name"].as_str().context("a name")?)?;
        }
        ensure!(objects(&data, &["parked", "list"])?.is_empty(), "something is parked");
        anyhow::Ok(())
    })?;
    let shop = Shop::open(&data, ShopOptions { want: Want::Any, ..ShopOptions::default() }).await?;
    let invariants = chorale::invariants::check(&shop, |_| {}).await?;
    shop.close().await?;
    for invariant in invariants {
        ensure!(invariant.holds, "{}: {}", invariant.name, invariant.detail);
    }
    Ok(())
}
