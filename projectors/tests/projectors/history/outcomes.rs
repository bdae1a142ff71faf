//! Payments, parcels and parked reactions.

use schemas::life_cycle::HoldReason;
use schemas::order::ShippingMethod;
use schemas::payment::{
    ChargebackReceived, DeclineCode, PaymentActionRequired, PaymentAuthorized, PaymentCancelled,
    PaymentCaptureFailed, PaymentCaptureRequested, PaymentCaptured, PaymentDeclined, PaymentEvent,
    PaymentOutcomeUnknown, PaymentRequested, PaymentStep, PaymentVoidRequested, PaymentVoided,
    RefundRequested, RefundSucceeded,
};
use schemas::reaction::{ReactionEvent, ReactionParked, ReactionRedriven};
use schemas::shipment::{
    DeliveryAttemptFailed, ShipmentCancelled, ShipmentDelivered, ShipmentDispatched, ShipmentEvent,
    ShipmentHeld, ShipmentHoldLifted, ShipmentLabelled, ShipmentPacked, ShipmentPlanned, TrackingUpdated,
};
use schemas::{EventId, ShipmentId, Topic};

use super::inventory::lines;
use super::{Scenario, day, euros, location, order_id, sealed};

pub fn payment(scenario: &mut Scenario, number: u32) {
    scenario.begin();
    let order_id = order_id(number);
    let stream = order_id.payment_stream();
    let mut emit = |event: PaymentEvent| scenario.emit::<PaymentEvent>(Topic::PAYMENT, stream.clone(), event);
    if number.is_multiple_of(3) {
        emit(PaymentCancelled { order_id }.into());
        return;
    }
    let (amount, provider_ref) = (euros(300), "pay-1".to_owned());
    for attempt in 1..=2 {
        let step = PaymentStep::authorize(attempt);
        let payment_token = sealed("t");
        emit(PaymentRequested { order_id, step: step.clone(), attempt, amount, payment_token }.into());
        if attempt == 1 {
            let action_url = "https://bank.example/1".to_owned();
            let provider_ref = provider_ref.clone();
            emit(PaymentActionRequired { order_id, step: step.clone(), action_url, provider_ref }.into());
            let code = DeclineCode::ActionFailed;
            emit(PaymentDeclined { order_id, step, code, retryable: true, attempts_left: 2 }.into());
        } else {
            emit(PaymentOutcomeUnknown { order_id, step: step.clone(), ask_at: day(1) }.into());
            let provider_ref = provider_ref.clone();
            emit(PaymentAuthorized { order_id, step, amount, provider_ref, authorized_until: day(9) }.into());
        }
    }
    if number % 3 == 1 {
        let step = PaymentStep::void(2);
        emit(PaymentCancelled { order_id }.into());
        emit(PaymentVoidRequested { order_id, step: step.clone(), amount, provider_ref }.into());
        emit(PaymentVoided { order_id, step, amount }.into());
        return;
    }
    let shipment_id = ShipmentId::of(order_id, &location(1));
    for attempt in 1..=2 {
        let step = PaymentStep::capture(shipment_id, attempt);
        let amount = euros(200);
        let provider_ref = provider_ref.clone();
        emit(
            PaymentCaptureRequested { order_id, step: step.clone(), shipment_id, amount, provider_ref }
                .into(),
        );
        if attempt == 1 {
            let code = "UNREACHABLE".to_owned();
            emit(PaymentCaptureFailed { order_id, step, shipment_id, amount, code }.into());
        } else {
            emit(PaymentCaptured { order_id, step, shipment_id, amount, captured: amount }.into());
        }
    }
    let refund_id = shipment_id.to_string();
    let step = PaymentStep::refund(&refund_id, 1);
    let refund = (step.clone(), refund_id.clone(), provider_ref.clone());
    emit(
        RefundRequested { order_id, step: refund.0, refund_id: refund.1, amount, provider_ref: refund.2 }
            .into(),
    );
    emit(RefundSucceeded { order_id, step, refund_id, amount: euros(50), refunded: euros(50) }.into());
    emit(ChargebackReceived { order_id, amount: euros(10), provider_ref }.into());
}

pub fn shipment(scenario: &mut Scenario, number: u32) {
    scenario.begin();
    let order_id = order_id(number);
    let shipment_id = ShipmentId::of(order_id, &location(1));
    let updates = scenario.number(60);
    let mut emit =
        |event: ShipmentEvent| scenario.emit::<ShipmentEvent>(Topic::SHIPMENT, shipment_id.stream(), event);
    if number.is_multiple_of(3) {
        emit(ShipmentCancelled { shipment_id, order_id, lines: Vec::new(), requested: true }.into());
        return;
    }
    let (order_number, shipping_method, ship_to) = ("10-1".to_owned(), ShippingMethod::Express, sealed("s"));
    let planned = ShipmentPlanned {
        shipment_id,
        order_id,
        order_number: order_number.clone(),
        location: location(1),
        lines: lines(number),
        shipping_method,
        ship_to: ship_to.clone(),
        dispatch_by: day(5),
    };
    emit(planned.into());
    let reason = HoldReason::Staff;
    emit(ShipmentHeld { shipment_id, order_id, reason }.into());
    emit(ShipmentHoldLifted { shipment_id, order_id, reason, dispatch_by: day(6) }.into());
    emit(ShipmentPacked { shipment_id, order_id, shipping_method, ship_to }.into());
    let (carrier, tracking_number, tracking_url) =
        ("Post".to_owned(), format!("P-{number}"), "https://post.example/1".to_owned());
    let label = (carrier.clone(), tracking_number.clone(), tracking_url.clone());
    let (c, n, u) = label;
    emit(ShipmentLabelled { shipment_id, order_id, carrier: c, tracking_number: n, tracking_url: u }.into());
    let dispatched = ShipmentDispatched {
        shipment_id,
        order_id,
        order_number,
        location: location(1),
        lines: lines(number),
        carrier,
        tracking_number,
        tracking_url,
        eta: day(7),
    };
    emit(dispatched.into());
    for update in 0..updates {
        let (status, place) = (format!("seen {update}"), Some("depot".to_owned()));
        emit(TrackingUpdated { shipment_id, order_id, status, place, eta: None }.into());
    }
    let reason = "nobody there".to_owned();
    emit(DeliveryAttemptFailed { shipment_id, order_id, attempt: 1, reason }.into());
    emit(ShipmentDelivered { shipment_id, order_id, delivered_at: day(8) }.into());
}

pub fn reaction(scenario: &mut Scenario, number: u32) {
    scenario.begin();
    let source = order_id(number).stream();
    let stream = schemas::reaction::stream("payments", &source);
    for attempt in 0..scenario.number(40) {
        let parked = ReactionParked {
            reactor: "payments".to_owned(),
            source: source.clone(),
            source_version: 2,
            event_id: EventId::derived(&["x"]),
            event_type: "chorale.order.OrderStockConfirmed.v1".to_owned(),
            attempts: attempt + 1,
            error: "no answer".to_owned(),
        };
        scenario.emit::<ReactionEvent>(Topic::PAYMENTS_REACTION, stream.clone(), parked);
        let (reactor, source) = ("payments".to_owned(), source.clone());
        let redriven = ReactionRedriven { reactor, source, from_version: 2 };
        scenario.emit::<ReactionEvent>(Topic::PAYMENTS_REACTION, stream.clone(), redriven);
    }
}
