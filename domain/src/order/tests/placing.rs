use schemas::order::{OrderEvent, OrderLine, OrderPlaced, Totals};
use serde_json::json;

use super::*;

fn placed_line(id: u32, sku: &str, qty: u32, price: i64, rate: (TaxClass, u32), tax: i64) -> OrderLine {
    OrderLine {
        line_id: LineId(id),
        sku: sku.parse().unwrap(),
        product_id: ProductId::derived(&["tea"]),
        title: "Tea".to_owned(),
        variant_title: "100 g".to_owned(),
        qty,
        unit_price: euro(price),
        discount: euro(0),
        tax_class: rate.0,
        tax_rate: rate.1,
        tax: euro(tax),
        total: euro(price * i64::from(qty)),
        price_version: 4,
        tracked: sku == TEA,
    }
}

fn expected() -> OrderPlaced {
    OrderPlaced {
        order_id: order_id(),
        order_number: "10-000001".to_owned(),
        customer_id: None,
        email: sealed("email"),
        ship_to: sealed("address"),
        bill_to: None,
        payment_token: sealed("token"),
        lines: vec![
            placed_line(1, TEA, 3, 1_001, (TaxClass::Reduced, 700), 196),
            placed_line(2, MUG, 1, 799, (TaxClass::Standard, 1_900), 128),
        ],
        totals: Totals {
            subtotal: euro(3_802),
            discount: euro(0),
            shipping: euro(490),
            tax: euro(196 + 128 + 78),
            grand: euro(4_292),
        },
        currency: Currency::EUR,
        shipping_method: ShippingMethod::Standard,
        stock_answer_due_at: noon().plus(Duration::from_secs(60)),
    }
}

#[test]
fn an_order_is_placed_at_the_prices_of_the_price_book() {
    let answer =
        priced().when(&place_order()).then(&[OrderEvent::from(expected())]).changes().answer.unwrap();
    assert_eq!(answer["orderNumber"], "10-000001");
    assert_eq!(answer["totals"]["grand"], json!({ "minor": 4_292, "currency": "EUR" }));
}

#[test]
fn placing_an_order_again_does_nothing_and_gives_the_same_answer() {
    let (first, again) = (place_order(), place_order());
    let then = priced().when(&first);
    let answer = priced().when(&again).changes().answer;
    let repeated = then.again().nothing();
    assert_eq!(repeated.changes().answer, answer);
}

#[test]
fn everything_that_is_wrong_with_an_order_is_told_at_once() {
    let mut order = place_order();
    let seen = |sku, minor| OrderedLine { expected_unit_price: Some(euro(minor)), ..line(sku, 1) };
    order.lines = vec![
        line("NONE", 1),
        line("OLD", 1),
        line("DOLLAR", 1),
        line(TEA, 0),
        seen(MUG, 699),
        line(TEA, 100),
    ];
    let dollar = PriceEntry { prices: [(Currency::USD, Currency::USD.minor(5))].into(), ..entry(5) };
    let refusal = priced()
        .and_view(sku_key(&"OLD".parse().unwrap()), PriceEntry { sellable: false, ..entry(5) })
        .and_view(sku_key(&"DOLLAR".parse().unwrap()), dollar)
        .when(&order)
        .refused_for_now("UNKNOWN_SKU");
    let problems: Vec<_> =
        refusal.errors.iter().map(|e| (e.code.as_str(), e.field.as_deref().unwrap())).collect();
    assert_eq!(
        problems,
        [
            ("UNKNOWN_SKU", "lines[0].sku"),
            ("NOT_FOR_SALE", "lines[1].sku"),
            ("NO_PRICE", "lines[2].sku"),
            ("QUANTITY_OUT_OF_RANGE", "lines[3].qty"),
            ("PRICE_CHANGED", "lines[4].expectedUnitPrice"),
            ("QUANTITY_OUT_OF_RANGE", "lines[5].qty"),
        ]
    );
    let price = refusal.errors[4].details.clone().unwrap();
    assert_eq!(price, json!({ "unitPrice": { "minor": 799, "currency": "EUR" } }));
}

#[test]
fn the_maximum_quantity_of_a_sku_applies_to_all_its_lines_together() {
    let mut order = place_order();
    order.lines = vec![line(TEA, 2), line(TEA, 2)];
    let book = |max| {
        priced().and_view(sku_key(&TEA.parse().unwrap()), PriceEntry { max_per_order: Some(max), ..entry(5) })
    };
    book(4).when(&order).events(1);
    let refusal = book(3).when(&order).refused_for_now("QUANTITY_OUT_OF_RANGE");
    assert_eq!(refusal.errors[0].field.as_deref(), Some("lines[1].qty"));
}

#[test]
fn an_order_without_lines_with_too_many_or_in_another_currency_is_refused() {
    let mut order = place_order();
    order.currency = "CHF".parse().ok();
    priced().when(&order).refused("CURRENCY_NOT_ACCEPTED");
    order.currency = Some(Currency::EUR);
    order.lines.clear();
    priced().when(&order).refused("EMPTY_ORDER");
    order.lines = vec![line(TEA, 1); rules().max_lines + 1];
    priced().when(&order).refused("TOO_MANY_LINES");
}

#[test]
fn an_order_that_is_too_dear_to_be_added_up_is_refused() {
    let mut order = place_order();
    order.lines = vec![line(TEA, 1), line(MUG, 1)];
    let dear =
        |sku: &str, given: Given| given.and_view(sku_key(&sku.parse().unwrap()), entry(i64::MAX / 2 + 1));
    dear(MUG, dear(TEA, priced())).when(&order).refused("AMOUNT_TOO_LARGE");
    order.lines = vec![line(TEA, 3)];
    let refusal = dear(TEA, priced()).when(&order).refused_for_now("AMOUNT_TOO_LARGE");
    assert_eq!(refusal.errors[0].field.as_deref(), Some("lines[0].qty"));
}

#[test]
fn standard_shipping_is_free_from_a_certain_total_on_and_express_shipping_never_is() {
    let mut order = place_order();
    order.lines = vec![line(TEA, 5)];
    let grand = |order: &PlaceOrder| the!(priced().when(order).changes(), OrderPlaced).totals.shipping;
    assert_eq!(grand(&order), euro(0));
    order.shipping_method = ShippingMethod::Express;
    assert_eq!(grand(&order), euro(990));
}
