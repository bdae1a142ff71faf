//! Orders: some end early, some are shipped in two parcels, some are put on hold.

use schemas::life_cycle::{HoldReason, OrderStatus, WayOut};
use schemas::order::{
    CancelReason, Departure, OrderCancellationRefused, OrderCancellationRequested, OrderCancelled,
    OrderCompleted, OrderConfirmed, OrderDeadline, OrderDelivered, OrderEvent, OrderExpired,
    OrderHoldReleased, OrderHoldResolved, OrderLine, OrderLinesCancelled, OrderNoteAdded, OrderOverdue,
    OrderParcelCancelled, OrderParcelDelivered, OrderPartiallyShipped, OrderPaymentAuthorized,
    OrderPaymentCaptured, OrderPaymentFailed, OrderPaymentRetryRequested, OrderPaymentVoided, OrderPlaced,
    OrderPutOnHold, OrderRefunded, OrderShipped, OrderStockConfirmed, OrderStockRejected, ShippingMethod,
    Totals,
};
use schemas::payment::DeclineCode;
use schemas::product::TaxClass;
use schemas::reservation::Shortage;
use schemas::{Currency, LineId, OrderId, ShipmentId, Topic};

use super::inventory::lines;
use super::{Scenario, day, euros, location, order_id, product_id, sealed, sku};

struct OrderScenario<'a> {
    scenario: &'a mut Scenario,
    order_id: OrderId,
    order_number: String,
    number: u32,
}

pub fn order(scenario: &mut Scenario, number: u32) {
    scenario.begin();
    let mut order = OrderScenario {
        scenario,
        order_id: order_id(number),
        order_number: format!("10-{number:06}"),
        number,
    };
    order.place();
    match number % 6 {
        0 => order.reject(),
        1 => order.expire(),
        2 => order.fail_and_cancel(),
        3 => order.cancel_one_of_two(),
        4 => order.lose_one(),
        _ => order.be_overdue(),
    }
}

