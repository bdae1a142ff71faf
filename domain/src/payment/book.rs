//! The history with the provider: authorisation attempts, captures per parcel, refunds, and open inquiries.

use std::collections::BTreeMap;

use schemas::payment::{PaymentEvent, PaymentRequested, PaymentStep};
use schemas::{Money, Sealed, ShipmentId, Timestamp};

/// The attempts, captures, refunds and open inquiries of a payment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Book {
    tries: Vec<Try>,
    captures: BTreeMap<ShipmentId, Capture>,
    refunds: BTreeMap<String, Refund>,
    unanswered: BTreeMap<PaymentStep, Unanswered>,
    /// Amounts of chargebacks by their reference.
    disputes: BTreeMap<String, Money>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Try {
    pub amount: Money,
    /// The payment provider's token, sealed.
    pub payment_token: Sealed,
    /// Its outcome so far.
    pub situation: TrySituation,
}

/// The outcome of an authorisation attempt.
#[derive(Clone, Debug, PartialEq)]
pub enum TrySituation {
    /// Requested; no outcome yet.
    Asked,
    /// The customer must confirm at the bank.
    AwaitsCustomer {
        provider_ref: String,
    },
    Declined,
    /// The amount is authorised.
    SetAside {
        provider_ref: String,
        /// Last instant at which the amount can be captured.
        until: Timestamp,
        /// Amount, in minor units, that was released because no parcel needs it.
        released: i64,
    },
    /// A void was requested.
    Voiding {
        provider_ref: String,
    },
    Voided,
    /// It has expired, or will: it can no longer be captured.
    Lapsed,
}

/// The capture for a parcel.
#[derive(Clone, Debug, PartialEq)]
pub struct Capture {
    /// Number of attempts so far.
    pub attempt: u32,
    pub amount: Money,
    /// Its outcome so far.
    pub situation: CaptureSituation,
}

/// The outcome of a capture.
#[derive(Clone, Debug, PartialEq)]
pub enum CaptureSituation {
    /// Requested; no outcome yet.
    Asked {
        /// The provider's reference of the authorisation.
        provider_ref: String,
    },
    Taken {
        /// The provider's reference of the authorisation.
        provider_ref: String,
    },
    /// Failed; can be retried.
    Failed,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Refund {
    /// Number of attempts so far.
    pub attempt: u32,
    pub amount: Money,
    /// Its outcome so far.
    pub situation: RefundSituation,
}

/// The outcome of a refund.
#[derive(Clone, Debug, PartialEq)]
pub enum RefundSituation {
    /// Requested; no outcome yet.
    Asked {
        /// The provider's reference of the payment.
        provider_ref: String,
    },
    Paid {
        /// The provider's reference of the payment.
        provider_ref: String,
    },
    /// Failed; can be retried.
    Failed,
}

/// A step whose outcome is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// An inquiry is scheduled.
    AskAt {
        at: Timestamp,
        /// Number of inquiries so far.
        asked: u32,
    },
    /// Requested; no outcome yet.
    Asked { asked: u32 },
}

impl Book {
    /// A payment without any event.
    pub const fn new() -> Self {
        Self {
            tries: Vec::new(),
            captures: BTreeMap::new(),
            refunds: BTreeMap::new(),
            unanswered: BTreeMap::new(),
            disputes: BTreeMap::new(),
        }
    }

    /// All authorisation attempts; the first is number 1.
    pub fn tries(&self) -> &[Try] {
        &self.tries
    }

    /// Number of attempts so far, which is the number of the latest one.
    pub fn attempt(&self) -> u32 {
        u32::try_from(self.tries.len()).unwrap_or(u32::MAX)
    }

    pub fn latest(&self) -> Option<&Try> {
        self.tries.last()
    }

    /// The attempt that an `authorize` or `void` step refers to.
    pub(crate) fn try_of(&self, step: &PaymentStep) -> Option<&Try> {
        self.tries.get(index(step))
    }

    pub fn captures(&self) -> &BTreeMap<ShipmentId, Capture> {
        &self.captures
    }

    /// Refunds by their id.
    pub fn refunds(&self) -> &BTreeMap<String, Refund> {
        &self.refunds
    }

    /// The open inquiry about a step, if any.
    pub fn unanswered(&self, step: &PaymentStep) -> Option<Unanswered> {
        self.unanswered.get(step).copied()
    }

    /// The amount of the chargeback with this reference, if it is known.
    pub(crate) fn disputed(&self, provider_ref: &str) -> Option<Money> {
        self.disputes.get(provider_ref).copied()
    }

