//! Orders: placed by customers, managed by staff.

use std::sync::Arc;

use domain::order::{AddNote, CancelOrder, OrderedLine, PlaceOrder, PutOnHold, ResolveHold, RetryPayment};
use platform::sealing::{SealingError, SubjectSeal};
use schemas::order::CancelReason;
use schemas::sealed::field;
use schemas::{ActorType, Context, Currency, CustomerId, OrderId, ShipmentId};

use super::{Commands, Target};
use crate::accepted::{Accepted, CommandError};
use crate::ids::Named;
use crate::inputs::checks::{Problems, one_line};
use crate::inputs::rules::{NOTE, TEXT};
use crate::inputs::{
    CancelInput, HoldInput, LineInput, NoteInput, OrderInput, ResolveHoldInput, RetryPaymentInput,
};
use crate::meta::CommandMeta;

/// The customer or guest that an order is placed for. Over HTTP, always a guest.
#[derive(Clone, Debug, Default)]
pub struct Shopper {
    /// The customer; `None` for a guest.
    pub customer: Option<CustomerId>,
    /// The subject whose key seals the order's personal data. `None`: the customer, or for a guest the order itself.
    pub subject: Option<String>,
}

/// The checked contents of an order.
struct Basket {
    lines: Vec<OrderedLine>,
    currency: Option<Currency>,
}

impl Commands {
    /// Places a guest's order. The answer is `{orderId, orderNumber, totals, guestToken}`.
    pub async fn place_order(&self, meta: &CommandMeta, input: OrderInput) -> Result<Accepted, CommandError> {
        self.place_order_of(meta, &Shopper::default(), input).await
    }

    /// Places an order for `shopper`. The answer is `{orderId, orderNumber, totals, guestToken}`.
    pub async fn place_order_of(
        &self,
        meta: &CommandMeta,
        shopper: &Shopper,
        input: OrderInput,
    ) -> Result<Accepted, CommandError> {
        let basket = self.checked(&input)?;
        let order_id = OrderId::derived(&[&meta.command().to_string()]);
        let target = Target {
            context: Context::Ordering,
            stream: order_id.stream(),
            id: order_id.to_string(),
            type_name: Named::Order.type_name(),
            flow: None,
        };
        let guest_token = self.guest_token(&target.id).await?;
        let command = self.fingerprinted(meta, "PlaceOrder", target, &(shopper.customer, &input)).await?;
        let place = |seal: &SubjectSeal| self.sealed(order_id, shopper.customer, basket, &input, seal);
        let mut accepted = self.submit_sealed(command, &subject(shopper, order_id), place).await?;
        accepted.answer.insert("guestToken".to_owned(), guest_token.into());
        Ok(accepted)
    }

    fn sealed(
        &self,
        order_id: OrderId,
        customer_id: Option<CustomerId>,
        basket: Basket,
        input: &OrderInput,
        seal: &SubjectSeal,
    ) -> Result<PlaceOrder, SealingError> {
        let bill_to = input.billing_address.as_ref();
        Ok(PlaceOrder {
            order_id,
            customer_id,
            email: seal.seal(field::EMAIL, &one_line(&input.email))?,
            ship_to: seal.seal(field::SHIP_TO, &input.shipping_address.address())?,
            bill_to: bill_to.map(|address| seal.seal(field::BILL_TO, &address.address())).transpose()?,
            payment_token: seal.seal(field::PAYMENT_TOKEN, &input.payment_token)?,
            lines: basket.lines,
            currency: basket.currency,
            shipping_method: input.shipping_method,
            rules: Arc::clone(&self.rules),
        })
    }

