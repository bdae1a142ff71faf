//! Versions of orders.

use async_graphql::{ID, MergedObject, Object};
use read_models::documents::orders;

use super::back_office::BackOffice;
use super::personal::PersonalData;
use super::state::OrderState;
use crate::id::global;
use crate::reader::Past;
use crate::scalars::DateTime;

type Order = Past<orders::Order>;

/// An order as it was after one of its events, as seen by the customer who placed it. Its payments, shipments and timeline
/// are fields of the order itself.
#[derive(MergedObject)]
pub(crate) struct OrderVersion(OrderVersionFields, OrderState, PersonalData);

/// An order as it was after one of its events, as seen by the back office. Its payments, shipments, reservation and timeline
/// are fields of the order itself.
#[derive(MergedObject)]
#[graphql(name = "OrderVersion")]
pub(crate) struct ShopOrderVersion(OrderVersionFields, OrderState, PersonalData, BackOffice);

impl OrderVersion {
    /// A version of an order. The caller checks that the client may see it.
    pub(crate) fn opened(Past { document, since }: Order) -> Self {
        let fields = OrderVersionFields { order_id: document.value.order_id.clone(), since };
        Self(fields, OrderState(document.clone()), PersonalData(document))
    }
}

impl ShopOrderVersion {
    /// A version of an order.
    pub(crate) fn of(past: Order) -> Self {
        let office = BackOffice(past.document.clone());
        let OrderVersion(fields, state, personal) = OrderVersion::opened(past);
        Self(fields, state, personal, office)
    }
}

struct OrderVersionFields {
    order_id: String,
    since: String,
}

/// The fields of versions of orders alone.
#[Object]
impl OrderVersionFields {
    /// Global id of the order.
    async fn order_id(&self) -> ID {
        global("Order", &self.order_id)
    }

    /// Time from which the order was as shown here: the latest time of its events up to this version.
    async fn since(&self) -> DateTime {
        (&self.since).into()
    }
}
