//! Lists in arguments: each has a limit, which is checked before anything is read.

use async_graphql::parser::types::{FieldDefinition, InputValueDefinition};
use serde_json::{Value, json};

use super::sdl::{InputList, Sdl, base};
use super::shop::{Shop, code, json_of};

/// A query that passes `$v` to an argument of a field.
fn query(
    sdl: &Sdl,
    root: &str,
    way: &[String],
    field: &FieldDefinition,
    argument: &InputValueDefinition,
) -> (String, Value) {
    let (mut variables, mut declared) = (json!({}), vec![format!("$v: {}", argument.ty.node)]);
    let mut arguments = vec![format!("{}: $v", argument.name.node)];
    let others = field.arguments.iter().map(|one| &one.node);
    let others = others.filter(|one| {
        one.name.node != argument.name.node && !one.ty.node.nullable && one.default_value.is_none()
    });
    for other in others {
        declared.push(format!("${}: {}", other.name.node, other.ty.node));
        arguments.push(format!("{0}: ${0}", other.name.node));
        variables[other.name.node.as_str()] = sdl.value(&other.ty.node);
    }
    let selection = if sdl.is_composite(base(&field.ty.node)) { "{ __typename }" } else { "" };
    let mut text = format!("{}({}) {selection}", field.name.node, arguments.join(", "));
    for outer in way.iter().rev() {
        text = format!("{outer} {{ {text} }}");
    }
    (format!("{}({}) {{ {text} }}", root.to_lowercase(), declared.join(", ")), variables)
}

#[tokio::test]
async fn every_list_in_an_argument_has_a_limit_that_is_checked_before_anything_is_read() {
    let shop = Shop::open().await;
    shop.products.update().await.unwrap();
    shop.watched.calls();
    let mut lists = Vec::new();
    for (endpoint, text) in
        [("/graphql", query_api::storefront_sdl()), ("/admin/graphql", query_api::admin_sdl())]
    {
        let sdl = Sdl::of(&text);
        for (owner, fields, _) in sdl.objects() {
            let root = if owner == "Subscription" { "Subscription" } else { "Query" };
            for field in fields {
                for argument in field.arguments.iter().map(|argument| &argument.node) {
                    for InputList { path, description, make } in sdl.lists(argument) {
                        let place = format!("{endpoint} {owner}.{} {path}", field.name.node);
                        assert!(description.contains(|c: char| c.is_ascii_digit()), "{place}: {description}");
                        let way = sdl.way(root, owner).unwrap_or_else(|| panic!("no way to {place}"));
                        let (query, mut variables) = query(&sdl, root, &way, field, argument);
                        variables["v"] = make(101);
                        let send = |variables| shop.send(endpoint, &query, variables, &[]);
                        let answer = json_of(send(variables.clone()).await).await;
                        assert_eq!(code(&answer), "BAD_INPUT", "{place}: {query}\n{answer}");
                        assert_eq!(shop.watched.calls(), 0, "{place}");
                        variables["v"] = make(100);
                        let answer = json_of(send(variables).await).await;
                        shop.watched.calls();
                        let error = &answer["errors"][0]["extensions"]["code"];
                        // Shorter limits are fine, and so are subscriptions that are not answered here.
                        let fine = [json!(null), json!("BAD_INPUT"), json!("ONLY_QUERIES")];
                        assert!(fine.contains(error), "{place}: {query}\n{answer}");
                        lists.push(place);
                    }
                }
            }
        }
    }
    for known in ["/graphql Query.products where.skus", "/graphql Query.products where.attributes.values"] {
        assert!(lists.iter().any(|place| place == known), "{known} was not found in {lists:#?}");
    }
}

#[tokio::test]
async fn lists_with_lower_limits_are_refused_before_anything_is_read() {
    let shop = Shop::open().await;
    let sort = ["TITLE", "PRICE", "CREATED_AT", "UPDATED_AT"].map(|field| json!({ "field": field }));
    let attributes = vec![json!({ "name": "Colour", "values": ["red"] }); 21];
    let category = json!({ "slug": "drinks" });
    for variables in [
        json!({ "s": sort }),
        json!({ "w": { "attributes": attributes, "category": category } }),
        json!({ "s": [{ "field": "TITLE" }, { "field": "TITLE" }] }),
    ] {
        let query =
            "query($w: ProductWhere, $s: [ProductSort!]) { products(where: $w, sort: $s) { totalCount } }";
        let answer = shop.ask_with(query, variables).await;
        assert_eq!((code(&answer), shop.watched.calls()), ("BAD_INPUT", 0), "{answer}");
    }
}
