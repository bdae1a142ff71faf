//! GraphQL's enums have exactly the values of the published language that they show.

use std::collections::BTreeSet;
use std::fs;

use schemars::{JsonSchema, schema_for};
use schemas::ActorType;
use schemas::life_cycle::{FulfilmentStatus, HoldReason, OrderAction, OrderStatus, PaymentStatus, WayOut};
use schemas::order::{CancelReason, OrderDeadline, ShippingMethod};
use serde_json::Value;

/// The values of an enum of the published language.
fn language<T: JsonSchema>() -> BTreeSet<String> {
    let schema = schema_for!(T).to_value();
    let listed = schema["enum"].as_array().into_iter().flatten();
    let described = schema["oneOf"].as_array().into_iter().flatten();
    let values = listed.chain(described.map(|one| one.get("const").unwrap_or(&one["enum"][0])));
    values.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The values of an enum of a GraphQL schema; empty if the schema has no such enum.
fn graphql(sdl: &str, name: &str) -> BTreeSet<String> {
    let body = sdl.split_once(&format!("\nenum {name} {{")).map_or("", |(_, rest)| rest);
    let lines = body.split("\n}").next().unwrap_or_default().lines().map(str::trim);
    let is_value =
        |line: &&str| !line.is_empty() && line.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    lines.filter(is_value).map(str::to_owned).collect()
}

#[test]
fn every_enum_of_the_language_that_graphql_shows_has_the_same_values_there() {
    let enums = [
        ("OrderStatus", language::<OrderStatus>()),
        ("PaymentStatus", language::<PaymentStatus>()),
        ("FulfilmentStatus", language::<FulfilmentStatus>()),
        ("OrderAction", language::<OrderAction>()),
        ("HoldReason", language::<HoldReason>()),
        ("WayOut", language::<WayOut>()),
        ("DeadlineKind", language::<OrderDeadline>()),
        ("CancelReason", language::<CancelReason>()),
        ("ShippingMethod", language::<ShippingMethod>()),
        ("ActorType", language::<ActorType>()),
    ];
    for file in ["storefront.graphql", "admin.graphql"] {
        let sdl = fs::read_to_string(format!("contracts/graphql/{file}")).unwrap();
        for (name, language) in &enums {
            assert!(!language.is_empty(), "{name} has no values");
            assert_eq!(&graphql(&sdl, name), language, "{name} in {file}");
        }
    }
}
