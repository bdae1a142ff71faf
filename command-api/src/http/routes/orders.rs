//! Orders, and what the customer did at their bank.

use http_server::Audience::{Public, Staff};
use schemas::Context;

use crate::http::command::HttpCommand;
use crate::http::route::RouteGroup;
use crate::http::table::RouteTable;
use crate::inputs::{
    CancelInput, HoldInput, NoteInput, OrderInput, PaymentActionInput, ResolveHoldInput, RetryPaymentInput,
};

const SHOPPERS: RouteGroup = RouteGroup { context: Some(Context::Ordering), audiences: &[Public] };
const EVERYBODY: RouteGroup = RouteGroup { context: Some(Context::Ordering), audiences: &[Public, Staff] };
const STAFF: RouteGroup = RouteGroup { context: Some(Context::Ordering), audiences: &[Staff] };
const PAYMENTS: RouteGroup = RouteGroup { context: Some(Context::Payments), audiences: &[Staff] };

pub(super) fn routes(table: RouteTable) -> RouteTable {
    table
        .command(
            SHOPPERS.post("/v1/orders", "placeOrder", "Places an order as a guest.").creating(),
            |command: HttpCommand<OrderInput>| async move {
                command.commands.place_order(&command.meta, command.input).await
            },
        )
        .command(
            SHOPPERS.post(
                "/v1/orders/{id}/retry-payment",
                "retryPayment",
                "Retries the payment of an order with another payment method.",
            ),
            |command: HttpCommand<RetryPaymentInput>| async move {
                command.commands.retry_payment(&command.meta, &command.id, command.input).await
            },
        )
        .command(
            EVERYBODY.post(
                "/v1/orders/{id}/cancel",
                "cancelOrder",
                "Cancels an order, or its shipments that have not been dispatched.",
            ),
            |command: HttpCommand<CancelInput>| async move {
                command.commands.cancel_order(&command.meta, &command.id, command.input).await
            },
        )
        .command(
            STAFF.post("/v1/orders/{id}/hold", "holdOrder", "Puts an order on hold."),
            |command: HttpCommand<HoldInput>| async move {
                command.commands.hold_order(&command.meta, &command.id, command.input).await
            },
        )
        .command(
            STAFF.post(
                "/v1/orders/{id}/resolve-hold",
                "resolveHold",
                "Chooses the resolution for a hold of an order.",
            ),
            |command: HttpCommand<ResolveHoldInput>| async move {
                command.commands.resolve_hold(&command.meta, &command.id, command.input).await
            },
        )
        .command(
            STAFF.post("/v1/orders/{id}/notes", "addNote", "Adds a note to an order."),
            |command: HttpCommand<NoteInput>| async move {
                command.commands.add_note(&command.meta, &command.id, command.input).await
            },
        )
        .command(
            PAYMENTS.post(
                "/v1/payments/{id}/action",
                "completePaymentAction",
                "Reports the result of the customer's bank authentication (3-D Secure). \
                 The payment's id is the order's id.",
            ),
            |command: HttpCommand<PaymentActionInput>| async move {
                command.commands.complete_payment_action(&command.meta, &command.id, command.input).await
            },
        )
}
