//! The carrier's port.

use async_trait::async_trait;
use domain::shipment::Label;
use schemas::order::ShippingMethod;
use schemas::{Address, ShipmentId};

use super::provider::CallError;

/// A parcel that needs a label. The shipment's id is the idempotency key: one label per parcel, however often it is asked for.
pub struct LabelRequest {
    /// The parcel.
    pub shipment_id: ShipmentId,
    /// How it travels.
    pub shipping_method: ShippingMethod,
    /// Where to; never logged.
    pub ship_to: Address,
}

/// A carrier.
#[async_trait]
pub trait Carrier: Send + Sync {
    /// Prints the label of a parcel.
    async fn label(&self, request: &LabelRequest) -> Result<Label, CallError>;
}
