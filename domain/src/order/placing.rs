//! Placing an order.

use std::sync::Arc;

use schemas::order::{OrderLine, OrderPlaced, ShippingMethod, Totals};
use schemas::{Currency, CustomerId, Money, OrderId, Sealed, Sku, Timestamp};
use serde_json::json;

use super::Order;
use super::pricing::Basket;
use crate::price_book::sku_key;
use crate::{Changes, Decision, Draft, Reads, Refusal, Seen, ShopRules};

/// Places an order. Prices, taxes and totals come from the price book, never from the caller.
#[derive(Clone, Debug)]
pub struct PlaceOrder {
    pub order_id: OrderId,
    /// `None` for a guest.
    pub customer_id: Option<CustomerId>,
    pub email: Sealed,
    pub ship_to: Sealed,
    /// Billing address, sealed; `None` if it is the delivery address.
    pub bill_to: Option<Sealed>,
    /// The payment provider's token, sealed.
    pub payment_token: Sealed,
    pub lines: Vec<OrderedLine>,
    /// `None` for the shop's first currency.
    pub currency: Option<Currency>,
    pub shipping_method: ShippingMethod,
    pub rules: Arc<ShopRules>,
}

/// A line as requested by the customer.
#[derive(Clone, Debug)]
pub struct OrderedLine {
    pub sku: Sku,
    pub qty: u32,
    /// Price of one unit that the customer saw, tax included. The order is refused if it has changed.
    pub expected_unit_price: Option<Money>,
}

impl Decision for PlaceOrder {
    fn reads(&self) -> Reads {
        let order = Reads::stream::<Order>(self.order_id.stream());
        self.lines.iter().fold(order, |reads, line| reads.and_view(sku_key(&line.sku)))
    }

    fn decide(&self, seen: &Seen, now: Timestamp) -> Result<Changes, Refusal> {
        let mut order = Draft::<Order>::of(seen, self.order_id.stream(), now);
        if let Some(placed) = order.placed() {
            return Ok(Changes::none().answering(answer(placed)));
        }
        let currency = self.currency()?;
        let basket = Basket { lines: &self.lines, currency, rules: &self.rules };
        let lines = basket.priced(seen)?;
        let totals = basket.totals(&lines, self.shipping_method)?;
        let placed = self.placed(lines, totals, seen.next_position(), now);
        order.answer(answer(&placed));
        order.append(placed);
        Ok(order.changes())
    }
}

impl PlaceOrder {
    fn currency(&self) -> Result<Currency, Refusal> {
        let accepted = &self.rules.currencies;
        let currency =
            self.currency.or(accepted.first().copied()).filter(|currency| accepted.contains(currency));
        currency.ok_or_else(|| {
            let codes: Vec<_> = accepted.iter().map(Currency::code).collect();
            let message = format!("This currency is not accepted. Use one of: {}.", codes.join(", "));
            Refusal::rule("CURRENCY_NOT_ACCEPTED", message).at("currency")
        })
    }

    fn placed(&self, lines: Vec<OrderLine>, totals: Totals, position: u64, now: Timestamp) -> OrderPlaced {
        OrderPlaced {
            order_id: self.order_id,
            order_number: format!("10-{position:06}"),
            customer_id: self.customer_id,
            email: self.email.clone(),
            ship_to: self.ship_to.clone(),
            bill_to: self.bill_to.clone(),
            payment_token: self.payment_token.clone(),
            lines,
            currency: totals.grand.currency,
            totals,
            shipping_method: self.shipping_method,
            stock_answer_due_at: now.plus(self.rules.stock_answer),
        }
    }
}

fn answer(placed: &OrderPlaced) -> serde_json::Value {
    json!({ "orderId": placed.order_id, "orderNumber": placed.order_number, "totals": placed.totals })
}
