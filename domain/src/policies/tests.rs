//! Reactors do what the policies say, and all contexts work together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use schemas::contracts::catalogue;
use schemas::{Context, Envelope, Topic};
use serde_json::{Value, json};

use super::*;
use crate::{AnyState, ShopRules};

mod interplay;

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

#[expect(clippy::disallowed_methods, reason = "the golden samples are files")]
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

fn reactor(name: &str) -> &'static ReactorSpec {
    REACTORS.iter().find(|reactor| reactor.name == name).unwrap_or_else(|| panic!("{name} is not a reactor"))
}

fn is_rule(reactor: &ReactorSpec) -> bool {
    matches!(reactor.kind, ReactorKind::Rule(_))
}

#[test]
fn every_reactor_has_a_name_of_its_own_and_policies_and_every_policy_has_a_reactor() {
    let mut names = BTreeSet::new();
    for reactor in REACTORS {
        assert!(names.insert(reactor.name), "two reactors are named {}", reactor.name);
        assert!(!reactor.topics().is_empty(), "{} has no policy", reactor.name);
    }
    for policy in POLICIES {
        assert!(names.contains(policy.reactor), "{} is not a reactor", policy.reactor);
    }
}

#[test]
fn a_reactor_has_a_rule_for_each_of_its_topics_or_is_the_view_of_its_name_or_makes_a_call_of_its_own() {
    let mut calls: BTreeMap<&str, &str> = BTreeMap::new();
    for reactor in REACTORS {
        let topics = reactor.topics();
        match reactor.kind {
            ReactorKind::Rule(rules) => {
                let of_rules: BTreeSet<_> = rules.iter().map(|(topic, _)| *topic).collect();
                assert_eq!(of_rules.len(), rules.len(), "{} has two rules for a topic", reactor.name);
                assert_eq!(of_rules.into_iter().collect::<Vec<_>>(), topics, "{}", reactor.name);
            }
            ReactorKind::View(view) => {
                assert_eq!((view.name, view.topics), (reactor.name, topics.as_slice()));
            }
            ReactorKind::Effect(effect) => {
                let other = calls.insert(format!("{effect:?}").leak(), reactor.name);
                assert_eq!(other, None, "{} makes the same calls", reactor.name);
            }
        }
    }
}

#[test]
fn every_event_of_the_policies_exists_and_no_reactor_hears_one_twice() {
    let mut heard = BTreeSet::new();
    for policy in POLICIES {
        let names: BTreeSet<_> = events_of(policy.topic).into_iter().map(|(name, ..)| name).collect();
        for name in policy.hears {
            assert!(names.contains(name), "{} has no {name}", policy.topic);
            assert!(heard.insert((policy.reactor, *name)), "{} hears {name} twice", policy.reactor);
        }
    }
}

#[test]
fn every_reactor_answers_what_the_policies_say_and_nothing_else() {
    for reactor in REACTORS.iter().filter(|reactor| is_rule(reactor)) {
        for topic in Topic::ALL {
            for (name, envelope, payload) in events_of(topic) {
                let decision = reactor.answer(&envelope, &payload, &rules()).unwrap();
                assert_eq!(decision.is_some(), reactor.hears(topic, name), "{} and {name}", reactor.name);
                for read in decision.iter().flat_map(|decision| decision.reads().streams) {
                    let own = Topic::of_stream(reactor.context, &read.stream);
                    assert!(
                        own.is_some(),
                        "{} reads {}, which is not a stream of its context",
                        reactor.name,
                        read.stream
                    );
                }
            }
        }
    }
}

#[test]
fn the_other_contexts_react_to_orders_and_only_ordering_reacts_to_them() {
    for policy in POLICIES {
        let reactor = reactor(policy.reactor);
        let of_others = !matches!(policy.topic.context(), Context::Catalog | Context::Ordering);
        let own_intent = !is_rule(reactor) && reactor.context == policy.topic.context();
        assert_eq!(of_others && !own_intent, policy.reactor == ORDERING_OUTCOMES, "{}", policy.reactor);
    }
}

#[test]
fn every_deadline_is_answered_and_no_other() {
    let key = schemas::OrderId::derived(&["1"]);
    for deadline in DEADLINES {
        for aggregate in AggregateType::ALL {
            let answered = deadline_passed(&aggregate.stream(key), deadline.kind, &rules()).is_some();
            assert_eq!(answered, aggregate == deadline.aggregate, "{} of {aggregate}", deadline.kind);
        }
    }
    assert!(deadline_passed(&key.stream(), "order.lunch", &rules()).is_none());
    assert!(deadline_passed(&key.reservation_stream(), INQUIRY, &rules()).is_none());
    assert!(deadline_passed(&schemas::category::stream(), INQUIRY, &rules()).is_none());
}

/// The kinds of deadlines in the states after up to two events, and after all events one after another.
fn deadlines_of(aggregate: AggregateType) -> BTreeSet<&'static str> {
    let events = events_of(aggregate.topic());
    let mut kinds = BTreeSet::new();
    let mut fold = |state: &mut Box<dyn AnyState>, (name, envelope, payload): &(&str, Envelope, String)| {
        state.evolve_stored(name, envelope.type_version, payload, envelope.time).unwrap();
        kinds.extend(state.deadline().map(|deadline| deadline.kind));
    };
    let mut all = initial_state(aggregate);
    for first in &events {
        fold(&mut all, first);
        for second in &events {
            let mut state = initial_state(aggregate);
            fold(&mut state, first);
            fold(&mut state, second);
        }
    }
    kinds
}

#[test]
fn every_deadline_that_an_aggregate_has_is_among_the_deadlines() {
    for aggregate in AggregateType::ALL {
        let known: BTreeSet<_> =
            DEADLINES.iter().filter(|known| known.aggregate == aggregate).map(|known| known.kind).collect();
        let found = deadlines_of(aggregate);
        assert!(
            found.is_subset(&known),
            "{aggregate} has deadlines that are missing in DEADLINES: {:?}",
            found.difference(&known)
        );
        assert_eq!(found.is_empty(), known.is_empty(), "{aggregate}: this test finds none of {known:?}");
    }
}

#[test]
fn the_pages_show_every_policy_and_every_transition() {
    let page = policies_markdown();
    for policy in POLICIES {
        assert!(page.contains(policy.answer) && page.contains(policy.reactor), "{}", policy.answer);
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
