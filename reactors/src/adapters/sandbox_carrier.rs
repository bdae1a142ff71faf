//! A carrier for shops without a contract. Labels are derived from the parcel, so a repeated request returns the same one.

use async_trait::async_trait;
use domain::shipment::Label;
use schemas::order::ShippingMethod;

use super::carrier::{Carrier, LabelRequest};
use super::provider::CallError;

#[derive(Clone, Copy, Debug, Default)]
pub struct SandboxCarrier;

#[async_trait]
impl Carrier for SandboxCarrier {
    async fn label(&self, request: &LabelRequest) -> Result<Label, CallError> {
        let kind = match request.shipping_method {
            ShippingMethod::Standard => "S",
            ShippingMethod::Express => "X",
        };
        let digits: String = request.shipment_id.uuid().simple().to_string().chars().take(14).collect();
        let tracking_number = format!("SB{kind}{}", digits.to_uppercase());
        let tracking_url = format!("https://carrier.example/track/{tracking_number}");
        Ok(Label { carrier: "Sandbox Parcel".to_owned(), tracking_number, tracking_url })
    }
}
