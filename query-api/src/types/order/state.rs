//! The state of an order: what its document contains.

use crate::execution::Ctx;
use async_graphql::{Result, SimpleObject};
use http_server::Audience;
use query_api_macros::{Fields, object};
use read_models::documents::orders;

use super::Document;
use super::hold::Hold;
use super::line::OrderLine;
use crate::page::{Connection, Window, slice};
use crate::scalars::{DateTime, Money, instant};
use crate::types::discretion::{cancel_reason, decline_code};
use crate::types::names::{
    CancelReason, DeadlineKind, FulfilmentStatus, OrderAction, OrderStatus, PaymentStatus, ShippingMethod,
    all_named, named,
};
use crate::types::stock::Shortage;

#[derive(Clone)]
pub(crate) struct OrderState(pub(super) Document);

/// The fields of an order that both schemas show and that its document contains, in any of its versions.
#[object]
impl OrderState {
    /// Order number for people, such as `10-000042`; unique.
    fn number(&self) -> &str {
        &self.0.value.number
    }

    /// Version of the order's stream: the number of its events so far.
    fn version(&self) -> u64 {
        self.0.version
    }

    /// Time when the order was placed.
    fn placed_at(&self) -> DateTime {
        (&self.0.value.placed_at).into()
    }

    /// Time of the latest change to the order.
    fn updated_at(&self) -> DateTime {
        (&self.0.value.updated_at).into()
    }

    /// Stage of the order's life cycle.
    fn status(&self) -> Result<OrderStatus> {
        Ok(named(&self.0.value.status)?)
    }

    /// How far the payment has come.
    fn payment_status(&self) -> Result<PaymentStatus> {
        Ok(named(&self.0.value.payment_status)?)
    }

    /// How far delivery has come.
    fn fulfilment_status(&self) -> Result<FulfilmentStatus> {
        Ok(named(&self.0.value.fulfilment_status)?)
    }

    /// Whether the order waits for a decision by the shop.
    fn on_hold(&self) -> bool {
        self.0.value.on_hold
    }

    /// Open holds, oldest first. Empty if the order is not on hold.
    fn holds(&self) -> Vec<Hold> {
        self.0.value.holds.iter().map(|hold| Hold(hold.clone())).collect()
    }

    /// Reason for the latest cancellation, of the order or of a part. Null if nothing was cancelled. Shoppers see OTHER
    /// instead of FRAUD.
    fn cancel_reason(&self, ctx: &Ctx<'_>) -> Result<Option<CancelReason>> {
        let audience = ctx.reader().audience;
        let reason = self.0.value.cancel_reason.as_deref();
        Ok(reason.map(|reason| named(cancel_reason(reason, audience))).transpose()?)
    }

    /// Delivery speed that the customer chose.
    fn shipping_method(&self) -> Result<ShippingMethod> {
        Ok(named(&self.0.value.shipping_method)?)
    }

    /// Lines of the order, in the order in which they were placed.
    fn lines(
        &self,
        #[graphql(default = 50, desc = "Page size, 0 to 100.")] first: i32,
        #[graphql(desc = "Cursor: the page starts after this node.")] after: Option<String>,
    ) -> Result<Connection<OrderLine>> {
        Ok(slice("lines", OrderLine::all(&self.0.value), &Window::forwards(first, after), 50)?)
    }

    /// Sums of the order, without cancelled quantities.
    fn totals(&self) -> OrderTotals {
        (&self.0.value.totals).into()
    }

    /// Amount captured so far: 0 until the first shipment is paid for.
    fn captured(&self) -> Money {
        (&self.0.value.captured).into()
    }

    /// Amount refunded so far: 0 if there were no refunds.
    fn refunded(&self) -> Money {
        (&self.0.value.refunded).into()
    }

    /// Time until which the authorised amount can be captured. Null if there is no authorisation.
    fn authorized_until(&self) -> Option<DateTime> {
        instant(self.0.value.authorized_until.as_ref())
    }

    /// Time when the last of the shipments under way is expected to arrive. Null if none has left.
    fn arrival_due_at(&self) -> Option<DateTime> {
        instant(self.0.value.arrival_due_at.as_ref())
    }

    /// Decline code of the latest payment attempt. Null unless it was declined. Shoppers see DECLINED instead of FRAUD.
    fn decline_code(&self, ctx: &Ctx<'_>) -> Result<Option<&str>> {
        let audience = ctx.reader().audience;
        Ok(self.0.value.decline_code.as_deref().map(|code| decline_code(code, audience)))
    }

    /// Number of payment attempts that remain after a decline. Null unless the latest attempt was declined.
    fn attempts_left(&self) -> Option<u32> {
        self.0.value.attempts_left
    }

    /// Every SKU of a rejected order that was short. Empty if the order was not rejected.
    fn shortages(&self) -> Vec<Shortage> {
        self.0.value.shortages.iter().map(Shortage::from).collect()
    }

    /// Actions available to the caller in this state. The storefront shows CANCEL and RETRY_PAYMENT only.
    fn allowed_actions(&self, ctx: &Ctx<'_>) -> Result<Vec<OrderAction>> {
        let shopper = ctx.reader().audience == Audience::Public;
        let mut actions = self.0.value.allowed_actions.clone();
        actions.retain(|action| !shopper || matches!(action.as_str(), "CANCEL" | "RETRY_PAYMENT"));
        Ok(all_named(&actions)?)
    }

    /// Running deadlines. Empty while the order is on hold or once it has ended.
    fn deadlines(&self) -> Result<Vec<Deadline>> {
        let deadlines = self.0.value.deadlines.iter();
        Ok(deadlines.map(Deadline::of).collect::<Result<_, _>>()?)
    }
}

/// Sums of an order: grand = subtotal − discount + shipping. Tax is included in the amounts.
#[derive(SimpleObject, Fields)]
struct OrderTotals {
    /// Sum of quantity × unit price over all lines.
    subtotal: Money,
    /// Total discount, as a positive amount.
    discount: Money,
    /// Shipping charge, tax included.
    shipping: Money,
    /// Tax that is included in the grand total.
    tax: Money,
    /// Amount that the customer pays.
    grand: Money,
}

impl From<&orders::Totals> for OrderTotals {
    fn from(totals: &orders::Totals) -> Self {
        Self {
            subtotal: (&totals.subtotal).into(),
            discount: (&totals.discount).into(),
            shipping: (&totals.shipping).into(),
            tax: (&totals.tax).into(),
            grand: (&totals.grand).into(),
        }
    }
}

/// A running deadline of an order.
#[derive(SimpleObject, Fields)]
pub(crate) struct Deadline {
    /// What has to happen before the deadline.
    kind: DeadlineKind,
    /// Time when the deadline passes.
    at: DateTime,
}

impl Deadline {
    fn of(deadline: &orders::Deadline) -> Result<Self, crate::fault::Fault> {
        Ok(Self { kind: named(&deadline.kind)?, at: (&deadline.at).into() })
    }
}
