//! One idempotency key, used at two command APIs at once.

use anyhow::{Context as _, Result, ensure};
use futures_util::future::try_join_all;
use serde_json::Value;

use crate::deployment::Deployment;
use e2e::program::{Program, SOON, basket};

const KEY: &str = "at-two-addresses";
const TIMES: usize = 100;

/// A hundred equal requests, half of them to each of two processes, place one order and get one answer. Another
/// request with that key is refused.
pub async fn one_key_is_one_order(deployment: &Deployment) -> Result<()> {
    // Wait until ordering knows the prices.
    deployment.settled().await?;
    let args = deployment.args(&["command-api"])?;
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let another = Program::start(deployment.folder(), &args)?;
    let addresses = [deployment.commands()?, format!("http://{}", another.addresses().0)];
    let client = reqwest::Client::builder().timeout(SOON).build()?;
    let ask = async |address: &str, body: Value| {
        let asked = client.post(format!("{address}/v1/orders")).header("Idempotency-Key", KEY);
        let answer = asked.json(&body).send().await?;
        anyhow::Ok((answer.status().as_u16(), answer.json::<Value>().await?))
    };
    let same = (0..TIMES).map(|time| ask(&addresses[time % 2], basket("TEA-100", "one@example.com")));
    let answers = try_join_all(same).await?;
    let (_, first) = answers.first().context("no request was sent")?;
    let order = first["orderId"].as_str().with_context(|| format!("no order: {first}"))?;
    for (status, answer) in &answers {
        ensure!(*status == 201 && answer == first, "{status}: {answer}, and first {first}");
    }
    for address in &addresses {
        let (status, answer) = ask(address, basket("TEA-110", "one@example.com")).await?;
        ensure!(status == 409 && answer["code"] == "IDEMPOTENCY_KEY_REUSED", "{status}: {answer}");
    }
    tokio::task::block_in_place(|| another.leave())?;
    deployment.settled().await?;
    let stream = format!("order-{order}");
    let read = ["topics", "read", "order", "--type", "OrderPlaced", "--key", &stream];
    let placed = deployment.objects(&read)?;
    ensure!(placed.len() == 1, "{stream} was placed {} times", placed.len());
    Ok(())
}
