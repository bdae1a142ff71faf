//! Capturing money, parcel by parcel, and releasing the rest.

use schemas::payment::{
    PaymentAuthorizationExpired, PaymentCaptureFailed, PaymentCaptureRequested, PaymentCaptured,
    PaymentRemainderReleased, PaymentStep,
};
use schemas::{Money, OrderId, ShipmentId};

use super::book::{Capture, CaptureSituation, TrySituation};
use super::draft::{PaymentDraft, payment_decision};
use super::outcomes::MoneyOutcome;
use super::refund;
use crate::{Refusal, ShopRules};

/// The authorisation has expired.
const EXPIRED: &str = "AUTHORIZATION_EXPIRED";
/// The authorisation has no outcome yet.
const PENDING: &str = "AUTHORIZATION_PENDING";
/// There is no authorisation.
const NOT_AUTHORIZED: &str = "NOT_AUTHORIZED";
/// The amount exceeds what is left of the authorisation.
const EXCEEDED: &str = "EXCEEDS_AUTHORIZATION";
/// The call did not arrive, and is no longer wanted.
const NEVER_ARRIVED: &str = "NEVER_ARRIVED";

/// Captures the money for a dispatched parcel, once per parcel. With the last parcel, releases the rest that no
/// parcel needs. A capture that is not possible fails at once, so that staff decide. No effect when repeated, or when
/// the order has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestCapture {
    pub order_id: OrderId,
    pub shipment_id: ShipmentId,
    pub amount: Money,
    /// Whether this is the last parcel of the order.
    pub last: bool,
}

payment_decision!(RequestCapture);

impl RequestCapture {
    fn rule(&self, draft: &mut PaymentDraft<'_>) -> Result<(), Refusal> {
        if draft.is_unwanted() {
            return Ok(());
        }
        if !draft.book().captures().contains_key(&self.shipment_id) {
            ask(draft, self.shipment_id, self.amount, 1);
        }
        if self.last {
            release_remainder(draft);
        }
        Ok(())
    }
}

/// Repeats failed captures with a new number. No effect if none has failed, or when the order has ended.
#[derive(Clone, Copy, Debug)]
pub struct RetryCapture {
    pub order_id: OrderId,
    /// `None` for every parcel whose capture failed.
    pub shipment_id: Option<ShipmentId>,
}

payment_decision!(RetryCapture);

impl RetryCapture {
    fn rule(&self, draft: &mut PaymentDraft<'_>) -> Result<(), Refusal> {
        if !draft.is_unwanted() {
            retry_failed(draft, self.shipment_id);
        }
        Ok(())
    }
}

/// Lines were cancelled, and nothing is left to ship: releases the amount that no parcel needs, and refunds the
/// amount captured for the lines. A repetition has no effect.
#[derive(Clone, Debug)]
pub(crate) struct SettleCancelledLines {
    pub order_id: OrderId,
    /// Id of the refund, if one is needed.
    pub refund_id: String,
    /// Amount captured for these lines; zero if none was.
    pub refund_due: Money,
}

payment_decision!(SettleCancelledLines);

impl SettleCancelledLines {
    fn rule(&self, draft: &mut PaymentDraft<'_>) -> Result<(), Refusal> {
        if !draft.is_unwanted() {
            release_remainder(draft);
            if !draft.book().refunds().contains_key(&self.refund_id) {
                refund::ask(draft, &self.refund_id, self.refund_due, None);
            }
        }
        Ok(())
    }
}

pub(super) fn retry_failed(draft: &mut PaymentDraft<'_>, only: Option<ShipmentId>) {
    let again = |(shipment, known): (&ShipmentId, &Capture)| {
        let wanted = only.is_none_or(|only| only == *shipment) && known.situation == CaptureSituation::Failed;
        wanted.then(|| (*shipment, known.amount, known.attempt.saturating_add(1)))
    };
    let failed: Vec<_> = draft.book().captures().iter().filter_map(again).collect();
    for (shipment_id, amount, attempt) in failed {
        ask(draft, shipment_id, amount, attempt);
    }
}

fn ask(draft: &mut PaymentDraft<'_>, shipment_id: ShipmentId, amount: Money, attempt: u32) {
    let (order_id, step) = (draft.order_id, PaymentStep::capture(shipment_id, attempt));
    match available(draft, amount) {
        Ok(provider_ref) => {
            draft.append(PaymentCaptureRequested { order_id, step, shipment_id, amount, provider_ref });
        }
        Err(code) => {
            if code == EXPIRED {
                expire(draft, None);
            }
            draft.append(PaymentCaptureFailed { order_id, step, shipment_id, amount, code: code.to_owned() });
        }
    }
}

