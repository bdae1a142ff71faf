//! Outputs that are closed or cannot be written.

use std::fs::OpenOptions;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use e2e::SOON;
use e2e::program::{basket, objects, printed, run, run_with_closed_output, spawn};
use reqwest::Client;

/// Starts a shop with these ends of its output, places an order, and stops it.
async fn sells_and_stops(stdout: Stdio, stderr: Stdio) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (public, staff) = (free_address()?, free_address()?);
    let args = ["--listen", &public, "--staff-listen", &staff];
    let mut shop = spawn(folder.path(), &args, stdout, stderr)?;
    let client = Client::builder().timeout(SOON).build()?;
    let sells = async {
        let ready = format!("http://{public}/readyz");
        while !client.get(&ready).send().await.is_ok_and(|answer| answer.status().is_success()) {
            tokio::task::yield_now().await;
        }
        let order = client.post(format!("http://{public}/v1/orders")).header("Idempotency-Key", "unread");
        let answer = order.json(&basket("TEA-100", "unread@example.com")).send().await?;
        let status = answer.status();
        ensure!(status == 201, "{status}: {}", answer.text().await?);
        anyhow::Ok(())
    };
    let sold = tokio::time::timeout(SOON, sells).await.context("the shop does not answer");
    Command::new("kill").args(["-TERM", &shop.id().to_string()]).status()?;
    let status = tokio::task::block_in_place(|| shop.wait())?;
    sold??;
    ensure!(status.success(), "it exited with {status}");
    Ok(())
}

/// An address that is free now.
fn free_address() -> Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

fn closed() -> Result<Stdio> {
    let (reader, writer) = std::io::pipe()?;
    drop(reader);
    Ok(writer.into())
}

fn full() -> Result<Stdio> {
    Ok(OpenOptions::new().write(true).open("/dev/full")?.into())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_whose_output_is_closed_sells_and_stops_in_good_order() -> Result<()> {
    sells_and_stops(closed()?, closed()?).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_whose_output_cannot_be_written_sells_and_stops_in_good_order() -> Result<()> {
    sells_and_stops(full()?, full()?).await
}

#[tokio::test(flavor = "multi_thread")]
async fn only_commands_that_show_something_succeed_without_their_output() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path();
    let shop = e2e::program::Program::start(data, &[])?;
    // Enough records for more than one write.
    ensure!(run_with_closed_output(data, &["topics", "read", "stock", "--limit", "500"])?.success());
    ensure!(run_with_closed_output(data, &["projections", "rebuild", "products"])?.success());
    let rebuilt = objects(data, &["projections"])?;
    ensure!(rebuilt.iter().any(|one| one["name"] == "products" && one["generation"] == 2), "{rebuilt:?}");
    shop.leave()?;
    // The answer is the exit code.
    ensure!(run_with_closed_output(data, &["health", "http://127.0.0.1:1"])?.code() == Some(1));
    cannot_be_written(data)
}

fn cannot_be_written(data: &Path) -> Result<()> {
    let verified = spawn(data, &["log", "verify"], full()?, Stdio::piped())?.wait_with_output()?;
    let said = String::from_utf8(verified.stderr)?;
    ensure!(verified.status.code() == Some(1) && said.contains("standard output"), "{said}");
    // Nothing is hidden: there is more to read, and how.
    let read = run(data, &["topics", "read", "stock"])?;
    let said = String::from_utf8(read.stderr)?;
    ensure!(said.contains("--limit") && said.contains("--from"), "{said}");
    let followed = printed(data, &["topics", "read", "stock", "--follow", "--limit", "3"])?;
    ensure!(followed.lines().count() == 3, "{followed}");
    Ok(())
}
