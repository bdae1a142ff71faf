//! The score is what the reactors do, and the contexts play together.

use std::collections::BTreeSet;
use std::sync::Arc;

use schemas::contracts::catalogue;
use schemas::{Context, Envelope, Topic};
use serde_json::{Value, json};

use super::*;
use crate::ShopRules;

mod stage;

fn rules() -> Arc<ShopRules> {
    Arc::new(ShopRules::default())
}

fn envelope(stream: &str, context: Context, name: &str, version: u64) -> Envelope {
    let id = "0198c6f2-7b1e-7c3a-9a51-3f6f0a2b9f3a";
    let envelope = json!({
        "id": id, "stream": stream, "version": version, "context": context, "position": 1, "epoch": id, "name": name,
        "typeVersion": 1, "time": "2026-03-01T12:00:00.000Z", "correlation": id, "causation": id, "hash": "",
    });
    serde_json::from_value(envelope).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "the golden samples stand in files")]
fn sample(full_name: &str) -> Value {
    let file = format!("../schemas/golden/{full_name}.json");
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
    let mut payload: Value = serde_json::from_str(&text).unwrap();
    if payload.get("wayOut").is_some() {
        payload["wayOut"] = json!("RETRY_CAPTURE");
    }
    payload
}

/// Every event of a topic: name, envelope and a payload.
fn events_of(topic: Topic) -> Vec<(&'static str, Envelope, String)> {
    let events = catalogue().into_iter().filter(|event| event.aggregate == topic.aggregate());
    let one = |event: schemas::EventType| {
        let stream = format!("{}-x", topic.prefix());
        let mut envelope = envelope(&stream, topic.context(), event.name, 1);
        envelope.type_version = event.version;
        (event.name, envelope, sample(&event.full_name(event.version)).to_string())
    };
    events.map(one).collect()
}

fn is_rule(reactor: &str) -> bool {
    ![PAYMENTS_PROVIDER, SHIPPING_CARRIER, ORDERING_PRICE_BOOK].contains(&reactor)
}

#[test]
fn every_event_of_the_score_exists_and_no_reactor_hears_one_twice() {
    let mut heard = BTreeSet::new();
    for policy in SCORE {
        let names: BTreeSet<_> = events_of(policy.topic).into_iter().map(|(name, ..)| name).collect();
        for name in policy.hears {
            assert!(names.contains(name), "{} has no {name}", policy.topic);
            assert!(heard.insert((policy.reactor, *name)), "{} hears {name} twice", policy.reactor);
        }
    }
}

#[test]
fn every_reactor_answers_what_the_score_says_and_nothing_else() {
    let reactors: BTreeSet<_> =
        SCORE.iter().filter(|policy| is_rule(policy.reactor)).map(|it| it.reactor).collect();
    for reactor in reactors {
        let parts: Vec<_> = SCORE.iter().filter(|policy| policy.reactor == reactor).collect();
        for topic in Topic::ALL {
            for (name, envelope, payload) in events_of(topic) {
                let heard = parts.iter().any(|part| part.topic == topic && part.hears.contains(&name));
                let decision = answer(reactor, &envelope, &payload, &rules()).unwrap();
                assert_eq!(decision.is_some(), heard, "{reactor} and {name}");
                for read in decision.iter().flat_map(|decision| decision.reads().streams) {
                    let own = Topic::of_stream(parts[0].context, &read.stream);
                    assert!(own.is_some(), "{reactor} looks at {}, which is not its own", read.stream);
                }
            }
        }
    }
}

#[test]
fn participants_hear_the_order_and_only_the_order_hears_them() {
    for policy in SCORE {
        let of_participant = [Topic::RESERVATION, Topic::PAYMENT, Topic::SHIPMENT].contains(&policy.topic);
        let own_intent = !is_rule(policy.reactor) && policy.context == policy.topic.context();
        assert_eq!(of_participant && !own_intent, policy.reactor == ORDERING_OUTCOMES, "{}", policy.reactor);
    }
}

#[test]
fn every_deadline_is_answered_and_no_other() {
    let order_id = schemas::OrderId::derived(&["1"]);
    for waiting in DEADLINES {
        let streams = [order_id.stream(), order_id.payment_stream()];
        let answered = streams.map(|stream| deadline_passed(&stream, waiting.kind, &rules()).is_some());
        assert_eq!(answered.iter().filter(|answered| **answered).count(), 1, "{}", waiting.kind);
    }
    assert!(deadline_passed(&order_id.stream(), "order.lunch", &rules()).is_none());
    assert!(deadline_passed(&order_id.reservation_stream(), INQUIRY, &rules()).is_none());
    assert!(deadline_passed(&StreamId::categories(), INQUIRY, &rules()).is_none());
}

#[test]
fn the_pages_show_every_policy_and_every_transition() {
    let score = score_markdown();
    for policy in SCORE {
        assert!(score.contains(policy.answer) && score.contains(policy.reactor), "{}", policy.answer);
    }
    let life = life_cycle_markdown();
    for status in schemas::life_cycle::OrderStatus::ALL {
        assert!(
            life.contains(&format!("| {status} |")) && life.contains(&format!("--> {status}")),
            "{status}"
        );
    }
    assert!(life.contains("PLACED --> STOCK_CONFIRMED: OrderStockConfirmed"));
}
