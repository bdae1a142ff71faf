//! Filters and sort keys of lists, and keys of single objects.

mod keys;

use async_graphql::resolver_utils::EnumType;
use async_graphql::{Enum, InputObject, InputType};
use read_models::{Direction, Filter, Value};

pub(crate) use keys::{CategoryKey, Moment, OrderKey, ProductKey};

use crate::fault::Fault;
use crate::scalars::{BigInt, DateTime};
use crate::types::names::{
    FulfilmentStatus, OrderStatus, ParkedState, PaymentState, PaymentStatus, ShipmentStatus, StockLevel, name,
};

/// The most fields that a list can be sorted by.
const MOST_SORTS: usize = 3;

/// The field has one of these names.
pub(crate) fn one_of<E: EnumType + PartialEq>(field: &'static str, values: Vec<E>) -> Filter {
    Filter::In(field, values.into_iter().map(|value| Value::Text(name(value).to_owned())).collect())
}

/// The field is one of these texts.
pub(crate) fn texts(field: &'static str, values: Vec<String>) -> Filter {
    Filter::In(field, values.into_iter().map(Value::Text).collect())
}

/// The field is this text.
pub(crate) fn text(field: &'static str, value: String) -> Filter {
    Filter::In(field, vec![Value::Text(value)])
}

/// The field is true or false.
pub(crate) fn flag(field: &'static str, value: bool) -> Filter {
    Filter::In(field, vec![Value::Integer(i64::from(value))])
}

/// Sort direction of a field; nulls count as smallest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub(crate) enum SortDirection {
    /// Smallest, earliest or alphabetically first value first.
    #[default]
    Asc,
    /// Largest, latest or alphabetically last value first.
    Desc,
}

impl From<SortDirection> for Direction {
    fn from(direction: SortDirection) -> Self {
        match direction {
            SortDirection::Asc => Self::Ascending,
            SortDirection::Desc => Self::Descending,
        }
    }
}

/// A range of timestamps, both ends included. A missing end leaves that side open.
#[derive(InputObject)]
pub(crate) struct DateTimeRange {
    /// Earliest timestamp that is included.
    from: Option<DateTime>,
    /// Latest timestamp that is included.
    to: Option<DateTime>,
}

impl DateTimeRange {
    fn filter(self, field: &'static str) -> Filter {
        let value = |at: Option<DateTime>| at.map(|at| Value::Text(at.0));
        Filter::Between(field, value(self.from), value(self.to))
    }
}

/// A range of whole numbers, both ends included. A missing end leaves that side open.
#[derive(InputObject)]
pub(crate) struct BigIntRange {
    /// Smallest number that is included.
    min: Option<BigInt>,
    /// Largest number that is included.
    max: Option<BigInt>,
}

impl BigIntRange {
    /// Both ends.
    pub(crate) fn bounds(&self) -> (Option<i64>, Option<i64>) {
        (self.min.map(|min| min.0), self.max.map(|max| max.0))
    }

    pub(crate) fn filter(self, field: &'static str) -> Filter {
        let value = |number: Option<BigInt>| number.map(|number| Value::Integer(number.0));
        Filter::Between(field, value(self.min), value(self.max))
    }
}

