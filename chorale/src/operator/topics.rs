//! `chorale topics`: the topics with their record counts, and the records themselves.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use platform::bus::{Browse, Record};
use platform::output::note;
use schemas::envelope::Spoken;
use schemas::{Timestamp, Topic};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::ReadOnlyShop;
use crate::table;

/// Read the records of a topic, each once and in order.
#[derive(Args, Debug)]
pub struct ReadArgs {
    /// Topic, in full (chorale.order.v1) or by its middle part (order, stock, ordering.reaction).
    topic: String,
    /// Print only the records with this key, which is a stream such as order-UUID.
    #[arg(long)]
    key: Option<String>,
    /// Print only events of this type, by its name (OrderPlaced) or in full.
    #[arg(long = "type")]
    event_type: Option<String>,
    /// Start at this log position, or at this time, such as 2026-03-01T12:00:00Z. Default: the first record.
    #[arg(long)]
    from: Option<String>,
    /// Largest number of records to print. Default: 100, and no limit with --follow.
    #[arg(long)]
    limit: Option<usize>,
    /// Wait for further records until Ctrl-C, or until --limit is reached.
    #[arg(long)]
    follow: bool,
    /// Print one JSON object per record: topic, partition, offset, key, headers, value.
    #[arg(long)]
    json: bool,
}

/// Records printed without --limit.
const LIMIT: usize = 100;
/// Records read at a time.
const PAGE: usize = 500;
/// How long --follow waits before it reads again.
const PATIENCE: Duration = Duration::from_secs(5);

/// Lists all topics with their counts.
pub async fn list(shop: &ReadOnlyShop, as_json: bool, out: &mut impl Write) -> Result<()> {
    let topics = shop.bus.topics(&Topic::ALL).await?;
    if as_json {
        for info in topics {
            let context = info.topic.context().name();
            table::json(
                out,
                &json!({ "topic": info.topic.name(), "context": context, "records": info.records }),
            )?;
        }
        return Ok(());
    }
    let rows: Vec<Vec<String>> = topics
        .iter()
        .map(|info| {
            vec![info.topic.to_string(), info.topic.context().to_string(), table::number(info.records)]
        })
        .collect();
    table::print(out, &["topic", "source log", "records>"], &rows)?;
    let total: u64 = topics.iter().map(|info| info.records).sum();
    writeln!(out, "\n{} records. Read some: chorale topics read order --limit 5", table::number(total))?;
    Ok(())
}

/// Reads a topic.
pub async fn read(shop: &ReadOnlyShop, args: &ReadArgs, out: &mut impl Write) -> Result<()> {
    let topic: Topic = args.topic.parse().ok().with_context(|| {
        let near = near(&args.topic, Topic::ALL.iter().map(|topic| topic.short_name()));
        format!("no topic {:?}{near}; `chorale topics` lists all topics", args.topic)
    })?;
    let name = args.event_type.as_deref().map(|text| event_name(topic, text)).transpose()?;
    let (start, since) = beginning(args.from.as_deref())?;
    let mut browse = Browse { key: args.key.clone(), name, limit: PAGE, ..Browse::default() };
    let ends = async || anyhow::Ok(shop.bus.ends(&[topic]).await?.remove(&topic).unwrap_or_default());
    browse.after.extend(ends().await?.into_keys().map(|number| (number, start)));
    let unlimited = if args.follow { usize::MAX } else { LIMIT };
    let mut left = args.limit.unwrap_or(unlimited);
    loop {
        browse.limit = left.min(PAGE);
        let before = ends().await?;
        let records = shop.bus.browse(topic, &browse).await?;
        for record in &records {
            browse.after.insert(record.partition, record.envelope.position);
            if since.is_none_or(|since| record.envelope.time >= since) && left > 0 {
                show(record, args.json, out)?;
                left -= 1;
            }
        }
        out.flush()?;
        if left == 0 && args.limit.is_none() {
            browse.limit = 1;
            if !shop.bus.browse(topic, &browse).await?.is_empty() {
                note(format_args!(
                    "There are more records than {LIMIT}: --limit prints more of them, --from POSITION the next ones."
                ));
            }
        }
        if left == 0 || (records.len() < browse.limit && !args.follow) {
            return Ok(());
        }
        if records.len() < browse.limit {
            // Everything up to here was read, including records that the filter skips.
            for (number, end) in before {
                let after = browse.after.entry(number).or_default();
                *after = end.max(*after);
            }
        }
        if records.is_empty() {
            shop.bus.grown(topic, &browse.after, PATIENCE).await?;
        }
    }
}

