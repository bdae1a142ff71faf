//! A backup of the logs, restored beside topics that have seen more.

use anyhow::{Context as _, Result, ensure};

use crate::town::Town;
use e2e::program::{SOON, basket, run};

async fn order(town: &Town, key: &str) -> Result<()> {
    let client = reqwest::Client::builder().timeout(SOON).build()?;
    let asked = client.post(format!("{}/v1/orders", town.commands()?)).header("Idempotency-Key", key);
    let answer = asked.json(&basket("TEA-100", "one@example.com")).send().await?;
    ensure!(answer.status() == 201, "{}: {}", answer.status(), answer.text().await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_restored_beside_newer_topics_is_refused_and_the_topics_stay_as_they_are() -> Result<()> {
    let mut town = Town::new("restore").await?;
    town.open()?;
    order(&town, "before").await?;
    town.settled().await?;
    tokio::task::block_in_place(|| town.close())?;
    town.sql("CREATE DATABASE backup TEMPLATE shop").await?;
    town.open()?;
    order(&town, "after").await?;
    town.settled().await?;
    tokio::task::block_in_place(|| town.close())?;
    let read = ["topics", "read", "order", "--limit", "1000000"];
    let published = town.printed(&read)?;

    town.use_database("backup");
    for role in [&["relay"][..], &["--listen=127.0.0.1:0", "--staff-listen=127.0.0.1:0"]] {
        let args = town.args(role)?;
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let ended = tokio::task::block_in_place(|| run(town.folder(), &args))?;
        let told = String::from_utf8(ended.stderr).context("not text")?;
        ensure!(ended.status.code() == Some(1), "{role:?} ended with {}: {told}", ended.status);
        ensure!(told.contains("has been restored to an earlier moment, or cut off"), "{told}");
        ensure!(!told.contains("panicked"), "{told}");
    }
    // The auditor's road to the same: the heads that were signed know more than this log.
    let args = town.args(&["log", "verify"])?;
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let ended = tokio::task::block_in_place(|| run(town.folder(), &args))?;
    let told = String::from_utf8(ended.stdout).context("not text")?;
    ensure!(ended.status.code() == Some(1), "log verify ended with {}: {told}", ended.status);
    ensure!(told.contains("BROKEN: position") && told.contains("signed at"), "{told}");
    town.use_database("shop");
    ensure!(town.printed(&read)? == published, "the topics have changed");
    town.is_sound().await
}
