//! What a variant costs.

use std::sync::Arc;

use schemas::product::PriceSet;
use schemas::{Money, ProductId, Sku};

use super::variants::live_variant;
use super::{Price, Product, limits};
use crate::faults::Faults;
use crate::one_stream::one_stream;
use crate::{Draft, Refusal, ShopRules};

/// No price is higher, in minor units: sums of orders stay far from what 64 bits hold.
const HIGHEST: i64 = 100_000_000_000;

/// Says what a variant costs from now on, in one currency.
#[derive(Clone, Debug)]
pub struct SetPrice {
    /// The product.
    pub product_id: ProductId,
    /// The variant, which must be sold.
    pub sku: Sku,
    /// Tax included; not negative, in one of the shop's currencies.
    pub price: Money,
    /// A higher price to compare with, in the same currency.
    pub compare_at: Option<Money>,
    /// Why.
    pub reason: Option<String>,
    /// Which currencies are allowed.
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
            let message =
                format!("compareAt must be more than {}, in the same currency, or left out.", command.price);
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
            format!("This shop has no prices in {}: use {}.", amount.currency, allowed.join(" or "));
        faults.add("CURRENCY_NOT_ALLOWED", format!("{field}.currency"), message);
    }
    if amount.minor < 0 {
        faults.add("NEGATIVE_PRICE", format!("{field}.minor"), format!("{field} must be 0 or more."));
    }
    if amount.minor > HIGHEST {
        let message = format!("{field} must be at most {HIGHEST} minor units.");
        faults.add("OUT_OF_RANGE", format!("{field}.minor"), message);
    }
}
