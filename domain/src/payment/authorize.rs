//! Authorisations: one attempt at a time.

use std::sync::Arc;
use std::time::Duration;

use schemas::payment::{
    DeclineCode, LatePaymentDetected, PaymentActionRequired, PaymentAuthorized, PaymentDeclined,
    PaymentRequested, PaymentStep,
};
use schemas::{Money, OrderId, Sealed, Timestamp};

use super::book::{Try, TrySituation};
use super::capture;
use super::draft::{PaymentDraft, payment_decision};
use super::outcomes::AuthorizeOutcome;
use crate::{Refusal, ShopRules, times};

/// Requests an authorisation, because the stock is reserved or the customer tries another payment method. No effect
/// while an attempt is open or has succeeded, for a token that was tried before, and when the order has ended.
#[derive(Clone, Debug)]
pub(crate) struct RequestPayment {
    pub order_id: OrderId,
    pub amount: Money,
    /// The payment provider's token, sealed.
    pub payment_token: Sealed,
}

payment_decision!(RequestPayment);

impl RequestPayment {
    fn rule(&self, draft: &mut PaymentDraft<'_>) -> Result<(), Refusal> {
        let tried = draft.book().tries().iter().any(|known| known.payment_token == self.payment_token);
        let free = draft.book().latest().is_none_or(|latest| latest.situation == TrySituation::Declined);
        if free && !tried && !draft.is_unwanted() {
            request(draft, self.amount, self.payment_token.clone());
        }
        Ok(())
    }
}

/// Requests another authorisation, because the last one has expired. No effect while an attempt is open or valid.
#[derive(Clone, Debug)]
pub struct Reauthorize {
    pub order_id: OrderId,
    /// `None` for the amount of the latest attempt.
    pub amount: Option<Money>,
    /// The payment provider's token, sealed; `None` for the token of the latest attempt.
    pub payment_token: Option<Sealed>,
}

payment_decision!(Reauthorize);

impl Reauthorize {
    fn rule(&self, draft: &mut PaymentDraft<'_>) -> Result<(), Refusal> {
        let Some(latest) = draft.book().latest().cloned() else { return Ok(()) };
        let over = match latest.situation {
            TrySituation::SetAside { until, .. } => draft.now() >= until,
            TrySituation::Declined | TrySituation::Lapsed => true,
            TrySituation::Asked
            | TrySituation::AwaitsCustomer { .. }
            | TrySituation::Voiding { .. }
            | TrySituation::Voided => false,
        };
        if over && !draft.is_unwanted() {
            let amount = self.amount.unwrap_or(latest.amount);
            request(draft, amount, self.payment_token.clone().unwrap_or(latest.payment_token));
        }
        Ok(())
    }
}

/// Result of the customer's authentication at the bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// Confirmed: the amount is authorised.
    Approved {
        /// Last instant at which the amount can be captured; `None` for seven days from now.
        authorized_until: Option<Timestamp>,
    },
    Refused,
}

/// How long an authorisation usually lasts.
const USUAL: Duration = Duration::from_hours(7 * 24);

/// Records the result of the authentication at the bank, reported by the customer or the bank. A repetition has no
/// effect. Refuses with `NOT_FOUND` if no payment was requested, with `INVALID_TIME` for an authorisation that has
/// ended or lasts more than a year, and with `ILLEGAL_TRANSITION` if no attempt waits for the customer, or if the amount
/// is authorised until another time.
#[derive(Clone, Debug)]
pub struct CompleteAction {
    pub order_id: OrderId,
    pub confirmation: Confirmation,
    pub rules: Arc<ShopRules>,
}

payment_decision!(CompleteAction);

impl CompleteAction {
    fn rule(&self, draft: &mut PaymentDraft<'_>) -> Result<(), Refusal> {
        let latest = draft.book().latest().ok_or_else(|| Refusal::not_found("payment").retryable())?;
        let step = PaymentStep::authorize(draft.book().attempt());
        let approved = matches!(self.confirmation, Confirmation::Approved { .. });
        match (&latest.situation, self.confirmation) {
            (TrySituation::AwaitsCustomer { provider_ref }, Confirmation::Approved { authorized_until }) => {
                let (provider_ref, now) = (provider_ref.clone(), draft.now());
                if let Some(until) = authorized_until {
                    times::expected(("authorizedUntil", "The end of the authorisation"), until, now)?;
                }
                let until = authorized_until.unwrap_or_else(|| now.plus(USUAL));
                authorized(draft, step, (provider_ref, until));
            }
            (TrySituation::AwaitsCustomer { .. }, Confirmation::Refused) => {
                declined(draft, step, DeclineCode::ActionFailed, &self.rules);
            }
            (TrySituation::Asked, _) => {
                let message =
                    "The provider has not answered yet, so there is nothing to confirm. Try again later.";
                return Err(Refusal::rule("ILLEGAL_TRANSITION", message).retryable());
            }
            (TrySituation::Declined, _) if approved => {
                let message = "This payment attempt was declined. Use another payment method.";
                return Err(Refusal::rule("ILLEGAL_TRANSITION", message));
            }
            (TrySituation::Declined, _) => {}
            (
                TrySituation::SetAside { until, .. },
                Confirmation::Approved { authorized_until: Some(other) },
            ) if other != *until => {
                let message =
                    format!("The amount is already authorised, until {until}. That cannot be changed.");
                return Err(Refusal::rule("ILLEGAL_TRANSITION", message).at("authorizedUntil"));
            }
            _ if approved => {}
            _ => {
                let message = "The payment is already authorised. Cancel the order instead.";
                return Err(Refusal::rule("ILLEGAL_TRANSITION", message));
            }
        }
        Ok(())
    }
}

