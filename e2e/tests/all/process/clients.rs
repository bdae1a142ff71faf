//! The client libraries that shops use, against the real program.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use e2e::clients::{node, python};
use e2e::program::{Program, SOON};

/// Waits until the documents have followed the events of the catalogue.
pub(super) async fn until_for_sale(shop: &Program) -> Result<()> {
    while shop.ask("{ stock(sku: \"TEA-100\") { level } }").await?["stock"]["level"] != "IN_STOCK" {
        tokio::task::yield_now().await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_libraries_of_shops_work_and_the_audit_of_graphql_over_http_passes() -> Result<()> {
    let data = tempfile::tempdir()?;
    let checks = Path::new(env!("CARGO_MANIFEST_DIR")).join("node");
    let manifest = checks.join("manifest.json");
    let manifest = manifest.to_str().context("the path of the checkout is not UTF-8")?;
    let shop = Program::start(
        data.path(),
        &["--persisted-query-manifest", manifest, "--origins", "https://shop.example"],
    )?;
    tokio::time::timeout(SOON, until_for_sale(&shop)).await.context("TEA-100 was never in stock")??;
    let (shoppers, staff) = shop.addresses();
    let python = python()?;
    // The examples come first: they are for a new shop.
    for script in ["examples.py", "order.py"] {
        let output = Command::new(&python)
            .arg(checks.with_file_name("python").join(script))
            .arg(checks.join("../.."))
            .args([shoppers, staff])
            .output()?;
        ensure!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let output = Command::new(node()?)
        .args(["--test", "--test-reporter=spec"])
        .current_dir(&checks)
        .env("CHORALE_CHECK_SHOPPERS", shoppers)
        .env("CHORALE_CHECK_STAFF", staff)
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    // No file of checks was overlooked.
    let passed = said.lines().find_map(|line| line.strip_prefix("ℹ pass ")).context("no summary")?;
    ensure!(passed.trim().parse::<usize>()? >= 36, "{said}");
    shop.leave()
}