    /// Steps with an inquiry due at `now`, with the number of earlier inquiries.
    pub(crate) fn to_ask(&self, now: Timestamp) -> Vec<(PaymentStep, u32)> {
        let due = |(step, open): (&PaymentStep, &Unanswered)| match open {
            Unanswered::AskAt { at, asked } if *at <= now => Some((step.clone(), *asked)),
            _ => None,
        };
        self.unanswered.iter().filter_map(due).collect()
    }

    /// Instant of the next inquiry.
    pub(crate) fn next_inquiry(&self) -> Option<Timestamp> {
        let waiting = self.unanswered.values().filter_map(|open| match open {
            Unanswered::AskAt { at, .. } => Some(*at),
            Unanswered::Asked { .. } => None,
        });
        waiting.min()
    }

    /// Captured amount in total, in minor units.
    pub fn taken(&self) -> i64 {
        minor(self.captures.values().filter(|capture| capture.is_taken()).map(|capture| capture.amount))
    }

    /// Refunded amount in total, in minor units.
    pub(crate) fn repaid(&self) -> i64 {
        let paid = |refund: &&Refund| matches!(refund.situation, RefundSituation::Paid { .. });
        minor(self.refunds.values().filter(paid).map(|refund| refund.amount))
    }

    /// Amount of an authorisation that is captured or requested, in minor units.
    pub fn claimed(&self, provider_ref: &str) -> i64 {
        let of = |capture: &&Capture| capture.provider_ref() == Some(provider_ref);
        minor(self.captures.values().filter(of).map(|capture| capture.amount))
    }

    /// Amount of failed captures, which can be retried, in minor units.
    pub fn failed(&self) -> i64 {
        let failed = |capture: &&Capture| capture.situation == CaptureSituation::Failed;
        minor(self.captures.values().filter(failed).map(|capture| capture.amount))
    }

    /// Captured amount of a payment that can still be refunded, in minor units.
    pub(crate) fn refundable(&self, provider_ref: &str) -> i64 {
        let of = |capture: &&Capture| capture.is_taken() && capture.provider_ref() == Some(provider_ref);
        let back = |refund: &&Refund| refund.provider_ref() == Some(provider_ref);
        minor(self.captures.values().filter(of).map(|capture| capture.amount))
            .saturating_sub(minor(self.refunds.values().filter(back).map(|refund| refund.amount)))
    }

    pub(super) fn evolve(mut self, event: &PaymentEvent) -> Self {
        use PaymentEvent as E;
        match event {
            E::PaymentRequested(e) => self.requested(e),
            E::PaymentActionRequired(e) => {
                let provider_ref = e.provider_ref.clone();
                self.tried(&e.step, |_| TrySituation::AwaitsCustomer { provider_ref });
            }
            E::PaymentAuthorized(e) => {
                let (provider_ref, until) = (e.provider_ref.clone(), e.authorized_until);
                self.tried(&e.step, |_| TrySituation::SetAside { provider_ref, until, released: 0 });
            }
            E::PaymentDeclined(e) => self.tried(&e.step, |_| TrySituation::Declined),
            E::PaymentVoidRequested(e) => {
                let provider_ref = e.provider_ref.clone();
                self.tried(&e.step, |_| TrySituation::Voiding { provider_ref });
            }
            E::PaymentVoided(e) => self.tried(&e.step, |_| TrySituation::Voided),
            E::PaymentVoidFailed(e) => self.tried(&e.step, |_| TrySituation::Lapsed),
            E::PaymentAuthorizationExpired(e) => self.tried(&e.step, |_| TrySituation::Lapsed),
            E::PaymentRemainderReleased(e) => self.released(e.amount),
            E::PaymentCaptureRequested(e) => {
                let situation = CaptureSituation::Asked { provider_ref: e.provider_ref.clone() };
                self.captured(&e.step, e.shipment_id, e.amount, |_| situation);
            }
            E::PaymentCaptured(e) => self.captured(&e.step, e.shipment_id, e.amount, CaptureSituation::taken),
            E::PaymentCaptureFailed(e) => {
                self.captured(&e.step, e.shipment_id, e.amount, |_| CaptureSituation::Failed);
            }
            E::RefundRequested(e) => {
                let situation = RefundSituation::Asked { provider_ref: e.provider_ref.clone() };
                self.refunded(&e.step, &e.refund_id, e.amount, |_| situation);
            }
            E::RefundSucceeded(e) => self.refunded(&e.step, &e.refund_id, e.amount, RefundSituation::paid),
            E::RefundFailed(e) => self.refunded(&e.step, &e.refund_id, e.amount, |_| RefundSituation::Failed),
            E::PaymentOutcomeUnknown(e) => {
                let asked = self.asked(&e.step);
                self.unanswered.insert(e.step.clone(), Unanswered::AskAt { at: e.ask_at, asked });
            }
            E::PaymentInquiryRequested(e) => {
                let asked = e.asked.saturating_add(1);
                self.unanswered.insert(e.step.clone(), Unanswered::Asked { asked });
            }
            E::ChargebackReceived(e) => {
                self.disputes.insert(e.provider_ref.clone(), e.amount);
            }
            E::PaymentCancelled(_) | E::LatePaymentDetected(_) => {}
        }
        self
    }

