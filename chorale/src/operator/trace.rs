//! `chorale trace`: what happened to an order in all contexts, as a tree of causes and effects.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::Write;

use anyhow::{Context as _, Result};
use event_log::port::{Read, StoredEvent};
use platform::global_id;
use schemas::envelope::Spoken;
use schemas::{Context, OrderId, ShipmentId, StreamId};
use serde_json::{Value, json};
use uuid::Uuid;

use super::ReadOnlyShop;
use crate::table;

/// More events than any order has.
const ALL: usize = 100_000;

/// Prints the events of an order, given by its id or number, and everything that they caused.
pub async fn run(shop: &ReadOnlyShop, order: &str, as_json: bool, out: &mut impl Write) -> Result<()> {
    let order = find(shop, order).await?;
    let events = collect(shop, order).await?;
    if as_json {
        for event in &events {
            let envelope = &event.envelope;
            let payload: Value = serde_json::from_str(&event.payload)?;
            table::json(
                out,
                &json!({
                    "time": envelope.time, "context": envelope.context, "stream": envelope.stream, "version": envelope.version,
                    "position": envelope.position, "type": envelope.full_type(), "id": envelope.id,
                    "causation": envelope.causation, "correlation": envelope.correlation, "summary": payload["summary"],
                    "actor": payload["actor"],
                }),
            )?;
        }
        return Ok(());
    }
    CausalTree::new(&events).print(out)
}

/// The order with this id, global id or number. A number ends with the log position of the order's first event.
async fn find(shop: &ReadOnlyShop, order: &str) -> Result<OrderId> {
    let id = order.strip_prefix("order-").unwrap_or(order);
    let global = global_id::decode(order).filter(|(kind, _)| kind == "Order").map(|(_, key)| key);
    if let Ok(id) = global.as_deref().unwrap_or(id).parse() {
        return Ok(id);
    }
    let unknown = || format!("no order {order:?}; pass its id or its number, such as 10-000042");
    let position: u64 =
        order.rsplit_once('-').and_then(|(_, position)| position.parse().ok()).with_context(unknown)?;
    let log = shop.log(Context::Ordering).with_context(unknown)?;
    let events = log.read(Read::After(position.saturating_sub(1)), 1).await?;
    let placed = events.first().filter(|event| {
        let number =
            serde_json::from_str::<Value>(&event.payload).ok().map(|payload| payload["orderNumber"] == order);
        event.envelope.name == "OrderPlaced" && number == Some(true)
    });
    placed.and_then(|event| event.envelope.stream.key().parse().ok()).with_context(unknown)
}

/// The events of the order's own streams, and all events of their flows.
async fn collect(shop: &ReadOnlyShop, order: OrderId) -> Result<Vec<StoredEvent>> {
    let mut found: BTreeMap<(Context, u64), StoredEvent> = BTreeMap::new();
    let own = [order.stream(), order.reservation_stream(), order.payment_stream()];
    add_streams(shop, &own, &mut found).await?;
    anyhow::ensure!(!found.is_empty(), "no order {order}");
    let mut locations = BTreeSet::new();
    for event in found.values() {
        let payload: Value = serde_json::from_str(&event.payload)?;
        for line in payload["lines"].as_array().into_iter().flatten() {
            locations.extend(line["location"].as_str().and_then(|location| location.parse().ok()));
        }
    }
    let parcels: Vec<StreamId> =
        locations.iter().map(|location| ShipmentId::of(order, location).stream()).collect();
    add_streams(shop, &parcels, &mut found).await?;
    let flows: BTreeSet<Uuid> = found.values().map(|event| event.envelope.correlation).collect();
    for flow in flows {
        for log in &shop.logs {
            for event in log.read(Read::Correlation(flow), ALL).await? {
                found.entry((event.envelope.context, event.envelope.position)).or_insert(event);
            }
        }
    }
    Ok(in_order(found))
}

/// The events in an order that agrees with the positions of each log and in which every cause comes before its effects. Clocks
/// of processes may disagree or be set, so times play no part.
fn in_order(found: BTreeMap<(Context, u64), StoredEvent>) -> Vec<StoredEvent> {
    let known: BTreeSet<Uuid> = found.values().map(|event| event.envelope.id.uuid()).collect();
    let mut logs: BTreeMap<Context, VecDeque<StoredEvent>> = BTreeMap::new();
    for ((context, _), event) in found {
        logs.entry(context).or_default().push_back(event);
    }
    let (mut ordered, mut done) = (Vec::with_capacity(known.len()), BTreeSet::new());
    loop {
        let is_ready = |event: &&StoredEvent| {
            let cause = event.envelope.causation;
            done.contains(&cause) || !known.contains(&cause)
        };
        let ready = logs.values().filter_map(VecDeque::front).find(is_ready);
        // A cause that comes after its effect in another log is damage. Nothing is left out because of it.
        let next =
            ready.or_else(|| logs.values().find_map(VecDeque::front)).map(|event| event.envelope.context);
        let Some(event) = next.and_then(|context| logs.get_mut(&context)?.pop_front()) else {
            return ordered;
        };
        done.insert(event.envelope.id.uuid());
        ordered.push(event);
    }
}

