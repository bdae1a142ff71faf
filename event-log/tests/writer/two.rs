//! Two processes that write one log.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use event_log::request::WriteError;
use event_log::writer::{Writer, WriterOptions};
use futures_util::future::join_all;
use platform::clock::Clock;
use schemas::Context;

use crate::harness::{Harness, answer, command, count_up, everything, numbers};

/// Set in each of the two processes: its name and the address of the log.
const PART: &str = "CHORALE_TEST_WRITER_OF";
const CALLERS: usize = 32;
const EACH: usize = 5;

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_with_64_callers_on_one_hot_stream_lose_and_duplicate_nothing() {
    if !is_part().await {
        let name = "two::two_processes_with_64_callers_on_one_hot_stream_lose_and_duplicate_nothing";
        two_lose_and_duplicate_nothing(&Harness::new(), name).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_on_one_hot_stream_in_postgresql_lose_and_duplicate_nothing() {
    if !is_part().await {
        let name = "two::two_processes_on_one_hot_stream_in_postgresql_lose_and_duplicate_nothing";
        two_lose_and_duplicate_nothing(&Harness::on_postgres().await, name).await;
    }
}

/// Does the work of one of the two processes, if this is one.
async fn is_part() -> bool {
    let part = std::env::var(PART);
    if let Ok(part) = &part {
        let (name, url) = part.split_once(' ').unwrap();
        write(url, name).await;
    }
    part.is_ok()
}

async fn two_lose_and_duplicate_nothing(harness: &Harness, name: &str) {
    let log = harness.log().await;
    let processes = ["one", "other"].map(|part| {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(PART, format!("{part} {}", harness.url()))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    });
    let mut answered = BTreeSet::new();
    for process in processes {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        let acknowledged = text.lines().filter_map(|line| line.strip_prefix("number ")?.parse::<u64>().ok());
        answered.extend(acknowledged);
    }
    let all = 2 * CALLERS * EACH;
    assert!(answered.into_iter().eq(1..=all as u64), "every acknowledged number is there once");
    assert!(numbers(log.as_ref(), "hot").await.into_iter().eq(1..=all as u64));
    let positions: Vec<u64> =
        everything(log.as_ref()).await.iter().map(|event| event.envelope.position).collect();
    assert!(positions.into_iter().eq(1..=all as u64));
}

/// Several callers, each with several requests, which they repeat under the same id when the log is too
/// contended.
async fn write(url: &str, name: &str) {
    let log = event_log::connect(url, Context::Ordering).await.unwrap();
    let (writer, _) = Writer::start(log, Clock::system(), WriterOptions::default());
    let calls = (0..CALLERS).map(|caller| {
        let writer = writer.clone();
        async move {
            let mut acknowledged = Vec::new();
            for turn in 0..EACH {
                let key = format!("{name}-{caller}-{turn}");
                let outcome = loop {
                    match writer.submit(command(&key, "count", count_up("hot"))).await {
                        Err(WriteError::Contended) => {}
                        outcome => break outcome.unwrap(),
                    }
                };
                acknowledged.push(answer(&outcome).unwrap());
            }
            acknowledged
        }
    });
    // The test runner may have printed the start of a line.
    println!();
    for number in join_all(calls).await.into_iter().flatten() {
        println!("number {number}");
    }
}
