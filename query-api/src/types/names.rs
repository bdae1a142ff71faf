//! The enums: names of the published language, as documents hold them. `schemas/tests/graphql.rs` compares the two.

use async_graphql::Enum;
use async_graphql::resolver_utils::EnumType;

use crate::execution::leaf;
use crate::fault::Fault;

/// The enum value with this name; [`Fault::Unknown`] if there is none.
pub(crate) fn named<E: EnumType>(text: &str) -> Result<E, Fault> {
    let found = E::items().iter().find(|item| item.name == text);
    found.map(|item| item.value).ok_or_else(|| Fault::Unknown {
        expected: std::any::type_name::<E>().to_owned(),
        text: text.chars().take(64).collect(),
    })
}

/// The enum values with these names.
pub(crate) fn all_named<E: EnumType>(texts: &[String]) -> Result<Vec<E>, Fault> {
    texts.iter().map(|text| named(text)).collect()
}

/// The name of a value.
pub(crate) fn name<E: EnumType + PartialEq>(value: E) -> &'static str {
    E::items().iter().find(|item| item.value == value).map_or("", |item| item.name)
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident,)+ })+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
            pub(crate) enum $name { $($(#[$vdoc])* $variant,)+ }

            leaf! { $name: |value| name(*value); }
        )+
    };
}

