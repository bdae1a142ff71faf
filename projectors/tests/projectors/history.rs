//! Histories that could have happened, from a seed: every stream in order, all of them mixed.

mod catalog;
mod inventory;
mod ordering;
mod outcomes;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use platform::bus::Record;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use schemas::{
    Actor, AggregateType, Currency, Envelope, EventId, EventSet, LocationId, Money, OrderId, ProductId,
    Sealed, Sku, StreamId, Timestamp, Topic,
};
use uuid::Uuid;

use crate::bus::PARTITIONS;

/// An event that was not recorded yet.
pub struct Told {
    pub topic: Topic,
    pub stream: StreamId,
    pub name: &'static str,
    pub version: u32,
    pub payload: String,
}

/// Streams that are told one after another.
pub struct Teller {
    pub rng: StdRng,
    streams: Vec<Vec<Told>>,
}

impl Teller {
    pub fn chance(&mut self, of: f64) -> bool {
        self.rng.random_bool(of)
    }

    pub fn number(&mut self, below: u32) -> u32 {
        self.rng.random_range(0..below)
    }

    pub fn begin(&mut self) {
        self.streams.push(Vec::new());
    }

    pub fn tell<E: EventSet>(&mut self, topic: Topic, stream: StreamId, event: impl Into<E>) {
        let event: E = event.into();
        let payload = event.encode(&Actor::staff("anna")).unwrap();
        let told = Told { topic, stream, name: event.name(), version: event.version(), payload };
        self.streams.last_mut().unwrap().push(told);
    }
}

/// A whole shop's history.
pub fn history(seed: u64) -> Vec<Record> {
    let mut teller = Teller { rng: StdRng::seed_from_u64(seed), streams: Vec::new() };
    for number in 0..4 {
        catalog::product(&mut teller, number);
        inventory::stock(&mut teller, number);
    }
    catalog::categories(&mut teller);
    for number in 0..6 {
        ordering::order(&mut teller, number);
        inventory::reservation(&mut teller, number);
        outcomes::payment(&mut teller, number);
        outcomes::shipment(&mut teller, number);
    }
    for number in 0..2 {
        outcomes::reaction(&mut teller, number);
    }
    let told: BTreeSet<_> = teller.streams.iter().flatten().map(|told| told.topic).collect();
    for aggregate in AggregateType::ALL.into_iter().filter(|aggregate| !told.contains(&aggregate.topic())) {
        samples(&mut teller, aggregate);
    }
    let Teller { mut rng, streams } = teller;
    let mut recorder = Recorder::default();
    let mut streams: Vec<_> = streams.into_iter().map(Vec::into_iter).collect();
    while !streams.is_empty() {
        let which = rng.random_range(0..streams.len());
        match streams[which].next() {
            Some(told) => recorder.record(told),
            None => drop(streams.swap_remove(which)),
        }
    }
    recorder.records
}

/// For aggregates without a history of their own: the golden samples of their events, one after another, in a few streams.
fn samples(teller: &mut Teller, aggregate: AggregateType) {
    for number in 0..3 {
        teller.begin();
        for event in aggregate.catalogue() {
            let file = format!("../schemas/golden/{}.json", event.full_name(event.version));
            let payload = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
            let (topic, stream) =
                (aggregate.topic(), aggregate.stream(OrderId::derived(&[&number.to_string()])));
            let told = Told { topic, stream, name: event.name, version: event.version, payload };
            teller.streams.last_mut().unwrap().push(told);
        }
    }
}

/// Gives events what a log gives them.
#[derive(Default)]
pub struct Recorder {
    pub records: Vec<Record>,
    versions: BTreeMap<StreamId, u64>,
}

impl Recorder {
    pub fn record(&mut self, told: Told) {
        let version = self.versions.entry(told.stream.clone()).or_default();
        *version += 1;
        // Offsets rise, but not by one.
        let position = 3 * (self.records.len() as u64 + 1);
        let seconds = 1_772_000_000 + 40_000 * position;
        let envelope = Envelope {
            id: EventId::derived(&[told.stream.as_str(), &version.to_string()]),
            stream: told.stream,
            version: *version,
            context: told.topic.context(),
            position,
            epoch: Uuid::nil(),
            name: told.name.to_owned(),
            type_version: told.version,
            time: Timestamp::from_millis(i64::try_from(seconds).unwrap() * 1_000),
            correlation: Uuid::nil(),
            causation: Uuid::nil(),
            traceparent: None,
            hash: format!("{position:064x}"),
        };
        let partition = envelope.stream.as_str().bytes().map(u32::from).sum::<u32>() % PARTITIONS;
        self.records.push(Record {
            topic: told.topic,
            partition,
            offset: position,
            envelope: Arc::new(envelope),
            payload: told.payload.into(),
        });
    }
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
