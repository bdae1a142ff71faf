use async_graphql::parser::types::{TypeKind, TypeSystemDefinition};
use async_graphql::parser::{parse_query, parse_schema};

use super::super::answer::Answer;
use super::*;
use crate::schema::storefront_sdl;

fn refused(query: &str) -> bool {
    refusal(&parse_query(query).unwrap(), OperationType::Query).is_some()
}

fn kept(query: &str, name: Option<&str>) -> bool {
    is_of_catalog(&parse_query(query).unwrap(), name)
}

#[test]
fn every_field_of_the_storefront_is_of_the_catalog_or_known_to_be_private() {
    let schema = parse_schema(storefront_sdl()).unwrap();
    let query = schema.definitions.iter().find_map(|definition| match definition {
        TypeSystemDefinition::Type(one) if one.node.name.node == "Query" => Some(&one.node.kind),
        _ => None,
    });
    let Some(TypeKind::Object(query)) = query else { panic!("no type Query") };
    let fields: Vec<&str> = query.fields.iter().map(|field| field.node.name.node.as_str()).collect();
    let private: Vec<&&str> = fields.iter().filter(|field| !CATALOG.contains(field)).collect();
    // An order needs a guest token; the status must be current.
    assert_eq!(private, [&"systemStatus", &"order", &"orderAsOf"], "of {fields:?}");
    let missing: Vec<_> =
        CATALOG.iter().filter(|name| !name.starts_with("__") && !fields.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?} of {fields:?}");
}

#[test]
fn only_operations_of_the_catalog_may_be_kept() {
    assert!(kept("{ products { nodes { id } } alias: stock(sku: \"a\") { level } }", None));
    assert!(kept(
        "query A { ...F ... { __typename } } fragment F on Query { product(by: { sku: \"a\" }) { id } }",
        None
    ));
    assert!(!kept("{ products { nodes { id } } systemStatus { healthy } }", None));
    assert!(!kept("{ products: order(by: { number: \"1\" }) { number } }", None));
    assert!(!kept(
        "query A { ...F } fragment F on Query { ... { order(by: { number: \"1\" }) { number } } }",
        None
    ));
    let two = "query A { systemStatus { healthy } } query B { __typename }";
    assert!(!kept(two, Some("A")) && kept(two, Some("B")) && !kept(two, Some("C")));
}

#[test]
fn answers_with_errors_of_tokens_and_from_the_documents_are_not_kept() {
    let answer = |name: &str| Answer::default().extend(name, Some(async_graphql::Value::from(1)));
    for (answer, may) in [
        (answer("cost"), true),
        (answer("consistency"), false),
        (answer("degraded"), false),
        (Answer::from_errors(vec![async_graphql::ServerError::new("no", None)]), false),
    ] {
        assert_eq!(answer.is_common(), may, "{answer:?}");
    }
}

#[test]
fn guest_tokens_are_refused_wherever_they_are() {
    assert!(!refused("{ order(by: { number: \"1\" }) { number } }"));
    assert!(refused("{ order(by: { number: \"1\" }, guestToken: \"t\") { number } }"));
    assert!(refused(
        "{ orderAsOf(by: { number: \"1\" }, moment: { version: 1 }, guestToken: \"t\") { number } }"
    ));
    assert!(refused("query($t: String) { a: order(by: { number: \"1\" }, guestToken: $t) { number } }"));
    assert!(refused(
        "{ ...F } fragment F on Query { ... { order(by: { number: \"1\" }, guestToken: \"t\") { number } } }"
    ));
    assert!(refusal(&parse_query("{ x }").unwrap(), OperationType::Subscription).is_some());
}

#[test]
fn tags_match_as_they_are_weak_and_compressed() {
    let tag = "\"ab\"";
    for (sent, matches) in [
        ("\"ab\"", Some("\"ab\"")),
        ("W/\"ab\"", Some("\"ab\"")),
        ("\"x\", \"ab-gzip\"", Some("\"ab-gzip\"")),
        ("*", Some("\"ab\"")),
        ("\"abc\"", None),
        ("ab", None),
        ("", None),
    ] {
        assert_eq!(matching(sent, tag).as_deref(), matches, "{sent}");
    }
}
