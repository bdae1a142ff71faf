//! What lists are asked by: conditions and orders.

use async_graphql::resolver_utils::EnumType;
use async_graphql::{Enum, InputObject, InputType};
use read_models::{Direction, Filter, Value};

use crate::fault::Fault;
use crate::scalars::{BigInt, DateTime};
use crate::types::names::{
    FulfilmentStatus, OrderStatus, ParkedState, PaymentState, PaymentStatus, ShipmentStatus, StockLevel, name,
};

/// The most values that a condition may list.
const LONGEST: usize = 100;
/// The most fields that a list is sorted by.
const MOST_SORTS: usize = 3;

/// The field has one of these names.
pub(crate) fn one_of<E: EnumType + PartialEq>(field: &'static str, values: Vec<E>) -> Filter {
    Filter::In(field, values.into_iter().map(|value| Value::Text(name(value).to_owned())).collect())
}

/// The field is one of these texts.
pub(crate) fn texts(field: &'static str, values: Vec<String>) -> Result<Filter, Fault> {
    if values.len() > LONGEST {
        return Err(Fault::BadInput("a condition lists at most 100 values".to_owned()));
    }
    Ok(Filter::In(field, values.into_iter().map(Value::Text).collect()))
}

/// The field is this text.
pub(crate) fn text(field: &'static str, value: String) -> Filter {
    Filter::In(field, vec![Value::Text(value)])
}

/// The field is true or false.
pub(crate) fn flag(field: &'static str, value: bool) -> Filter {
    Filter::In(field, vec![Value::Integer(i64::from(value))])
}

/// Smallest or largest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub(crate) enum SortDirection {
    /// Smallest first.
    #[default]
    Asc,
    /// Largest first.
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

/// A range of instants.
#[derive(InputObject)]
pub(crate) struct DateTimeRange {
    /// At or after this.
    from: Option<DateTime>,
    /// At or before this.
    to: Option<DateTime>,
}

impl DateTimeRange {
    fn filter(self, field: &'static str) -> Filter {
        let value = |at: Option<DateTime>| at.map(|at| Value::Text(at.0));
        Filter::Between(field, value(self.from), value(self.to))
    }
}

/// A range of whole numbers; amounts are in minor units.
#[derive(InputObject)]
pub(crate) struct BigIntRange {
    /// At least this.
    min: Option<BigInt>,
    /// At most this.
    max: Option<BigInt>,
}

