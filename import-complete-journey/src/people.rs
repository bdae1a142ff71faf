//! Households as customers. The data has no names; these are invented, and sealed like all personal data.

use command_api::inputs::AddressInput;
use schemas::CustomerId;

use crate::dice::Dice;

const STREETS: [&str; 12] = [
    "Oak Street",
    "Mill Road",
    "Church Lane",
    "Station Road",
    "Elm Avenue",
    "River Walk",
    "Hill Street",
    "Maple Drive",
    "Market Square",
    "Orchard Way",
    "Park Avenue",
    "Lake View",
];
const TOWNS: [(&str, &str, u64); 6] = [
    ("Springdale", "OH", 45_100),
    ("Riverton", "KY", 41_000),
    ("Fairview", "IN", 47_300),
    ("Milford", "OH", 45_200),
    ("Georgetown", "KY", 40_300),
    ("Lakeside", "IN", 46_100),
];

/// The customer id of a household.
pub(crate) fn customer(household: i64) -> CustomerId {
    CustomerId::derived(&["complete-journey", "household", &household.to_string()])
}

/// The e-mail address of a household.
pub(crate) fn email(household: i64) -> String {
    format!("household-{household}@example.com")
}

/// The postal address of a household.
pub(crate) fn address(household: i64, dice: Dice) -> AddressInput {
    let whom = household.to_string();
    let pick = |what: &str, sides: usize| dice.below(sides as u64, what, &whom);
    let street = STREETS[pick("street", STREETS.len()) as usize];
    let (city, region, code) = TOWNS[pick("town", TOWNS.len()) as usize];
    AddressInput {
        name: format!("Household {household}"),
        lines: vec![format!("{} {street}", 1 + pick("house", 250))],
        postal_code: Some(format!("{:05}", code + pick("code", 90))),
        city: city.to_owned(),
        region: Some(region.to_owned()),
        country: "US".to_owned(),
    }
}
