use schemas::{Context, EventId, StreamId, Timestamp};
use uuid::Uuid;

use super::*;

fn envelope() -> Envelope {
    Envelope {
        id: EventId::new(Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0001)),
        stream: StreamId::from_text("order-1"),
        version: 1,
        context: Context::Ordering,
        position: 1,
        epoch: Uuid::from_u128(7),
        name: "OrderPlaced".to_owned(),
        type_version: 1,
        time: Timestamp::from_millis(1_772_366_401_482),
        correlation: Uuid::from_u128(8),
        causation: Uuid::from_u128(9),
        traceparent: None,
        hash: String::new(),
    }
}

#[test]
fn the_golden_vectors_hold() {
    let first = link(&START, &envelope(), "{\"summary\":\"Bestellung Ä\"}");
    assert_eq!(to_hex(&first), "7c152eaa3245d6b94ebe4462437be528f8b312e2d0f88b39de1001853c1816b4");
    let mut second = envelope();
    second.position = 2;
    second.version = 2;
    second.traceparent = Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned());
    assert_eq!(to_hex(&link(&first, &second, "{}")), "cd8fc922e98473a128484060dd25f71e1e82821b22ff15b73ebc3d0249c10a45");
}

#[test]
fn every_column_counts_and_the_stored_hash_does_not() {
    let base = link(&START, &envelope(), "{}");
    let changes: [fn(&mut Envelope); 13] = [
        |e| e.id = EventId::new(Uuid::from_u128(1)),
        |e| e.stream = StreamId::from_text("order-2"),
        |e| e.version = 2,
        |e| e.context = Context::Payments,
        |e| e.position = 2,
        |e| e.epoch = Uuid::from_u128(1),
        |e| e.name = "OrderPlace".to_owned(),
        |e| e.type_version = 2,
        |e| e.time = Timestamp::from_millis(1),
        |e| e.correlation = Uuid::from_u128(1),
        |e| e.causation = Uuid::from_u128(1),
        |e| e.traceparent = Some(String::new()),
        |e| (e.stream, e.name) = (StreamId::from_text("order-1O"), "rderPlaced".to_owned()),
    ];
    for change in changes {
        let mut changed = envelope();
        change(&mut changed);
        assert_ne!(link(&START, &changed, "{}"), base, "{changed:?}");
    }
    assert_ne!(link(&START, &envelope(), "{ }"), base);
    assert_ne!(link(&[1; 32], &envelope(), "{}"), base);
    let hashed = Envelope { hash: "ff".repeat(32), ..envelope() };
    assert_eq!(link(&START, &hashed, "{}"), base);
}

#[test]
fn hex_is_read_back_and_only_its_own_form_is() {
    let hash = link(&START, &envelope(), "{}");
    assert_eq!(from_hex(&to_hex(&hash)), Some(hash));
    assert_eq!(from_hex(&to_hex(&hash).to_uppercase()), None);
    assert_eq!(from_hex("00"), None);
    assert_eq!(from_hex(&"é".repeat(32)), None);
}
