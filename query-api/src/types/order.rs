//! Orders.

mod back_office;
mod hold;
mod line;
mod personal;

use std::sync::Arc;

use async_graphql::{Context, ID, MergedObject, Object, Result, SimpleObject};
use http_server::Audience;
use read_models::documents::orders;

use super::names::{
    CancelReason, DeadlineKind, FulfilmentStatus, OrderAction, OrderStatus, PaymentStatus, ShippingMethod,
    all_named, named,
};
use super::payment::Payment;
use super::shipment::Shipment;
use super::stock::Shortage;
use super::timeline::TimelineEntry;
use crate::id::global;
use crate::page::{Connection, Listed, Named, Window, slice};
use crate::reader::{Doc, reader};
use crate::scalars::{DateTime, Money, instant};

use back_office::BackOffice;
use hold::Hold;
use line::OrderLine;
pub(crate) use personal::{Address, PersonalData};

/// An order.
pub(crate) type Document = Arc<Doc<orders::Order>>;

/// An order, as who placed it sees it.
#[derive(Clone, MergedObject)]
pub(crate) struct Order(OrderFields, PersonalData);

/// An order, as the shop sees it.
#[derive(Clone, MergedObject)]
#[graphql(name = "Order")]
pub(crate) struct ShopOrder(OrderFields, PersonalData, BackOffice);

impl Order {
    /// The order of a document. The caller makes sure that whoever asks may see it.
    pub(crate) fn opened(document: Document) -> Self {
        Self(OrderFields(document.clone()), PersonalData(document))
    }

    /// For the interface.
    #[expect(clippy::unused_async, reason = "the interface calls it like a resolver")]
    pub(crate) async fn id(&self, _: &Context<'_>) -> Result<ID> {
        Ok(global("Order", &self.0.0.value.order_id))
    }
}

impl ShopOrder {
    /// For the interface.
    #[expect(clippy::unused_async, reason = "the interface calls it like a resolver")]
    pub(crate) async fn id(&self, _: &Context<'_>) -> Result<ID> {
        Ok(global("Order", &self.0.0.value.order_id))
    }
}

impl Named for ShopOrder {
    const NAME: &'static str = "Order";
}

impl Listed for ShopOrder {
    type Document = orders::Order;

    fn of(document: Document) -> Self {
        Self(OrderFields(document.clone()), PersonalData(document.clone()), BackOffice(document))
    }
}

/// What everybody who may see an order sees.
#[derive(Clone)]
pub(crate) struct OrderFields(Document);

/// What everybody who may see an order sees.
#[Object]
impl OrderFields {
    /// Its global id.
    async fn id(&self) -> ID {
        global("Order", &self.0.value.order_id)
    }

    /// Its number for people.
    async fn number(&self) -> &str {
        &self.0.value.number
    }

    /// The version of its stream.
    async fn version(&self) -> u64 {
        self.0.version
    }

    /// When it was placed.
    async fn placed_at(&self) -> DateTime {
        (&self.0.value.placed_at).into()
    }

    /// When it was last changed.
    async fn updated_at(&self) -> DateTime {
        (&self.0.value.updated_at).into()
    }

    /// Where it stands.
    async fn status(&self) -> Result<OrderStatus> {
        Ok(named(&self.0.value.status)?)
    }

    /// What became of the money.
    async fn payment_status(&self) -> Result<PaymentStatus> {
        Ok(named(&self.0.value.payment_status)?)
    }

    /// What became of the goods.
    async fn fulfilment_status(&self) -> Result<FulfilmentStatus> {
        Ok(named(&self.0.value.fulfilment_status)?)
    }

    /// Whether it waits for somebody.
    async fn on_hold(&self) -> bool {
        self.0.value.on_hold
    }

    /// Why it waits, oldest first.
    async fn holds(&self) -> Vec<Hold> {
        self.0.value.holds.iter().map(|hold| Hold(hold.clone())).collect()
    }

    /// Why it or part of it was cancelled.
    async fn cancel_reason(&self) -> Result<Option<CancelReason>> {
        Ok(self.0.value.cancel_reason.as_deref().map(named).transpose()?)
    }

    /// How it travels.
    async fn shipping_method(&self) -> Result<ShippingMethod> {
        Ok(named(&self.0.value.shipping_method)?)
    }

