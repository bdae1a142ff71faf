//! Orders, and what the customer did at their bank.

use schemas::Context;

use crate::http::Side::{Public, Staff};
use crate::http::call::Call;
use crate::http::table::{Group, Table};
use crate::inputs::{
    CancelInput, HoldInput, NoteInput, OrderInput, PaymentActionInput, ResolveHoldInput, RetryPaymentInput,
};

const SHOPPERS: Group = Group { context: Some(Context::Ordering), sides: &[Public] };
const EVERYBODY: Group = Group { context: Some(Context::Ordering), sides: &[Public, Staff] };
const STAFF: Group = Group { context: Some(Context::Ordering), sides: &[Staff] };
const PAYMENTS: Group = Group { context: Some(Context::Payments), sides: &[Staff] };

pub(super) fn routes(table: Table) -> Table {
    table
        .command(
            SHOPPERS.post("/v1/orders", "placeOrder", "Places an order as a guest.").creating(),
            |call: Call<OrderInput>| async move { call.shop.place_order(&call.meta, call.input).await },
        )
        .command(
            SHOPPERS.post("/v1/orders/{id}/retry-payment", "retryPayment", "Tries another way to pay."),
            |call: Call<RetryPaymentInput>| async move {
                call.shop.retry_payment(&call.meta, &call.id, call.input).await
            },
        )
        .command(
            EVERYBODY.post(
                "/v1/orders/{id}/cancel",
                "cancelOrder",
                "Cancels an order, or asks for its parcels that have not left.",
            ),
            |call: Call<CancelInput>| async move { call.shop.cancel_order(&call.meta, &call.id, call.input).await },
        )
        .command(
            STAFF.post("/v1/orders/{id}/hold", "holdOrder", "Stops an order for a while."),
            |call: Call<HoldInput>| async move { call.shop.hold_order(&call.meta, &call.id, call.input).await },
        )
        .command(
            STAFF.post("/v1/orders/{id}/resolve-hold", "resolveHold", "Chooses how an order on hold goes on."),
            |call: Call<ResolveHoldInput>| async move {
                call.shop.resolve_hold(&call.meta, &call.id, call.input).await
            },
        )
        .command(
            STAFF.post("/v1/orders/{id}/notes", "addNote", "Writes something on an order."),
            |call: Call<NoteInput>| async move { call.shop.add_note(&call.meta, &call.id, call.input).await },
        )
        .command(
            PAYMENTS.post(
                "/v1/payments/{id}/action",
                "completePaymentAction",
                "Tells what the customer did at their bank. The payment's id is the order's.",
            ),
            |call: Call<PaymentActionInput>| async move {
                call.shop.complete_payment_action(&call.meta, &call.id, call.input).await
            },
        )
}
