//! Payments.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use http_server::Audience;
use read_models::documents::payments;

use super::names::{PaymentState, PaymentStepState, named};
use crate::fault::Fault;
use crate::id::global;
use crate::page::{Listed, Named};
use crate::reader::{Doc, reader};
use crate::scalars::{DateTime, Money, instant, money};

/// The payment of an order.
#[derive(Clone)]
pub(crate) struct Payment(pub(crate) Arc<Doc<payments::Payment>>);

/// The payment of an order.
#[Object]
impl Payment {
    /// Its global id.
    pub(crate) async fn id(&self) -> ID {
        global("Payment", &self.0.value.order_id)
    }

    /// The order that is paid.
    async fn order_id(&self) -> ID {
        global("Order", &self.0.value.order_id)
    }

    /// Where it stands with the provider.
    async fn status(&self) -> Result<PaymentState> {
        Ok(named(&self.0.value.status)?)
    }

    /// What was asked to be set aside last.
    async fn amount(&self) -> Option<Money> {
        money(self.0.value.amount.as_ref())
    }

    /// Set aside.
    async fn authorized(&self) -> Option<Money> {
        money(self.0.value.authorized.as_ref())
    }

    /// Until when it can be taken.
    async fn authorized_until(&self) -> Option<DateTime> {
        instant(self.0.value.authorized_until.as_ref())
    }

    /// Taken so far.
    async fn captured(&self) -> Option<Money> {
        money(self.0.value.captured.as_ref())
    }

    /// Given back so far.
    async fn refunded(&self) -> Option<Money> {
        money(self.0.value.refunded.as_ref())
    }

    /// Taken back by the customer's bank so far.
    async fn charged_back(&self) -> Option<Money> {
        money(self.0.value.charged_back.as_ref())
    }

    /// The provider's name for it; for operators.
    async fn provider_ref(&self, ctx: &Context<'_>) -> Result<Option<&str>> {
        let operator = reader(ctx)?.audience == Audience::Staff;
        Ok(self.0.value.provider_ref.as_deref().filter(|_| operator))
    }

    /// Where the customer confirms, while that is awaited.
    async fn action_url(&self) -> Option<&str> {
        self.0.value.action_url.as_deref()
    }

    /// Why it was declined last, as a code.
    async fn decline_code(&self) -> Option<&str> {
        self.0.value.decline_code.as_deref()
    }

    /// How many tries are left, after a decline.
    async fn attempts_left(&self) -> Option<u32> {
        self.0.value.attempts_left
    }

    /// No money is wanted any more.
    async fn cancelled(&self) -> bool {
        self.0.value.cancelled
    }

    /// Steps with the provider, oldest first.
    async fn steps(&self) -> Result<Vec<PaymentStep>> {
        Ok(self.0.value.steps.iter().map(PaymentStep::of).collect::<Result<_, _>>()?)
    }

    /// The version of its stream.
    async fn version(&self) -> u64 {
        self.0.version
    }

    /// When it began.
    async fn created_at(&self) -> DateTime {
        (&self.0.value.created_at).into()
    }

    /// When it was last changed.
    async fn updated_at(&self) -> DateTime {
        (&self.0.value.updated_at).into()
    }
}

impl Named for Payment {
    const NAME: &'static str = "Payment";
}

impl Listed for Payment {
    type Document = payments::Payment;

    fn of(document: Arc<Doc<payments::Payment>>) -> Self {
        Self(document)
    }
}

/// A step with the provider: what was asked for and what became of it.
#[derive(SimpleObject)]
struct PaymentStep {
    /// `authorize:1`, `capture:{shipment}:1` …
    step: String,
    /// `authorize`, `capture`, `void` or `refund`.
    kind: String,
    /// What became of it.
    state: PaymentStepState,
    /// How much.
    amount: Option<Money>,
    /// For which parcel.
    shipment_id: Option<ID>,
    /// For which refund.
    refund_id: Option<String>,
    /// What the provider said, as a code, where it said no.
    code: Option<String>,
    /// When it was asked for.
    requested_at: DateTime,
    /// When the outcome was known.
    settled_at: Option<DateTime>,
}

impl PaymentStep {
    fn of(step: &payments::PaymentStep) -> Result<Self, Fault> {
        Ok(Self {
            step: step.step.clone(),
            kind: step.kind.clone(),
            state: named(&step.state)?,
            amount: money(step.amount.as_ref()),
            shipment_id: step.shipment_id.as_deref().map(|id| global("Shipment", id)),
            refund_id: step.refund_id.clone(),
            code: step.code.clone(),
            requested_at: (&step.requested_at).into(),
            settled_at: instant(step.settled_at.as_ref()),
        })
    }
}
