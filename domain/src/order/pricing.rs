//! Prices of an order: every line at the price in the price book, and the totals.

use std::collections::BTreeMap;

use schemas::order::{OrderLine, ShippingMethod, Totals};
use schemas::{Currency, LineId, Money, MoneyError, Sku};
use serde_json::json;

use super::OrderedLine;
use super::sums::Share;
use crate::price_book::{PriceEntry, sku_key};
use crate::product::limits::UNITS;
use crate::{Refusal, Seen, ShopRules, UserError};

/// The lines of an order without prices.
pub(super) struct Basket<'a> {
    pub lines: &'a [OrderedLine],
    pub currency: Currency,
    pub rules: &'a ShopRules,
}

impl Basket<'_> {
    /// The priced lines, or all errors of all lines.
    pub(super) fn priced(&self, seen: &Seen) -> Result<Vec<OrderLine>, Refusal> {
        if self.lines.is_empty() {
            return Err(
                Refusal::rule("EMPTY_ORDER", "An order needs at least one line. Add a line.").at("lines")
            );
        }
        if self.lines.len() > self.rules.max_lines {
            let message = format!(
                "An order can have at most {} lines. Split it into several orders.",
                self.rules.max_lines
            );
            return Err(Refusal::rule("TOO_MANY_LINES", message).at("lines"));
        }
        let (mut lines, mut errors) = (Vec::new(), Vec::new());
        let mut ordered = BTreeMap::new();
        for (i, wanted) in self.lines.iter().enumerate() {
            let entry = seen.view::<PriceEntry>(&sku_key(&wanted.sku));
            match self.price(i, wanted, entry, &mut ordered) {
                Ok(line) => lines.push(line),
                Err(wrong) => errors.extend(wrong),
            }
        }
        // The catalog may have changed, and the price book not know it yet.
        Refusal::all(errors).map_or(Ok(lines), |refusal| Err(refusal.retryable()))
    }

    /// Prices one line. `ordered`: units of each SKU in this line and those before it.
    fn price<'l>(
        &self,
        i: usize,
        wanted: &'l OrderedLine,
        entry: Option<PriceEntry>,
        ordered: &mut BTreeMap<&'l Sku, u64>,
    ) -> Result<OrderLine, Vec<UserError>> {
        let sku = &wanted.sku;
        let wrong_sku = |code, message| vec![UserError::new(code, format!("lines[{i}].sku"), message)];
        let entry = entry.ok_or_else(|| {
            wrong_sku(
                "UNKNOWN_SKU",
                format!("There is no variant with SKU {sku}. Correct the SKU, or remove the line."),
            )
        })?;
        if !entry.sellable {
            return Err(wrong_sku("NOT_FOR_SALE", format!("{sku} is not for sale. Remove the line.")));
        }
        let mut wrong = Vec::new();
        let all = ordered.entry(sku).or_default();
        *all += u64::from(wanted.qty);
        // Old variants may have a limit of their own beyond the highest one.
        let max = entry.max_per_order.unwrap_or(self.rules.max_per_order).min(UNITS);
        if wanted.qty == 0 || *all > u64::from(max) {
            let message = format!(
                "An order can contain 1 to {max} units of {sku}, but this order has {all}. Change the quantity."
            );
            let error = UserError::new("QUANTITY_OUT_OF_RANGE", format!("lines[{i}].qty"), message);
            wrong.push(error.with(json!({ "min": 1, "max": max })));
        }
        let Some(price) = entry.prices.get(&self.currency).copied() else {
            wrong.extend(wrong_sku(
                "NO_PRICE",
                format!(
                    "{sku} has no price in {}. Order in another currency, or remove the line.",
                    self.currency
                ),
            ));
            return Err(wrong);
        };
        if wanted.expected_unit_price.is_some_and(|expected| expected != price) {
            let message =
                format!("The price of {sku} is now {price}. Confirm the new price and order again.");
            let error = UserError::new("PRICE_CHANGED", format!("lines[{i}].expectedUnitPrice"), message);
            wrong.push(error.with(json!({ "unitPrice": price })));
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        self.line(i, wanted, entry, price).map_err(|_| vec![too_large(format!("lines[{i}].qty"))])
    }

    fn line(
        &self,
        i: usize,
        wanted: &OrderedLine,
        entry: PriceEntry,
        unit_price: Money,
    ) -> Result<OrderLine, MoneyError> {
        let total = unit_price.times(wanted.qty)?;
        let tax_rate = self.rules.tax_rate(entry.tax_class);
        Ok(OrderLine {
            line_id: LineId(u32::try_from(i + 1).map_err(|_| MoneyError::Overflow)?),
            sku: wanted.sku.clone(),
            product_id: entry.product_id,
            title: entry.title,
            variant_title: entry.variant_title,
            qty: wanted.qty,
            unit_price,
            discount: unit_price.currency.zero(),
            tax_class: entry.tax_class,
            tax_rate,
            tax: total.tax_included(tax_rate),
            total,
            price_version: entry.price_version,
            tracked: entry.tracked,
        })
    }

    /// The sums over all lines, with shipping.
    pub(super) fn totals(&self, lines: &[OrderLine], method: ShippingMethod) -> Result<Totals, Refusal> {
        let goods =
            lines.iter().try_fold(Share::zero(self.currency), |sum, line| sum.plus(Share::of_line(line)?));
        let totals = goods.and_then(|goods| {
            let shipping = self.rules.shipping_cost(method, goods.total);
            goods.totals(shipping, shipping.tax_included(self.rules.standard_tax))
        });
        totals.map_err(|_| {
            let error = too_large("lines".to_owned());
            Refusal::rule(&error.code, error.message).at("lines")
        })
    }
}

fn too_large(field: String) -> UserError {
    UserError::new("AMOUNT_TOO_LARGE", field, "The amount is too large. Reduce the quantity.")
}
