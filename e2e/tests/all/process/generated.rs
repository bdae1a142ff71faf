//! Requests that were generated from the contract, against the real program.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::clients::until_for_sale;
use e2e::clients::python;
use e2e::program::{Program, SOON};

/// Generated requests per operation and phase. With more than 10, every keyword of the contract is covered as well.
const EXAMPLES: &str = if cfg!(feature = "long") { "20" } else { "2" };

#[tokio::test(flavor = "multi_thread")]
async fn generated_requests_get_the_answers_of_the_contract_and_a_third_of_the_valid_ones_is_accepted()
-> Result<()> {
    let data = tempfile::tempdir()?;
    let shop = Program::start(data.path(), &[])?;
    tokio::time::timeout(SOON, until_for_sale(&shop)).await.context("TEA-100 was never in stock")??;
    let (shoppers, staff) = shop.addresses();
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let output = Command::new(python()?)
        .arg(checkout.join("e2e/python/generated.py"))
        .arg(&checkout)
        .args([shoppers, staff, EXAMPLES])
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    println!("{said}");
    shop.leave()
}