/// A field to sort by, as a type of the schema.
pub(crate) trait SortInput: InputType {
    /// The document's field, and the direction.
    fn key(&self) -> (&'static str, Direction);
}

/// The sort keys that the client asks for, or the list's default.
pub(crate) fn sorted<S: SortInput>(
    sort: Option<Vec<S>>,
    default: (&'static str, Direction),
) -> Result<Vec<(&'static str, Direction)>, Fault> {
    let keys: Vec<_> = sort.unwrap_or_default().iter().map(SortInput::key).collect();
    if keys.len() > MOST_SORTS {
        return Err(Fault::BadInput("a list can be sorted by at most 3 fields".to_owned()));
    }
    let twice = |at: usize| keys.iter().take(at).any(|(field, _)| *field == keys[at].0);
    if (0..keys.len()).any(twice) {
        return Err(Fault::BadInput("a list can be sorted by each field only once".to_owned()));
    }
    Ok(if keys.is_empty() { vec![default] } else { keys })
}

macro_rules! sort {
    ($(#[$doc:meta])* $sort:ident by $field:ident { $($(#[$vdoc:meta])* $variant:ident = $key:expr,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, InputObject)]
        pub(crate) struct $sort {
            /// The field to sort by; each field at most once.
            field: $field,
            /// The direction to sort in.
            #[graphql(default)]
            direction: SortDirection,
        }

        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
        pub(crate) enum $field { $($(#[$vdoc])* $variant,)+ }

        impl SortInput for $sort {
            fn key(&self) -> (&'static str, Direction) {
                let field = match self.field { $($field::$variant => $key,)+ };
                (field, self.direction.into())
            }
        }
    };
}

/// The sort key that only the search index has.
pub(crate) const RELEVANCE: &str = "relevance";

sort! {
    /// A sort key of the product list; up to 3 apply, the first one first.
    ProductSort by ProductSortField {
        /// By rank in the search: ascending is the best match first. Without `search` all ranks are equal.
        Relevance = RELEVANCE,
        /// By title, alphabetically, ignoring case and accents.
        Title = "sortTitle",
        /// By lowest price, in minor units, whatever the currency.
        Price = "minPrice.minor",
        /// By the time when the product was created.
        CreatedAt = "createdAt",
        /// By the time of the latest change.
        UpdatedAt = "updatedAt",
    }
}
sort! {
    /// A sort key of the order list; up to 3 apply, the first one first.
    OrderSort by OrderSortField {
        /// By the time when the order was placed.
        PlacedAt = "placedAt",
        /// By the time of the latest change.
        UpdatedAt = "updatedAt",
        /// By grand total, in minor units, whatever the currency.
        Total = "totals.grand.minor",
        /// By order number, the numbers in it by their values: `10-999999` comes before `10-1000000`.
        Number = "number.natural",
    }
}
sort! {
    /// A sort key of the stock list; up to 3 apply, the first one first.
    StockSort by StockSortField {
        /// By SKU, as text.
        Sku = "sku",
        /// By available quantity, in units.
        Available = "available",
        /// By the time of the latest stock movement.
        UpdatedAt = "updatedAt",
    }
}

/// Product filter; all given conditions must hold.
#[derive(InputObject, Default)]
pub(crate) struct ProductWhere {
    /// Products in this category or in any of its descendants.
    pub(crate) category: Option<CategoryKey>,
    /// Products of any of these brands; at most 100 values.
    pub(crate) brand: Option<Vec<String>>,
    /// Products that have a variant with any of these SKUs; at most 100 values.
    pub(crate) skus: Option<Vec<String>>,
    /// Products that can be bought (true) or cannot (false): see `Product.availableForSale`.
    pub(crate) available_for_sale: Option<bool>,
    /// Products that are in stock (true) or not (false). A product is in stock if units of a priced variant on sale can be
    /// ordered now, or its stock is not tracked. Usually follows a stock movement within a second, later while a projection
    /// is behind. A consistency token of the stock item makes the list wait for it.
    pub(crate) in_stock: Option<bool>,
    /// Range of the product's lowest price, in minor units of the currency in which the product was first
    /// priced.
    pub(crate) price: Option<BigIntRange>,
    /// Products that fulfil all of these conditions on attributes; at most 20.
    pub(crate) attributes: Option<Vec<AttributeWhere>>,
}

/// A condition on one attribute of a product or one option of its variants.
#[derive(InputObject)]
pub(crate) struct AttributeWhere {
    /// Name of the attribute or option; case matters.
    pub(crate) name: String,
    /// Values of which the product must have at least one; case matters. At most 100.
    pub(crate) values: Vec<String>,
}

/// Order filter; all given conditions must hold.
#[derive(InputObject, Default)]
pub(crate) struct OrderWhere {
    /// Orders with any of these statuses; at most 100 values.
    status: Option<Vec<OrderStatus>>,
    /// Orders with any of these payment statuses; at most 100 values.
    payment_status: Option<Vec<PaymentStatus>>,
    /// Orders with any of these fulfilment statuses; at most 100 values.
    fulfilment_status: Option<Vec<FulfilmentStatus>>,
    /// Orders that are on hold (true) or not (false).
    on_hold: Option<bool>,
    /// Orders that were placed in this period.
    placed_at: Option<DateTimeRange>,
    /// The order with exactly this number, such as `10-000042`.
    number: Option<String>,
    /// Orders of the customer with this id.
    customer: Option<String>,
    /// Range of the order's grand total, in minor units.
    total: Option<BigIntRange>,
}

impl OrderWhere {
    pub(crate) fn filters(self) -> Vec<Filter> {
        let filters = [
            self.status.map(|values| one_of("status", values)),
            self.payment_status.map(|values| one_of("paymentStatus", values)),
            self.fulfilment_status.map(|values| one_of("fulfilmentStatus", values)),
            self.on_hold.map(|value| flag("onHold", value)),
            self.placed_at.map(|range| range.filter("placedAt")),
            self.number.map(|value| text("number", value)),
            self.customer.map(|value| text("customerId", value)),
            self.total.map(|range| range.filter("totals.grand.minor")),
        ];
        filters.into_iter().flatten().collect()
    }
}

/// Stock filter; all given conditions must hold.
#[derive(InputObject, Default)]
pub(crate) struct StockWhere {
    /// Stock items with any of these levels; at most 100 values.
    level: Option<Vec<StockLevel>>,
    /// Stock items with any of these SKUs; at most 100 values.
    skus: Option<Vec<String>>,
    /// Stock items whose SKU begins with this text; case matters.
    sku_starts_with: Option<String>,
    /// Range of the available quantity, in units.
    available: Option<BigIntRange>,
}

impl StockWhere {
    pub(crate) fn filters(self) -> Vec<Filter> {
        let begins = self.sku_starts_with.map(|begin| {
            let end = format!("{begin}{}", char::MAX);
            Filter::Between("sku", Some(Value::Text(begin)), Some(Value::Text(end)))
        });
        let filters = [
            self.level.map(|values| one_of("level", values)),
            self.skus.map(|values| texts("sku", values)),
            begins,
            self.available.map(|range| range.filter("available")),
        ];
        filters.into_iter().flatten().collect()
    }
}

/// Shipment filter; all given conditions must hold.
#[derive(InputObject, Default)]
pub(crate) struct ShipmentWhere {
    /// Shipments with any of these statuses; at most 100 values.
    status: Option<Vec<ShipmentStatus>>,
    /// Shipments that leave from this location.
    location: Option<String>,
    /// The shipment with exactly this tracking number.
    tracking_number: Option<String>,
    /// Shipments that were planned in this period.
    planned_at: Option<DateTimeRange>,
}

impl ShipmentWhere {
    pub(crate) fn filters(self) -> Vec<Filter> {
        let filters = [
            self.status.map(|values| one_of("status", values)),
            self.location.map(|value| text("location", value)),
            self.tracking_number.map(|value| text("trackingNumber", value)),
            self.planned_at.map(|range| range.filter("plannedAt")),
        ];
        filters.into_iter().flatten().collect()
    }
}

/// Payment filter; all given conditions must hold.
#[derive(InputObject, Default)]
pub(crate) struct PaymentWhere {
    /// Payments with any of these statuses; at most 100 values.
    status: Option<Vec<PaymentState>>,
    /// Payments that were created in this period.
    created_at: Option<DateTimeRange>,
}

impl PaymentWhere {
    pub(crate) fn filters(self) -> Vec<Filter> {
        let status = self.status.map(|values| one_of("status", values));
        status.into_iter().chain(self.created_at.map(|range| range.filter("createdAt"))).collect()
    }
}

/// Filter for parked reactions; all given conditions must hold.
#[derive(InputObject, Default)]
pub(crate) struct ParkedWhere {
    /// Reactions of the reactor with this name.
    reactor: Option<String>,
    /// Reactions in this state.
    state: Option<ParkedState>,
    /// Reactions to events of this stream, such as `order-…`.
    source: Option<String>,
}

impl ParkedWhere {
    pub(crate) fn filters(self) -> Vec<Filter> {
        let filters = [
            self.reactor.map(|value| text("reactor", value)),
            self.state.map(|value| one_of("state", vec![value])),
            self.source.map(|value| text("source", value)),
        ];
        filters.into_iter().flatten().collect()
    }
}
