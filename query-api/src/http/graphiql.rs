//! The GraphiQL pages. The program contains GraphiQL, so that the pages work offline and the back office runs no script from
//! elsewhere.

use axum::Router;
use axum::extract::Path;
use axum::response::Html;
use axum::routing::get;
use http_server::{PAGE_POLICY, PageFile, SCRIPT, page_file};

/// The files that `query-api/graphiql/fetch.sh` downloads, and our `boot.js`.
const FILES: [PageFile; 5] = [
    ("boot.js", SCRIPT, false, include_bytes!("../../graphiql/boot.js")),
    ("graphiql.min.css", "text/css", true, include_bytes!("../../graphiql/graphiql.min.css.gz")),
    ("graphiql.min.js", SCRIPT, true, include_bytes!("../../graphiql/graphiql.min.js.gz")),
    ("react.production.min.js", SCRIPT, true, include_bytes!("../../graphiql/react.production.min.js.gz")),
    (
        "react-dom.production.min.js",
        SCRIPT,
        true,
        include_bytes!("../../graphiql/react-dom.production.min.js.gz"),
    ),
];

/// The initial query of the storefront's page.
pub(super) const STOREFRONT: &str = r#"# The storefront: the published catalog, and orders by guest token.
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

/// The initial query of the back office's page.
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
  reactors { name lagEvents lagSeconds parkedEvents }
}
"#;

/// The page at `at`, which queries `endpoint`, and the files that it loads.
pub(super) fn router(at: &str, endpoint: &str, title: &str, query: &str) -> Router {
    let page = page(endpoint, title, query);
    Router::new().route(at, get(|| std::future::ready(([PAGE_POLICY], Html(page))))).route(
        &format!("{at}/{{file}}"),
        get(|Path(name): Path<String>| std::future::ready(page_file(&FILES, &name))),
    )
}

fn page(endpoint: &str, title: &str, query: &str) -> String {
    let (endpoint, title, query) = (escaped(endpoint), escaped(title), escaped(query));
    // Names are relative to the page's own: `graphiql/…` beside `…/graphiql`.
    format!(
        r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="graphiql/graphiql.min.css">
<style>body {{ margin: 0; }} #graphiql {{ height: 100vh; }}</style>
</head>
<body>
<div id="graphiql" data-endpoint="{endpoint}" data-query="{query}">Loading …</div>
<script src="graphiql/react.production.min.js"></script>
<script src="graphiql/react-dom.production.min.js"></script>
<script src="graphiql/graphiql.min.js"></script>
<script src="graphiql/boot.js"></script>
</body>
</html>
"#
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn the_page_has_its_endpoint_and_an_initial_query() {
        for query in [STOREFRONT, ADMIN] {
            let page = page("/graphql", "Chorale", query);
            assert!(page.contains("data-endpoint=\"/graphql\"") && page.contains("<title>Chorale</title>"));
            assert!(page.contains("data-query=\"# The ") && page.contains("&quot;") == query.contains('"'));
            async_graphql::parser::parse_query(query).unwrap();
        }
    }

    #[test]
    fn the_page_loads_only_files_that_the_program_contains() {
        let page = page("/graphql", "Chorale", STOREFRONT);
        let names: Vec<&str> =
            page.split("\"graphiql/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert_eq!(names.len(), FILES.len());
        assert!(names.iter().all(|name| page_file(&FILES, name).status() == StatusCode::OK), "{names:?}");
        assert!(!page.contains("://"));
    }

    #[test]
    fn the_files_have_the_recorded_checksums() {
        let sums = include_str!("../../graphiql/SHA256SUMS");
        for (name, _, compressed, bytes) in FILES {
            let sum = hex::encode(Sha256::digest(bytes));
            let listed = sums.contains(&format!("{sum}  {name}.gz\n"));
            assert_eq!(listed, compressed, "{name}: run query-api/graphiql/fetch.sh");
        }
    }
}
