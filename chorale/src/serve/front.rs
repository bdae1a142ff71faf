//! The page at `/`: which doors there are at this address.

use axum::Router;
use axum::http::header::{CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::response::Html;
use axum::routing::get;

use super::Roles;

/// A path that can be opened in a browser, and what is behind it.
type Door = (&'static str, &'static str);

const COMMANDS: [Door; 4] = [
    ("/docs", "the commands of this address, to read and to try"),
    ("/openapi.json", "the same as an OpenAPI document"),
    ("/healthz", "whether the process lives"),
    ("/readyz", "whether it takes commands"),
];
const STOREFRONT: Door =
    ("/graphiql", "GraphQL of the catalog and of one's own order; programs POST to /graphql");
const OFFICE: Door =
    ("/admin/graphiql", "GraphQL of orders, stock, events and projectors; programs POST to /admin/graphql");

/// The front page of the shoppers' address.
pub(super) fn shoppers(roles: Roles) -> Router {
    page("Chorale: the shop", &doors(roles, STOREFRONT))
}

/// The front page of the back office's address.
pub(super) fn office(roles: Roles) -> Router {
    page("Chorale: the back office", &doors(roles, OFFICE))
}

fn doors(roles: Roles, queries: Door) -> Vec<Door> {
    let queries = roles.query_api.then_some(queries);
    let commands = roles.command_api.then_some(COMMANDS);
    queries.into_iter().chain(commands.into_iter().flatten()).collect()
}

fn page(title: &str, doors: &[Door]) -> Router {
    let list: String = doors
        .iter()
        .map(|(path, what)| format!("<dt><a href=\"{path}\">{path}</a></dt>\n<dd>{what}</dd>\n"))
        .collect();
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n<h1>{title}</h1>\n\
         <dl>\n{list}</dl>\n</html>\n"
    );
    let headers = [(CONTENT_SECURITY_POLICY, "default-src 'none'"), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
    Router::new().route("/", get(move || std::future::ready((headers, Html(html)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_no_door_of_a_role_that_is_not_there() {
        assert!(doors(Roles { reactors: true, ..Roles::NONE }, OFFICE).is_empty());
        assert_eq!(doors(Roles { query_api: true, ..Roles::NONE }, OFFICE), [OFFICE]);
    }
}
