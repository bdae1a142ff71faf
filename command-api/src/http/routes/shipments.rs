//! Parcels.

use http_server::Audience::Staff;
use schemas::Context;

use crate::http::command::HttpCommand;
use crate::http::route::RouteGroup;
use crate::http::table::RouteTable;
use crate::inputs::{
    DeliveredInput, DeliveryAttemptInput, DispatchInput, LostInput, NothingInput, TrackingInput,
};

const PARCELS: RouteGroup = RouteGroup { context: Some(Context::Shipping), audiences: &[Staff] };

pub(super) fn routes(table: RouteTable) -> RouteTable {
    table
        .command(
            PARCELS.post(
                "/v1/shipments/{id}/pack",
                "packShipment",
                "Records that a parcel is packed, and requests a label.",
            ),
            |command: HttpCommand<NothingInput>| async move {
                command.commands.pack_shipment(&command.meta, &command.id).await
            },
        )
        .command(
            PARCELS.post(
                "/v1/shipments/{id}/dispatch",
                "dispatchShipment",
                "Records that the carrier has taken a parcel.",
            ),
            |command: HttpCommand<DispatchInput>| async move {
                command.commands.dispatch_shipment(&command.meta, &command.id, command.input).await
            },
        )
        .command(
            PARCELS.post(
                "/v1/shipments/{id}/tracking",
                "updateTracking",
                "Records a tracking update of the carrier.",
            ),
            |command: HttpCommand<TrackingInput>| async move {
                command.commands.update_tracking(&command.meta, &command.id, command.input).await
            },
        )
        .command(
            PARCELS.post(
                "/v1/shipments/{id}/attempt-failed",
                "recordDeliveryAttempt",
                "Records a failed delivery attempt.",
            ),
            |command: HttpCommand<DeliveryAttemptInput>| async move {
                command.commands.record_delivery_attempt(&command.meta, &command.id, command.input).await
            },
        )
        .command(
            PARCELS.post(
                "/v1/shipments/{id}/deliver",
                "confirmDelivery",
                "Records the delivery of a parcel.",
            ),
            |command: HttpCommand<DeliveredInput>| async move {
                command.commands.confirm_delivery(&command.meta, &command.id, command.input).await
            },
        )
        .command(
            PARCELS.post("/v1/shipments/{id}/lost", "reportLost", "Records the loss of a parcel."),
            |command: HttpCommand<LostInput>| async move {
                command.commands.report_lost(&command.meta, &command.id, command.input).await
            },
        )
        .command(
            PARCELS.post(
                "/v1/shipments/{id}/cancel",
                "cancelShipment",
                "Cancels a shipment before it is dispatched.",
            ),
            |command: HttpCommand<NothingInput>| async move {
                command.commands.cancel_shipment(&command.meta, &command.id).await
            },
        )
}
