//! Turns a basket into an order. Lines that the rules refuse are left out and reported.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use command_api::inputs::{CancelInput, LineInput, OrderInput};
use command_api::{CommandError, CommandMeta, Commands, Shopper};
use domain::UserError;
use schemas::order::ShippingMethod;
use schemas::{Actor, CustomerId, OrderId};
use serde::{Deserialize, Serialize};

use crate::dice::Dice;
use crate::fate::{self, Regret};
use crate::year::{Article, Basket, Line};
use crate::{catalogue, people};

/// How often refused lines are removed before the whole basket is given up.
const ROUNDS: u32 = 5;

/// A refused command, or a refused line of one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Refused {
    /// The idempotency key of the command.
    pub key: String,
    /// The line of the basket, from 0; `None` if the command was refused as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The product of the line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub article: Option<Article>,
    /// The requested quantity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<u32>,
    pub code: String,
    pub message: String,
}

/// The outcome of a basket.
#[derive(Debug, Default)]
pub(crate) struct Placed {
    /// The order; `None` if nothing in the basket could be ordered.
    pub order: Option<OrderId>,
    pub refused: Vec<Refused>,
}

/// A customer's command. The scope keeps the keys of imports apart from all others.
pub(crate) fn meta(key: &str, customer: CustomerId) -> CommandMeta {
    CommandMeta::new(key, "complete-journey", Actor::customer(customer.to_string()))
}

/// Orders the contents of a basket. If its fate is an immediate cancellation and `racing` is true, cancels it at once.
pub(crate) async fn place(
    commands: &Commands,
    dice: Dice,
    basket: &Basket,
    lines: &[Line],
    racing: bool,
) -> Result<Placed> {
    let customer = people::customer(basket.household);
    let shopper = Shopper { customer: Some(customer), subject: Some(format!("customer-{customer}")) };
    let mut placed = Placed::default();
    let mut wanted: Vec<usize> = (0..lines.len()).collect();
    for round in 1..=ROUNDS {
        let key = if round == 1 { basket.number.to_string() } else { format!("{}/{round}", basket.number) };
        let meta = meta(&key, customer);
        let errors = match commands.place_order_of(&meta, &shopper, order(dice, basket, lines, &wanted)).await
        {
            Ok(accepted) => {
                let order = accepted.id.parse().ok().context("an order has an id of another kind")?;
                placed.order = Some(order);
                if racing && fate::regret(dice, order) == Some(Regret::AtOnce) {
                    placed.refused.extend(cancel(commands, customer, order).await?);
                }
                return Ok(placed);
            }
            Err(CommandError::Invalid(errors)) => errors,
            Err(CommandError::Refused { refusal, .. }) if refusal.errors.is_empty() => {
                vec![UserError::new(&refusal.code, "", refusal.message)]
            }
            Err(CommandError::Refused { refusal, .. }) => refusal.errors,
            Err(error) => return Err(error).with_context(|| format!("basket {key}")),
        };
        let bad = sort_out(&key, lines, &wanted, errors, &mut placed.refused);
        wanted.retain(|line| !bad.contains(line));
        if bad.is_empty() || wanted.is_empty() {
            break;
        }
    }
    Ok(placed)
}

/// Records refusals, and returns the lines that they are about.
fn sort_out(
    key: &str,
    lines: &[Line],
    wanted: &[usize],
    errors: Vec<UserError>,
    refused: &mut Vec<Refused>,
) -> BTreeSet<usize> {
    let mut first: BTreeMap<Option<usize>, UserError> = BTreeMap::new();
    for error in errors {
        let line =
            error.field.as_deref().and_then(place_in_order).and_then(|place| wanted.get(place).copied());
        first.entry(line).or_insert(error);
    }
    // An error of the order may only be the consequence of a refused line.
    if first.len() > 1 {
        first.remove(&None);
    }
    let bad = first.keys().copied().flatten().collect();
    refused.extend(first.into_iter().map(|(line, error)| {
        let of = line.and_then(|line| lines.get(line));
        let (article, quantity) = (of.map(|line| line.article), of.map(|line| line.quantity));
        Refused { key: key.to_owned(), line, article, quantity, code: error.code, message: error.message }
    }));
    bad
}

/// `lines[3].quantity` → 3
fn place_in_order(field: &str) -> Option<usize> {
    field.strip_prefix("lines[")?.split_once(']')?.0.parse().ok()
}

fn order(dice: Dice, basket: &Basket, lines: &[Line], wanted: &[usize]) -> OrderInput {
    let line = |i: &usize| {
        let line = lines.get(*i)?;
        Some(LineInput {
            sku: catalogue::sku(line.article),
            quantity: line.quantity,
            expected_unit_price: None,
        })
    };
    OrderInput {
        lines: wanted.iter().filter_map(line).collect(),
        email: people::email(basket.household),
        shipping_address: people::address(basket.household, dice),
        billing_address: None,
        shipping_method: ShippingMethod::Standard,
        payment_token: fate::payment_token(dice, basket.number).to_owned(),
        currency: None,
    }
}

/// Cancels the order for the customer. A refusal because it is too late is a normal answer.
pub(crate) async fn cancel(
    commands: &Commands,
    customer: CustomerId,
    order: OrderId,
) -> Result<Option<Refused>> {
    let key = format!("cancel/{order}");
    answered(
        &key,
        commands.cancel_order(&meta(&key, customer), &order.to_string(), CancelInput::default()).await,
    )
}

/// A refusal by the rules is reported; any other failure is an error.
pub(crate) fn answered<T>(key: &str, result: Result<T, CommandError>) -> Result<Option<Refused>> {
    match result {
        Ok(_) => Ok(None),
        Err(CommandError::Refused { refusal, .. }) => {
            let (code, message) = (refusal.code, refusal.message);
            Ok(Some(Refused {
                key: key.to_owned(),
                line: None,
                article: None,
                quantity: None,
                code,
                message,
            }))
        }
        Err(error) => Err(error).with_context(|| format!("{key} failed")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_line_of_the_basket_and_not_that_of_the_order() {
        let line = |article| Line { article, quantity: 3, paid: 0, regular: 0 };
        let (lines, mut refused) = ([line(7), line(8), line(9)], Vec::new());
        let errors = vec![
            UserError::new("UNKNOWN_SKU", "lines[1].sku", "There is no CJ-9."),
            UserError::new("QUANTITY_OUT_OF_RANGE", "lines[1].qty", "Too many."),
        ];
        let bad = sort_out("5/2", &lines, &[0, 2], errors, &mut refused);
        assert_eq!(bad, BTreeSet::from([2]));
        assert_eq!((refused[0].article, refused[0].code.as_str()), (Some(9), "UNKNOWN_SKU"));
        assert_eq!(refused.len(), 1);
        assert!(
            sort_out("5", &lines, &[0], vec![UserError::new("EMPTY", "email", "No.")], &mut refused)
                .is_empty()
        );
    }
}
