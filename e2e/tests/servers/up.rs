//! `chorale up`: each role in a process of its own.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use chorale::health;
use chorale::up::{self, Process};
use e2e::program::{Program, SOON, run};
use platform::postgres::scratch::Scratch;
use serde_json::Value;

const ROLES: [&str; 5] = ["command-api", "projectors", "query-api", "reactors", "relay"];

/// Processes by `chorale status`, and whether it exits with 0.
fn processes(data: &Path, stores: &[&str]) -> Result<(Vec<Value>, bool)> {
    let output = run(data, &[stores, &["status", "--json"]].concat())?;
    let text = String::from_utf8(output.stdout)?;
    let lines = text.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
    let processes = lines.into_iter().filter(|line| line["process"].is_string()).collect();
    Ok((processes, output.status.success()))
}

/// Waits until every role is ready, and the process of `reactors` is not `other`.
async fn ready(data: &Path, other: Option<u32>) -> Result<BTreeMap<String, Process>> {
    let all_ready = async {
        loop {
            let processes = up::processes(data)?;
            let mut ready = processes.len() == ROLES.len();
            for process in processes.values() {
                ready &= match &process.url {
                    Some(url) => health::ready(url).await.is_ok_and(|(ready, _)| ready),
                    None => false,
                };
            }
            if ready && processes.get("reactors").map(|process| process.pid) != other {
                return anyhow::Ok(processes);
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, all_ready).await.context("not all roles became ready")?
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_has_a_process_and_a_killed_one_is_started_again() -> Result<()> {
    let (data, there) = (tempfile::tempdir()?, Scratch::new().await?);
    let kafka = std::env::var("CHORALE_TEST_KAFKA").context("CHORALE_TEST_KAFKA names no server")?;
    let stores = [
        format!("--event-log={}", there.url()),
        format!("--vault={}", there.url()),
        format!("--bus=kafka://{kafka}?prefix=up-{}.", std::process::id()),
    ];
    let stores: Vec<&str> = stores.iter().map(String::as_str).collect();
    let free = ["up", "--query-listen=127.0.0.1:0", "--staff-query-listen=127.0.0.1:0"];
    let mut shop = Program::start(data.path(), &[stores.as_slice(), &free].concat())?;
    let first = ready(data.path(), None).await?;
    ensure!(first.keys().eq(ROLES.iter()), "{first:?}");
    let (listed, success) = processes(data.path(), &stores)?;
    let names: Vec<_> = listed.iter().filter_map(|process| process["process"].as_str()).collect();
    ensure!(success && names == ROLES, "{listed:?}");

    let another = run(data.path(), &[stores.as_slice(), &free].concat())?;
    let refused = String::from_utf8(another.stderr)?;
    ensure!(!another.status.success() && refused.contains("already runs on"), "{refused}");

    let killed = first["reactors"].pid;
    ensure!(Command::new("kill").args(["-KILL", &killed.to_string()]).status()?.success(), "not killed");
    shop.until("starting it again")?;
    let second = ready(data.path(), Some(killed)).await?;
    for role in ["command-api", "projectors", "query-api", "relay"] {
        ensure!(second[role].pid == first[role].pid, "{role} was restarted");
    }

    shop.leave()?;
    for process in second.values() {
        let left = Path::new("/proc").join(process.pid.to_string());
        ensure!(!left.exists(), "{process:?} was left behind");
    }
    let (after, _) = processes(data.path(), &stores)?;
    ensure!(after.is_empty(), "{after:?}");
    Ok(())
}
