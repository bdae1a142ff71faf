//! An order's sums, and each parcel's share of them. The parts always add up to the whole.

use schemas::order::{OrderLine, OrderPlaced, Totals};
use schemas::reservation::LineAtLocation;
use schemas::{Currency, Money, MoneyError};

/// Price of a part of an order, without shipping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Sum of quantity × unit price.
    pub subtotal: Money,
    /// Sum of the discounts.
    pub discount: Money,
    /// Tax contained in `total`.
    pub tax: Money,
    /// `subtotal` − `discount`.
    pub total: Money,
}

impl Share {
    pub fn zero(currency: Currency) -> Self {
        let zero = currency.zero();
        Self { subtotal: zero, discount: zero, tax: zero, total: zero }
    }

    /// The share of a whole line.
    pub(super) fn of_line(line: &OrderLine) -> Result<Self, MoneyError> {
        let subtotal = line.unit_price.times(line.qty)?;
        Ok(Self { subtotal, discount: line.discount, tax: line.tax, total: line.total })
    }

    /// The sum of both shares.
    pub(super) fn plus(self, other: Self) -> Result<Self, MoneyError> {
        Ok(Self {
            subtotal: self.subtotal.plus(other.subtotal)?,
            discount: self.discount.plus(other.discount)?,
            tax: self.tax.plus(other.tax)?,
            total: self.total.plus(other.total)?,
        })
    }

    /// The totals of these goods with the shipping cost `shipping`, which contains `shipping_tax`.
    pub(super) fn totals(self, shipping: Money, shipping_tax: Money) -> Result<Totals, MoneyError> {
        Ok(Totals {
            subtotal: self.subtotal,
            discount: self.discount,
            shipping,
            tax: self.tax.plus(shipping_tax)?,
            grand: self.total.plus(shipping)?,
        })
    }
}

/// The share of each part, in the order of `parts`. Each line is split over its parts by quantity; rounding
/// differences go by the name of the location. The shares of a line's parts add up to the line.
pub(super) fn shares(lines: &[OrderLine], parts: &[LineAtLocation]) -> Vec<Share> {
    let currency = lines.first().map_or(Currency::EUR, |line| line.total.currency);
    let mut shares = vec![Share::zero(currency); parts.len()];
    for line in lines {
        let mut of_line: Vec<usize> =
            (0..parts.len()).filter(|&i| parts[i].line_id == line.line_id).collect();
        of_line.sort_by_key(|&i| (&parts[i].location, i));
        let weights: Vec<u64> = of_line.iter().map(|&i| u64::from(parts[i].qty)).collect();
        let split = |whole: Money| whole.split(&weights);
        let whole = Share::of_line(line).unwrap_or(Share::zero(currency));
        let sums = split(whole.subtotal).into_iter().zip(split(whole.discount));
        for ((&i, (subtotal, discount)), tax) in of_line.iter().zip(sums).zip(split(whole.tax)) {
            let total = subtotal.minus(discount).unwrap_or(subtotal);
            shares[i] = Share { subtotal, discount, tax, total };
        }
    }
    shares
}

/// The totals of the parts of an order that are kept. The shipping cost is kept as long as anything is shipped.
///
/// The parts are smaller than the order's totals, so they cannot overflow and the fallback is never used.
pub(super) fn kept_totals(placed: &OrderPlaced, kept: impl IntoIterator<Item = Share>) -> Totals {
    let zero = placed.currency.zero();
    let line_tax = Money::sum(placed.currency, placed.lines.iter().map(|line| line.tax)).unwrap_or(zero);
    let shipping_tax = placed.totals.tax.minus(line_tax).unwrap_or(zero);
    let mut kept = kept.into_iter().peekable();
    let shipping = if kept.peek().is_some() { (placed.totals.shipping, shipping_tax) } else { (zero, zero) };
    kept.try_fold(Share::zero(placed.currency), Share::plus)
        .and_then(|goods| goods.totals(shipping.0, shipping.1))
        .unwrap_or(placed.totals)
}

/// The sum of amounts that are parts of a known sum, so that it cannot overflow.
pub(super) fn sum_of_parts(currency: Currency, parts: impl IntoIterator<Item = Money>) -> Money {
    parts.into_iter().fold(currency.zero(), |sum, part| sum.plus(part).unwrap_or(sum))
}
