//! Prices of variants.

use std::sync::Arc;

use schemas::product::PriceSet;
use schemas::{Money, ProductId, Sku};

use super::limits::HIGHEST_PRICE;
use super::variants::live_variant;
use super::{Price, Product, limits};
use crate::faults::Faults;
use crate::one_stream::one_stream;
use crate::{Draft, Refusal, ShopRules};

/// Sets the price of a variant in one currency.
#[derive(Clone, Debug)]
pub struct SetPrice {
    pub product_id: ProductId,
    /// Must be a variant that is sold.
    pub sku: Sku,
    /// Price of one unit, tax included; not negative, in one of the shop's currencies.
    pub price: Money,
    /// Higher reference price to display, in the same currency.
    pub compare_at: Option<Money>,
    pub reason: Option<String>,
    pub rules: Arc<ShopRules>,
}

one_stream!(SetPrice, Product, |it| it.product_id.stream(), set_price);

fn set_price(product: &mut Draft<'_, Product>, command: &SetPrice) -> Result<(), Refusal> {
    let variant = live_variant(product.editable()?, &command.sku)?;
    let mut faults = Faults::default();
    amount(&mut faults, "price", command.price, &command.rules);
    if let Some(compare_at) = command.compare_at {
        amount(&mut faults, "compareAt", compare_at, &command.rules);
        if compare_at.currency != command.price.currency || compare_at.minor <= command.price.minor {
            let message = format!(
                "compareAt must be higher than {} and in the same currency. Correct it, or leave it out.",
                command.price
            );
            faults.add("COMPARE_AT_TOO_LOW", "compareAt", message);
        }
    }
    limits::reason(&mut faults, command.reason.as_deref());
    faults.refuse()?;

    let old = variant.prices.get(&command.price.currency);
    let new = Price { amount: command.price, compare_at: command.compare_at };
    if old == Some(&new) {
        return Ok(());
    }
    let set = PriceSet {
        product_id: command.product_id,
        sku: command.sku.clone(),
        old: old.map(|price| price.amount),
        new: new.amount,
        compare_at: new.compare_at,
        effective_from: product.now(),
        reason: command.reason.clone(),
    };
    product.append(set);
    Ok(())
}

fn amount(faults: &mut Faults, field: &str, amount: Money, rules: &ShopRules) {
    if !rules.currencies.contains(&amount.currency) {
        let allowed: Vec<_> = rules.currencies.iter().map(|currency| currency.code()).collect();
        let message =
            format!("This shop does not sell in {}. Use {}.", amount.currency, allowed.join(" or "));
        faults.add("CURRENCY_NOT_ALLOWED", format!("{field}.currency"), message);
    }
    if amount.minor < 0 {
        faults.add("NEGATIVE_PRICE", format!("{field}.minor"), format!("{field} must not be negative."));
    }
    if amount.minor > HIGHEST_PRICE {
        let message = format!("{field} must be at most {HIGHEST_PRICE} minor units.");
        faults.add("OUT_OF_RANGE", format!("{field}.minor"), message);
    }
}
