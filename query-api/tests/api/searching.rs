//! Search, facets and suggestions.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use platform::bus::Positions;
use platform::shutdown::Shutdown;
use read_models::Write;
use read_models::documents::categories::{CATEGORIES, Category, CategoryTree, TREE};
use read_models::documents::products::{PRODUCTS, Product};
use serde_json::{Value, json};

use super::documents::{at, product};
use super::shop::{Shop, code, data, json_of};

/// A shop whose index has four products, one of them a draft.
async fn shop() -> Shop {
    let shop = Shop::open().await;
    shop.add_categories().await;
    let products = [
        (1, "Assam", "Leafy", 900),
        (2, "Green tea", "Hill", 500),
        (3, "Teapot", "Kiln", 2_900),
        (4, "Tea of tomorrow", "Hill", 700),
    ];
    for (id, title, brand, price) in products {
        let mut product = product(id, title, brand, price);
        product.attributes = BTreeMap::from([("origin".to_owned(), format!("Land {}", id % 2))]);
        if id == 4 {
            product.status = "DRAFT".to_owned();
        }
        shop.add_product(&product).await;
    }
    shop.products.update().await.unwrap();
    shop
}

fn titles(answer: &Value) -> Vec<&str> {
    let nodes = data(answer)["products"]["nodes"].as_array().unwrap();
    nodes.iter().map(|node| node["title"].as_str().unwrap()).collect()
}

/// The titles that a shopper finds.
async fn found(shop: &Shop, search: &str) -> String {
    let query = "query($s: String) { products(search: $s) { totalCount nodes { title } } }";
    titles(&shop.ask_with(query, json!({ "s": search })).await).join(", ")
}

/// Each facet as `id: value count, …`; selected values in brackets.
fn facets(answer: &Value) -> Vec<String> {
    let value = |value: &Value| {
        let text = format!("{} {}", value["label"].as_str().unwrap(), value["count"]);
        if value["selected"] == true { format!("[{text}]") } else { text }
    };
    let facet = |facet: &Value| {
        let values: Vec<String> = facet["values"].as_array().unwrap().iter().map(value).collect();
        format!("{}: {}", facet["id"].as_str().unwrap(), values.join(", "))
    };
    data(answer)["products"]["facets"].as_array().unwrap().iter().map(facet).collect()
}

#[tokio::test]
async fn search_finds_beginnings_plurals_typing_errors_and_skus_in_what_is_published() {
    let shop = shop().await;
    for (search, expected) in [
        ("tea", "Green tea, Teapot, Assam"),
        ("TE gre", "Green tea"),
        ("hill", "Green tea"),
        ("sku-1", "Assam"),
        ("teapots", "Teapot"),
        ("taepot", "Teapot"),
        ("nothing", ""),
    ] {
        assert_eq!(found(&shop, search).await, expected, "{search}");
    }
    let all =
        shop.ask_admin("{ products(search: \"tomorrow\") { totalCount nodes { title status } } }").await;
    assert_eq!(titles(&all), ["Tea of tomorrow"]);
    assert_eq!(found(&shop, "tomorrow").await, "");
    let drafts = shop.ask_admin("{ products(status: [DRAFT]) { nodes { title } } }").await;
    assert_eq!(titles(&drafts), ["Tea of tomorrow"]);
}

#[tokio::test]
async fn a_search_without_a_letter_or_digit_finds_nothing() {
    let shop = shop().await;
    for search in ["", " ", "%", "!!!", " - "] {
        let answer = shop.ask_with(
            "query($s: String) { products(search: $s) { totalCount nodes { title } pageInfo { hasNextPage } } }",
            json!({ "s": search }),
        );
        let answer = answer.await;
        assert!(titles(&answer).is_empty(), "{search:?}");
        assert_eq!(data(&answer)["products"]["totalCount"], 0);
    }
}

