//! Unusual outcomes of orders, chosen by the seed. Work of people happens on the hour, so that a shop's day has few moments
//! with many parcels each.

use std::time::Duration;

use schemas::{OrderId, ShipmentId, Timestamp};

use crate::dice::Dice;

const HOUR: Duration = Duration::from_hours(1);
const HOUR_MILLIS: i64 = 3_600_000;

/// The payment token of a household, from the sandbox: 2 % are declined once, 0.5 % for good, and 0.2 % are answered later.
pub(crate) fn payment_token(dice: Dice, basket: i64) -> &'static str {
    match dice.below(10_000, "payment", &basket.to_string()) {
        0..200 => "tok_decline",
        200..250 => "tok_fraud",
        250..270 => "tok_timeout",
        _ => "tok_ok",
    }
}

/// When a customer changes their mind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Regret {
    /// At once, before stock and payment are confirmed.
    AtOnce,
    /// After the order is confirmed.
    Confirmed,
    /// After a parcel is packed.
    Packed,
    /// After a parcel is dispatched, which is too late for this parcel.
    Dispatched,
}

/// Whether and when an order is cancelled: 1 %.
pub(crate) fn regret(dice: Dice, order: OrderId) -> Option<Regret> {
    match dice.below(10_000, "regret", &order.to_string()) {
        0..25 => Some(Regret::AtOnce),
        25..50 => Some(Regret::Confirmed),
        50..75 => Some(Regret::Packed),
        75..100 => Some(Regret::Dispatched),
        _ => None,
    }
}

/// Whether a parcel is lost on its way: 0.1 %.
pub(crate) fn is_lost(dice: Dice, parcel: ShipmentId) -> bool {
    dice.falls(10, "lost", &parcel.to_string())
}

/// The time at which a parcel that was planned at `from` is packed: within four hours.
pub(crate) fn packed(dice: Dice, parcel: ShipmentId, from: Timestamp) -> Timestamp {
    on_the_hour(from.plus(HOUR * hours(dice, "pack", parcel, 4)))
}

/// The time at which the carrier takes a parcel that was labelled at `from`: within twelve hours.
pub(crate) fn dispatched(dice: Dice, parcel: ShipmentId, from: Timestamp) -> Timestamp {
    on_the_hour(from.plus(HOUR * hours(dice, "dispatch", parcel, 12)))
}

/// The time at which a parcel that was dispatched at `from` arrives: after 20 to 60 hours.
pub(crate) fn delivered(dice: Dice, parcel: ShipmentId, from: Timestamp) -> Timestamp {
    on_the_hour(from.plus(HOUR * (20 + hours(dice, "deliver", parcel, 40))))
}

/// The time at which a parcel that was dispatched at `from` is reported lost: a day after its arrival was due.
pub(crate) fn given_up(from: Timestamp) -> Timestamp {
    on_the_hour(from.plus(HOUR * 96))
}

/// The time at which the shop decides about an order that has been on hold since `from`: the next day.
pub(crate) fn decided(from: Timestamp) -> Timestamp {
    on_the_hour(from.plus(HOUR * 24))
}

/// The time at which a customer tries another way to pay, or cancels.
pub(crate) fn soon(from: Timestamp) -> Timestamp {
    from.plus(Duration::from_mins(5))
}

/// The first full hour at or after `instant`.
pub(crate) fn on_the_hour(instant: Timestamp) -> Timestamp {
    let hours = instant.as_millis().div_euclid(HOUR_MILLIS)
        + i64::from(instant.as_millis().rem_euclid(HOUR_MILLIS) > 0);
    Timestamp::from_millis(hours * HOUR_MILLIS)
}

fn hours(dice: Dice, what: &str, parcel: ShipmentId, most: u32) -> u32 {
    // The result is below `most`, so it fits.
    u32::try_from(dice.below(u64::from(most), what, &parcel.to_string())).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_done_on_the_hour() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(on_the_hour(at("2017-01-01T10:00:00Z")), at("2017-01-01T10:00:00Z"));
        assert_eq!(on_the_hour(at("2017-01-01T10:00:01Z")), at("2017-01-01T11:00:00Z"));
    }

    #[test]
    fn payments_go_wrong_as_often_as_they_should() {
        let tokens: Vec<_> = (0..100_000).map(|basket| payment_token(Dice::new(3), basket)).collect();
        let count = |token| tokens.iter().filter(|other| **other == token).count();
        assert!((1_800..2_200).contains(&count("tok_decline")));
        assert!((400..600).contains(&count("tok_fraud")));
        assert!((120..280).contains(&count("tok_timeout")));
    }
}
