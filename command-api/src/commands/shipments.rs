//! Parcels: packed, dispatched, tracked, delivered or lost.

use domain::shipment::{
    CancelShipment, ConfirmDelivery, Dispatch, MOST_ATTEMPTS, Pack, RecordDeliveryAttempt, ReportLost,
    UpdateTracking,
};

use super::Commands;
use crate::accepted::{Accepted, CommandError};
use crate::inputs::checks::{Problems, one_line, one_line_if};
use crate::inputs::rules::CARRIER_TEXT;
use crate::inputs::{
    DeliveredInput, DeliveryAttemptInput, DispatchInput, LostInput, NothingInput, TrackingInput,
};
use crate::meta::CommandMeta;

impl Commands {
    /// Marks a parcel as packed, which requests a label from the carrier.
    pub async fn pack_shipment(&self, meta: &CommandMeta, shipment: &str) -> Result<Accepted, CommandError> {
        let (shipment_id, target) = self.known_shipment(shipment).await?;
        self.execute(meta, "Pack", target, &NothingInput {}, Pack { shipment_id }).await
    }

    /// Records that the carrier has taken the parcel.
    pub async fn dispatch_shipment(
        &self,
        meta: &CommandMeta,
        shipment: &str,
        input: DispatchInput,
    ) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        let eta = problems.parsed_if("eta", input.eta.as_deref());
        problems.none()?;
        let (shipment_id, target) = self.known_shipment(shipment).await?;
        self.execute(meta, "Dispatch", target, &input, Dispatch { shipment_id, eta }).await
    }

    /// Records a tracking update.
    pub async fn update_tracking(
        &self,
        meta: &CommandMeta,
        shipment: &str,
        input: TrackingInput,
    ) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        problems.line("status", &input.status, CARRIER_TEXT);
        if let Some(place) = &input.place {
            problems.line("place", place, CARRIER_TEXT);
        }
        let eta = problems.parsed_if("eta", input.eta.as_deref());
        problems.none()?;
        let (shipment_id, target) = self.known_shipment(shipment).await?;
        let (status, place) = (one_line(&input.status), one_line_if(input.place.as_ref()));
        self.execute(
            meta,
            "UpdateTracking",
            target,
            &input,
            UpdateTracking { shipment_id, status, place, eta },
        )
        .await
    }

    /// Records a failed delivery attempt.
    pub async fn record_delivery_attempt(
        &self,
        meta: &CommandMeta,
        shipment: &str,
        input: DeliveryAttemptInput,
    ) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        problems.line("reason", &input.reason, CARRIER_TEXT);
        if input.attempt.is_some_and(|attempt| !(1..=MOST_ATTEMPTS).contains(&attempt)) {
            problems.add("OUT_OF_RANGE", "attempt", format!("Must be from 1 to {MOST_ATTEMPTS}."));
        }
        problems.none()?;
        let (shipment_id, target) = self.known_shipment(shipment).await?;
        let (attempt, reason) = (input.attempt, one_line(&input.reason));
        let failed = RecordDeliveryAttempt { shipment_id, attempt, reason };
        self.execute(meta, "RecordDeliveryAttempt", target, &input, failed).await
    }

    pub async fn confirm_delivery(
        &self,
        meta: &CommandMeta,
        shipment: &str,
        input: DeliveredInput,
    ) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        let delivered_at = problems.parsed_if("deliveredAt", input.delivered_at.as_deref());
        problems.none()?;
        let (shipment_id, target) = self.known_shipment(shipment).await?;
        self.execute(meta, "ConfirmDelivery", target, &input, ConfirmDelivery { shipment_id, delivered_at })
            .await
    }

    /// Records that the parcel is lost.
    pub async fn report_lost(
        &self,
        meta: &CommandMeta,
        shipment: &str,
        input: LostInput,
    ) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        if let Some(reason) = &input.reason {
            problems.line("reason", reason, CARRIER_TEXT);
        }
        problems.none()?;
        let (shipment_id, target) = self.known_shipment(shipment).await?;
        let reason = one_line_if(input.reason.as_ref());
        self.execute(meta, "ReportLost", target, &input, ReportLost { shipment_id, reason }).await
    }

    /// Cancels a parcel before it is dispatched.
    pub async fn cancel_shipment(
        &self,
        meta: &CommandMeta,
        shipment: &str,
    ) -> Result<Accepted, CommandError> {
        let (shipment_id, target) = self.known_shipment(shipment).await?;
        self.execute(meta, "CancelShipment", target, &NothingInput {}, CancelShipment { shipment_id }).await
    }
}
