//! Orders.

mod back_office;
mod hold;
mod line;
mod personal;
mod state;
mod version;

use crate::execution::Ctx;
use crate::execution::merged;
use query_api_macros::object;
use std::sync::Arc;

use async_graphql::{ID, MergedObject, Result};
use read_models::documents::orders::{self, ORDERS};

use super::payment::Payment;
use super::shipment::Shipment;
use super::timeline::TimelineEntry;
use crate::fault::Fault;
use crate::id::{self, global};
use crate::input::{OrderKey, text};
use crate::page::{Connection, Listed, Named, Window, slice};
use crate::reader::{Doc, Reader, shared};

use back_office::{BackOffice, OrderReservation};
pub(crate) use line::OrderLine;
pub(crate) use personal::{Address, PersonalData};
use state::OrderState;
pub(crate) use version::{OrderVersion, ShopOrderVersion, version_of};

pub(crate) type Document = Arc<Doc<orders::Order>>;

/// The order that a client names.
pub(crate) async fn by(reader: &Reader, key: OrderKey) -> std::result::Result<Option<Document>, Fault> {
    match key {
        OrderKey::Id(id) => reader.order(&id::key(&id, "Order")?).await,
        OrderKey::Number(number) => {
            Ok(reader.find_one(&ORDERS, text("number", number)).await?.and_then(shared))
        }
    }
}

/// The key of the order that a client names: one named by its id need not exist; `None` if no order has the number.
pub(crate) async fn key_of(reader: &Reader, key: OrderKey) -> std::result::Result<Option<String>, Fault> {
    match key {
        OrderKey::Id(id) => Ok(Some(id::key(&id, "Order")?)),
        number @ OrderKey::Number(_) => {
            Ok(by(reader, number).await?.map(|order| order.value.order_id.clone()))
        }
    }
}

/// An order, as seen by the customer who placed it.
#[derive(Clone, MergedObject)]
pub(crate) struct Order(OrderFields, OrderState, PersonalData);

merged!(Order: 0: OrderFields, 1: OrderState, 2: PersonalData);

/// An order, as seen by the back office.
#[derive(Clone, MergedObject)]
#[graphql(name = "Order")]
pub(crate) struct ShopOrder(OrderFields, OrderState, PersonalData, BackOffice, OrderReservation);

merged!(ShopOrder: 0: OrderFields, 1: OrderState, 2: PersonalData, 3: BackOffice, 4: OrderReservation);

impl Order {
    /// The order of a document. The caller checks that the client may see it.
    pub(crate) fn opened(document: Document) -> Self {
        Self(OrderFields(document.clone()), OrderState(document.clone()), PersonalData(document))
    }
}

impl Named for ShopOrder {
    const NAME: &'static str = "Order";
}

impl Listed for ShopOrder {
    type Document = orders::Order;

    fn of(document: Document) -> Self {
        Self(
            OrderFields(document.clone()),
            OrderState(document.clone()),
            PersonalData(document.clone()),
            BackOffice(document.clone()),
            OrderReservation(document),
        )
    }
}

#[derive(Clone)]
pub(crate) struct OrderFields(Document);

/// The fields of an order that both schemas show and that are read from other documents.
#[object]
impl OrderFields {
    /// Global id of the order.
    fn id(&self) -> ID {
        global("Order", &self.0.value.order_id)
    }

    /// Payments of the order: empty until one has been requested, then exactly one. Null, with an error, if
    /// payments cannot be read.
    async fn payments(&self, ctx: &Ctx<'_>) -> Result<Option<Vec<Payment>>> {
        let payment = ctx.reader().payment(&self.0.value.order_id).await?;
        Ok(Some(payment.into_iter().map(Payment).collect()))
    }

    /// Shipments of the order, oldest first. Null, with an error, if shipments cannot be read.
    async fn shipments(&self, ctx: &Ctx<'_>) -> Result<Option<Vec<Shipment>>> {
        let shipments = ctx.reader().shipments(&self.0.value.order_id).await?;
        Ok(Some(shipments.iter().cloned().map(Shipment).collect()))
    }

    /// History of the order, oldest entry first, for shoppers without the notes of staff. Null, with an error, if the
    /// history cannot be read.
    async fn timeline(
        &self,
        ctx: &Ctx<'_>,
        #[graphql(default = 100, desc = "Page size, 0 to 100.")] first: i32,
        #[graphql(desc = "Cursor: the page starts after this node.")] after: Option<String>,
    ) -> Result<Option<Connection<TimelineEntry>>> {
        let reader = ctx.reader();
        let entries = reader.timeline(&self.0.value.order_id).await?;
        let entries = entries.iter().cloned().map(TimelineEntry);
        let keyed = entries
            .filter(|entry| entry.is_for(reader.audience))
            .filter_map(|entry| Some((i64::try_from(entry.0.value.version).ok()?, entry)));
        Ok(Some(slice("timeline", keyed.collect(), &Window::forwards(first, after), 100)?))
    }
}