#[tokio::test]
async fn bad_searches_are_refused_with_the_reason() {
    let shop = shop().await;
    for query in [
        format!("{{ products(search: \"{}\") {{ totalCount }} }}", "x".repeat(10_240)),
        format!("{{ products(search: \"{}\") {{ totalCount }} }}", "tea ".repeat(11)),
        "{ products(search: \"tea\") { facets(names: [\"colour\"]) { id } } }".to_owned(),
        format!("{{ suggest(prefix: \"{}\") {{ __typename }} }}", "x".repeat(201)),
        "{ suggest(prefix: \"te\", limit: 0) { __typename } }".to_owned(),
        "{ suggest(prefix: \"te\", limit: 21) { __typename } }".to_owned(),
    ] {
        assert_eq!(
            code(&shop.ask(&query).await),
            "BAD_INPUT",
            "{}",
            query.chars().take(80).collect::<String>()
        );
    }
    let many =
        json!((0..21).map(|n| json!({ "name": format!("a{n}"), "values": ["x"] })).collect::<Vec<_>>());
    let query = "query($a: [AttributeWhere!]) { products(where: { attributes: $a }) { totalCount } }";
    assert_eq!(code(&shop.ask_with(query, json!({ "a": many })).await), "BAD_INPUT");
    let values: Vec<String> = (0..101).map(|n| n.to_string()).collect();
    let one = json!([{ "name": "origin", "values": values }]);
    assert_eq!(code(&shop.ask_with(query, json!({ "a": one })).await), "BAD_INPUT");
    let other = shop.ask("{ products(search: \"tea\", first: 1) { pageInfo { endCursor } } }").await;
    let cursor = &data(&other)["products"]["pageInfo"]["endCursor"];
    let query = format!(
        "{{ products(search: \"tea\", after: {cursor}, sort: [{{ field: TITLE }}]) {{ totalCount }} }}"
    );
    assert_eq!(code(&shop.ask(&query).await), "BAD_CURSOR");
}

#[tokio::test]
async fn a_facet_counts_what_the_other_filters_leave_and_its_input_selects_the_value() {
    let shop = shop().await;
    let query = "query($w: ProductWhere) { products(where: $w) { totalCount nodes { title } \
                 facets { id label kind values { id label count selected input min max } } } }";
    let all = shop.ask_with(query, json!({})).await;
    assert_eq!(
        facets(&all),
        [
            "category: Drinks 3, Tea 3, Black tea 2, Green tea 1",
            "brand: Hill 1, Kiln 1, Leafy 1",
            "price: 500–999 2, 2000–4999 1",
            "availability: true 3",
            "stock: OUT_OF_STOCK 3",
            "attribute:origin: Land 1 2, Land 0 1",
        ]
    );
    let facet = |number: usize| data(&all)["products"]["facets"][number].clone();
    assert_eq!(facet(5)["kind"], "ATTRIBUTE");
    assert_eq!(
        (&facet(2)["values"][0]["min"], &facet(2)["values"][0]["max"]),
        (&json!("500"), &json!("999"))
    );
    // Every value selects as many products as it counts.
    for facet in data(&all)["products"]["facets"].as_array().unwrap() {
        for value in facet["values"].as_array().unwrap() {
            let narrowed = shop.ask_with(query, json!({ "w": value["input"] })).await;
            assert_eq!(data(&narrowed)["products"]["totalCount"], value["count"], "{value}");
            let again = data(&narrowed)["products"]["facets"].as_array().unwrap();
            let same =
                again.iter().find(|one| one["id"] == facet["id"]).unwrap()["values"].as_array().unwrap();
            let selected: Vec<_> = same.iter().filter(|value| value["selected"] == true).collect();
            assert_eq!(selected.len(), 1, "{value}");
            // Its own filter does not hide its other values.
            assert_eq!(same.len(), facet["values"].as_array().unwrap().len(), "{value}");
        }
    }
    let both =
        json!({ "brand": ["Leafy"], "attributes": [{ "name": "origin", "values": ["Land 0", "Land 1"] }] });
    let narrowed = shop.ask_with(query, json!({ "w": both })).await;
    assert_eq!(titles(&narrowed), ["Assam"]);
    assert_eq!(facets(&narrowed)[1], "brand: Hill 1, Kiln 1, [Leafy 1]");
    assert_eq!(facets(&narrowed)[5], "attribute:origin: [Land 1 1], [Land 0 0]");
}

#[tokio::test]
async fn only_the_facets_that_are_named_are_returned() {
    let shop = shop().await;
    let query = "{ products(search: \"tea\") { facets(names: [\"brand\", \"attribute:colour\"]) { id } } }";
    assert_eq!(data(&shop.ask(query).await)["products"]["facets"], json!([{ "id": "brand" }]));
}

