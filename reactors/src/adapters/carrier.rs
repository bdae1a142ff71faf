//! The carrier's port.

use async_trait::async_trait;
use domain::shipment::Label;
use schemas::order::ShippingMethod;
use schemas::{Address, ShipmentId};

use super::provider::CallError;

/// A request for the label of a parcel. The shipment's id is the idempotency key: repeating the request returns the same label.
pub struct LabelRequest {
    /// The parcel, and the idempotency key.
    pub shipment_id: ShipmentId,
    /// The shipping method that the customer chose.
    pub shipping_method: ShippingMethod,
    /// The destination in plain text. Never logged.
    pub ship_to: Address,
}

#[async_trait]
pub trait Carrier: Send + Sync {
    /// Returns the label of a parcel.
    async fn label(&self, request: &LabelRequest) -> Result<Label, CallError>;
}
