//! Captures add up to the cent, whichever parcels leave and in which order.

use proptest::prelude::*;
use schemas::order::Totals;

use super::*;

/// An order's lines (price, quantity) and, for each unit, its location (one of three).
fn baskets() -> impl Strategy<Value = Vec<(i64, Vec<usize>)>> {
    prop::collection::vec((0i64..100_000, prop::collection::vec(0usize..3, 1..12)), 1..6)
}

fn basket_in_stock(basket: &[(i64, Vec<usize>)]) -> Given {
    let (mut given, mut lines, mut parts) = (nothing_yet(), Vec::new(), Vec::new());
    for (i, (price, units)) in basket.iter().enumerate() {
        let (id, sku) = (u32::try_from(i).unwrap() + 1, format!("SKU-{i}"));
        given = given.and_view(sku_key(&sku.parse().unwrap()), entry(*price));
        lines.push(line(&sku, u32::try_from(units.len()).unwrap()));
        for place in 0..3 {
            let qty = units.iter().filter(|unit| **unit == place).count();
            if qty > 0 {
                parts.push(at(id, &sku, u32::try_from(qty).unwrap(), place));
            }
        }
    }
    let answer = StockAnswer::Confirmed(parts);
    let confirmed = StockAnswered { order_id: order_id(), answer, rules: rules() };
    after(given, &[&PlaceOrder { lines, ..place_order() }, &confirmed, &authorized(later(24 * 7))])
}

fn totals_of(given: &Given) -> Totals {
    order(given).totals().unwrap()
}

fn check(totals: &Totals) {
    assert_eq!(totals.grand.minor, totals.subtotal.minor - totals.discount.minor + totals.shipping.minor);
    assert!((0..=totals.grand.minor).contains(&totals.tax.minor), "{totals:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn totals_are_the_sums_of_the_lines(basket in baskets()) {
        let given = basket_in_stock(&basket);
        let totals = totals_of(&given);
        check(&totals);
        let lines = order(&given).placed().unwrap().lines.clone();
        prop_assert_eq!(lines.iter().map(|line| line.total.minor).sum::<i64>(), totals.subtotal.minor);
        let tax: i64 = lines.iter().map(|line| line.tax.minor).sum();
        prop_assert_eq!(tax + totals.shipping.tax_included(rules().standard_tax).minor, totals.tax.minor);
    }

    #[test]
    fn captures_add_up_to_what_remains_whichever_parcels_leave_and_in_which_order(
        basket in baskets(),
        way in Just([0usize, 1, 2]).prop_shuffle(),
        cancelled_after in 0usize..4,
        comes_back in prop::array::uniform3(any::<bool>()),
    ) {
        let mut given = basket_in_stock(&basket);
        let mut captured = 0;
        for (step, i) in way.into_iter().enumerate() {
            if step == cancelled_after && order(&given).allowed_actions().contains(&OrderAction::Cancel) {
                given.run(&cancel()).unwrap();
            }
            let back = step >= cancelled_after && comes_back[i];
            let decided = if back { given.run(&taken_back(i)) } else { given.run(&dispatched(i)) };
            let captures = decided.unwrap().events_of::<OrderEvent>();
            captured += captures.iter().filter_map(capture_of).map(|amount| amount.minor).sum::<i64>();
        }
        let totals = totals_of(&given);
        check(&totals);
        match status(&given) {
            OrderStatus::Shipped => prop_assert_eq!(captured, totals.grand.minor),
            status => prop_assert_eq!((status, captured), (OrderStatus::Cancelled, 0)),
        }
    }
}
