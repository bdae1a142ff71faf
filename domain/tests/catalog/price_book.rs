use std::collections::BTreeMap;

use domain::price_book::{PRICE_BOOK, PriceEntry, sku_key};
use domain::{ViewKey, ViewWrite};
use schemas::product::{ProductEvent, TaxClass, VariantDiscontinued};
use schemas::{Actor, ActorType, Context, Currency, Envelope, EventId, EventSet};
use serde_json::Value;

use crate::product::{added, archived, created, priced, published, sku, tea};

fn envelope(version: u64, event: &ProductEvent) -> Envelope {
    let any = EventId::derived(&["any"]).uuid();
    Envelope {
        id: EventId::derived(&[&version.to_string()]),
        stream: tea().stream(),
        version,
        context: Context::Catalog,
        position: version,
        epoch: any,
        name: EventSet::name(event).to_owned(),
        type_version: EventSet::version(event),
        time: domain::given::noon(),
        correlation: any,
        causation: any,
        traceparent: None,
        hash: String::new(),
    }
}

#[derive(Default, Clone, PartialEq, Debug)]
struct Book(BTreeMap<ViewKey, Value>);

impl Book {
    fn learn(&mut self, version: u64, event: &ProductEvent) -> Vec<ViewWrite> {
        let envelope = envelope(version, event);
        let asked = (PRICE_BOOK.reads)(&envelope);
        let known = self
            .0
            .iter()
            .filter(|(key, _)| asked.contains(key))
            .map(|(key, value)| (key.clone(), value.clone()));
        let payload = event.encode(&Actor { kind: ActorType::System, id: "test".to_owned() }).unwrap();
        let writes = (PRICE_BOOK.learn)(&known.collect(), &envelope, &payload).unwrap();
        for ViewWrite { key, value } in writes.clone() {
            match value {
                Some(value) => self.0.insert(key, value),
                None => self.0.remove(&key),
            };
        }
        writes
    }

    fn after(events: &[ProductEvent]) -> Self {
        let mut book = Self::default();
        for (version, event) in (1..).zip(events) {
            book.learn(version, event);
        }
        book
    }

    fn tea(&self) -> Option<PriceEntry> {
        self.0.get(&sku_key(&sku("TEA-100"))).map(|value| serde_json::from_value(value.clone()).unwrap())
    }
}

#[test]
fn the_entry_of_a_sku_follows_from_its_products_events() {
    let book = Book::after(&[created(), added(), priced(590), published()]);
    let expected = PriceEntry {
        product_id: tea(),
        title: "Green tea".to_owned(),
        variant_title: "100 g".to_owned(),
        tax_class: TaxClass::Reduced,
        prices: BTreeMap::from([(Currency::EUR, Currency::EUR.minor(590))]),
        price_version: 3,
        tracked: true,
        max_per_order: None,
        sellable: true,
    };
    assert_eq!(book.tea(), Some(expected));
}

#[test]
fn what_is_not_published_archived_or_discontinued_is_not_sellable() {
    let gone = VariantDiscontinued { product_id: tea(), sku: sku("TEA-100") }.into();
    let sellable = |events: &[ProductEvent]| Book::after(events).tea().unwrap().sellable;
    assert!(!sellable(&[created(), added(), priced(590)]));
    assert!(!sellable(&[created(), added(), priced(590), published(), archived()]));
    assert!(!sellable(&[created(), added(), priced(590), published(), gone]));
}

#[test]
fn learning_twice_or_late_changes_nothing() {
    let events = [created(), added(), priced(590), published(), priced(490)];
    let mut book = Book::after(&events);
    let before = book.clone();
    for (version, event) in (1..).zip(&events) {
        assert_eq!(book.learn(version, event), []);
    }
    assert_eq!(book, before);
    assert_eq!(book.tea().unwrap().price_version, 5);
}

#[test]
fn only_entries_that_changed_are_written() {
    let mut book = Book::after(&[created(), added(), priced(590)]);
    assert_eq!(book.learn(4, &published()).len(), 2, "the product and its one SKU");
    assert_eq!(book.learn(5, &published()).len(), 1, "the product's version alone");
}
