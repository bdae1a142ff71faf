//! Starting, the printed addresses, and stopping.

use anyhow::Result;

use e2e::program::{Program, objects, run};

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_seeds_a_catalogue_prints_its_addresses_answers_and_stops_on_request() -> Result<()> {
    let data = tempfile::tempdir()?;
    // Characters that mean something in addresses of databases, in shells and in patterns.
    let folder = data.path().join("not there yet: ?mode=ro&x=%41#é;'\"*\\");
    let shop = Program::start(&folder, &[])?;
    let said = shop.heard.join("\n");
    for hint in ["Its files are in", "chorale demo", "chorale topics read order", "chorale log verify"] {
        assert!(said.contains(hint), "{hint:?} is missing: {said}");
    }
    for (staff, queries, schema) in [
        (false, "/graphiql", "/graphql/schema.graphql"),
        (true, "/admin/graphiql", "/admin/graphql/schema.graphql"),
    ] {
        let (status, front) = shop.page(staff, "/").await?;
        assert!(status == 200 && !front.contains("script"), "{status}: {front}");
        let doors: Vec<&str> =
            front.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let contracts = [queries, schema, "/docs", "/openapi.json", "/asyncapi.json", "/schemas"];
        assert_eq!(doors, [&contracts[..], &["/healthz", "/readyz"]].concat());
        for path in doors {
            assert_eq!(shop.page(staff, path).await?.0, 200, "{path}");
        }
        assert!(shop.page(staff, queries).await?.1.contains("<html"));
        assert!(shop.page(staff, "/docs/").await?.1.contains("<html"));
    }
    // The back office is not at the shoppers' address.
    assert_eq!(shop.page(false, "/admin/graphiql").await?.0, 404);
    let (status, _) = shop.shopper("/v1/stock/TEA-100/adjust", "k", serde_json::json!({})).await?;
    assert_eq!(status, 404);
    let products = shop.ask("{ products(first: 1) { totalCount } }").await?;
    assert!(products["products"]["totalCount"].as_u64() >= Some(40), "{products}");

    let second = run(&folder, &["--listen", "127.0.0.1:0", "--staff-listen", "127.0.0.1:0"])?;
    assert_eq!(second.status.code(), Some(1));
    let problem = String::from_utf8(second.stderr)?;
    assert!(
        problem.contains("is in use by another chorale process") && problem.contains("--data-dir"),
        "{problem}"
    );

    let (_, number) = shop.order("first", "TEA-100", "one@example.com").await?;
    shop.until_order(&number, &["CONFIRMED"]).await?;
    assert_eq!(shop.page(false, "/metrics").await?.0, 404);
    // The lag is measured from time to time.
    let lag = "chorale_reactor_lag_seconds{reactor=\"payments-orders\"}";
    let metrics = shop.until_page("/metrics", lag).await?;
    assert!(metrics.ends_with("# EOF\n"), "{metrics}");
    for sample in [
        "chorale_commands_total{context=\"ordering\",outcome=\"accepted\"} 1\n",
        "http_route=\"/v1/orders\",http_response_status_code=\"201\"",
        "chorale_reaction_duration_seconds_count{reactor=\"payments-provider\",outcome=\"answered\"}",
        "chorale_projector_lag_events{projection=\"orders\"}",
        "chorale_log_call_duration_seconds_count{context=\"ordering\",operation=\"commit\"}",
        "chorale_store_call_duration_seconds_count{operation=\"write\"}",
    ] {
        assert!(metrics.contains(sample), "{sample} is missing: {metrics}");
    }
    // An open connection does not delay the shutdown.
    let client = shop.client.clone();
    shop.leave()?;
    drop(client);

    let shop = Program::start(&folder, &[])?;
    shop.until_order(&number, &["CONFIRMED"]).await?;
    let (_, again) = shop.order("first", "TEA-100", "one@example.com").await?;
    assert_eq!(again, number, "the first answer, after a restart too");
    let topics = objects(&folder, &["topics"])?;
    let products = topics.iter().filter(|topic| topic["topic"] == "chorale.product.v1");
    let seeded: Vec<_> = products.map(|topic| topic["records"].as_u64()).collect();
    shop.leave()?;
    let shop = Program::start(&folder, &[])?;
    let again = objects(&folder, &["topics"])?;
    let products = again.iter().filter(|topic| topic["topic"] == "chorale.product.v1");
    assert_eq!(products.map(|topic| topic["records"].as_u64()).collect::<Vec<_>>(), seeded, "seeded once");
    shop.leave()
}
