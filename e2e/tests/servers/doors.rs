//! One key at two command APIs at once.

use anyhow::{Context as _, Result, ensure};
use futures_util::future::try_join_all;
use serde_json::Value;

use crate::town::Town;
use e2e::program::{Program, SOON, basket};

const KEY: &str = "at-two-doors";
const TIMES: usize = 100;

/// A hundred of the same, half of them at each of two processes, are one order and get one answer; anything else under
/// that key is refused.
pub async fn one_key_is_one_order(town: &Town) -> Result<()> {
    // So that prices are known.
    town.settled().await?;
    let args = town.args(&["command-api"])?;
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let another = Program::start(town.folder(), &args)?;
    let doors = [town.commands()?, format!("http://{}", another.doors().0)];
    let client = reqwest::Client::builder().timeout(SOON).build()?;
    let ask = async |door: &str, body: Value| {
        let asked = client.post(format!("{door}/v1/orders")).header("Idempotency-Key", KEY);
        let answer = asked.json(&body).send().await?;
        anyhow::Ok((answer.status().as_u16(), answer.json::<Value>().await?))
    };
    let same = (0..TIMES).map(|time| ask(&doors[time % 2], basket("TEA-100", "one@example.com")));
    let answers = try_join_all(same).await?;
    let (_, first) = answers.first().context("nobody was asked")?;
    let order = first["orderId"].as_str().with_context(|| format!("no order: {first}"))?;
    for (status, answer) in &answers {
        ensure!(*status == 201 && answer == first, "{status}: {answer}, and first {first}");
    }
    for door in &doors {
        let (status, answer) = ask(door, basket("TEA-110", "one@example.com")).await?;
        ensure!(status == 409 && answer["code"] == "IDEMPOTENCY_KEY_REUSED", "{status}: {answer}");
    }
    tokio::task::block_in_place(|| another.leave())?;
    town.settled().await?;
    let stream = format!("order-{order}");
    let read = ["topics", "read", "order", "--type", "OrderPlaced", "--key", &stream];
    let placed = town.objects(&read)?;
    ensure!(placed.len() == 1, "{stream} was placed {} times", placed.len());
    Ok(())
}
