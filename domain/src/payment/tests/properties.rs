//! Random requests in any order, answered late, twice or only on inquiry: the amounts stay correct.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::given::nothing_yet;
use crate::payment::*;
use crate::{Aggregate, Decision};

/// The possible steps of a test.
#[derive(Clone, Debug)]
enum Move {
    Request(u8),
    Reauthorize,
    Confirm(bool),
    Capture(u32, i64, bool),
    Retry,
    Refund(u32, i64),
    RetryRefunds,
    Cancel,
    /// The provider answers one of the calls so far. The second value: it gives no answer.
    Answer(usize, bool),
    Later(u64),
    Inquire,
}

fn any_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        2 => (0u8..4).prop_map(Move::Request),
        1 => Just(Move::Reauthorize),
        1 => any::<bool>().prop_map(Move::Confirm),
        4 => (0u32..4, 0i64..6_000, any::<bool>()).prop_map(|(parcel, amount, last)| Move::Capture(parcel, amount, last)),
        1 => Just(Move::Retry),
        2 => (0u32..4, 0i64..6_000).prop_map(|(parcel, amount)| Move::Refund(parcel, amount)),
        1 => Just(Move::RetryRefunds),
        1 => Just(Move::Cancel),
        12 => (0usize..64, any::<bool>()).prop_map(|(call, silent)| Move::Answer(call, silent)),
        2 => (0u64..100).prop_map(Move::Later),
        2 => Just(Move::Inquire),
    ]
}

/// The provider. After its first answer to a key it always gives the same answer.
struct Shop {
    given: Given,
    now: Timestamp,
    calls: Vec<ProviderCall>,
    said: BTreeMap<String, ProviderAnswer>,
    moods: Vec<u8>,
    events: Vec<PaymentEvent>,
}

impl Shop {
    fn open(moods: Vec<u8>) -> Self {
        let (calls, said, events) = (Vec::new(), BTreeMap::new(), Vec::new());
        Self { given: nothing_yet(), now: noon(), calls, said, moods, events }
    }

    fn run(&mut self, decision: &dyn Decision) {
        self.given = self.given.clone().at(self.now);
        // A refusal changes nothing.
        let Ok(changes) = self.given.run(decision) else { return };
        for event in changes.events_of::<PaymentEvent>() {
            self.calls.extend(provider_call(&event));
            self.events.push(event);
        }
    }

    fn state(&self) -> Payment {
        self.given.state(&order_id().payment_stream())
    }

