//! Decisions over a counter: drafts fold, and faults are never decisions.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use decider::given::{given, noon, nothing_yet};
use decider::{
    Aggregate, Changes, Claim, ClaimKind, Decision, DecisionError, Draft, Fault, Reads, Refusal, Seen,
    StreamDecision, StreamId, Timestamp, ViewKey, decide, event_body, event_set,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

event_set! {
    /// The events of a counter.
    CounterEvent of "counter" { Counted }
}

/// The counter went up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Counted {
    by: u32,
}
event_body!(Counted, |e| format!("Counted {}", e.by));

#[derive(Clone, Debug, Default, PartialEq)]
struct Counter(u32);

impl Aggregate for Counter {
    type Event = CounterEvent;

    fn evolve(self, event: &CounterEvent) -> Self {
        let CounterEvent::Counted(counted) = event;
        Self(self.0 + counted.by)
    }
}

#[derive(Clone, Default)]
struct Other;

impl Aggregate for Other {
    type Event = CounterEvent;

    fn evolve(self, _: &CounterEvent) -> Self {
        self
    }
}

const NAME: ClaimKind = ClaimKind("name");

fn counter() -> StreamId {
    StreamId::new("counter", 1)
}

fn entry() -> ViewKey {
    ViewKey { view: "limits", key: "counter".to_owned() }
}

fn claim() -> Claim {
    Claim { kind: NAME, value: "first".to_owned() }
}

/// Reads the counter, an entry and a claim, and decides with a function.
struct Rule<F>(F);

impl<F: Fn(&Seen) -> Changes + Send + Sync> Decision for Rule<F> {
    fn reads(&self) -> Reads {
        Reads::stream::<Counter>(counter()).and_view(entry()).and_claim(NAME, "first")
    }

    fn decide(&self, seen: &Seen, _now: Timestamp) -> Result<Changes, Refusal> {
        Ok((self.0)(seen))
    }
}

/// What a writer gets that has loaded all that `Rule` reads, with `limit` as the entry of the view.
fn fault_of(limit: serde_json::Value, rule: impl Fn(&Seen) + Send + Sync) -> Option<Fault> {
    let rule = Rule(move |seen: &Seen| {
        rule(seen);
        Changes::of(&counter(), [CounterEvent::from(Counted { by: 1 })])
    });
    let reads = rule.reads();
    let mut seen = Seen::at(1);
    seen.add_stream(counter(), 0, Arc::from((reads.streams[0].initial)()));
    seen.add_view(entry(), Some(Arc::new(limit)));
    seen.add_claim(claim(), None);
    match decide(&rule, &seen, noon()) {
        Ok(_) => None,
        Err(DecisionError::Fault(fault)) => Some(fault),
        Err(DecisionError::Refused(refusal)) => panic!("{refusal}"),
    }
}

#[test]
fn what_the_reads_declare_is_seen_without_a_fault() {
    let fault = fault_of(json!(7), |seen| {
        assert_eq!(seen.state::<Counter>(&counter()), Counter(0));
        assert_eq!(seen.version(&counter()), 0);
        assert_eq!(seen.view::<u32>(&entry()), Some(7));
        assert_eq!(seen.holder(NAME, "first"), None);
    });
    assert_eq!(fault, None);
}

#[test]
fn the_state_of_an_undeclared_stream_is_a_fault_and_no_default() {
    let elsewhere = StreamId::new("counter", 2);
    let fault = Some(Fault::UndeclaredStream(elsewhere.clone()));
    let state = |seen: &Seen| assert_eq!(seen.state::<Counter>(&StreamId::new("counter", 2)), Counter(0));
    assert_eq!(fault_of(json!(7), state), fault);
    assert_eq!(fault_of(json!(7), |seen| assert_eq!(seen.version(&StreamId::new("counter", 2)), 0)), fault);
    let drafted = |seen: &Seen| drop(Draft::<Counter>::of(seen, StreamId::new("counter", 2), noon()));
    assert_eq!(fault_of(json!(7), drafted), fault);
    assert!(Fault::UndeclaredStream(elsewhere).to_string().contains("counter-2"));
}

