//! GraphQL over HTTP: `POST` of JSON, one query at a time, and the pages to try it on.

mod answer;
mod body;
mod engine;
mod graphiql;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::post;
use tokio::sync::Semaphore;

use engine::Engine;

use crate::limits::Prices;
use crate::options::Options;
use crate::reader::Audience;
use crate::schema::{admin, admin_sdl, storefront, storefront_sdl};
use crate::services::Services;

/// Both endpoints of the query API. Cheap to clone.
#[derive(Clone)]
pub struct QueryApi {
    storefront: Arc<Engine>,
    admin: Arc<Engine>,
    graphiql: bool,
}

impl QueryApi {
    /// Builds both schemas; reads nothing.
    pub fn new(options: Options, services: Services) -> Self {
        let options = Arc::new(options);
        let waiters = Arc::new(Semaphore::new(options.max_waiting));
        let running = Arc::new(Semaphore::new(options.max_running));
        let engine = |execute, sdl: &str, audience| {
            Arc::new(Engine {
                execute,
                prices: Prices::of(sdl),
                audience,
                services: services.clone(),
                options: options.clone(),
                waiters: waiters.clone(),
                running: running.clone(),
                parsed: engine::Parsed::default(),
            })
        };
        let for_shoppers = engine::boxed(storefront(options.introspection));
        let for_operators = engine::boxed(admin(options.introspection));
        Self {
            storefront: engine(for_shoppers, &storefront_sdl(), Audience::Shopper),
            admin: engine(for_operators, &admin_sdl(), Audience::Operator),
            graphiql: options.graphiql,
        }
    }

    /// `POST /graphql`, and `GET /graphiql` to try it: open to everybody.
    pub fn storefront(&self) -> Router {
        let page = graphiql::router("/graphiql", "/graphql", "Chorale storefront", graphiql::STOREFRONT);
        self.router(&self.storefront, "/graphql", page)
    }

    /// `POST /admin/graphql`, and `GET /admin/graphiql` to try it. Shows everything to whoever reaches it: the wiring sees
    /// to it that only operators do.
    pub fn admin(&self) -> Router {
        let page =
            graphiql::router("/admin/graphiql", "/admin/graphql", "Chorale back office", graphiql::ADMIN);
        self.router(&self.admin, "/admin/graphql", page)
    }

    fn router(&self, engine: &Arc<Engine>, endpoint: &str, page: Router) -> Router {
        let mut router = Router::new().route(endpoint, post(answer)).with_state(engine.clone());
        if self.graphiql {
            router = router.merge(page);
        }
        router.layer(map_response(private))
    }
}

async fn answer(State(engine): State<Arc<Engine>>, request: Request) -> Response {
    engine.answer(request).await
}

/// Nothing here is kept by caches on the way.
async fn private(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