/// The authorisation from which `amount` can be captured, or the code of the reason why there is none.
fn available(draft: &PaymentDraft<'_>, amount: Money) -> Result<String, &'static str> {
    let latest = draft.book().latest().ok_or(NOT_AUTHORIZED)?;
    match &latest.situation {
        TrySituation::SetAside { until, .. } if draft.now() > *until => Err(EXPIRED),
        TrySituation::SetAside { provider_ref, released, .. } => {
            let used = released.saturating_add(draft.book().claimed(provider_ref));
            let fits = amount.minor <= latest.amount.minor.saturating_sub(used);
            let fits = fits && amount.minor >= 0 && amount.currency == latest.amount.currency;
            if fits { Ok(provider_ref.clone()) } else { Err(EXCEEDED) }
        }
        TrySituation::Lapsed => Err(EXPIRED),
        TrySituation::Asked | TrySituation::AwaitsCustomer { .. } => Err(PENDING),
        TrySituation::Declined | TrySituation::Voiding { .. } | TrySituation::Voided => Err(NOT_AUTHORIZED),
    }
}

/// Records once that the latest authorisation expired, if it is the one that `said_of` names.
fn expire(draft: &mut PaymentDraft<'_>, said_of: Option<&str>) {
    let Some(latest) = draft.book().latest() else { return };
    let TrySituation::SetAside { provider_ref, .. } = &latest.situation else { return };
    if said_of.is_none_or(|said_of| said_of == provider_ref) {
        let step = PaymentStep::authorize(draft.book().attempt());
        let (order_id, amount) = (draft.order_id, latest.amount);
        draft.append(PaymentAuthorizationExpired { order_id, step, amount });
    }
}

/// Releases the part of the authorisation that neither a capture nor the retry of a failed one needs.
fn release_remainder(draft: &mut PaymentDraft<'_>) {
    let Some(latest) = draft.book().latest() else { return };
    let TrySituation::SetAside { provider_ref, released, .. } = &latest.situation else { return };
    let needed = draft.book().claimed(provider_ref).saturating_add(draft.book().failed());
    let rest = latest.amount.minor.saturating_sub(*released).saturating_sub(needed);
    if rest > 0 {
        let (order_id, amount) = (draft.order_id, latest.amount.currency.minor(rest));
        draft.append(PaymentRemainderReleased { order_id, amount });
    }
}

/// Handles the provider's answer to a capture.
pub(super) fn answered(
    draft: &mut PaymentDraft<'_>,
    step: &PaymentStep,
    outcome: &MoneyOutcome,
    rules: &ShopRules,
) {
    let of_step = |(shipment, known): (&ShipmentId, &Capture)| {
        let asked = matches!(known.situation, CaptureSituation::Asked { .. });
        (asked && PaymentStep::capture(*shipment, known.attempt) == *step).then(|| (*shipment, known.clone()))
    };
    let Some((shipment_id, known)) = draft.book().captures().iter().find_map(of_step) else { return };
    let (order_id, step, amount) = (draft.order_id, step.clone(), known.amount);
    match outcome {
        MoneyOutcome::Done => {
            let captured = amount.currency.minor(draft.book().taken().saturating_add(amount.minor));
            draft.append(PaymentCaptured { order_id, step, shipment_id, amount, captured });
        }
        MoneyOutcome::Failed { code } => {
            if code == EXPIRED {
                expire(draft, known.provider_ref());
            }
            draft.append(PaymentCaptureFailed { order_id, step, shipment_id, amount, code: code.clone() });
        }
        MoneyOutcome::NeverArrived if draft.was_asked_about(&step) => {
            let provider_ref = known.provider_ref().unwrap_or_default().to_owned();
            if draft.is_unwanted() {
                let code = NEVER_ARRIVED.to_owned();
                draft.append(PaymentCaptureFailed { order_id, step, shipment_id, amount, code });
            } else {
                draft.append(PaymentCaptureRequested { order_id, step, shipment_id, amount, provider_ref });
            }
        }
        MoneyOutcome::NeverArrived | MoneyOutcome::Unknown => draft.unknown(&step, rules),
    }
}
