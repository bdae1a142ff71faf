//! The pages to try queries on.

use async_graphql::http::GraphiQLSource;

/// What the storefront's page begins with.
pub(super) const STOREFRONT: &str = r#"# The storefront: the published catalog, and orders for who holds their guest token.
query Teas {
  products(search: "tea", first: 5, sort: [{ field: PRICE }]) {
    totalCount
    nodes {
      title
      slug
      priceRange { min { amount currencyCode } }
      variants(first: 5) { nodes { sku title price { amount } stock { level } } }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"#;

/// What the operators' page begins with.
pub(super) const ADMIN: &str = r#"# The back office: everything.
query LatestOrders {
  attention { ordersOnHold parkedReactions heldStreams }
  orders(first: 10) {
    totalCount
    nodes {
      number
      placedAt
      status
      paymentStatus
      fulfilmentStatus
      onHold
      totals { grand { amount currencyCode } }
      allowedActions
      timeline(first: 20) { nodes { at title event { type topic position } } }
    }
  }
  projectors { name state lagEvents lagSeconds }
}
"#;

/// A place in the engine's page, before which options of the editor can be put.
const OPTION: &str = "defaultEditorToolsVisibility: true,";

/// The page. It fetches GraphiQL itself from a public host, so it needs the Internet.
pub(super) fn page(endpoint: &str, title: &str, query: &str) -> String {
    let page = GraphiQLSource::build().endpoint(endpoint).title(title).finish();
    // A JSON text is a JavaScript text, and holds no end of the script as long as no query here does.
    let query = serde_json::Value::from(query);
    page.replacen(OPTION, &format!("{OPTION}\n          defaultQuery: {query},"), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_knows_its_endpoint_and_begins_with_a_query() {
        for query in [STOREFRONT, ADMIN] {
            let page = page("/graphql", "Chorale", query);
            assert!(page.contains("createUrl('/graphql')") && page.contains("<title>Chorale</title>"));
            assert!(page.contains("defaultQuery: \"#") && !query.contains('<'));
            async_graphql::parser::parse_query(query).unwrap();
        }
    }
}
