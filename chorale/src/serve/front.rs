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
    use reqwest::Client;
    use tokio::net::TcpListener;

    use super::super::start;
    use super::*;
    use crate::shop::{Shop, ShopOptions};

    #[tokio::test]
    async fn the_front_page_of_each_address_names_its_doors_and_all_of_them_open() {
        let folder = tempfile::tempdir().unwrap();
        let shop = Shop::open(folder.path(), ShopOptions::default()).await.unwrap();
        let socket = async || TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = start(&shop, Roles::ALL, socket().await, socket().await).unwrap();
        let client = Client::new();
        for (address, queries) in [(at.public, STOREFRONT), (at.staff, OFFICE)] {
            let get = async |path: &str| client.get(format!("http://{address}{path}")).send().await.unwrap();
            let answer = get("/").await;
            assert_eq!(answer.status(), 200);
            assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
            let page = answer.text().await.unwrap();
            assert!(!page.contains("script"), "{page}");
            for (path, _) in doors(Roles::ALL, queries) {
                assert!(page.contains(&format!("href=\"{path}\"")), "{path}: {page}");
                assert_eq!(get(path).await.status(), 200, "{path}");
            }
        }
        drop(client);
        shop.close().await.unwrap();
    }

    #[test]
    fn an_address_names_no_door_of_a_role_that_is_not_there() {
        assert!(doors(Roles { reactors: true, ..Roles::NONE }, OFFICE).is_empty());
        assert_eq!(doors(Roles { query_api: true, ..Roles::NONE }, OFFICE), [OFFICE]);
    }
}
