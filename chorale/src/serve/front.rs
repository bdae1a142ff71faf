//! The page at `/`: links to what is served at the address.

use axum::Router;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::Html;
use axum::routing::get;

use super::Roles;

/// A path that can be opened in a browser, and what it shows.
type Link = (&'static str, &'static str);

const COMMANDS: [Link; 2] = [
    ("/docs", "the commands of this address, with a form to try them"),
    ("/openapi.json", "the same as an OpenAPI document"),
];
const HEALTH: [Link; 2] =
    [("/healthz", "whether the process is running"), ("/readyz", "whether it can answer requests")];
const STOREFRONT: [Link; 2] = [
    ("/graphiql", "GraphQL of the catalog, and of orders by guest token; programs POST to /graphql"),
    ("/graphql/schema.graphql", "its schema"),
];
const OFFICE: [Link; 2] = [
    ("/admin/graphiql", "GraphQL of orders, stock, events and projectors; programs POST to /admin/graphql"),
    ("/admin/graphql/schema.graphql", "its schema"),
];
const TOPICS: [Link; 2] = [
    ("/asyncapi.json", "the topics of events, as an AsyncAPI document"),
    ("/schemas", "addresses of the JSON Schemas of all events"),
];

/// The front page of the shoppers' address.
pub(super) fn shoppers(roles: Roles) -> Router {
    page("Chorale: the shop", &links(roles, STOREFRONT))
}

/// The front page of the back office's address.
pub(super) fn office(roles: Roles) -> Router {
    page("Chorale: the back office", &links(roles, OFFICE))
}

fn links(roles: Roles, queries: [Link; 2]) -> Vec<Link> {
    let queries = roles.query_api.then_some(queries).into_iter().flatten();
    let commands = roles.command_api.then_some(COMMANDS).into_iter().flatten();
    queries.chain(commands).chain(TOPICS).chain(HEALTH).collect()
}

fn page(title: &str, links: &[Link]) -> Router {
    let list: String = links
        .iter()
        .map(|(path, what)| format!("<dt><a href=\"{path}\">{path}</a></dt>\n<dd>{what}</dd>\n"))
        .collect();
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n<h1>{title}</h1>\n\
         <dl>\n{list}</dl>\n</html>\n"
    );
    let policy = [(CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'")];
    Router::new().route("/", get(move || std::future::ready((policy, Html(html)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_links_only_to_the_roles_of_its_process() {
        let others = [TOPICS, HEALTH].concat();
        assert_eq!(links(Roles { reactors: true, ..Roles::NONE }, OFFICE), others);
        let queries = links(Roles { query_api: true, ..Roles::NONE }, OFFICE);
        assert_eq!(queries, [OFFICE.to_vec(), others].concat());
    }
}