impl OrderScenario<'_> {
    fn emit(&mut self, event: impl Into<OrderEvent>) {
        if self.scenario.chance(0.2) {
            let note = sealed("a note");
            let (order_id, order_number) = self.named();
            let note = OrderNoteAdded { order_id, order_number, note };
            self.scenario.emit::<OrderEvent>(Topic::ORDER, self.order_id.stream(), note);
        }
        self.scenario.emit::<OrderEvent>(Topic::ORDER, self.order_id.stream(), event);
    }

    fn named(&self) -> (OrderId, String) {
        (self.order_id, self.order_number.clone())
    }

    fn shipment(&self, line: u32) -> ShipmentId {
        ShipmentId::of(self.order_id, &location(line))
    }

    fn place(&mut self) {
        let (order_id, order_number) = self.named();
        let stock_answer_due_at = day(1);
        // OrderPlaced is always first.
        let placed = OrderPlaced {
            order_id,
            order_number,
            customer_id: None,
            email: sealed("e"),
            ship_to: sealed("s"),
            bill_to: None,
            payment_token: sealed("t"),
            lines: vec![self.line(1), self.line(2)],
            totals: totals(euros(300).minor),
            currency: Currency::EUR,
            shipping_method: ShippingMethod::Standard,
            stock_answer_due_at,
        };
        self.scenario.emit::<OrderEvent>(Topic::ORDER, self.order_id.stream(), placed);
    }

    fn line(&self, line: u32) -> OrderLine {
        OrderLine {
            line_id: LineId(line),
            sku: sku(self.number % 4),
            product_id: product_id((self.number + line) % 3),
            title: "Tea".to_owned(),
            variant_title: String::new(),
            qty: line,
            unit_price: euros(100),
            discount: euros(0),
            tax_class: TaxClass::Reduced,
            tax_rate: 700,
            tax: euros(7 * line),
            total: euros(100 * line),
            price_version: 3,
            tracked: true,
        }
    }

    fn reject(&mut self) {
        let (order_id, order_number) = self.named();
        let shortages = vec![Shortage { sku: sku(0), requested: 3, available: 1 }];
        self.emit(OrderStockRejected { order_id, order_number, shortages });
    }

    fn expire(&mut self) {
        let (order_id, order_number) = self.named();
        let deadline = OrderDeadline::StockAnswer;
        let (held, skus, paid) = (Vec::new(), Vec::new(), euros(0));
        self.emit(OrderExpired { order_id, order_number, deadline, held, skus, paid });
    }

    fn confirm_stock(&mut self) {
        let (order_id, order_number) = self.named();
        let (lines, amount, payment_token) = (lines(self.number), euros(300), sealed("t"));
        self.emit(OrderStockConfirmed {
            order_id,
            order_number,
            lines,
            amount,
            payment_token,
            expires_at: day(2),
        });
    }

    fn fail_and_cancel(&mut self) {
        self.confirm_stock();
        let (order_id, order_number) = self.named();
        let code = DeclineCode::InsufficientFunds;
        self.emit(OrderPaymentFailed {
            order_id,
            order_number: order_number.clone(),
            code,
            retryable: true,
            attempts_left: 2,
        });
        let (amount, payment_token) = (euros(300), sealed("u"));
        self.emit(OrderPaymentRetryRequested {
            order_id,
            order_number: order_number.clone(),
            amount,
            payment_token,
        });
        let (reason, stage) = (CancelReason::Customer, OrderStatus::StockConfirmed);
        let (held, skus, paid) = (lines(self.number), Vec::new(), euros(0));
        let text = Some(sealed("why"));
        let ended = OrderCancelled { order_id, order_number, reason, text, stage, held, skus, paid };
        self.emit(ended);
        let (order_id, order_number) = self.named();
        self.emit(OrderPaymentVoided { order_id, order_number, amount });
    }

    fn confirm(&mut self) {
        self.confirm_stock();
        let (order_id, order_number) = self.named();
        let (amount, authorized_until) = (euros(300), day(9));
        self.emit(OrderPaymentAuthorized {
            order_id,
            order_number: order_number.clone(),
            amount,
            authorized_until,
        });
        self.emit(OrderConfirmed {
            order_id,
            order_number,
            lines: lines(self.number),
            shipping_method: ShippingMethod::Standard,
            ship_to: sealed("s"),
            fulfil_by: day(4),
            authorized_until,
        });
    }

    fn departure(&self, line: u32) -> Departure {
        Departure {
            shipment_id: self.shipment(line),
            location: location(line),
            lines: lines(self.number).into_iter().filter(|part| part.line_id == LineId(line)).collect(),
            carrier: "Post".to_owned(),
            tracking_number: "P-1".to_owned(),
            capture: euros(100 * line),
            delivery_due_at: day(10 + line),
        }
    }

    fn capture(&mut self, line: u32, captured: u32) {
        let (order_id, order_number) = self.named();
        let (shipment_id, amount) = (self.shipment(line), euros(100 * line));
        let captured = euros(captured);
        self.emit(OrderPaymentCaptured { order_id, order_number, shipment_id, amount, captured });
    }

    fn cancel_one_of_two(&mut self) {
        self.confirm();
        let (order_id, order_number) = self.named();
        let ids = vec![self.shipment(1), self.shipment(2)];
        self.emit(OrderCancellationRequested {
            order_id,
            order_number: order_number.clone(),
            reason: CancelReason::Customer,
            text: None,
            shipment_ids: ids.clone(),
        });
        let shipment_id = ids[1];
        self.emit(OrderParcelCancelled { order_id, order_number: order_number.clone(), shipment_id });
        let departure = self.departure(1);
        self.emit(OrderPartiallyShipped { order_id, order_number: order_number.clone(), departure });
        self.emit(OrderLinesCancelled {
            order_id,
            order_number: order_number.clone(),
            reason: CancelReason::Customer,
            lines: vec![lines(self.number)[1].clone()],
            shipment_ids: vec![shipment_id],
            totals: totals(100),
            refund_due: euros(0),
        });
        self.emit(OrderCancellationRefused {
            order_id,
            order_number: order_number.clone(),
            shipment_ids: vec![ids[0]],
        });
        self.capture(1, 100);
        self.emit(OrderDelivered {
            order_id,
            order_number: order_number.clone(),
            shipment_id: Some(ids[0]),
            return_until: day(30),
        });
        self.emit(OrderCompleted { order_id, order_number });
    }

    fn lose_one(&mut self) {
        self.confirm();
        let (order_id, order_number) = self.named();
        let departure = self.departure(1);
        self.emit(OrderPartiallyShipped { order_id, order_number: order_number.clone(), departure });
        self.capture(1, 100);
        let departure = self.departure(2);
        self.emit(OrderShipped { order_id, order_number: order_number.clone(), departure });
        self.capture(2, 300);
        self.hold(HoldReason::ShipmentLost, Some(self.shipment(1)));
        self.emit(OrderParcelDelivered {
            order_id,
            order_number: order_number.clone(),
            shipment_id: self.shipment(2),
        });
        let (reason, shipment_id) = (HoldReason::ShipmentLost, Some(self.shipment(1)));
        self.emit(OrderHoldResolved {
            order_id,
            order_number: order_number.clone(),
            reason,
            shipment_id,
            way_out: WayOut::Refund,
            amount: Some(euros(100)),
            payment_token: None,
        });
        self.emit(OrderRefunded {
            order_id,
            order_number,
            shipment_id,
            amount: euros(100),
            refunded: euros(100),
        });
        self.release(reason, shipment_id);
    }

    fn be_overdue(&mut self) {
        self.confirm();
        let (order_id, order_number) = self.named();
        let (deadline, due_at) = (OrderDeadline::Fulfilment, day(4));
        self.emit(OrderOverdue { order_id, order_number, deadline, due_at });
        self.hold(HoldReason::Overdue, None);
        self.hold(HoldReason::Staff, None);
        self.hold(HoldReason::Overdue, None);
        self.release(HoldReason::Overdue, None);
    }

    fn hold(&mut self, reason: HoldReason, shipment_id: Option<ShipmentId>) {
        let (order_id, order_number) = self.named();
        let ways_out = reason.ways_out().to_vec();
        let (blocks, amount, text) = (vec![self.shipment(1)], None, None);
        self.emit(OrderPutOnHold {
            order_id,
            order_number,
            reason,
            shipment_id,
            text,
            amount,
            ways_out,
            blocks,
        });
    }

    fn release(&mut self, reason: HoldReason, shipment_id: Option<ShipmentId>) {
        let (order_id, order_number) = self.named();
        let (frees, authorized_until, next_check_at) = (Vec::new(), None, Some(day(20)));
        self.emit(OrderHoldReleased {
            order_id,
            order_number,
            reason,
            shipment_id,
            frees,
            authorized_until,
            next_check_at,
        });
    }
}

fn totals(cents: i64) -> Totals {
    let money = Currency::EUR.minor(cents);
    let zero = Currency::EUR.zero();
    Totals { subtotal: money, discount: zero, shipping: zero, tax: zero, grand: money }
}
