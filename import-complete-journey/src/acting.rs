//! Carries out the actions of customers and staff that the diary schedules.

use anyhow::{Context as _, Result};
use command_api::inputs::{DeliveredInput, DispatchInput, LostInput, ResolveHoldInput, RetryPaymentInput};
use command_api::{CommandMeta, Commands};
use event_log::port::Read;
use schemas::order::OrderEvent;
use schemas::{Context, CustomerId, EventSet, OrderId};

use crate::baskets::{self, Refused, answered};
use crate::diary::Act;

/// The actor that packs and dispatches parcels.
const WAREHOUSE: &str = "warehouse";
/// The actor of events about the outcome of parcels.
const CARRIER: &str = "carrier-desk";
/// The actor that decides about orders on hold.
const SERVICE: &str = "customer-service";

/// Carries out an action. A refusal by the rules is returned; any other failure is an error.
pub(crate) async fn act(commands: &Commands, act: Act) -> Result<Option<Refused>> {
    match act {
        Act::Retry(order) => {
            let key = format!("retry/{order}");
            let (meta, order) = (baskets::meta(&key, customer(commands, order).await?), order.to_string());
            let input = RetryPaymentInput { payment_token: "tok_ok".to_owned() };
            answered(&key, commands.retry_payment(&meta, &order, input).await)
        }
        Act::Cancel(order) => baskets::cancel(commands, customer(commands, order).await?, order).await,
        Act::Pack(parcel) => {
            let key = format!("pack/{parcel}");
            answered(
                &key,
                commands.pack_shipment(&CommandMeta::staff(&key, WAREHOUSE), &parcel.to_string()).await,
            )
        }
        Act::Dispatch(parcel, version) => {
            let (key, input) = (format!("dispatch/{parcel}/{version}"), DispatchInput::default());
            let meta = CommandMeta::staff(&key, WAREHOUSE);
            answered(&key, commands.dispatch_shipment(&meta, &parcel.to_string(), input).await)
        }
        Act::Deliver(parcel) => {
            let (key, input) = (format!("deliver/{parcel}"), DeliveredInput::default());
            let meta = CommandMeta::staff(&key, CARRIER);
            answered(&key, commands.confirm_delivery(&meta, &parcel.to_string(), input).await)
        }
        Act::Lose(parcel) => {
            let (key, input) =
                (format!("lose/{parcel}"), LostInput { reason: Some("Never arrived".to_owned()) });
            answered(
                &key,
                commands.report_lost(&CommandMeta::staff(&key, CARRIER), &parcel.to_string(), input).await,
            )
        }
        Act::Resolve { order, reason, parcel, way, version } => {
            let key = format!("resolve/{order}/{version}");
            let shipment_id = parcel.map(|parcel| parcel.to_string());
            let input = ResolveHoldInput { reason, shipment_id, way_out: way };
            answered(
                &key,
                commands.resolve_hold(&CommandMeta::staff(&key, SERVICE), &order.to_string(), input).await,
            )
        }
    }
}

/// The customer of an order.
async fn customer(commands: &Commands, order: OrderId) -> Result<CustomerId> {
    let begun = [(order.stream(), 0)];
    let events = commands.writers().of(Context::Ordering).log().read(Read::Streams(&begun), 1).await?;
    let first = events.first().with_context(|| format!("{} has no events", order.stream()))?;
    let event = OrderEvent::decode(&first.envelope.name, first.envelope.type_version, &first.payload)?;
    match event {
        OrderEvent::OrderPlaced(placed) => {
            placed.customer_id.with_context(|| format!("{} is the order of a guest", order.stream()))
        }
        _ => anyhow::bail!("{} does not begin with OrderPlaced", order.stream()),
    }
}
