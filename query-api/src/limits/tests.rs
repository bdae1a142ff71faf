use std::fmt::Write as _;
use std::time::{Duration, Instant};

use async_graphql::parser::parse_query;
use async_graphql::{Value, Variables};

use super::*;

fn check(text: &str) -> Result<(), Refusal> {
    check_size(&parse_query(text).unwrap(), &Options::default())
}

/// 30 fragments that each spread the next one twice: 2³⁰ fields in 1 kB.
fn bomb() -> String {
    let mut text = "{ ...f0 }".to_owned();
    for n in 0..30 {
        write!(text, " fragment f{n} on QueryRoot {{ ...f{m} ...f{m} }}", m = n + 1).unwrap();
    }
    text + " fragment f30 on QueryRoot { __typename }"
}

#[test]
fn nested_fragment_bombs_are_refused_in_less_than_a_millisecond() {
    let document = parse_query(bomb()).unwrap();
    let options = Options::default();
    let refused = Err(Refusal::TooMany { what: "fields", limit: 1_000 });
    let quickest = (0..20)
        .map(|_| {
            let started = Instant::now();
            assert_eq!(check_size(&document, &options), refused);
            started.elapsed()
        })
        .min();
    assert!(quickest.unwrap() < Duration::from_millis(1), "{quickest:?}");
}

#[test]
fn a_bomb_that_no_operation_uses_is_refused_too() {
    let text = bomb().replacen("{ ...f0 }", "{ __typename }", 1);
    assert_eq!(check(&text), Err(Refusal::TooMany { what: "fields", limit: 1_000 }));
}

#[test]
fn cycles_and_missing_fragments_are_named() {
    assert_eq!(
        check("{ ...a } fragment a on Q { ...b } fragment b on Q { ...a }").map_err(|e| e.code()),
        Err("GRAPHQL_VALIDATION_FAILED")
    );
    assert_eq!(check("{ ...a } fragment a on Q { x { ...a } }"), Err(Refusal::Cycle("a".to_owned())));
    assert_eq!(check("{ x } fragment a on Q { x { ...a } }"), Err(Refusal::Cycle("a".to_owned())));
    assert_eq!(check("{ ...gone }"), Err(Refusal::NoFragment("gone".to_owned())));
}

#[test]
fn depth_aliases_directives_and_operations_have_limits_through_fragments_too() {
    let deep = |levels: usize| {
        format!("{}x{}", "{ a ".repeat(levels), " }".repeat(levels)).replace("a x", "a { x }")
    };
    assert_eq!(check(&deep(11)), Ok(()));
    assert_eq!(check(&deep(12)), Err(Refusal::TooDeep { limit: 12 }));
    let many = "{ ...f ...f ...f ...f } fragment f on Q { a1: x a2: x a3: x a4: x a5: x a6: x a7: x a8: x }";
    assert_eq!(check(many), Err(Refusal::TooMany { what: "aliases", limit: 30 }));
    let directives = format!("{{ x {} }}", "@skip(if: false) ".repeat(21));
    assert_eq!(check(&directives), Err(Refusal::TooMany { what: "directives", limit: 20 }));
    let operations: String = (0..11).map(|n| format!("query q{n} {{ x }} ")).collect();
    assert_eq!(check(&operations), Err(Refusal::TooMany { what: "operations", limit: 10 }));
    assert_eq!(check("mutation { x }"), Err(Refusal::NotAQuery));
    assert_eq!(check("subscription { x }"), Ok(()));
    for several in ["subscription { x y }", "subscription { ...f } fragment f on S { x }"] {
        assert_eq!(check(several), Err(Refusal::SeveralRoots));
    }
}

#[test]
fn the_question_that_tools_ask_is_allowed_and_endless_introspection_is_not() {
    let of_type = |n: usize| "ofType { kind name ".repeat(n) + &"}".repeat(n);
    let tools = format!(
        "{{ __schema {{ queryType {{ name }} types {{ kind name fields(includeDeprecated: true) {{ name args {{ name type {{ kind {} }} }} }} }} }} }}",
        of_type(9)
    );
    assert_eq!(check(&tools), Ok(()));
    let endless = "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }";
    assert_eq!(check(endless), Err(Refusal::TooDeep { limit: 20 }));
}

#[test]
fn the_cost_counts_fields_as_often_as_the_pages_around_them_are_long() {
    let sdl = "type Query { orders(first: Int = 20): Orders nodes(ids: [ID!]!): [Order] } \
               type Orders { nodes: [Order!]! } type Order { id: ID! tags: [String!]! }";
    let prices = Prices::of(sdl);
    let cost = |text: &str, variables: &[(&str, Value)]| {
        let mut given = Variables::default();
        for (name, value) in variables {
            given.insert(async_graphql::Name::new(name), value.clone());
        }
        prices.cost(&parse_query(text).unwrap(), None, &given)
    };
    assert_eq!(cost("{ orders { nodes { id } } }", &[]), 1 + 20 * 2);
    assert_eq!(
        cost("{ orders(last: 100) { ...f } } fragment f on Orders { nodes { id tags } }", &[]),
        1 + 100 * 3
    );
    let variable = "query($n: Int = 7) { orders(first: $n) { nodes { id } } }";
    assert_eq!(cost(variable, &[]), 1 + 7 * 2);
    assert_eq!(cost(variable, &[("n", Value::from(50))]), 1 + 50 * 2);
    assert_eq!(cost(variable, &[("n", Value::from(2_000_000_000))]), 1 + 100 * 2);
    assert_eq!(
        cost("{ nodes(ids: [\"a\"]) { ... on Query { orders(first: 3) { nodes { id } } } } }", &[]),
        1 + 1 + 3 * 2
    );
    assert_eq!(cost("{ nodes(ids: [\"a\", \"b\", \"c\"]) { id } }", &[]), 1 + 3);
}