    /// Cancels an order. If the actor is a customer, the reason is always CUSTOMER.
    pub async fn cancel_order(
        &self,
        meta: &CommandMeta,
        order: &str,
        input: CancelInput,
    ) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        if let Some(text) = &input.text {
            problems.prose("text", text, TEXT);
        }
        if input.reason == Some(CancelReason::PaymentFailed) {
            problems.add("RESERVED", "reason", "PAYMENT_FAILED is set by the shop itself. Use OTHER.");
        }
        problems.none()?;
        let reason = match meta.actor.kind {
            ActorType::Customer => CancelReason::Customer,
            ActorType::Staff | ActorType::System | ActorType::Service => {
                input.reason.unwrap_or(CancelReason::Staff)
            }
        };
        let order = self.known_order(order).await?;
        let command = self.fingerprinted(meta, "CancelOrder", order.target, &input).await?;
        let cancel = |text| CancelOrder { order_id: order.id, reason, text, rules: Arc::clone(&self.rules) };
        match &input.text {
            None => self.submit(command, cancel(None), Vec::new()).await,
            Some(text) => {
                let sealed = |seal: &SubjectSeal| Ok(cancel(Some(seal.seal(field::TEXT, text)?)));
                self.submit_sealed(command, &order.subject, sealed).await
            }
        }
    }

    /// Puts an order on hold.
    pub async fn hold_order(
        &self,
        meta: &CommandMeta,
        order: &str,
        input: HoldInput,
    ) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        if let Some(text) = &input.text {
            problems.prose("text", text, TEXT);
        }
        problems.none()?;
        let order = self.known_order(order).await?;
        let command = self.fingerprinted(meta, "PutOnHold", order.target, &input).await?;
        let hold = |text| PutOnHold { order_id: order.id, text, rules: Arc::clone(&self.rules) };
        match &input.text {
            None => self.submit(command, hold(None), Vec::new()).await,
            Some(text) => {
                let sealed = |seal: &SubjectSeal| Ok(hold(Some(seal.seal(field::TEXT, text)?)));
                self.submit_sealed(command, &order.subject, sealed).await
            }
        }
    }

    pub async fn resolve_hold(
        &self,
        meta: &CommandMeta,
        order: &str,
        input: ResolveHoldInput,
    ) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        let shipment = input.shipment_id.as_deref();
        let shipment_id: Option<ShipmentId> =
            shipment.and_then(|id| problems.id("shipmentId", Named::Shipment, id));
        problems.none()?;
        let order = self.known_order(order).await?;
        let resolve = ResolveHold {
            order_id: order.id,
            reason: input.reason,
            shipment_id,
            way_out: input.way_out,
            rules: Arc::clone(&self.rules),
        };
        self.execute(meta, "ResolveHold", order.target, &input, resolve).await
    }

    /// Adds a note to an order.
    pub async fn add_note(
        &self,
        meta: &CommandMeta,
        order: &str,
        input: NoteInput,
    ) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        problems.prose("note", &input.note, NOTE);
        problems.none()?;
        let order = self.known_order(order).await?;
        let command = self.fingerprinted(meta, "AddNote", order.target, &input).await?;
        let sealed = |seal: &SubjectSeal| {
            Ok(AddNote { order_id: order.id, note: seal.seal(field::NOTE, &input.note)? })
        };
        self.submit_sealed(command, &order.subject, sealed).await
    }

    /// Retries the payment with another payment token.
    pub async fn retry_payment(
        &self,
        meta: &CommandMeta,
        order: &str,
        input: RetryPaymentInput,
    ) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        problems.payment_token("paymentToken", &input.payment_token, self.numeric_tokens);
        problems.none()?;
        let order = self.known_order(order).await?;
        let command = self.fingerprinted(meta, "RetryPayment", order.target, &input).await?;
        let sealed = |seal: &SubjectSeal| {
            let payment_token = seal.seal(field::PAYMENT_TOKEN, &input.payment_token)?;
            Ok(RetryPayment { order_id: order.id, payment_token })
        };
        self.submit_sealed(command, &order.subject, sealed).await
    }
}

fn subject(shopper: &Shopper, order: OrderId) -> String {
    match (&shopper.subject, shopper.customer) {
        (Some(subject), _) => subject.clone(),
        (None, Some(customer)) => format!("customer-{customer}"),
        (None, None) => order.stream().as_str().to_owned(),
    }
}

impl Commands {
    fn checked(&self, input: &OrderInput) -> Result<Basket, CommandError> {
        let max_lines = self.rules.max_lines;
        let mut problems = Problems::default();
        if input.lines.is_empty() {
            problems.add("REQUIRED", "lines", "Must have at least one line.");
        }
        if input.lines.len() > max_lines {
            problems.add("TOO_MANY", "lines", format!("Must have at most {max_lines} lines."));
        }
        let read = |(i, line): (usize, &LineInput)| ordered_line(&mut problems, i, line);
        let lines: Option<Vec<OrderedLine>> = all(input.lines.iter().take(max_lines).enumerate().map(read));
        problems.email("email", &input.email);
        input.shipping_address.check(&mut problems, "shippingAddress");
        if let Some(address) = &input.billing_address {
            address.check(&mut problems, "billingAddress");
        }
        problems.payment_token("paymentToken", &input.payment_token, self.numeric_tokens);
        let currency = problems.parsed_if("currency", input.currency.as_deref());
        problems.all(lines.map(|lines| Basket { lines, currency }))
    }
}

fn ordered_line(problems: &mut Problems, i: usize, line: &LineInput) -> Option<OrderedLine> {
    let sku = problems.parsed(&format!("lines[{i}].sku"), &line.sku);
    problems.at_least_one(&format!("lines[{i}].quantity"), line.quantity);
    let expected = line.expected_unit_price.as_ref();
    let field = format!("lines[{i}].expectedUnitPrice");
    let expected_unit_price = expected.and_then(|price| price.parsed(problems, &field));
    Some(OrderedLine { sku: sku?, qty: line.quantity, expected_unit_price })
}

/// All values, or `None` if one is missing. Evaluates every item, so that all problems are found.
fn all<T>(made: impl Iterator<Item = Option<T>>) -> Option<Vec<T>> {
    made.collect::<Vec<_>>().into_iter().collect()
}