/// Handles the provider's answer to an authorisation. Late and repeated answers have no effect, except that an
/// authorisation for an ended order is always voided. Refuses with `WRONG_ANSWER` an authorisation that ends more than a
/// year from now, or ended more than a year ago: the answer to an inquiry may come after the authorisation has ended.
pub(super) fn answered(
    draft: &mut PaymentDraft<'_>,
    step: &PaymentStep,
    outcome: &AuthorizeOutcome,
    rules: &ShopRules,
) -> Result<(), Refusal> {
    let Some(known) = draft.book().try_of(step).cloned() else { return Ok(()) };
    let unwanted = draft.is_unwanted();
    let open = matches!(known.situation, TrySituation::Asked | TrySituation::AwaitsCustomer { .. });
    match outcome {
        AuthorizeOutcome::Authorized { provider_ref, authorized_until }
            if open || (unwanted && known.situation == TrySituation::Declined) =>
        {
            if !times::is_plausible(*authorized_until, draft.now()) {
                return Err(implausible(step, *authorized_until, draft.now()));
            }
            authorized(draft, step.clone(), (provider_ref.clone(), *authorized_until));
        }
        AuthorizeOutcome::Declined { code } if open => declined(draft, step.clone(), *code, rules),
        AuthorizeOutcome::ActionRequired { action_url, provider_ref }
            if known.situation == TrySituation::Asked =>
        {
            let (action_url, provider_ref) = (action_url.clone(), provider_ref.clone());
            let order_id = draft.order_id;
            draft.append(PaymentActionRequired { order_id, step: step.clone(), action_url, provider_ref });
        }
        AuthorizeOutcome::Unknown if known.situation == TrySituation::Asked => draft.unknown(step, rules),
        AuthorizeOutcome::NeverArrived if known.situation == TrySituation::Asked => {
            never_arrived(draft, step, known, rules);
        }
        _ => {}
    }
    Ok(())
}

fn implausible(step: &PaymentStep, until: Timestamp, now: Timestamp) -> Refusal {
    let message = format!(
        "By the provider's answer to {step}, the authorisation ends at {until}. It is {now}. Correct the provider's adapter, then redrive the reaction."
    );
    Refusal::rule("WRONG_ANSWER", message)
}

/// The provider does not know the call: repeats it under the same key.
fn never_arrived(draft: &mut PaymentDraft<'_>, step: &PaymentStep, known: Try, rules: &ShopRules) {
    if !draft.was_asked_about(step) {
        draft.unknown(step, rules);
    } else if draft.is_unwanted() {
        declined(draft, step.clone(), DeclineCode::Declined, rules);
    } else {
        let (order_id, attempt) = (draft.order_id, draft.book().attempt());
        let Try { amount, payment_token, .. } = known;
        draft.append(PaymentRequested { order_id, step: step.clone(), attempt, amount, payment_token });
    }
}

fn request(draft: &mut PaymentDraft<'_>, amount: Money, payment_token: Sealed) {
    let attempt = draft.book().attempt().saturating_add(1);
    let (order_id, step) = (draft.order_id, PaymentStep::authorize(attempt));
    draft.append(PaymentRequested { order_id, step, attempt, amount, payment_token });
}

/// Records an authorisation and retries captures that failed for lack of one.
fn authorized(
    draft: &mut PaymentDraft<'_>,
    step: PaymentStep,
    (provider_ref, authorized_until): (String, Timestamp),
) {
    let Some(amount) = draft.book().try_of(&step).map(|known| known.amount) else { return };
    let order_id = draft.order_id;
    draft.append(PaymentAuthorized { order_id, step, amount, provider_ref, authorized_until });
    if draft.is_unwanted() {
        draft.append(LatePaymentDetected { order_id, amount });
    } else {
        capture::retry_failed(draft, None);
    }
}

fn declined(draft: &mut PaymentDraft<'_>, step: PaymentStep, code: DeclineCode, rules: &ShopRules) {
    let left = rules.payment_attempts.saturating_sub(draft.book().attempt());
    let attempts_left = if code.retryable() { left } else { 0 };
    let order_id = draft.order_id;
    draft.append(PaymentDeclined { order_id, step, code, retryable: code.retryable(), attempts_left });
}