#[tokio::test]
async fn results_are_sorted_by_relevance_price_age_and_title_and_paged_both_ways() {
    let shop = shop().await;
    for (sort, expected) in [
        ("[]", ["Green tea", "Teapot", "Assam"]),
        ("[{ field: RELEVANCE }]", ["Green tea", "Teapot", "Assam"]),
        ("[{ field: PRICE }]", ["Green tea", "Assam", "Teapot"]),
        ("[{ field: CREATED_AT, direction: DESC }]", ["Teapot", "Green tea", "Assam"]),
        ("[{ field: TITLE }]", ["Assam", "Green tea", "Teapot"]),
    ] {
        let list = |window: &str| {
            format!(
                "{{ products(search: \"tea\", sort: {sort}, {window}) {{ totalCount nodes {{ title }} \
                 pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"
            )
        };
        let first = shop.ask(&list("first: 2")).await;
        assert_eq!(titles(&first), expected[..2], "{sort}");
        let page = &data(&first)["products"]["pageInfo"];
        assert_eq!((&page["hasPreviousPage"], &page["hasNextPage"]), (&json!(false), &json!(true)));
        let rest = shop.ask(&list(&format!("first: 2, after: {}", page["endCursor"]))).await;
        assert_eq!(titles(&rest), expected[2..], "{sort}");
        let page = &data(&rest)["products"]["pageInfo"];
        assert_eq!((&page["hasPreviousPage"], &page["hasNextPage"]), (&json!(true), &json!(false)));
        let back = shop.ask(&list(&format!("last: 1, before: {}", page["startCursor"]))).await;
        assert_eq!(titles(&back), expected[1..2], "{sort}");
        assert_eq!(data(&back)["products"]["totalCount"], 3);
    }
}

#[tokio::test]
async fn titles_are_sorted_as_in_a_dictionary_with_and_without_a_search() {
    let shop = Shop::open().await;
    for (id, title) in [(1, "Zebra cup"), (2, "Äpfel cup"), (3, "éclair cup"), (4, "apfel cup")] {
        shop.add_product(&product(id, title, "Kiln", 100)).await;
    }
    shop.products.update().await.unwrap();
    for list in [
        "products(sort: [{ field: TITLE }])",
        "products(search: \"cup\", sort: [{ field: TITLE }])",
        "products",
    ] {
        let answer = shop.ask(&format!("{{ {list} {{ nodes {{ title }} }} }}")).await;
        assert_eq!(titles(&answer), ["apfel cup", "Äpfel cup", "éclair cup", "Zebra cup"], "{list}");
    }
}

#[tokio::test]
async fn suggestions_are_categories_and_then_products() {
    let shop = shop().await;
    let query = "query($p: String!, $l: Int) { suggest(prefix: $p, limit: $l) { __typename \
                 ... on Category { name } ... on Product { title } } }";
    let suggested = |prefix: &'static str, limit: usize| {
        let shop = &shop;
        async move {
            let answer = shop.ask_with(query, json!({ "p": prefix, "l": limit })).await;
            let all = data(&answer)["suggest"].as_array().unwrap().iter();
            let text = |one: &Value| {
                let text = one.get("name").or_else(|| one.get("title")).unwrap();
                format!("{} {}", one["__typename"].as_str().unwrap(), text.as_str().unwrap())
            };
            all.map(text).collect::<Vec<_>>()
        }
    };
    assert_eq!(suggested("gre", 8).await, ["Category Green tea", "Product Green tea"]);
    assert_eq!(suggested("te", 3).await, ["Category Tea", "Product Green tea", "Product Teapot"]);
    assert_eq!(suggested("teapto", 8).await, ["Product Teapot"]);
    assert!(suggested("tomorrow", 8).await.is_empty());
    assert!(suggested("!", 8).await.is_empty());
}

#[tokio::test]
async fn a_token_waits_for_the_index() {
    let shop = shop().await;
    let mut renamed = product(2, "Sencha", "Hill", 500);
    renamed.updated_at = at(500);
    // Nothing feeds the index in the meantime.
    shop.write(&PRODUCTS, "product-p2", 4, &renamed).await;
    let query = "{ products(search: \"sencha\") { nodes { title } } }";
    assert!(titles(&shop.ask(query).await).is_empty());
    let token = [("x-consistency-token", "product-p2@4")];
    let answer = json_of(shop.send("/graphql", query, json!({}), &token).await).await;
    assert_eq!(titles(&answer), ["Sencha"]);
    assert_eq!(answer["extensions"]["consistency"]["stale"], false);
}