    fn requested(&mut self, event: &PaymentRequested) {
        self.unanswered.remove(&event.step);
        if self.try_of(&event.step).is_some() {
            // The same call is repeated, because the provider did not know it.
            return self.tried(&event.step, |_| TrySituation::Asked);
        }
        for earlier in &mut self.tries {
            if matches!(earlier.situation, TrySituation::SetAside { .. }) {
                earlier.situation = TrySituation::Lapsed;
            }
        }
        let (amount, payment_token) = (event.amount, event.payment_token.clone());
        self.tries.push(Try { amount, payment_token, situation: TrySituation::Asked });
    }

    fn tried(&mut self, step: &PaymentStep, next: impl FnOnce(&TrySituation) -> TrySituation) {
        self.unanswered.remove(step);
        if let Some(found) = self.tries.get_mut(index(step)) {
            found.situation = next(&found.situation);
        }
    }

    fn released(&mut self, amount: Money) {
        if let Some(Try { situation: TrySituation::SetAside { released, .. }, .. }) = self.tries.last_mut() {
            *released = released.saturating_add(amount.minor);
        }
    }

    fn captured(
        &mut self,
        step: &PaymentStep,
        shipment_id: ShipmentId,
        amount: Money,
        next: impl FnOnce(&CaptureSituation) -> CaptureSituation,
    ) {
        self.unanswered.remove(step);
        let before =
            self.captures.get(&shipment_id).map_or(&CaptureSituation::Failed, |known| &known.situation);
        let capture = Capture { attempt: number(step), amount, situation: next(before) };
        self.captures.insert(shipment_id, capture);
    }

    fn refunded(
        &mut self,
        step: &PaymentStep,
        refund_id: &str,
        amount: Money,
        next: impl FnOnce(&RefundSituation) -> RefundSituation,
    ) {
        self.unanswered.remove(step);
        let before = self.refunds.get(refund_id).map_or(&RefundSituation::Failed, |known| &known.situation);
        let refund = Refund { attempt: number(step), amount, situation: next(before) };
        self.refunds.insert(refund_id.to_owned(), refund);
    }

    fn asked(&self, step: &PaymentStep) -> u32 {
        match self.unanswered.get(step) {
            Some(Unanswered::AskAt { asked, .. } | Unanswered::Asked { asked }) => *asked,
            None => 0,
        }
    }
}

impl Capture {
    pub(crate) fn is_taken(&self) -> bool {
        matches!(self.situation, CaptureSituation::Taken { .. })
    }

    /// Authorisation used for the capture; `None` after a failure.
    pub fn provider_ref(&self) -> Option<&str> {
        match &self.situation {
            CaptureSituation::Asked { provider_ref } | CaptureSituation::Taken { provider_ref } => {
                Some(provider_ref)
            }
            CaptureSituation::Failed => None,
        }
    }
}

impl CaptureSituation {
    fn taken(&self) -> Self {
        match self {
            Self::Asked { provider_ref } | Self::Taken { provider_ref } => {
                Self::Taken { provider_ref: provider_ref.clone() }
            }
            Self::Failed => Self::Failed,
        }
    }
}

impl Refund {
    /// Payment that is refunded; `None` after a failure.
    pub fn provider_ref(&self) -> Option<&str> {
        match &self.situation {
            RefundSituation::Asked { provider_ref } | RefundSituation::Paid { provider_ref } => {
                Some(provider_ref)
            }
            RefundSituation::Failed => None,
        }
    }
}

impl RefundSituation {
    fn paid(&self) -> Self {
        match self {
            Self::Asked { provider_ref } | Self::Paid { provider_ref } => {
                Self::Paid { provider_ref: provider_ref.clone() }
            }
            Self::Failed => Self::Failed,
        }
    }
}

/// The number at the end of a step's name.
fn number(step: &PaymentStep) -> u32 {
    step.as_str().rsplit(':').next().and_then(|number| number.parse().ok()).unwrap_or(1)
}

/// The index of the attempt that an `authorize` or `void` step is about.
fn index(step: &PaymentStep) -> usize {
    usize::try_from(number(step)).unwrap_or(usize::MAX).saturating_sub(1)
}

fn minor(amounts: impl Iterator<Item = Money>) -> i64 {
    amounts.fold(0, |sum, amount| sum.saturating_add(amount.minor))
}
