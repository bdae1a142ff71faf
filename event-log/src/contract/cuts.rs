use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join;
use tokio::time::Instant;

use super::draft::Draft;
use super::snapshot::{Snapshot, command, full, nearly_full};
use super::{Broken, Checked, LogUnderTest, ensure};
use crate::port::{Committed, Head, Log, LogError, Wanted};

const COMMITS: usize = 40;
/// Suffix of batches that also park a record.
const PARKS: &str = "-parks";

fn parks(tag: &str) -> bool {
    tag.ends_with(PARKS)
}

pub(super) async fn a_commit_whose_connection_breaks_is_complete_or_absent(
    logs: &dyn LogUnderTest,
) -> Checked {
    let log = logs.open().await?;
    let over = AtomicBool::new(false);
    let commits = async {
        let committed = commit_repeatedly(logs, &*log).await;
        over.store(true, Ordering::SeqCst);
        committed
    };
    let cuts = async {
        while !over.load(Ordering::SeqCst) {
            logs.cut().await;
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    };
    let (tags, ()) = join(commits, cuts).await;
    let tags = tags?;
    let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
    // The last cut may have ended a connection that was not used since.
    head(logs, &*log).await?;
    let parked = tags.iter().filter(|tag| parks(tag)).count();
    Snapshot::of(&*log, &tags).await?.is_full_with(tags.len(), parked)?;
    crate::verify::verify(&*log, None, |_| {})
        .await
        .map(drop)
        .map_err(|finding| format!("after the cuts: {finding}").into())
}

/// Commits repeatedly, and returns the tags of the batches that are in the log.
async fn commit_repeatedly(logs: &dyn LogUnderTest, log: &dyn Log) -> Result<Vec<String>, Broken> {
    let mut there = Vec::new();
    for number in 0..COMMITS {
        let tag = format!("cut-{number}{}", if number % 2 == 0 { PARKS } else { "" });
        let base = head(logs, log).await?;
        let filled = if parks(&tag) { full } else { nearly_full };
        let answer = filled(Draft::on(log.context(), base), &tag).commit(log).await;
        let is_there = is_there(logs, log, &tag).await?;
        match answer {
            Ok(Committed::Done(_)) => ensure(is_there, "an acknowledged batch is missing")?,
            Err(LogError::Unavailable(..)) => {}
            answer => {
                return Err(format!("a commit whose connection was cut returned {answer:?}").into());
            }
        }
        if is_there {
            there.push(tag);
        }
    }
    Ok(there)
}

/// Whether the batch called `tag` was committed. A successful commit on the current head makes sure that no
/// earlier one can still go through.
async fn is_there(logs: &dyn LogUnderTest, log: &dyn Log, tag: &str) -> Result<bool, Broken> {
    let until = Instant::now() + logs.soon();
    let wanted = Wanted { commands: vec![command(tag)], ..Wanted::default() };
    loop {
        let asked = match Draft::on(log.context(), head(logs, log).await?).commit(log).await {
            Ok(Committed::Done(_)) => log.facts(&wanted).await,
            Ok(Committed::Moved(_)) => continue,
            Err(error) => Err(error),
        };
        match asked {
            Err(LogError::Unavailable(..)) if Instant::now() < until => tokio::task::yield_now().await,
            asked => return Ok(!asked?.1.ledger.is_empty()),
        }
    }
}

/// The head, read until the database answers.
async fn head(logs: &dyn LogUnderTest, log: &dyn Log) -> Result<Head, Broken> {
    let until = Instant::now() + logs.soon();
    loop {
        match log.head().await {
            Err(LogError::Unavailable(..)) if Instant::now() < until => tokio::task::yield_now().await,
            head => return Ok(head?),
        }
    }
}
