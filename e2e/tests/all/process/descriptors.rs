//! A process that may open few files and sockets, and clients that hold as many as they can.

use std::net::TcpStream;

use anyhow::{Context as _, Result, ensure};

use e2e::program::{Program, run};

/// As few as the stores of a shop on files get along with.
const DESCRIPTORS: u32 = 300;

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_hold_connections_leave_the_stores_the_descriptors_that_they_need() -> Result<()> {
    let data = tempfile::tempdir()?;
    let mut shop = Program::start_with_descriptors(DESCRIPTORS, data.path())?;
    ensure!(shop.heard.iter().any(|line| line.contains("may open few files")), "{:#?}", shop.heard);
    let (shoppers, staff) = shop.addresses();
    let mut held = Vec::new();
    for address in [shoppers, staff] {
        for _ in 0..DESCRIPTORS {
            held.push(TcpStream::connect(address).context("not even the system accepts it")?);
        }
    }
    for number in 0..5 {
        let (_, number) = shop.order(&format!("order-{number}"), "TEA-100", "one@example.com").await?;
        shop.until_order(&number, &["CONFIRMED"]).await?;
    }
    let (_, metrics) = shop.page(true, "/metrics").await?;
    let sample =
        |name: &str| metrics.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u32>().ok());
    let open = sample("process_open_fds ").context("no descriptors are counted")?;
    ensure!(open < DESCRIPTORS, "{open} descriptors are in use");
    let displaced = "http_server_closed_connections_total{address=\"shoppers\",reason=\"displaced\"}";
    ensure!(sample(displaced) > Some(100), "{metrics}");
    ensure!(!metrics.contains("http_server_refused_connections_total{"), "{metrics}");
    ensure!(shop.lives()?, "it has ended");
    drop(held);
    shop.leave()
}

#[test]
fn more_connections_than_there_are_descriptors_for_are_refused_at_the_start() -> Result<()> {
    let data = tempfile::tempdir()?;
    let refused = run(data.path(), &["--max-connections", "4294967295"])?;
    let problem = String::from_utf8(refused.stderr)?;
    ensure!(
        refused.status.code() == Some(1) && problem.contains("ulimit -Hn"),
        "{}: {problem}",
        refused.status
    );
    Ok(())
}