impl BigIntRange {
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

/// The order that is asked for, or the list's own.
pub(crate) fn sorted<S: SortInput>(
    sort: Option<Vec<S>>,
    default: (&'static str, Direction),
) -> Result<Vec<(&'static str, Direction)>, Fault> {
    let keys: Vec<_> = sort.unwrap_or_default().iter().map(SortInput::key).collect();
    if keys.len() > MOST_SORTS {
        return Err(Fault::BadInput("a list is sorted by at most 3 fields".to_owned()));
    }
    let twice = |at: usize| keys.iter().take(at).any(|(field, _)| *field == keys[at].0);
    if (0..keys.len()).any(twice) {
        return Err(Fault::BadInput("a list is sorted by each field once".to_owned()));
    }
    Ok(if keys.is_empty() { vec![default] } else { keys })
}

macro_rules! sort {
    ($(#[$doc:meta])* $sort:ident by $field:ident { $($(#[$vdoc:meta])* $variant:ident = $key:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, InputObject)]
        pub(crate) struct $sort {
            /// By what.
            field: $field,
            /// Which way.
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

sort! {
    /// In which order products come.
    ProductSort by ProductSortField {
        /// By title, capitals ignored.
        Title = "sortTitle",
        /// By the lowest price.
        Price = "minPrice.minor",
        /// By when they came into the catalog.
        CreatedAt = "createdAt",
        /// By when they were last changed.
        UpdatedAt = "updatedAt",
    }
}
sort! {
    /// In which order orders come.
    OrderSort by OrderSortField {
        /// By when they were placed.
        PlacedAt = "placedAt",
        /// By when they were last changed.
        UpdatedAt = "updatedAt",
        /// By grand total, in minor units.
        Total = "totals.grand.minor",
        /// By number.
        Number = "number",
    }
}
sort! {
    /// In which order stock items come.
    StockSort by StockSortField {
        /// By SKU.
        Sku = "sku",
        /// By what can be promised.
        Available = "available",
        /// By when the figures were last changed.
        UpdatedAt = "updatedAt",
    }
}

/// Which products.
#[derive(InputObject, Default)]
pub(crate) struct ProductWhere {
    /// In this category or below it, by its id.
    pub(crate) category: Option<async_graphql::ID>,
    /// In this category or below it, by its page's address.
    pub(crate) category_slug: Option<String>,
    /// Of one of these brands.
    pub(crate) brand: Option<Vec<String>>,
    /// With one of these SKUs.
    pub(crate) skus: Option<Vec<String>>,
    /// Whether a variant with a price is on sale.
    pub(crate) available_for_sale: Option<bool>,
    /// The lowest price, in minor units of the currency that the product was first priced in.
    pub(crate) price: Option<BigIntRange>,
}

/// Which orders.
#[derive(InputObject, Default)]
pub(crate) struct OrderWhere {
    /// Standing in one of these.
    status: Option<Vec<OrderStatus>>,
    /// Their money standing in one of these.
    payment_status: Option<Vec<PaymentStatus>>,
    /// Their goods standing in one of these.
    fulfilment_status: Option<Vec<FulfilmentStatus>>,
    /// Waiting for somebody or not.
    on_hold: Option<bool>,
    /// Placed in this time.
    placed_at: Option<DateTimeRange>,
    /// With this number.
    number: Option<String>,
    /// Of this customer.
    customer: Option<String>,
    /// Their grand total, in minor units.
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

/// Which stock items.
#[derive(InputObject, Default)]
pub(crate) struct StockWhere {
    /// Of one of these levels.
    level: Option<Vec<StockLevel>>,
    /// Of these SKUs.
    skus: Option<Vec<String>>,
    /// Whose SKU begins so.
    sku_starts_with: Option<String>,
    /// What can be promised.
    available: Option<BigIntRange>,
}

impl StockWhere {
    pub(crate) fn filters(self) -> Result<Vec<Filter>, Fault> {
        let begins = self.sku_starts_with.map(|begin| {
            let end = format!("{begin}{}", char::MAX);
            Filter::Between("sku", Some(Value::Text(begin)), Some(Value::Text(end)))
        });
        let filters = [
            self.level.map(|values| one_of("level", values)),
            self.skus.map(|values| texts("sku", values)).transpose()?,
            begins,
            self.available.map(|range| range.filter("available")),
        ];
        Ok(filters.into_iter().flatten().collect())
    }
}

/// Which parcels.
#[derive(InputObject, Default)]
pub(crate) struct ShipmentWhere {
    /// Being in one of these.
    status: Option<Vec<ShipmentStatus>>,
    /// Leaving from here.
    location: Option<String>,
    /// With this number of the carrier.
    tracking_number: Option<String>,
    /// Planned in this time.
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

/// Which payments.
#[derive(InputObject, Default)]
pub(crate) struct PaymentWhere {
    /// Standing in one of these.
    status: Option<Vec<PaymentState>>,
    /// Begun in this time.
    created_at: Option<DateTimeRange>,
}

impl PaymentWhere {
    pub(crate) fn filters(self) -> Vec<Filter> {
        let status = self.status.map(|values| one_of("status", values));
        status.into_iter().chain(self.created_at.map(|range| range.filter("createdAt"))).collect()
    }
}

/// Which parked reactions.
#[derive(InputObject, Default)]
pub(crate) struct ParkedWhere {
    /// Of this reactor.
    reactor: Option<String>,
    /// In this state.
    state: Option<ParkedState>,
    /// About this stream.
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
