//! Orders: placed by shoppers, looked after by staff.

use std::sync::Arc;

use domain::order::{AddNote, CancelOrder, OrderedLine, PlaceOrder, PutOnHold, ResolveHold, RetryPayment};
use platform::sealing::SubjectSeal;
use schemas::order::CancelReason;
use schemas::sealed::field;
use schemas::{ActorType, Context, Currency, CustomerId, OrderId, ShipmentId};

use super::{Commands, Target};
use crate::accepted::{Accepted, CommandError};
use crate::inputs::checks::Problems;
use crate::inputs::{
    CancelInput, HoldInput, LineInput, NoteInput, OrderInput, ResolveHoldInput, RetryPaymentInput,
};
use crate::meta::Meta;

/// Characters of what somebody says in their own words.
const TEXT: usize = 1_000;
/// Characters of a note.
const NOTE: usize = 2_000;

/// Who orders. HTTP knows guests only.
#[derive(Clone, Debug, Default)]
pub struct Shopper {
    /// The customer; none for a guest.
    pub customer: Option<CustomerId>,
    /// Whose key the order's personal data is sealed with; the customer's, or the order's own, where it is not said.
    pub subject: Option<String>,
}

/// What is ordered, checked.
struct Basket {
    lines: Vec<OrderedLine>,
    currency: Option<Currency>,
}

impl Commands {
    /// A guest orders. Answers `{orderId, orderNumber, totals, guestToken}`.
    pub async fn place_order(&self, meta: &Meta, input: OrderInput) -> Result<Accepted, CommandError> {
        self.place_order_of(meta, &Shopper::default(), input).await
    }

    /// Somebody orders. Answers `{orderId, orderNumber, totals, guestToken}`.
    pub async fn place_order_of(
        &self,
        meta: &Meta,
        shopper: &Shopper,
        input: OrderInput,
    ) -> Result<Accepted, CommandError> {
        let basket = checked(&input, self.rules.max_lines)?;
        let order_id = OrderId::derived(&[&meta.command().to_string()]);
        let target = Target {
            context: Context::Ordering,
            stream: order_id.stream(),
            id: order_id.to_string(),
            flow: None,
        };
        let guest_token = self.guest_token(&target.id).await?;
        let asked = self.asked(meta, "PlaceOrder", target, &(shopper.customer, &input)).await?;
        let mut accepted = match self.seal_for(&asked, &subject(shopper, order_id)).await? {
            Ok(seal) => {
                let order = self.sealed(order_id, shopper.customer, basket, &input, &seal)?;
                self.submit(asked, order, Vec::new()).await?
            }
            Err(first_answer) => first_answer,
        };
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
    ) -> Result<PlaceOrder, CommandError> {
        let bill_to = input.billing_address.as_ref();
        Ok(PlaceOrder {
            order_id,
            customer_id,
            email: seal.seal(field::EMAIL, &input.email)?,
            ship_to: seal.seal(field::SHIP_TO, &input.shipping_address.address())?,
            bill_to: bill_to.map(|address| seal.seal(field::BILL_TO, &address.address())).transpose()?,
            payment_token: seal.seal(field::PAYMENT_TOKEN, &input.payment_token)?,
            lines: basket.lines,
            currency: basket.currency,
            shipping_method: input.shipping_method,
            rules: Arc::clone(&self.rules),
        })
    }