names! {
    /// Stage of an order's life cycle.
    OrderStatus {
        /// Accepted; inventory has not answered yet.
        Placed,
        /// All items are reserved; the payment is not authorised yet.
        StockConfirmed,
        /// Payment is authorised; shipments are being prepared.
        Confirmed,
        /// Some shipments have been dispatched.
        InFulfilment,
        /// All remaining shipments have been dispatched.
        Shipped,
        /// All remaining shipments have been delivered.
        Delivered,
        /// The return window has closed.
        Completed,
        /// Rejected because stock was short.
        Rejected,
        /// A deadline passed before the order was paid for.
        Expired,
        /// Cancelled before anything was dispatched.
        Cancelled,
    }

    /// Progress of an order's payment.
    PaymentStatus {
        /// No payment has been requested yet.
        None,
        /// A payment has been requested; its outcome is open.
        Pending,
        /// The amount is authorised at the customer's bank but not captured.
        Authorized,
        /// Captured for some of the shipments.
        PartiallyCaptured,
        /// Captured for all of the shipments.
        Captured,
        /// Part of the captured amount was refunded.
        PartiallyRefunded,
        /// The whole captured amount was refunded.
        Refunded,
        /// The authorisation was released without a capture.
        Voided,
        /// The payment was declined.
        Failed,
    }

    /// Progress of an order's delivery.
    FulfilmentStatus {
        /// Nothing has been dispatched yet.
        Unfulfilled,
        /// Some shipments have been dispatched.
        Partial,
        /// All remaining shipments have been dispatched.
        Fulfilled,
        /// All remaining shipments have been delivered.
        Delivered,
    }

    /// An action that is currently available for an order.
    OrderAction {
        /// Cancel the order, or request the return of shipments that have not been dispatched.
        Cancel,
        /// Pay with another payment method.
        RetryPayment,
        /// Put the order on hold.
        PutOnHold,
        /// Choose a resolution for a hold.
        ResolveHold,
        /// Add a note to the order.
        AddNote,
    }

    /// Reason for which an order is on hold.
    HoldReason {
        /// Put on hold by staff.
        Staff,
        /// A deadline passed. Blocks nothing, and ends when the awaited event arrives.
        Overdue,
        /// The payment for a shipment could not be captured.
        CaptureFailed,
        /// The payment's authorisation has expired.
        AuthorizationExpired,
        /// A refund could not be paid out.
        RefundFailed,
        /// A shipment was lost in transit.
        ShipmentLost,
        /// A shipment was cancelled although no cancellation was requested.
        ParcelCancelled,
    }

    /// A resolution for a hold.
    WayOut {
        /// Continue without further action.
        Release,
        /// Try again to capture the payment.
        RetryCapture,
        /// Request a new authorisation from the customer's bank.
        Reauthorize,
        /// Refund the customer's money.
        Refund,
        /// Cancel everything that has not been dispatched.
        CancelRest,
    }

    /// What has to happen before a deadline.
    DeadlineKind {
        /// Inventory must answer the reservation request.
        StockAnswer,
        /// The order must be paid for.
        Payment,
        /// All shipments must be dispatched.
        Fulfilment,
        /// All shipments must be delivered.
        Delivery,
        /// Goods can be returned until this deadline.
        ReturnWindow,
    }

    /// Reason for a cancellation.
    CancelReason {
        /// Requested by the customer.
        Customer,
        /// Requested by the shop's staff.
        Staff,
        /// Suspected to be fraudulent.
        Fraud,
        /// The payment failed for good.
        PaymentFailed,
        /// Any other reason than these.
        Other,
    }

    /// Delivery speed of an order.
    ShippingMethod {
        /// Delivery takes several days.
        Standard,
        /// Delivery on the next day.
        Express,
    }

    /// Publication status of a product.
    ProductStatus {
        /// Not published yet; invisible to shoppers.
        Draft,
        /// Published and visible to shoppers.
        Published,
        /// No longer published; invisible to shoppers.
        Unpublished,
        /// Removed from the catalog permanently.
        Archived,
    }

    /// Stock level of a SKU as a category.
    StockLevel {
        /// Available, above the low-stock threshold.
        InStock,
        /// Available, at or below the low-stock threshold.
        LowStock,
        /// Nothing is available now.
        OutOfStock,
        /// Nothing is available now, but it can still be ordered.
        Backorder,
        /// Stock is not tracked; always available.
        Untracked,
    }

    /// Kind of stock movement.
    StockMovementKind {
        /// Units arrived from a supplier.
        Received,
        /// The figure was corrected after a count, a loss or a find.
        Adjusted,
        /// Units were reserved for an order.
        Reserved,
        /// Units that an order had reserved were released.
        Released,
        /// Units left with a shipment.
        Committed,
        /// Units left for another location.
        TransferredOut,
        /// Units arrived from another location.
        TransferredIn,
    }

    /// State of a shipment.
    ShipmentStatus {
        /// Planned; still to be packed.
        Planned,
        /// Packed and ready for dispatch.
        Packed,
        /// Handed over to the carrier.
        Dispatched,
        /// Delivered to the recipient.
        Delivered,
        /// Lost by the carrier.
        Lost,
        /// Cancelled before it was dispatched.
        Cancelled,
    }

    /// State of a payment at the provider.
    PaymentState {
        /// An authorisation was requested; its outcome is open.
        Pending,
        /// The customer has to confirm the payment.
        ActionRequired,
        /// The amount is authorised but not captured.
        Authorized,
        /// The latest attempt was declined.
        Declined,
        /// Part of the amount was captured.
        PartiallyCaptured,
        /// Captured in full, or as far as needed.
        Captured,
        /// Part of the captured amount was refunded.
        PartiallyRefunded,
        /// The whole captured amount was refunded.
        Refunded,
        /// The authorisation was released without a capture.
        Voided,
        /// The authorisation expired before it was captured.
        Expired,
        /// Cancelled before an amount was authorised.
        Cancelled,
    }

    /// Outcome of a request to the payment provider.
    PaymentStepState {
        /// Requested; there is no outcome yet.
        Requested,
        /// The customer has to confirm the request.
        ActionRequired,
        /// The provider did not answer; its records are being queried.
        Unknown,
        /// Carried out by the provider.
        Succeeded,
        /// Refused by the provider.
        Failed,
    }

    /// State of an order's stock reservation.
    ReservationStatus {
        /// At least some units are still reserved.
        Held,
        /// All reserved units left with shipments.
        Consumed,
        /// The last reserved units were released.
        Released,
        /// Rejected because stock was short.
        Rejected,
    }

    /// Kind of party that acts.
    ActorType {
        /// A shopper, with or without account.
        Customer,
        /// A member of the shop's staff.
        Staff,
        /// A deadline or the program itself.
        System,
        /// A reactor or an external service.
        Service,
    }

    /// State of a reaction that a reactor has given up on.
    ParkedState {
        /// Waits for a redrive.
        Parked,
        /// Redriven: the reactor was asked to try again.
        Redriven,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_in_its_enum_and_an_unknown_one_is_reported_with_the_enum() {
        assert_eq!(named::<OrderStatus>("IN_FULFILMENT").unwrap(), OrderStatus::InFulfilment);
        assert_eq!(name(OrderStatus::InFulfilment), "IN_FULFILMENT");
        let unknown = named::<OrderStatus>("PENDING").unwrap_err();
        assert!(
            matches!(&unknown, Fault::Unknown { expected, text }
                if expected.ends_with("OrderStatus") && text == "PENDING"),
            "{unknown}"
        );
        let mixed = ["CANCEL".to_owned(), "TELEPORT".to_owned()];
        assert!(matches!(all_named::<OrderAction>(&mixed), Err(Fault::Unknown { .. })));
    }
}
