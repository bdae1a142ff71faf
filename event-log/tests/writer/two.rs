//! Two processes that write one log.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use event_log::request::WriteError;
use event_log::writer::{Writer, WriterOptions};
use futures_util::future::join_all;
use platform::clock::Clock;
use schemas::Context;

use crate::bench::{Bench, answer, command, count_up, everything, told};

/// Set: this process is one of the two, and here is the log and its own name.
const PART: &str = "CHORALE_TEST_WRITER_OF";
const CALLERS: usize = 32;
const EACH: usize = 5;

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_with_64_callers_on_one_hot_stream_lose_and_double_nothing() {
    if !is_part().await {
        let name = "two::two_processes_with_64_callers_on_one_hot_stream_lose_and_double_nothing";
        two_lose_and_double_nothing(&Bench::new(), name).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_on_one_hot_stream_in_postgresql_lose_and_double_nothing() {
    if !is_part().await {
        let name = "two::two_processes_on_one_hot_stream_in_postgresql_lose_and_double_nothing";
        two_lose_and_double_nothing(&Bench::on_postgres().await, name).await;
    }
}

/// Does the work of one of the two, if this process is one.
async fn is_part() -> bool {
    let part = std::env::var(PART);
    if let Ok(part) = &part {
        let (name, url) = part.split_once(' ').unwrap();
        write(url, name).await;
    }
    part.is_ok()
}

async fn two_lose_and_double_nothing(bench: &Bench, name: &str) {
    let log = bench.log().await;
    let processes = ["one", "other"].map(|part| {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(PART, format!("{part} {}", bench.url()))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    });
    let mut numbers = BTreeSet::new();
    for process in processes {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        let told = text.lines().filter_map(|line| line.strip_prefix("told ")?.parse::<u64>().ok());
        numbers.extend(told);
    }
    let all = 2 * CALLERS * EACH;
    assert!(numbers.into_iter().eq(1..=all as u64), "every acknowledged number is there, each once");
    assert!(told(log.as_ref(), "hot").await.into_iter().eq(1..=all as u64));
    let positions: Vec<u64> =
        everything(log.as_ref()).await.iter().map(|event| event.envelope.position).collect();
    assert!(positions.into_iter().eq(1..=all as u64));
}

/// One of the two: callers that each ask several times, and repeat under the same id when the log is too contended.
async fn write(url: &str, name: &str) {
    let log = event_log::connect(url, Context::Ordering).await.unwrap();
    let (writer, _) = Writer::start(log, Clock::system(), WriterOptions::default());
    let calls = (0..CALLERS).map(|caller| {
        let writer = writer.clone();
        async move {
            let mut told = Vec::new();
            for turn in 0..EACH {
                let key = format!("{name}-{caller}-{turn}");
                let outcome = loop {
                    match writer.submit(command(&key, "count", count_up("hot"))).await {
                        Err(WriteError::Contended) => {}
                        outcome => break outcome.unwrap(),
                    }
                };
                told.push(answer(&outcome).unwrap());
            }
            told
        }
    });
    // The harness may print something of its own first: a line of ours begins at the beginning.
    println!();
    for number in join_all(calls).await.into_iter().flatten() {
        println!("told {number}");
    }
}
