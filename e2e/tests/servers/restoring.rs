//! A backup of the logs, restored beside topics with later events.

use anyhow::{Context as _, Result, ensure};

use crate::deployment::Deployment;
use e2e::program::{SOON, basket, run};

async fn order(deployment: &Deployment, key: &str) -> Result<()> {
    let client = reqwest::Client::builder().timeout(SOON).build()?;
    let asked = client.post(format!("{}/v1/orders", deployment.commands()?)).header("Idempotency-Key", key);
    let answer = asked.json(&basket("TEA-100", "one@example.com")).send().await?;
    ensure!(answer.status() == 201, "{}: {}", answer.status(), answer.text().await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_restored_beside_newer_topics_is_refused_and_the_topics_stay_as_they_are() -> Result<()> {
    let mut deployment = Deployment::new("restore").await?;
    deployment.open()?;
    order(&deployment, "before").await?;
    deployment.settled().await?;
    tokio::task::block_in_place(|| deployment.close())?;
    deployment.sql("CREATE DATABASE backup TEMPLATE shop").await?;
    deployment.open()?;
    order(&deployment, "after").await?;
    deployment.settled().await?;
    tokio::task::block_in_place(|| deployment.close())?;
    let read = ["topics", "read", "order", "--limit", "1000000"];
    let published = deployment.printed(&read)?;

    deployment.use_database("backup");
    for role in [&["relay"][..], &["--listen=127.0.0.1:0", "--staff-listen=127.0.0.1:0"]] {
        let args = deployment.args(role)?;
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let ended = tokio::task::block_in_place(|| run(deployment.folder(), &args))?;
        let output_text = String::from_utf8(ended.stderr).context("not text")?;
        ensure!(ended.status.code() == Some(1), "{role:?} ended with {}: {output_text}", ended.status);
        ensure!(output_text.contains("has been restored to an earlier moment, or cut off"), "{output_text}");
        ensure!(!output_text.contains("panicked"), "{output_text}");
    }
    // Auditors find it, too: the signed heads are ahead of this log.
    let args = deployment.args(&["log", "verify"])?;
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let ended = tokio::task::block_in_place(|| run(deployment.folder(), &args))?;
    let output_text = String::from_utf8(ended.stdout).context("not text")?;
    ensure!(ended.status.code() == Some(1), "log verify ended with {}: {output_text}", ended.status);
    ensure!(output_text.contains("BROKEN: position") && output_text.contains("signed at"), "{output_text}");
    deployment.use_database("shop");
    ensure!(deployment.printed(&read)? == published, "the topics have changed");
    deployment.is_sound().await
}