    /// What was ordered.
    async fn lines(
        &self,
        #[graphql(default = 50)] first: i32,
        after: Option<String>,
    ) -> Result<Connection<OrderLine>> {
        let lines = self.0.value.lines.iter().map(|line| (i64::from(line.line_id), OrderLine(line.clone())));
        Ok(slice("lines", lines.collect(), &Window::forwards(first, after), 50)?)
    }

    /// The sums, after what was cancelled.
    async fn totals(&self) -> OrderTotals {
        (&self.0.value.totals).into()
    }

    /// Taken so far.
    async fn captured(&self) -> Money {
        (&self.0.value.captured).into()
    }

    /// Given back so far.
    async fn refunded(&self) -> Money {
        (&self.0.value.refunded).into()
    }

    /// Until when the money can be taken.
    async fn authorized_until(&self) -> Option<DateTime> {
        instant(self.0.value.authorized_until.as_ref())
    }

    /// When everything that has left so far should have arrived.
    async fn arrival_due_at(&self) -> Option<DateTime> {
        instant(self.0.value.arrival_due_at.as_ref())
    }

    /// Why the last try to pay was declined, as a code; none after one that was not.
    async fn decline_code(&self) -> Option<&str> {
        self.0.value.decline_code.as_deref()
    }

    /// How many tries to pay are left, after a decline.
    async fn attempts_left(&self) -> Option<u32> {
        self.0.value.attempts_left
    }

    /// Every SKU that was short, for a rejected order.
    async fn shortages(&self) -> Vec<Shortage> {
        self.0.value.shortages.iter().map(Shortage::from).collect()
    }

    /// Its payment, once it was asked for; null while payments cannot be read.
    async fn payments(&self, ctx: &Context<'_>) -> Result<Option<Vec<Payment>>> {
        let payment = reader(ctx)?.payment(&self.0.value.order_id).await?;
        Ok(Some(payment.into_iter().map(Payment).collect()))
    }

    /// Its parcels, oldest first; null while shipments cannot be read.
    async fn shipments(&self, ctx: &Context<'_>) -> Result<Option<Vec<Shipment>>> {
        let shipments = reader(ctx)?.shipments(&self.0.value.order_id).await?;
        Ok(Some(shipments.iter().cloned().map(Shipment).collect()))
    }

    /// What happened to it, from the beginning; null while that cannot be read.
    async fn timeline(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 100)] first: i32,
        after: Option<String>,
    ) -> Result<Option<Connection<TimelineEntry>>> {
        let entries = reader(ctx)?.timeline(&self.0.value.order_id).await?;
        let keyed = entries.iter().filter_map(|entry| {
            Some((i64::try_from(entry.value.version).ok()?, TimelineEntry(entry.clone())))
        });
        Ok(Some(slice("timeline", keyed.collect(), &Window::forwards(first, after), 100)?))
    }

    /// What whoever asks may do to it now.
    async fn allowed_actions(&self, ctx: &Context<'_>) -> Result<Vec<OrderAction>> {
        let shopper = reader(ctx)?.audience == Audience::Public;
        let mut actions = self.0.value.allowed_actions.clone();
        actions.retain(|action| !shopper || matches!(action.as_str(), "CANCEL" | "RETRY_PAYMENT"));
        Ok(all_named(&actions)?)
    }

    /// What runs out next; nothing while it is on hold or over.
    async fn deadlines(&self) -> Result<Vec<Deadline>> {
        let deadlines = self.0.value.deadlines.iter();
        Ok(deadlines.map(Deadline::of).collect::<Result<_, _>>()?)
    }
}

/// The sums of an order: grand = subtotal − discount + shipping; tax is inside it.
#[derive(SimpleObject)]
struct OrderTotals {
    /// Quantity × unit price over all lines.
    subtotal: Money,
    /// Off that.
    discount: Money,
    /// For sending it.
    shipping: Money,
    /// Of the grand total, this is tax.
    tax: Money,
    /// What the customer pays.
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

/// Something that runs out.
#[derive(SimpleObject)]
pub(crate) struct Deadline {
    /// What.
    kind: DeadlineKind,
    /// When.
    at: DateTime,
}

impl Deadline {
    fn of(deadline: &orders::Deadline) -> Result<Self, crate::fault::Fault> {
        Ok(Self { kind: named(&deadline.kind)?, at: (&deadline.at).into() })
    }
}
