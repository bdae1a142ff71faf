//! Sales of each product in each ISO week, from placed orders.

use read_models::documents::sales_by_week::{self, ProductWeek};
use schemas::order::{OrderEvent, OrderPlaced};
use schemas::{Recorded, Timestamp, Topic};

use crate::projection::{Projection, Summary};

/// Summary of the order topic. A summary sees one event at a time, and only `OrderPlaced` names products and sums, so later
/// cancellations are not taken off.
pub static SALES_BY_WEEK: Projection =
    Projection::summary(&sales_by_week::SALES_BY_WEEK, &[Topic::ORDER], &Summary { keys, add });

/// `{productId}/{week}` for each product in a placed order.
pub fn keys(event: &Recorded<OrderEvent>) -> Vec<String> {
    let Some(placed) = placed(&event.event) else { return Vec::new() };
    let (week, _) = week(event.envelope.time);
    let mut keys: Vec<_> = placed.lines.iter().map(|line| format!("{}/{week}", line.product_id)).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// The week's sums with this order's lines of the product.
pub fn add(sums: Option<ProductWeek>, key: &str, event: &Recorded<OrderEvent>) -> ProductWeek {
    let (week, monday) = week(event.envelope.time);
    let product_id = key.split('/').next().unwrap_or_default().to_owned();
    let mut sums = sums.unwrap_or_else(|| ProductWeek { product_id, week, monday, ..ProductWeek::default() });
    let Some(placed) = placed(&event.event) else { return sums };
    sums.orders += 1;
    for line in placed.lines.iter().filter(|line| line.product_id.to_string() == sums.product_id) {
        sums.units += u64::from(line.qty);
        let revenue = sums.revenue.entry(line.total.currency.code().to_owned()).or_default();
        *revenue = revenue.saturating_add(line.total.minor);
    }
    sums
}

/// The event that sales are counted from.
fn placed(event: &OrderEvent) -> Option<&OrderPlaced> {
    match event {
        OrderEvent::OrderPlaced(placed) => Some(placed),
        OrderEvent::OrderStockConfirmed(_)
        | OrderEvent::OrderStockRejected(_)
        | OrderEvent::OrderPaymentAuthorized(_)
        | OrderEvent::OrderPaymentFailed(_)
        | OrderEvent::OrderPaymentRetryRequested(_)
        | OrderEvent::OrderConfirmed(_)
        | OrderEvent::OrderCancellationRequested(_)
        | OrderEvent::OrderParcelCancelled(_)
        | OrderEvent::OrderCancellationRefused(_)
        | OrderEvent::OrderLinesCancelled(_)
        | OrderEvent::OrderCancelled(_)
        | OrderEvent::OrderExpired(_)
        | OrderEvent::OrderOverdue(_)
        | OrderEvent::OrderPutOnHold(_)
        | OrderEvent::OrderHoldReleased(_)
        | OrderEvent::OrderHoldResolved(_)
        | OrderEvent::OrderPartiallyShipped(_)
        | OrderEvent::OrderShipped(_)
        | OrderEvent::OrderParcelDelivered(_)
        | OrderEvent::OrderDelivered(_)
        | OrderEvent::OrderCompleted(_)
        | OrderEvent::OrderPaymentCaptured(_)
        | OrderEvent::OrderPaymentVoided(_)
        | OrderEvent::OrderRefunded(_)
        | OrderEvent::OrderNoteAdded(_) => None,
    }
}

/// The ISO week of an instant in UTC, and its Monday.
fn week(at: Timestamp) -> (String, String) {
    // A published instant is always within what RFC 3339, and so jiff, can write.
    let instant = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let week = jiff::tz::Offset::UTC.to_datetime(instant).date().iso_week_date();
    let monday = jiff::civil::ISOWeekDate::new(week.year(), week.week(), jiff::civil::Weekday::Monday);
    let monday = monday.unwrap_or(week).date();
    (format!("{:04}-W{:02}", week.year(), week.week()), monday.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_belongs_to_the_year_of_its_thursday() {
        let of = |text: &str| week(text.parse().unwrap());
        assert_eq!(of("2026-03-01T23:59:59.999Z"), ("2026-W09".to_owned(), "2026-02-23".to_owned()));
        assert_eq!(of("2026-03-02T00:00:00.000Z"), ("2026-W10".to_owned(), "2026-03-02".to_owned()));
        assert_eq!(of("2027-01-01T12:00:00.000Z"), ("2026-W53".to_owned(), "2026-12-28".to_owned()));
    }
}
