//! `chorale parked`: reactions that could not be carried out, and trying them again.

use std::io::Write;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use domain::reaction::RedriveReaction;
use event_log::port::{Log, ParkedRecord, Parking};
use event_log::request::{Origin, Request, Verdict};
use event_log::writer::{Writer, WriterOptions};
use platform::clock::Clock;
use schemas::{Actor, CommandId, StreamId};
use serde_json::json;

use super::Look;
use crate::table;

/// More than anybody will look at.
const ALL: usize = 100_000;

/// Lists what waits.
pub async fn list(look: &Look, as_json: bool, out: &mut impl Write) -> Result<()> {
    let mut rows = Vec::new();
    for log in &look.logs {
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
                    "waits behind an earlier one".to_owned()
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
        "\nWhen the cause is mended: chorale parked redrive REACTOR STREAM, or chorale parked redrive --all"
    )?;
    Ok(())
}

/// Asks for parked streams to be tried again: one of one reactor, or all. The running shop does the work; one that does not
/// run does it when it starts.
pub async fn redrive(look: &Look, which: Option<(&str, &str)>, out: &mut impl Write) -> Result<()> {
    look.place.require_here()?;
    let mut asked = 0;
    for log in &look.logs {
        let waiting = log.parked(which.map(|(reactor, _)| reactor), ALL).await?;
        let mut streams: Vec<(String, StreamId)> = waiting.into_iter().map(key).collect();
        streams.dedup();
        streams.retain(|(_, stream)| which.is_none_or(|(_, wanted)| stream.as_str() == wanted));
        if streams.is_empty() {
            continue;
        }
        // A writer of its own, for a moment: the log lets several processes write, and the running shop notices.
        let own = event_log::connect(&look.place.log(log.context()), log.context()).await?;
        asked += redrive_all(own, streams).await?;
    }
    look.place.require_here()?;
    if asked == 0 {
        bail!("nothing of that is parked; `chorale parked list` shows what is");
    }
    writeln!(
        out,
        "{asked} asked for. A running shop tries at once; otherwise it happens at the next start."
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
        let command = CommandId::derived(&["redrive", &reactor, source.as_str(), &position.to_string()]);
        let request = Request {
            command,
            origin: Origin::Inner,
            decision: Arc::new(RedriveReaction { reactor: reactor.clone(), source: source.clone() }),
            actor: Actor::staff("operator"),
            correlation: command.uuid(),
            causation: command.uuid(),
            traceparent: None,
            expected: Vec::new(),
            parking: vec![Parking::Redrive { reactor, source }],
        };
        let outcome = writer.submit(request).await?;
        if let Verdict::Refused { refusal } = outcome.verdict {
            bail!("{refusal}");
        }
    }
    drop(writer);
    task.await.context("the writer ended badly")?;
    Ok(asked)
}