    fn mood(&self, key: &str) -> u8 {
        let sum = key.bytes().fold(0usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        self.moods[sum % self.moods.len()]
    }

    fn definite(&mut self, call: &ProviderCall) -> ProviderAnswer {
        let (key, mood) = (call.idempotency_key(), self.mood(&call.idempotency_key()));
        let money = |fails: bool| if fails { failed("no") } else { MoneyOutcome::Done };
        let fresh = match call.step.kind() {
            "authorize" => ProviderAnswer::Authorize(match mood % 4 {
                0 => AuthorizeOutcome::Declined { code: DeclineCode::Declined },
                1 => {
                    AuthorizeOutcome::ActionRequired { action_url: "u".to_owned(), provider_ref: key.clone() }
                }
                _ => AuthorizeOutcome::Authorized {
                    provider_ref: key.clone(),
                    authorized_until: noon().plus(Duration::from_hours(u64::from(mood))),
                },
            }),
            "capture" => ProviderAnswer::Capture(money(mood % 3 == 0)),
            "void" => ProviderAnswer::Void(money(mood % 5 == 0)),
            _ => ProviderAnswer::Refund(money(mood % 3 == 0)),
        };
        self.said.entry(key).or_insert(fresh).clone()
    }

    fn answer(&mut self, call: &ProviderCall, silent: bool) {
        let unknown = ProviderAnswer::unknown(&call.step).unwrap();
        let answer = if silent { unknown } else { self.definite(call) };
        self.run(&answer_of(call, answer));
    }

    fn play(&mut self, step: &Move) {
        let order_id = order_id();
        match *step {
            Move::Request(name) => {
                self.run(&RequestPayment { payment_token: token(&name.to_string()), ..request() });
            }
            Move::Reauthorize => self.run(&Reauthorize { order_id, amount: None, payment_token: None }),
            Move::Confirm(yes) => {
                let authorized_until = Some(self.now.plus(Duration::from_hours(50)));
                let yes = yes.then_some(Confirmation::Approved { authorized_until });
                self.run(&CompleteAction {
                    order_id,
                    confirmation: yes.unwrap_or(Confirmation::Refused),
                    rules: rules(),
                });
            }
            Move::Capture(number, minor, last) => {
                let amount = eur(minor);
                self.run(&RequestCapture { order_id, shipment_id: parcel(number), amount, last });
            }
            Move::Retry => self.run(&RetryCapture { order_id, shipment_id: None }),
            Move::Refund(number, minor) => self.run(&RequestRefund {
                order_id,
                refund_id: parcel(number).to_string(),
                amount: eur(minor),
                shipment_id: Some(parcel(number)),
            }),
            Move::RetryRefunds => self.run(&RetryRefunds { order_id }),
            Move::Cancel => self.run(&CancelPayment { order_id }),
            Move::Answer(which, silent) => {
                if let Some(call) = self.calls.get(which % self.calls.len().max(1)).cloned() {
                    self.answer(&call, silent);
                }
            }
            Move::Later(hours) => self.now = self.now.plus(Duration::from_hours(hours)),
            Move::Inquire => self.run(&InquireStep { order_id }),
        }
    }

    /// Answers all requests until there are no new ones.
    fn settle(&mut self) {
        let mut answered = 0;
        while answered < self.calls.len() {
            let call = self.calls[answered].clone();
            self.answer(&call, false);
            answered += 1;
        }
    }
}

fn answer_of(call: &ProviderCall, answer: ProviderAnswer) -> ProviderAnswered {
    ProviderAnswered { order_id: call.order_id, step: call.step.clone(), answer, rules: rules() }
}

/// Operations of the provider, derived from the events alone.
fn check(events: &[PaymentEvent]) -> Result<(), TestCaseError> {
    let (mut authorized, mut claims, mut refs) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let (mut taken, mut back, mut asked_back) = (0, 0, BTreeMap::new());
    for event in events {
        match event {
            PaymentEvent::PaymentAuthorized(e) => {
                prop_assert!(
                    authorized.insert(e.provider_ref.clone(), e.amount.minor).is_none(),
                    "twice authorised"
                );
            }
            PaymentEvent::PaymentCaptureRequested(e) => {
                refs.insert(e.step.clone(), e.provider_ref.clone());
                claims.insert(e.step.clone(), e.amount.minor);
            }
            PaymentEvent::PaymentCaptureFailed(e) => {
                claims.remove(&e.step);
            }
            PaymentEvent::PaymentCaptured(e) => {
                taken += e.amount.minor;
                prop_assert_eq!(e.captured.minor, taken);
            }
            PaymentEvent::RefundRequested(e) => {
                asked_back.insert(e.step.clone(), e.amount.minor);
            }
            PaymentEvent::RefundFailed(e) => {
                asked_back.remove(&e.step);
            }
            PaymentEvent::RefundSucceeded(e) => {
                back += e.amount.minor;
                prop_assert_eq!(e.refunded.minor, back);
            }
            _ => {}
        }
        for (provider_ref, amount) in &authorized {
            let of = |(step, _): &(&PaymentStep, &i64)| refs.get(*step) == Some(provider_ref);
            let claimed: i64 = claims.iter().filter(of).map(|(_, minor)| *minor).sum();
            prop_assert!(claimed <= *amount, "{claimed} taken of {amount}");
        }
        prop_assert!(asked_back.values().sum::<i64>() <= taken, "more was refunded than captured");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn captured_stays_within_authorised_and_refunds_within_captured(
        moves in prop::collection::vec(any_move(), 1..60),
        moods in prop::collection::vec(any::<u8>(), 1..12),
    ) {
        let mut shop = Shop::open(moods);
        for step in &moves {
            shop.play(step);
        }
        check(&shop.events)?;
        shop.settle();
        check(&shop.events)?;
    }

    #[test]
    fn a_cancelled_payment_ends_with_nothing_set_aside_and_nothing_kept(
        moves in prop::collection::vec(any_move(), 1..60),
        moods in prop::collection::vec(any::<u8>(), 1..12),
    ) {
        let mut shop = Shop::open(moods);
        for step in &moves {
            shop.play(step);
        }
        shop.play(&Move::Cancel);
        shop.settle();
        let payment = shop.state();
        prop_assert!(matches!(payment, Payment::Unwanted(_)));
        prop_assert_eq!(payment.deadline(), None, "an inquiry is open");
        let book = payment.book();
        for tried in book.tries() {
            let kept = match &tried.situation {
                TrySituation::SetAside { provider_ref, released, .. } => {
                    tried.amount.minor - released - book.claimed(provider_ref)
                }
                TrySituation::Asked | TrySituation::Voiding { .. } => 1,
                _ => 0,
            };
            prop_assert_eq!(kept, 0, "still set aside: {:?}", tried);
        }
        let open = book.captures().values().any(|it| matches!(it.situation, CaptureSituation::Asked { .. }));
        prop_assert!(!open, "a capture is open");
        let lost: i64 = book
            .refunds()
            .values()
            .filter(|refund| refund.situation == RefundSituation::Failed)
            .map(|refund| refund.amount.minor)
            .sum();
        prop_assert!(book.repaid() + lost >= book.taken(), "kept: {} of {}", book.taken() - book.repaid(), book.taken());
    }

    #[test]
    fn a_step_is_never_asked_for_after_it_was_answered(
        moves in prop::collection::vec(any_move(), 1..60),
        moods in prop::collection::vec(any::<u8>(), 1..12),
    ) {
        let mut shop = Shop::open(moods);
        for step in &moves {
            shop.play(step);
        }
        shop.settle();
        let asked = shop.calls.len();
        for call in shop.calls.clone() {
            shop.answer(&call, false);
            shop.answer(&call, true);
        }
        prop_assert_eq!(shop.calls.len(), asked, "a repeated answer requested a call");
    }
}
