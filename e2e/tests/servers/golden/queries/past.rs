//! Queries for orders and stock as they were.

use super::{Facts, Set};

/// What an order and its versions have in common, for the back office.
const ORDER: &str = "number version placedAt updatedAt status paymentStatus fulfilmentStatus onHold customerId stream cancelText
    holds { reason shipmentId text waysOut amount { minor } chosen blocks since } cancelReason shippingMethod
    lines { nodes { lineId sku title variantTitle quantity cancelledQuantity shippedQuantity unitPrice { minor }
            discount { minor } taxRate tax { minor } total { amount } priceVersion tracked product { slug } } totalCount }
    totals { subtotal { minor } discount { minor } shipping { minor } tax { minor } grand { amount currencyCode } }
    captured { minor } refunded { minor } authorizedUntil arrivalDueAt declineCode attemptsLeft
    shortages { sku requested available } allowedActions deadlines { kind at } email shipTo { name lines city }
    billTo { name } erased notes { text at }";
/// The same for its customer.
const OWN: &str = "number version updatedAt status paymentStatus fulfilmentStatus onHold holds { reason text waysOut since }
    lines { nodes { lineId sku quantity cancelledQuantity total { amount } } } totals { grand { amount currencyCode } }
    captured { minor } allowedActions deadlines { kind at } email shipTo { name lines city } erased";
const STOCK: &str = "sku policy onHand reserved available lowStock safetyStock level version updatedAt since
    locations { location onHand reserved available }";
/// Before, during and after the history.
const TIMES: [&str; 4] =
    ["2026-02-01T00:00:00Z", "2026-03-01T12:00:00Z", "2026-03-12T00:00:00+01:00", "2999-01-01T00:00:00Z"];

fn moments(versions: &[u64]) -> Vec<String> {
    let versions = versions.iter().map(|version| format!("moment: {{ version: {version} }}"));
    versions.chain(TIMES.map(|at| format!("moment: {{ at: \"{at}\" }}"))).collect()
}

pub fn all(set: &mut Set, facts: &Facts) {
    let (completed, guest_token) = &facts.completed;
    let by = [
        format!("by: {{ id: \"{completed}\" }}"),
        format!("by: {{ id: \"{}\" }}", facts.in_fulfilment),
        "by: { number: \"10-000002\" }".to_owned(),
    ];
    for by in &by {
        for moment in moments(&[0, 1, 2, 3, 4, 5, 6, 8, 99]) {
            set.data(true, format!("{{ orderAsOf({by}, {moment}) {{ orderId since {ORDER} }} }}"));
        }
        // The last state of the past is the present.
        set.data(
            true,
            format!(
                "{{ order({by}) {{ {ORDER} }} orderAsOf({by}, moment: {{ at: \"2999-01-01T00:00:00Z\" }}) {{ {ORDER} }} }}"
            ),
        );
    }
    let own = format!("by: {{ id: \"{completed}\" }}, guestToken: \"{guest_token}\"");
    for moment in moments(&[1, 4, 99]) {
        set.data(false, format!("{{ orderAsOf({own}, {moment}) {{ orderId since {OWN} }} }}"));
    }
    set.data(
        false,
        format!("{{ order({own}) {{ {OWN} }} orderAsOf({own}, moment: {{ at: \"2999-01-01T00:00:00Z\" }}) {{ {OWN} }} }}"),
    );
    let other = format!(
        "{{ orderAsOf(by: {{ id: \"{completed}\" }}, moment: {{ version: 1 }}, guestToken: \"00\") {{ number email }} }}"
    );
    set.data(false, other);
    let token = &facts.token;
    set.data(
        true,
        format!(
            "{{ orderAsOf({}, moment: {{ version: 1 }}, consistency: \"{token}\") {{ version status }} }}",
            by[1]
        ),
    );
    for sku in ["TEA-100", "KET-120-RED", "NONE-1"] {
        for moment in moments(&[0, 1, 2, 4, 99]) {
            set.data(true, format!("{{ stockAsOf(sku: \"{sku}\", {moment}) {{ {STOCK} }} }}"));
        }
        set.data(
            true,
            format!(
                "{{ stock(sku: \"{sku}\") {{ sku level version }}
                 stockAsOf(sku: \"{sku}\", moment: {{ at: \"2999-01-01T00:00:00Z\" }}) {{ sku level version }} }}"
            ),
        );
    }
    for staff in [false, true] {
        let invalid = "GRAPHQL_VALIDATION_FAILED";
        set.error(staff, invalid, "{ orderAsOf(by: { number: \"10-000001\" }) { version } }");
        set.error(staff, invalid, "{ orderAsOf(moment: { version: 1 }) { version } }");
    }
    set.error(true, "GRAPHQL_VALIDATION_FAILED", "{ stockAsOf(sku: \"TEA-100\") { version } }");
    set.error(
        false,
        "GRAPHQL_VALIDATION_FAILED",
        "{ stockAsOf(sku: \"TEA-100\", moment: { version: 1 }) { version } }",
    );
}