    /// The shopper or the shop does not want an order any more. A shopper's reason is CUSTOMER, whatever they say.
    pub async fn cancel_order(
        &self,
        meta: &Meta,
        order: &str,
        input: CancelInput,
    ) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        if let Some(text) = &input.text {
            problems.prose("text", text, TEXT);
        }
        if input.reason == Some(CancelReason::PaymentFailed) {
            problems.add(
                "RESERVED",
                "reason",
                "Only the shop itself cancels because of a payment: say OTHER.",
            );
        }
        problems.none()?;
        let reason = match meta.actor.kind {
            ActorType::Customer => CancelReason::Customer,
            ActorType::Staff | ActorType::System | ActorType::Service => {
                input.reason.unwrap_or(CancelReason::Staff)
            }
        };
        let order = self.known_order(order).await?;
        let asked = self.asked(meta, "CancelOrder", order.target, &input).await?;
        let text = match &input.text {
            None => None,
            Some(text) => match self.seal_for(&asked, &order.subject).await? {
                Ok(seal) => Some(seal.seal(field::TEXT, text)?),
                Err(first_answer) => return Ok(first_answer),
            },
        };
        let cancel = CancelOrder { order_id: order.id, reason, text, rules: Arc::clone(&self.rules) };
        self.submit(asked, cancel, Vec::new()).await
    }

    /// Stops an order for a while.
    pub async fn hold_order(
        &self,
        meta: &Meta,
        order: &str,
        input: HoldInput,
    ) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        if let Some(text) = &input.text {
            problems.prose("text", text, TEXT);
        }
        problems.none()?;
        let order = self.known_order(order).await?;
        let asked = self.asked(meta, "PutOnHold", order.target, &input).await?;
        let text = match &input.text {
            None => None,
            Some(text) => match self.seal_for(&asked, &order.subject).await? {
                Ok(seal) => Some(seal.seal(field::TEXT, text)?),
                Err(first_answer) => return Ok(first_answer),
            },
        };
        let hold = PutOnHold { order_id: order.id, text, rules: Arc::clone(&self.rules) };
        self.submit(asked, hold, Vec::new()).await
    }

    /// Chooses how an order on hold goes on.
    pub async fn resolve_hold(
        &self,
        meta: &Meta,
        order: &str,
        input: ResolveHoldInput,
    ) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        let shipment_id: Option<ShipmentId> = problems.parsed_if("shipmentId", input.shipment_id.as_deref());
        problems.none()?;
        let order = self.known_order(order).await?;
        let resolve = ResolveHold {
            order_id: order.id,
            reason: input.reason,
            shipment_id,
            way_out: input.way_out,
            rules: Arc::clone(&self.rules),
        };
        self.carry_out(meta, "ResolveHold", order.target, &input, resolve).await
    }

    /// Writes something on an order.
    pub async fn add_note(
        &self,
        meta: &Meta,
        order: &str,
        input: NoteInput,
    ) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        problems.prose("note", &input.note, NOTE);
        problems.none()?;
        let order = self.known_order(order).await?;
        let asked = self.asked(meta, "AddNote", order.target, &input).await?;
        let note = match self.seal_for(&asked, &order.subject).await? {
            Ok(seal) => seal.seal(field::NOTE, &input.note)?,
            Err(first_answer) => return Ok(first_answer),
        };
        self.submit(asked, AddNote { order_id: order.id, note }, Vec::new()).await
    }

    /// The shopper tries another way to pay.
    pub async fn retry_payment(
        &self,
        meta: &Meta,
        order: &str,
        input: RetryPaymentInput,
    ) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        problems.payment_token("paymentToken", &input.payment_token);
        problems.none()?;
        let order = self.known_order(order).await?;
        let asked = self.asked(meta, "RetryPayment", order.target, &input).await?;
        let payment_token = match self.seal_for(&asked, &order.subject).await? {
            Ok(seal) => seal.seal(field::PAYMENT_TOKEN, &input.payment_token)?,
            Err(first_answer) => return Ok(first_answer),
        };
        self.submit(asked, RetryPayment { order_id: order.id, payment_token }, Vec::new()).await
    }
}

fn subject(shopper: &Shopper, order: OrderId) -> String {
    match (&shopper.subject, shopper.customer) {
        (Some(subject), _) => subject.clone(),
        (None, Some(customer)) => format!("customer-{customer}"),
        (None, None) => order.stream().as_str().to_owned(),
    }
}

fn checked(input: &OrderInput, max_lines: usize) -> Result<Basket, CommandError> {
    let mut problems = Problems::default();
    if input.lines.is_empty() {
        problems.add("REQUIRED", "lines", "An order has at least one line.");
    }
    if input.lines.len() > max_lines {
        problems.add("TOO_MANY", "lines", format!("An order has at most {max_lines} lines."));
    }
    let read = |(i, line): (usize, &LineInput)| ordered_line(&mut problems, i, line);
    let lines: Option<Vec<OrderedLine>> = all(input.lines.iter().take(max_lines).enumerate().map(read));
    problems.email("email", &input.email);
    input.shipping_address.check(&mut problems, "shippingAddress");
    if let Some(address) = &input.billing_address {
        address.check(&mut problems, "billingAddress");
    }
    problems.payment_token("paymentToken", &input.payment_token);
    let currency = problems.parsed_if("currency", input.currency.as_deref());
    problems.all(lines.map(|lines| Basket { lines, currency }))
}

fn ordered_line(problems: &mut Problems, i: usize, line: &LineInput) -> Option<OrderedLine> {
    let sku = problems.parsed(&format!("lines[{i}].sku"), &line.sku);
    problems.at_least_one(&format!("lines[{i}].quantity"), line.quantity);
    let expected = line.expected_unit_price.as_ref();
    let field = format!("lines[{i}].expectedUnitPrice");
    let expected_unit_price = expected.and_then(|price| price.parsed(problems, &field));
    Some(OrderedLine { sku: sku?, qty: line.quantity, expected_unit_price })
}

/// Everything, or nothing when one is missing; looks at all of them first.
fn all<T>(made: impl Iterator<Item = Option<T>>) -> Option<Vec<T>> {
    made.collect::<Vec<_>>().into_iter().collect()
}
