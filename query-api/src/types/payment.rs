//! Payments.

use crate::execution::Ctx;
use query_api_macros::{Fields, object};
use std::sync::Arc;

use async_graphql::{ID, Result, SimpleObject};
use http_server::Audience;
use read_models::documents::payments;

use super::discretion::decline_code;
use super::names::{PaymentState, PaymentStepState, named};
use crate::fault::Fault;
use crate::id::global;
use crate::page::listed;
use crate::reader::Doc;
use crate::scalars::{DateTime, Money, instant, money};

#[derive(Clone)]
pub(crate) struct Payment(pub(crate) Arc<Doc<payments::Payment>>);

/// The payment of an order.
#[object]
impl Payment {
    /// Global id of the payment.
    pub(crate) fn id(&self) -> ID {
        global("Payment", &self.0.value.order_id)
    }

    /// Global id of the order that is paid for.
    fn order_id(&self) -> ID {
        global("Order", &self.0.value.order_id)
    }

    /// Current state of the payment at the provider.
    fn status(&self) -> Result<PaymentState> {
        Ok(named(&self.0.value.status)?)
    }

    /// Amount of the latest authorisation request. Null if none was made.
    fn amount(&self) -> Option<Money> {
        money(self.0.value.amount.as_ref())
    }

    /// Authorised amount. Null until the provider has authorised one.
    fn authorized(&self) -> Option<Money> {
        money(self.0.value.authorized.as_ref())
    }

    /// Time until which the authorised amount can be captured. Null if there is no authorisation.
    fn authorized_until(&self) -> Option<DateTime> {
        instant(self.0.value.authorized_until.as_ref())
    }

    /// Amount captured so far. Null if nothing was captured.
    fn captured(&self) -> Option<Money> {
        money(self.0.value.captured.as_ref())
    }

    /// Amount refunded so far. Null if nothing was refunded.
    fn refunded(&self) -> Option<Money> {
        money(self.0.value.refunded.as_ref())
    }

    /// Amount charged back by the customer's bank so far. Null if there was no chargeback.
    fn charged_back(&self) -> Option<Money> {
        money(self.0.value.charged_back.as_ref())
    }

    /// Reference of the payment at the provider. Null for shoppers and until the provider has given one.
    fn provider_ref(&self, ctx: &Ctx<'_>) -> Result<Option<&str>> {
        let operator = ctx.reader().audience == Audience::Staff;
        Ok(self.0.value.provider_ref.as_deref().filter(|_| operator))
    }

    /// URL where the customer confirms the payment. Null unless a confirmation is required.
    fn action_url(&self) -> Option<&str> {
        self.0.value.action_url.as_deref()
    }

    /// Decline code of the latest attempt. Null unless it was declined. Shoppers see DECLINED instead of FRAUD.
    fn decline_code(&self, ctx: &Ctx<'_>) -> Result<Option<&str>> {
        let audience = ctx.reader().audience;
        Ok(self.0.value.decline_code.as_deref().map(|code| decline_code(code, audience)))
    }

    /// Number of attempts that remain after a decline. Null unless the latest attempt was declined.
    fn attempts_left(&self) -> Option<u32> {
        self.0.value.attempts_left
    }

    /// Whether the payment was cancelled, so that no more money will be captured.
    fn cancelled(&self) -> bool {
        self.0.value.cancelled
    }

    /// Requests to the provider and their outcomes, oldest first.
    fn steps(&self, ctx: &Ctx<'_>) -> Result<Vec<PaymentStep>> {
        let audience = ctx.reader().audience;
        let steps = self.0.value.steps.iter().map(|step| PaymentStep::of(step, audience));
        Ok(steps.collect::<Result<_, _>>()?)
    }

    /// Version of the payment's stream: the number of its events so far.
    fn version(&self) -> u64 {
        self.0.version
    }

    /// Time when the payment was created.
    fn created_at(&self) -> DateTime {
        (&self.0.value.created_at).into()
    }

    /// Time of the latest change to the payment.
    fn updated_at(&self) -> DateTime {
        (&self.0.value.updated_at).into()
    }
}

listed!(Payment, payments::Payment);

/// A request to the payment provider and its outcome.
#[derive(SimpleObject, Fields)]
struct PaymentStep {
    /// Name of the step, unique within the payment: `authorize:1`, `capture:{shipment}:1` and so on.
    step: String,
    /// Kind of request: `authorize`, `capture`, `void` or `refund`.
    kind: String,
    /// Outcome of the request, as far as it is known.
    state: PaymentStepState,
    /// Requested amount. Null for a `void`.
    amount: Option<Money>,
    /// Global id of the shipment that the money is for. Null unless the step concerns one shipment.
    shipment_id: Option<ID>,
    /// Id of the refund. Null unless the step is a `refund`.
    refund_id: Option<String>,
    /// Provider's error or decline code. Null unless the request failed. Shoppers see DECLINED instead of FRAUD.
    code: Option<String>,
    /// Time when the request was made.
    requested_at: DateTime,
    /// Time when the outcome became known. Null until then.
    settled_at: Option<DateTime>,
}

impl PaymentStep {
    fn of(step: &payments::PaymentStep, audience: Audience) -> Result<Self, Fault> {
        Ok(Self {
            step: step.step.clone(),
            kind: step.kind.clone(),
            state: named(&step.state)?,
            amount: money(step.amount.as_ref()),
            shipment_id: step.shipment_id.as_deref().map(|id| global("Shipment", id)),
            refund_id: step.refund_id.clone(),
            code: step.code.as_deref().map(|code| decline_code(code, audience).to_owned()),
            requested_at: (&step.requested_at).into(),
            settled_at: instant(step.settled_at.as_ref()),
        })
    }
}
