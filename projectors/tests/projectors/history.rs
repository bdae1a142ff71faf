//! Plausible histories from a seed: every stream in order, all of them interleaved.

mod catalog;
mod inventory;
mod ordering;
mod outcomes;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use platform::bus::Record;
use platform::bus::memory::PARTITIONS;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use schemas::{
    Actor, AggregateType, Currency, Envelope, EventId, EventSet, LocationId, Money, OrderId, ProductId,
    Sealed, Sku, StreamId, Timestamp, Topic,
};
use uuid::Uuid;

/// An event before it is recorded.
pub struct Unrecorded {
    pub topic: Topic,
    pub stream: StreamId,
    pub name: &'static str,
    pub version: u32,
    pub payload: String,
}

/// Builds streams one after another.
pub struct Scenario {
    pub rng: StdRng,
    streams: Vec<Vec<Unrecorded>>,
}

impl Scenario {
    pub fn chance(&mut self, of: f64) -> bool {
        self.rng.random_bool(of)
    }

    pub fn number(&mut self, below: u32) -> u32 {
        self.rng.random_range(0..below)
    }

    pub fn begin(&mut self) {
        self.streams.push(Vec::new());
    }

    pub fn emit<E: EventSet>(&mut self, topic: Topic, stream: StreamId, event: impl Into<E>) {
        let event: E = event.into();
        let payload = event.encode(&Actor::staff("anna")).unwrap();
        let event = Unrecorded { topic, stream, name: event.name(), version: event.version(), payload };
        self.streams.last_mut().unwrap().push(event);
    }
}

/// The history of a whole shop.
pub fn history(seed: u64) -> Vec<Record> {
    let mut scenario = Scenario { rng: StdRng::seed_from_u64(seed), streams: Vec::new() };
    for number in 0..4 {
        catalog::product(&mut scenario, number);
        inventory::stock(&mut scenario, number);
    }
    catalog::categories(&mut scenario);
    for number in 0..6 {
        ordering::order(&mut scenario, number);
        inventory::reservation(&mut scenario, number);
        outcomes::payment(&mut scenario, number);
        outcomes::shipment(&mut scenario, number);
    }
    for number in 0..2 {
        outcomes::reaction(&mut scenario, number);
    }
    let covered: BTreeSet<_> = scenario.streams.iter().flatten().map(|event| event.topic).collect();
    for aggregate in AggregateType::ALL.into_iter().filter(|aggregate| !covered.contains(&aggregate.topic()))
    {
        samples(&mut scenario, aggregate);
    }
    let Scenario { mut rng, streams } = scenario;
    let mut recorder = Recorder::default();
    let mut streams: Vec<_> = streams.into_iter().map(Vec::into_iter).collect();
    while !streams.is_empty() {
        let which = rng.random_range(0..streams.len());
        match streams[which].next() {
            Some(event) => recorder.record(event),
            None => drop(streams.swap_remove(which)),
        }
    }
    recorder.records
}

/// For aggregates without a history of their own: the golden samples of their events, one after another, in a few streams.
fn samples(scenario: &mut Scenario, aggregate: AggregateType) {
    for number in 0..3 {
        scenario.begin();
        for event in aggregate.catalogue() {
            let file = format!("../schemas/golden/{}.json", event.full_name(event.version));
            let payload = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
            let (topic, stream) =
                (aggregate.topic(), aggregate.stream(OrderId::derived(&[&number.to_string()])));
            let event = Unrecorded { topic, stream, name: event.name, version: event.version, payload };
            scenario.streams.last_mut().unwrap().push(event);
        }
    }
}

/// Gives events their attributes, as a log does.
#[derive(Default)]
pub struct Recorder {
    pub records: Vec<Record>,
    versions: BTreeMap<StreamId, u64>,
}

impl Recorder {
    pub fn record(&mut self, event: Unrecorded) {
        let version = self.versions.entry(event.stream.clone()).or_default();
        *version += 1;
        // Offsets rise, but not by one.
        let position = 3 * (self.records.len() as u64 + 1);
        let seconds = 1_772_000_000 + 40_000 * position;
        let envelope = Envelope {
            id: EventId::derived(&[event.stream.as_str(), &version.to_string()]),
            stream: event.stream,
            version: *version,
            context: event.topic.context(),
            position,
            epoch: Uuid::nil(),
            name: event.name.to_owned(),
            type_version: event.version,
            time: Timestamp::from_millis(i64::try_from(seconds).unwrap() * 1_000),
            correlation: Uuid::nil(),
            causation: Uuid::nil(),
            traceparent: None,
            hash: format!("{position:064x}"),
        };
        let partition = envelope.stream.as_str().bytes().map(u32::from).sum::<u32>() % PARTITIONS;
        self.records.push(Record {
            topic: event.topic,
            partition,
            offset: position,
            envelope: Arc::new(envelope),
            payload: event.payload.into(),
        });
    }
}

/// The record further on in its log.
pub fn moved(mut record: Record, by: u64) -> Record {
    Arc::make_mut(&mut record.envelope).position += by;
    record.offset += by;
    record
}

pub fn euros(cents: u32) -> Money {
    Currency::EUR.minor(cents.into())
}

pub fn sealed(text: &str) -> Sealed {
    Sealed { subject: "order-x".to_owned(), alg: "XC20P".to_owned(), data: text.to_owned() }
}

pub fn product_id(number: u32) -> ProductId {
    ProductId::derived(&[&number.to_string()])
}

pub fn order_id(number: u32) -> OrderId {
    OrderId::derived(&[&number.to_string()])
}

pub fn sku(number: u32) -> Sku {
    format!("TEA-{number}").parse().unwrap()
}

pub fn location(number: u32) -> LocationId {
    ["east", "north", "west"][number as usize % 3].parse().unwrap()
}

pub fn day(number: u32) -> Timestamp {
    Timestamp::from_millis(1_780_000_000_000 + 86_400_000 * i64::from(number))
}
