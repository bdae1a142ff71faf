//! `chorale parked`: lists reactions that a reactor has given up on, and redrives them.

use std::io::Write;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use event_log::port::{Log, ParkedRecord};
use event_log::request::Verdict;
use event_log::writer::{Writer, WriterOptions};
use platform::clock::Clock;
use reactors::runner::redrive_request;
use schemas::StreamId;
use serde_json::json;

use super::ReadOnlyShop;
use crate::table;

/// The most events that are listed.
const ALL: usize = 100_000;

/// Lists the parked events.
pub async fn list(shop: &ReadOnlyShop, as_json: bool, out: &mut impl Write) -> Result<()> {
    let mut rows = Vec::new();
    for log in &shop.logs {
        for record in log.parked(None, ALL).await? {
            let envelope = &record.envelope;
            if as_json {
                table::json(
                    out,
                    &json!({
                        "reactor": record.reactor, "stream": envelope.stream, "version": envelope.version,
                        "type": envelope.full_type(), "error": record.error, "redrive": record.redrive,
                    }),
                )?;
            }
            rows.push(vec![
                record.reactor.clone(),
                envelope.token(),
                envelope.name.clone(),
                if record.error.is_empty() {
                    "waits for an earlier event".to_owned()
                } else {
                    record.error.clone()
                },
            ]);
        }
    }
    if as_json {
        return Ok(());
    }
    if rows.is_empty() {
        writeln!(out, "Nothing is parked.")?;
        return Ok(());
    }
    table::print(out, &["reactor", "event", "type", "problem"], &rows)?;
    writeln!(
        out,
        "\nAfter fixing the cause: chorale parked redrive REACTOR STREAM, or chorale parked redrive --all"
    )?;
    Ok(())
}

/// Requests a redrive of one parked stream of one reactor, or of all. The running shop does the work; a stopped one does it
/// when it starts.
pub async fn redrive(shop: &ReadOnlyShop, which: Option<(&str, &str)>, out: &mut impl Write) -> Result<()> {
    shop.locations.require_here()?;
    let mut asked = 0;
    for log in &shop.logs {
        let waiting = log.parked(which.map(|(reactor, _)| reactor), ALL).await?;
        let mut streams: Vec<(String, StreamId)> = waiting.into_iter().map(key).collect();
        streams.dedup();
        streams.retain(|(_, stream)| which.is_none_or(|(_, wanted)| stream.as_str() == wanted));
        if streams.is_empty() {
            continue;
        }
        // A short-lived writer: several processes may write to the log, and the running shop notices.
        let own = event_log::connect(&shop.locations.log(log.context()), log.context()).await?;
        asked += redrive_all(own, streams).await?;
    }
    shop.locations.require_here()?;
    if asked == 0 {
        bail!("no such stream is parked; `chorale parked list` shows the parked ones");
    }
    writeln!(
        out,
        "{asked} redrives requested. A running shop handles them at once, a stopped one when it starts."
    )?;
    Ok(())
}

fn key(record: ParkedRecord) -> (String, StreamId) {
    (record.reactor, record.envelope.stream)
}

async fn redrive_all(log: Arc<dyn Log>, streams: Vec<(String, StreamId)>) -> Result<usize> {
    let position = log.head().await?.position;
    let (writer, task) = Writer::start(log, Clock::system(), WriterOptions::default());
    let asked = streams.len();
    for (reactor, source) in streams {
        let outcome = writer.submit(redrive_request(reactor, source, position)).await?;
        if let Verdict::Refused { refusal } = outcome.verdict {
            bail!("{refusal}");
        }
    }
    drop(writer);
    task.await.context("the writer failed")?;
    Ok(asked)
}