#[test]
fn the_state_of_another_aggregate_than_declared_is_a_fault() {
    let fault = fault_of(json!(7), |seen| assert!(seen.state_ref::<Other>(&counter()).is_none()));
    assert_eq!(fault, Some(Fault::OtherAggregate(counter())));
}

#[test]
fn an_entry_of_a_view_that_cannot_be_decoded_is_a_fault_and_not_an_absent_entry() {
    let fault = fault_of(json!("seven"), |seen| assert_eq!(seen.view::<u32>(&entry()), None));
    assert!(matches!(&fault, Some(Fault::UnreadableView { key, .. }) if *key == entry()), "{fault:?}");
}

#[test]
fn undeclared_entries_and_claims_are_faults() {
    let other = ViewKey { view: "limits", key: "other".to_owned() };
    let fault = fault_of(json!(7), |seen| {
        assert_eq!(seen.view::<u32>(&ViewKey { view: "limits", key: "other".to_owned() }), None);
    });
    assert_eq!(fault, Some(Fault::UndeclaredView(other)));
    let fault = fault_of(json!(7), |seen| assert_eq!(seen.holder(NAME, "second"), None));
    assert_eq!(fault, Some(Fault::UndeclaredClaim(Claim { kind: NAME, value: "second".to_owned() })));
}

#[test]
fn a_fault_takes_precedence_over_a_refusal() {
    struct Refuses;
    impl Decision for Refuses {
        fn reads(&self) -> Reads {
            Reads::default()
        }

        fn decide(&self, seen: &Seen, _now: Timestamp) -> Result<Changes, Refusal> {
            assert_eq!(seen.state::<Counter>(&counter()), Counter(0));
            Err(Refusal::not_found("counter"))
        }
    }
    let fault = DecisionError::Fault(Fault::UndeclaredStream(counter()));
    assert_eq!(decide(&Refuses, &Seen::at(1), noon()).err(), Some(fault));
}

#[test]
fn the_test_kit_fails_on_a_fault_and_on_a_stream_that_is_written_and_not_read() {
    let elsewhere = || StreamId::new("counter", 2);
    let undeclared = Rule(move |seen: &Seen| {
        assert_eq!(seen.state::<Counter>(&elsewhere()), Counter(0));
        Changes::none()
    });
    let unread = Rule(move |_: &Seen| Changes::of(&elsewhere(), [CounterEvent::from(Counted { by: 1 })]));
    for decision in [&undeclared as &dyn Decision, &unread] {
        assert!(catch_unwind(AssertUnwindSafe(|| drop(nothing_yet().run(decision)))).is_err());
    }
}

/// Counts one by one up to a number; the number itself is not counted twice.
struct CountTo(u32);

impl StreamDecision for CountTo {
    type Aggregate = Counter;

    fn stream(&self) -> StreamId {
        counter()
    }

    fn decide(&self, draft: &mut Draft<'_, Counter>) -> Result<(), Refusal> {
        if draft.0 > self.0 {
            return Err(Refusal::rule("PASSED", "The counter is further already."));
        }
        while draft.0 < self.0 {
            draft.append(Counted { by: 1 });
        }
        draft.answer(json!(draft.0));
        Ok(())
    }
}

#[test]
fn a_draft_folds_what_is_appended_to_it() {
    let one = CounterEvent::from(Counted { by: 1 });
    let before = given::<Counter>(counter(), [one.clone()]);
    before.when(&CountTo(3)).then(&[one.clone(), one]).again().nothing();
    before.when(&CountTo(0)).refused("PASSED");
    let changes = before.when(&CountTo(2)).changes();
    assert_eq!(changes.answer.unwrap(), json!(2));
}