#[tokio::test]
async fn a_token_of_the_categories_waits_for_their_names() {
    let shop = shop().await;
    shop.rename_green_tea("Gyokuro").await;
    let query = "{ products(search: \"gyokuro\") { nodes { title } } }";
    let token = [("x-consistency-token", "categories@5")];
    let answer = json_of(shop.send("/graphql", query, json!({}), &token).await).await;
    assert_eq!(titles(&answer), ["Green tea"]);
}

#[tokio::test]
async fn without_an_index_search_is_unavailable_and_lists_are_not() {
    let shop =
        Shop::with(query_api::Options { patience: Duration::from_millis(20), ..Default::default() }).await;
    shop.add_product(&product(1, "Assam", "Leafy", 900)).await;
    assert_eq!(code(&shop.ask("{ products(search: \"assam\") { totalCount } }").await), "UNAVAILABLE");
    assert_eq!(titles(&shop.ask("{ products { nodes { title } } }").await), ["Assam"]);
    assert!(shop.api.storefront().readiness.ready().await.is_err());
    shop.products.update().await.unwrap();
    assert_eq!(found(&shop, "assam").await, "Assam");
    shop.api.storefront().readiness.ready().await.unwrap();
}

impl Shop {
    async fn rename_green_tea(&self, name: &str) {
        let tea = |name: &str| Category { slug: name.to_lowercase(), name: name.to_owned(), parent: None };
        let categories =
            BTreeMap::from([("green".to_owned(), tea(name)), ("black".to_owned(), tea("Black"))]);
        self.write(&CATEGORIES, TREE, 5, &CategoryTree { categories, updated_at: at(9) }).await;
    }

    /// Writes a product as the event at this position of a partition would.
    async fn record(&self, partition: u32, position: u64, version: u64, mut product: Product) {
        product.position = position;
        let generation = self.store.generations.live(&PRODUCTS).await.unwrap();
        let (id, body) =
            (format!("product-{}", product.product_id), serde_json::to_string(&product).unwrap());
        let write = Write { id, version, body: Some(body), stale: false };
        let partition = format!("chorale.product.v1/{partition}").parse().unwrap();
        let positions = Positions::from([(partition, position)]);
        self.store.keyed.write(&generation, &[write], &positions).await.unwrap();
    }

    async fn searched_until(&self, search: &str, expected: &str) {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let now = found(self, search).await;
            if now == expected {
                return;
            }
            assert!(Instant::now() < deadline, "{search:?} finds {now:?}, not {expected:?}");
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_index_follows_every_change_even_of_a_partition_that_was_left_behind() {
    let shop = Shop::open().await;
    let shutdown = Shutdown::new();
    let following = tokio::spawn(shop.products.clone().follow(shutdown.clone()));
    shop.record(0, 5, 1, product(1, "Assam", "Leafy", 900)).await;
    shop.searched_until("assam", "Assam").await;
    shop.record(0, 90, 1, product(2, "Sencha", "Hill", 500)).await;
    shop.searched_until("sencha", "Sencha").await;
    // An earlier event, applied later.
    shop.record(1, 7, 1, product(3, "Teapot", "Kiln", 500)).await;
    shop.searched_until("teapot", "Teapot").await;
    shop.record(1, 8, 2, product(3, "Kettle", "Kiln", 500)).await;
    shop.searched_until("kettle", "Kettle").await;
    assert_eq!(found(&shop, "teapot").await, "");
    shutdown.begin();
    following.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_index_follows_renamed_categories_and_another_generation() {
    let shop = shop().await;
    let shutdown = Shutdown::new();
    let following = tokio::spawn(shop.products.clone().follow(shutdown.clone()));
    shop.rename_green_tea("Gyokuro").await;
    shop.searched_until("gyokuro", "Green tea").await;
    let rebuilt = shop.store.generations.create(&PRODUCTS).await.unwrap();
    let body = Some(serde_json::to_string(&product(9, "Rooibos", "Leafy", 100)).unwrap());
    let write = Write { id: "product-p9".to_owned(), version: 1, body, stale: false };
    shop.store.keyed.write(&rebuilt, &[write], &Positions::new()).await.unwrap();
    shop.store.generations.switch(&rebuilt).await.unwrap();
    shop.searched_until("rooibos", "Rooibos").await;
    shop.searched_until("gyokuro", "").await;
    shutdown.begin();
    following.await.unwrap();
}
