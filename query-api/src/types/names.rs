//! The enums: names of the published language, as documents hold them.

use async_graphql::Enum;
use async_graphql::resolver_utils::EnumType;

use crate::fault::Fault;

/// The value with this name.
pub(crate) fn named<E: EnumType>(text: &str) -> Result<E, Fault> {
    let found = E::items().iter().find(|item| item.name == text);
    found.map(|item| item.value).ok_or_else(|| Fault::Unknown {
        expected: std::any::type_name::<E>().to_owned(),
        text: text.chars().take(64).collect(),
    })
}

/// The values with these names.
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
        )+
    };
}

names! {
    /// Where an order stands.
    OrderStatus {
        /// Accepted; inventory has not answered yet.
        Placed,
        /// Everything is reserved; the payment is not authorised yet.
        StockConfirmed,
        /// Paid for (authorised); parcels are being made ready.
        Confirmed,
        /// Some parcels have left.
        InFulfilment,
        /// All parcels that remain have left.
        Shipped,
        /// All parcels that remain have arrived.
        Delivered,
        /// The return window is over.
        Completed,
        /// Stock was short.
        Rejected,
        /// A deadline passed before it was paid.
        Expired,
        /// Cancelled before anything left.
        Cancelled,
    }

    /// What became of an order's money.
    PaymentStatus {
        /// Not asked for.
        None,
        /// Asked for.
        Pending,
        /// Set aside at the customer's bank.
        Authorized,
        /// Taken for some parcels.
        PartiallyCaptured,
        /// Taken for all parcels.
        Captured,
        /// Some given back.
        PartiallyRefunded,
        /// All given back.
        Refunded,
        /// Let go without taking it.
        Voided,
        /// Declined.
        Failed,
    }

    /// What became of an order's goods.
    FulfilmentStatus {
        /// Nothing has left.
        Unfulfilled,
        /// Some parcels have left.
        Partial,
        /// All that remain have left.
        Fulfilled,
        /// All that remain have arrived.
        Delivered,
    }

    /// What somebody may do to an order now.
    OrderAction {
        /// Cancel it, or ask for the parcels that have not left.
        Cancel,
        /// Try another way to pay.
        RetryPayment,
        /// Stop it for a while.
        PutOnHold,
        /// Choose a way out of a hold.
        ResolveHold,
        /// Write something on it.
        AddNote,
    }

    /// Why an order is on hold.
    HoldReason {
        /// Somebody of the shop wants it.
        Staff,
        /// A deadline passed; blocks nothing, and the awaited event clears it.
        Overdue,
        /// The money for a parcel could not be taken.
        CaptureFailed,
        /// The money is not set aside any more.
        AuthorizationExpired,
        /// A refund could not be paid.
        RefundFailed,
        /// A parcel is lost.
        ShipmentLost,
        /// A parcel was cancelled though nobody asked for it.
        ParcelCancelled,
    }

    /// A way out of a hold.
    WayOut {
        /// Go on as before.
        Release,
        /// Take the money once more.
        RetryCapture,
        /// Ask the customer's bank once more.
        Reauthorize,
        /// Give the money back.
        Refund,
        /// Cancel whatever has not left.
        CancelRest,
    }

    /// What runs out.
    DeadlineKind {
        /// Inventory should have answered.
        StockAnswer,
        /// It should be paid.
        Payment,
        /// All parcels should have left.
        Fulfilment,
        /// All parcels should have arrived.
        Delivery,
        /// It can be sent back until then.
        ReturnWindow,
    }

    /// Why an order or part of it was cancelled.
    CancelReason {
        /// The customer wanted it.
        Customer,
        /// The shop wanted it.
        Staff,
        /// It looked like fraud.
        Fraud,
        /// It could not be paid.
        PaymentFailed,
        /// Anything else.
        Other,
    }

    /// How parcels travel.
    ShippingMethod {
        /// Some days.
        Standard,
        /// The next day.
        Express,
    }

    /// Whether a product can be seen.
    ProductStatus {
        /// Not yet shown.
        Draft,
        /// Shown.
        Published,
        /// Not shown any more.
        Unpublished,
        /// Gone for good.
        Archived,
    }

    /// How much there is, in words.
    StockLevel {
        /// Enough.
        InStock,
        /// Little.
        LowStock,
        /// Nothing.
        OutOfStock,
        /// Can be ordered before it is there.
        Backorder,
        /// Not counted.
        Untracked,
    }

    /// What moved stock.
    StockMovementKind {
        /// Came in.
        Received,
        /// Was counted or corrected.
        Adjusted,
        /// Was promised to an order.
        Reserved,
        /// Was given back by an order.
        Released,
        /// Left with a parcel.
        Committed,
        /// Left for another location.
        TransferredOut,
        /// Came from another location.
        TransferredIn,
    }

    /// Where a parcel is.
    ShipmentStatus {
        /// To be packed.
        Planned,
        /// In its box.
        Packed,
        /// On its way.
        Dispatched,
        /// Arrived.
        Delivered,
        /// Lost.
        Lost,
        /// Called off.
        Cancelled,
    }

    /// Where a payment stands with the provider.
    PaymentState {
        /// Asked for.
        Pending,
        /// The customer has to confirm.
        ActionRequired,
        /// Set aside.
        Authorized,
        /// Declined.
        Declined,
        /// Taken in part.
        PartiallyCaptured,
        /// Taken.
        Captured,
        /// Given back in part.
        PartiallyRefunded,
        /// Given back.
        Refunded,
        /// Let go.
        Voided,
        /// Not set aside any more.
        Expired,
        /// No money was wanted any more.
        Cancelled,
    }

    /// What became of a step with the provider.
    PaymentStepState {
        /// Asked for.
        Requested,
        /// The customer has to confirm.
        ActionRequired,
        /// The provider has not answered; it is being asked.
        Unknown,
        /// Done.
        Succeeded,
        /// Refused.
        Failed,
    }

    /// What became of a reservation.
    ReservationStatus {
        /// Something of it is still promised.
        Held,
        /// It left the house.
        Consumed,
        /// It was given back.
        Released,
        /// Stock was short.
        Rejected,
    }

    /// What kind of party acted.
    ActorType {
        /// A shopper.
        Customer,
        /// Somebody of the shop.
        Staff,
        /// A timer or the program itself.
        System,
        /// A reactor or an outside service.
        Service,
    }

    /// What became of a reaction that could not be carried out.
    ParkedState {
        /// It waits.
        Parked,
        /// It was tried again.
        Redriven,
    }
}
