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
    assert_eq!(to_hex(&first), "fda314e4700e9de7d9a7c3596510d5e20ad229cd54076e142e181a76018a817d");
    let mut second = envelope();
    second.position = 2;
    second.version = 2;
    second.traceparent = Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned());
    assert_eq!(
        to_hex(&link(&first, &second, "{}")),
        "f2d701a2eb62238432c285cae5bf26f1be5d13d9742190f71e4542c77d3c65ad"
    );
}

#[test]
fn the_hash_covers_every_column_but_hash_and_epoch() {
    let base = link(&START, &envelope(), "{}");
    let changes: [fn(&mut Envelope); 12] = [
        |e| e.id = EventId::new(Uuid::from_u128(1)),
        |e| e.stream = StreamId::from_text("order-2"),
        |e| e.version = 2,
        |e| e.context = Context::Payments,
        |e| e.position = 2,
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
    let elsewhere = Envelope { hash: "ff".repeat(32), epoch: Uuid::from_u128(1), ..envelope() };
    assert_eq!(link(&START, &elsewhere, "{}"), base);
}

#[test]
fn only_the_lower_case_form_of_a_hash_is_parsed() {
    let hash = link(&START, &envelope(), "{}");
    assert_eq!(from_hex(&to_hex(&hash)), Some(hash));
    assert_eq!(from_hex(&to_hex(&hash).to_uppercase()), None);
    assert_eq!(from_hex("00"), None);
    assert_eq!(from_hex(&"é".repeat(32)), None);
}
