//! Versions of orders.

use crate::execution::merged;
use async_graphql::{ID, MergedObject};
use query_api_macros::object;
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
#[derive(Clone, MergedObject)]
pub(crate) struct OrderVersion(OrderVersionFields, OrderState, PersonalData);

merged!(OrderVersion: 0: OrderVersionFields, 1: OrderState, 2: PersonalData);

/// An order as it was after one of its events, as seen by the back office. Its payments, shipments, reservation and timeline
/// are fields of the order itself.
#[derive(Clone, MergedObject)]
#[graphql(name = "OrderVersion")]
pub(crate) struct ShopOrderVersion(OrderVersionFields, OrderState, PersonalData, BackOffice);

merged!(ShopOrderVersion: 0: OrderVersionFields, 1: OrderState, 2: PersonalData, 3: BackOffice);

impl OrderVersion {
    /// A version of an order. The caller checks that the client may see it.
    pub(crate) fn opened(Past { document, since }: Order) -> Self {
        let order_id = document.value.order_id.clone();
        let fields = OrderVersionFields { order_id, version: document.version, since };
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

/// What a version is of, and its number, of the key in its global id.
pub(crate) fn version_of(key: &str) -> Option<(&str, u64)> {
    let (of, version) = key.rsplit_once('@')?;
    Some((of, version.parse().ok()?))
}

#[derive(Clone)]
struct OrderVersionFields {
    order_id: String,
    version: u64,
    since: String,
}

impl OrderVersionFields {
    fn global_id(&self) -> ID {
        global("OrderVersion", &format!("{}@{}", self.order_id, self.version))
    }
}

/// The fields of versions of orders alone.
#[object]
impl OrderVersionFields {
    /// Global id of this version of the order.
    fn id(&self) -> ID {
        self.global_id()
    }

    /// Global id of the order.
    fn order_id(&self) -> ID {
        global("Order", &self.order_id)
    }

    /// Time from which the order was as shown here: the latest time of its events up to this version.
    fn since(&self) -> DateTime {
        (&self.since).into()
    }
}