async fn add_streams(
    shop: &ReadOnlyShop,
    streams: &[StreamId],
    found: &mut BTreeMap<(Context, u64), StoredEvent>,
) -> Result<()> {
    let from_the_start: Vec<(StreamId, u64)> = streams.iter().map(|stream| (stream.clone(), 0)).collect();
    for log in &shop.logs {
        for event in log.read(Read::Streams(&from_the_start), ALL).await? {
            found.insert((event.envelope.context, event.envelope.position), event);
        }
    }
    Ok(())
}

/// Events, each under its cause.
struct CausalTree<'a> {
    children: BTreeMap<Uuid, Vec<&'a StoredEvent>>,
    roots: Vec<Uuid>,
}

impl<'a> CausalTree<'a> {
    fn new(events: &'a [StoredEvent]) -> Self {
        let known: BTreeSet<Uuid> = events.iter().map(|event| event.envelope.id.uuid()).collect();
        let (mut children, mut roots) = (BTreeMap::<Uuid, Vec<&StoredEvent>>::new(), Vec::new());
        for event in events {
            let cause = event.envelope.causation;
            if !known.contains(&cause) && !roots.contains(&cause) {
                roots.push(cause);
            }
            children.entry(cause).or_default().push(event);
        }
        Self { children, roots }
    }

    fn print(&self, out: &mut impl Write) -> Result<()> {
        for root in &self.roots {
            let first = self.children.get(root).and_then(|events| events.first());
            if let Some(event) = first {
                let actor = Spoken::read(&event.payload)?.actor;
                let who = format!("{:?} {}", actor.kind, actor.id).to_lowercase();
                table::line(out, format_args!("{}  command {root} by {who}", event.envelope.time))?;
            }
            self.branch(*root, "", out)?;
        }
        Ok(())
    }

    fn branch(&self, cause: Uuid, indent: &str, out: &mut impl Write) -> Result<()> {
        let events = self.children.get(&cause).map(Vec::as_slice).unwrap_or_default();
        for (i, event) in events.iter().enumerate() {
            let last = i + 1 == events.len();
            let (knot, deeper) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            let envelope = &event.envelope;
            let (context, position) = (envelope.context, envelope.position);
            let summary = Spoken::read(&event.payload)?.summary;
            let (name, time) = (&envelope.name, envelope.time);
            table::line(
                out,
                format_args!("{indent}{knot}{name} — {summary}  [{context} {position}, {time}]"),
            )?;
            self.branch(envelope.id.uuid(), &format!("{indent}{deeper}"), out)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use schemas::{CommandId, EventId, Timestamp};

    use super::*;

    /// An event by its log and position, with its cause and the time that its process believed it was.
    fn event(context: Context, position: u64, id: &str, cause: &str, millis: i64) -> StoredEvent {
        let known = |name: &str| match name.strip_prefix("command ") {
            Some(name) => CommandId::derived(&[name]).uuid(),
            None => EventId::derived(&[name]).uuid(),
        };
        let envelope = schemas::Envelope {
            id: EventId::derived(&[id]),
            stream: StreamId::from_text(format!("order-{context}")),
            version: position,
            context,
            position,
            epoch: Uuid::nil(),
            name: id.to_owned(),
            type_version: 1,
            time: Timestamp::from_millis(millis),
            correlation: Uuid::nil(),
            causation: known(cause),
            traceparent: None,
            hash: String::new(),
        };
        let payload = r#"{"summary": "happened", "actor": {"type": "SYSTEM", "id": "clock"}}"#;
        StoredEvent { envelope: envelope.into(), payload: payload.into() }
    }

    /// An order whose clocks were set back, and differ between processes.
    fn story() -> BTreeMap<(Context, u64), StoredEvent> {
        let events = [
            event(Context::Ordering, 7, "placed", "command place", 9_000),
            event(Context::Inventory, 3, "reserved", "placed", 100),
            event(Context::Ordering, 8, "confirmed", "reserved", 8_000),
            event(Context::Ordering, 12, "cancelled", "command cancel", 1_000),
            event(Context::Inventory, 4, "released", "cancelled", 50),
        ];
        events.into_iter().map(|event| ((event.envelope.context, event.envelope.position), event)).collect()
    }

    #[test]
    fn the_order_of_events_follows_positions_and_causes_whatever_the_clocks_said() {
        let names: Vec<_> = in_order(story()).iter().map(|event| event.envelope.name.clone()).collect();
        assert_eq!(names, ["placed", "reserved", "confirmed", "cancelled", "released"]);
    }

    #[test]
    fn the_tree_tells_the_commands_in_the_order_of_the_log() {
        let (events, mut out) = (in_order(story()), Vec::new());
        CausalTree::new(&events).print(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let at = |name: &str| text.find(name).unwrap_or_else(|| panic!("no {name} in {text}"));
        assert!(at("placed") < at("reserved") && at("reserved") < at("confirmed"), "{text}");
        assert!(at("confirmed") < at("cancelled") && at("cancelled") < at("released"), "{text}");
    }

    #[test]
    fn damaged_causes_leave_no_event_out() {
        let circle =
            [event(Context::Ordering, 1, "one", "other", 0), event(Context::Inventory, 1, "other", "one", 0)];
        let circle = circle.map(|event| ((event.envelope.context, event.envelope.position), event));
        assert_eq!(in_order(circle.into()).len(), 2);
    }
}