/// The name of an event type of a topic: `text` is the name itself or the full name.
fn event_name(topic: Topic, text: &str) -> Result<String> {
    let name = text.rsplit('.').find(|part| !is_version(part)).unwrap_or(text);
    let types = schemas::contracts::catalogue();
    let mut known = types.iter().filter(|event| event.aggregate == topic.aggregate()).map(|event| event.name);
    if known.clone().any(|known| known == name) {
        return Ok(name.to_owned());
    }
    let near = near(name, &mut known);
    bail!("no event type {name:?} in the topic {topic}{near}; docs/event-catalogue.md lists all types")
}

/// ` (similar: order, payment)` for names that are similar to `text`; empty if there are none.
fn near<'n>(text: &str, names: impl Iterator<Item = &'n str>) -> String {
    const SIMILAR: f64 = 0.8;
    let text = text.to_lowercase();
    let likeness = |name: &str| strsim::jaro_winkler(&text, &name.to_lowercase());
    let mut near: Vec<&str> = names.filter(|name| likeness(name) >= SIMILAR).collect();
    near.sort_by(|one, other| likeness(other).total_cmp(&likeness(one)));
    near.truncate(3);
    if near.is_empty() { String::new() } else { format!(" (similar: {})", near.join(", ")) }
}

fn is_version(part: &str) -> bool {
    part.strip_prefix('v').is_some_and(|number| number.parse::<u32>().is_ok())
}

fn beginning(from: Option<&str>) -> Result<(u64, Option<Timestamp>)> {
    let Some(text) = from else { return Ok((0, None)) };
    if let Ok(offset) = text.parse::<u64>() {
        return Ok((offset.saturating_sub(1), None));
    }
    match text.parse::<Timestamp>() {
        Ok(instant) => Ok((0, Some(instant))),
        Err(_) => bail!("--from takes a position (42) or a time (2026-03-01T12:00:00Z), not {text:?}"),
    }
}

fn show(record: &Record, as_json: bool, out: &mut impl Write) -> Result<()> {
    let envelope = &record.envelope;
    if as_json {
        let headers: Map<String, Value> = envelope
            .headers()
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Value::from(value)))
            .collect();
        let value: &RawValue = serde_json::from_str(&record.payload)?;
        #[derive(serde::Serialize)]
        struct Line<'a> {
            topic: &'a str,
            partition: u32,
            offset: u64,
            key: &'a str,
            headers: Map<String, Value>,
            value: &'a RawValue,
        }
        let (topic, key) = (record.topic.name(), envelope.stream.as_str());
        table::json(
            out,
            &Line { topic, partition: record.partition, offset: record.offset, key, headers, value },
        )?;
        return Ok(());
    }
    let spoken = Spoken::read(&record.payload)?;
    let (stream, version, name) = (&envelope.stream, envelope.version, &envelope.name);
    let (actor, id) = (format!("{:?}", spoken.actor.kind).to_lowercase(), spoken.actor.id);
    table::line(
        out,
        format_args!(
            "{:>8}  {}  {stream}@{version}  {name}  {}  ({actor} {id})",
            envelope.position, envelope.time, spoken.summary,
        ),
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_event_type_is_refused_with_similar_ones() {
        let order: Topic = "order".parse().unwrap();
        assert_eq!(event_name(order, "OrderPlaced").unwrap(), "OrderPlaced");
        assert_eq!(event_name(order, "chorale.order.OrderPlaced.v1").unwrap(), "OrderPlaced");
        let refused = event_name(order, "OrderPlacd").unwrap_err().to_string();
        assert!(refused.contains("(similar: OrderPlaced"), "{refused}");
        let refused = event_name(order, "Nonsense").unwrap_err().to_string();
        assert!(refused.contains("\"Nonsense\" in the topic chorale.order.v1; "), "{refused}");
        // It exists, but on another topic.
        event_name(order, "ProductCreated").unwrap_err();
    }

    #[test]
    fn the_start_is_a_position_or_a_time() {
        assert_eq!(beginning(None).unwrap(), (0, None));
        assert_eq!(beginning(Some("42")).unwrap(), (41, None));
        let instant = "2026-03-01T12:00:00Z";
        assert_eq!(beginning(Some(instant)).unwrap(), (0, Some(instant.parse().unwrap())));
        assert!(beginning(Some("yesterday")).unwrap_err().to_string().contains("--from takes"));
    }
}
