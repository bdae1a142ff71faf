//! Parcels.

use schemas::Context;

use crate::http::Side::Staff;
use crate::http::call::Call;
use crate::http::table::{Group, Table};
use crate::inputs::{
    DeliveredInput, DeliveryAttemptInput, DispatchInput, LostInput, NothingInput, TrackingInput,
};

const PARCELS: Group = Group { context: Some(Context::Shipping), sides: &[Staff] };

pub(super) fn routes(table: Table) -> Table {
    table
        .command(
            PARCELS.post("/v1/shipments/{id}/pack", "packShipment", "Everything is in the box: asks for a label."),
            |call: Call<NothingInput>| async move { call.shop.pack_shipment(&call.meta, &call.id).await },
        )
        .command(
            PARCELS.post("/v1/shipments/{id}/dispatch", "dispatchShipment", "The carrier takes the parcel."),
            |call: Call<DispatchInput>| async move {
                call.shop.dispatch_shipment(&call.meta, &call.id, call.input).await
            },
        )
        .command(
            PARCELS.post("/v1/shipments/{id}/tracking", "updateTracking", "The carrier saw the parcel."),
            |call: Call<TrackingInput>| async move {
                call.shop.update_tracking(&call.meta, &call.id, call.input).await
            },
        )
        .command(
            PARCELS.post("/v1/shipments/{id}/attempt-failed", "recordDeliveryAttempt", "Nobody took the parcel."),
            |call: Call<DeliveryAttemptInput>| async move {
                call.shop.record_delivery_attempt(&call.meta, &call.id, call.input).await
            },
        )
        .command(
            PARCELS.post("/v1/shipments/{id}/deliver", "confirmDelivery", "The parcel arrived."),
            |call: Call<DeliveredInput>| async move {
                call.shop.confirm_delivery(&call.meta, &call.id, call.input).await
            },
        )
        .command(
            PARCELS.post("/v1/shipments/{id}/lost", "reportLost", "The parcel is lost."),
            |call: Call<LostInput>| async move { call.shop.report_lost(&call.meta, &call.id, call.input).await },
        )
        .command(
            PARCELS.post("/v1/shipments/{id}/cancel", "cancelShipment", "Takes a parcel back before it leaves."),
            |call: Call<NothingInput>| async move { call.shop.cancel_shipment(&call.meta, &call.id).await },
        )
}
