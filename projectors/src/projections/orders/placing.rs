//! An order from its placing to its confirmation, and its notes.

use read_models::documents::orders::{Note, Order, OrderLine};
use schemas::life_cycle::{FulfilmentStatus, OrderStatus, PaymentStatus};
use schemas::order::{
    self, OrderConfirmed, OrderDeadline, OrderNoteAdded, OrderPlaced, OrderStockConfirmed, OrderStockRejected,
};

use super::{set_clock, set_payment, set_status};
use crate::published::{code, money, sealed, shortages, time, totals};

pub(super) fn place(placed: &OrderPlaced, at: &str) -> Order {
    let zero = money(placed.currency.zero());
    let mut order = Order {
        order_id: placed.order_id.to_string(),
        number: placed.order_number.clone(),
        customer_id: placed.customer_id.map(|id| id.to_string()),
        placed_at: at.to_owned(),
        updated_at: at.to_owned(),
        status: OrderStatus::Placed.name().to_owned(),
        payment_status: PaymentStatus::None.name().to_owned(),
        fulfilment_status: FulfilmentStatus::Unfulfilled.name().to_owned(),
        currency: placed.currency.code().to_owned(),
        shipping_method: code(&placed.shipping_method),
        email: sealed(&placed.email),
        ship_to: sealed(&placed.ship_to),
        bill_to: placed.bill_to.as_ref().map(sealed),
        lines: placed.lines.iter().map(line).collect(),
        totals: totals(&placed.totals),
        captured: zero.clone(),
        refunded: zero,
        authorized_until: None,
        decline_code: None,
        attempts_left: None,
        shortages: Vec::new(),
        parcels: Vec::new(),
        on_hold: false,
        holds: Vec::new(),
        deadlines: Vec::new(),
        clock: None,
        arrival_due_at: None,
        allowed_actions: Vec::new(),
        cancelling: Vec::new(),
        cancel_reason: None,
        cancel_text: None,
        notes: Vec::new(),
    };
    set_clock(&mut order, OrderDeadline::StockAnswer, placed.stock_answer_due_at);
    order
}

pub(super) fn confirm_stock(order: &mut Order, e: &OrderStockConfirmed) {
    set_status(order, OrderStatus::StockConfirmed);
    set_payment(order, PaymentStatus::Pending);
    set_clock(order, OrderDeadline::Payment, e.expires_at);
}

pub(super) fn reject_stock(order: &mut Order, e: &OrderStockRejected) {
    set_status(order, OrderStatus::Rejected);
    order.shortages = shortages(&e.shortages);
}

pub(super) fn confirm(order: &mut Order, e: &OrderConfirmed) {
    set_status(order, OrderStatus::Confirmed);
    order.authorized_until = Some(time(e.authorized_until));
    set_clock(order, OrderDeadline::Fulfilment, e.fulfil_by.min(e.authorized_until));
}

pub(super) fn add_note(order: &mut Order, e: &OrderNoteAdded, at: &str) {
    order.notes.push(Note { note: sealed(&e.note), at: at.to_owned() });
}

fn line(line: &order::OrderLine) -> OrderLine {
    OrderLine {
        line_id: line.line_id.0,
        sku: line.sku.to_string(),
        product_id: line.product_id.to_string(),
        title: line.title.clone(),
        variant_title: line.variant_title.clone(),
        qty: line.qty,
        cancelled_qty: 0,
        shipped_qty: 0,
        unit_price: money(line.unit_price),
        discount: money(line.discount),
        tax_rate: line.tax_rate,
        tax: money(line.tax),
        total: money(line.total),
        price_version: line.price_version,
        tracked: line.tracked,
    }
}
