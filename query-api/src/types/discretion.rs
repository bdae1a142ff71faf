//! What staff write and suspect is not said to shoppers.

use http_server::Audience;

/// A suspicion. Who is suspected is not told.
const FRAUD: &str = "FRAUD";

/// The reason of a cancellation, as shown to this audience.
pub(super) fn cancel_reason(reason: &str, audience: Audience) -> &str {
    in_general(reason, "OTHER", audience)
}

/// The code of a declined payment, as shown to this audience.
pub(super) fn decline_code(code: &str, audience: Audience) -> &str {
    in_general(code, "DECLINED", audience)
}

fn in_general<'a>(code: &'a str, general: &'a str, audience: Audience) -> &'a str {
    if audience == Audience::Public && code == FRAUD { general } else { code }
}

/// Whether an event of this type belongs into the history that this audience sees: notes are between members of staff.
pub(super) fn is_for(event: &str, audience: Audience) -> bool {
    audience == Audience::Staff || event != "OrderNoteAdded"
}

/// Title and reason of an entry in the history of an order, as shown to this audience.
pub(super) fn entry<'a>(
    event: &str,
    title: &'a str,
    reason: Option<&'a str>,
    audience: Audience,
) -> (&'a str, Option<&'a str>) {
    match (event, reason) {
        ("OrderPaymentFailed", Some(FRAUD)) if audience == Audience::Public => {
            // The title names the code in words.
            ("Payment failed", Some(decline_code(FRAUD, audience)))
        }
        (_, reason) => (title, reason.map(|reason| cancel_reason(reason, audience))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suspicion_is_said_to_staff_only() {
        let said = |audience| {
            let failed = "Payment failed (suspected fraud), 0 attempts left";
            (
                cancel_reason("FRAUD", audience),
                decline_code("FRAUD", audience),
                entry("OrderPaymentFailed", failed, Some("FRAUD"), audience),
                entry("OrderCancelled", "Order 1 cancelled", Some("FRAUD"), audience),
                entry("OrderPaymentFailed", "Payment failed (declined)", Some("DECLINED"), audience),
            )
        };
        let failed = "Payment failed (suspected fraud), 0 attempts left";
        let declined = ("Payment failed (declined)", Some("DECLINED"));
        assert_eq!(
            said(Audience::Staff),
            ("FRAUD", "FRAUD", (failed, Some("FRAUD")), ("Order 1 cancelled", Some("FRAUD")), declined)
        );
        assert_eq!(
            said(Audience::Public),
            (
                "OTHER",
                "DECLINED",
                ("Payment failed", Some("DECLINED")),
                ("Order 1 cancelled", Some("OTHER")),
                declined
            )
        );
        assert!(is_for("OrderNoteAdded", Audience::Staff) && is_for("OrderPlaced", Audience::Public));
        assert!(!is_for("OrderNoteAdded", Audience::Public));
    }
}
