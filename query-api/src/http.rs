//! GraphQL over HTTP: `POST` of JSON, one operation at a time; `GET` at the storefront; live answers over WebSockets and as event
//! streams; and a page to try it on.

mod accept;
mod answer;
mod answer_cache;
mod body;
mod engine;
mod get;
mod graphiql;
mod parsed;
mod request;
mod sse;
mod websocket;

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http_server::{Api, ApiLayers, Audience, Readiness};
use tokio::sync::Semaphore;

use engine::{Bounds, Engine};

use crate::execution::{Schemas, Typed};
use crate::hot::HotViews;
use crate::limits::Prices;
use crate::live::Live;
use crate::options::Options;
use crate::persisted::PersistedQueries;
use crate::pointers::Pointers;
use crate::reader::Readers;
use crate::recent::Recent;
use crate::schema::{admin, admin_sdl, storefront, storefront_sdl};
use crate::services::Services;

pub use answer::graphql_error_for;

/// Both GraphQL APIs. Cheap to clone.
#[derive(Clone)]
pub struct QueryApi {
    storefront: Arc<Engine>,
    admin: Arc<Engine>,
    /// Around both, so that they share the bound on queries in flight.
    layers: ApiLayers,
    services: Services,
    graphiql: bool,
}

impl QueryApi {
    /// Builds both schemas; reads nothing.
    pub fn new(options: Options, services: Services) -> Self {
        let options = Arc::new(options);
        let waiters = Arc::new(Semaphore::new(options.max_waiting));
        let hot = HotViews::of(&services);
        let (pointers, recent) = (Arc::new(Pointers::default()), Recent::of(options.document_cache));
        let live = Arc::new(Live::new(&services));
        let bounds = Arc::new(Bounds {
            connections: Arc::new(Semaphore::new(options.live.max_connections)),
            operations: Arc::new(Semaphore::new(options.live.max_operations)),
        });
        let engine = |schema, sdl: &str, audience| {
            let (services, hot, waiters) = (services.clone(), hot.clone(), waiters.clone());
            let (pointers, recent, patience) = (pointers.clone(), recent.clone(), options.patience);
            Arc::new(Engine {
                schema,
                prices: Prices::of(sdl),
                readers: Readers { services, audience, hot, pointers, recent, waiters, patience },
                live: live.clone(),
                options: options.clone(),
                bounds: bounds.clone(),
                parsed: parsed::Parsed::default(),
                answers: answer_cache::AnswerCache::of(match audience {
                    Audience::Public => options.answer_cache,
                    Audience::Staff => 0,
                }),
                persisted: PersistedQueries::new(
                    &options.persisted,
                    options.persisted.only_manifest && audience == Audience::Public,
                ),
            })
        };
        let introspection = options.introspection;
        let (shop, office) = (storefront_sdl(), admin_sdl());
        let storefront_schema = Box::new(Typed::new(|| storefront(introspection), &shop)) as Box<dyn Schemas>;
        let admin_schema = Box::new(Typed::new(|| admin(introspection), &office));
        Self {
            storefront: engine(storefront_schema, &shop, Audience::Public),
            admin: engine(admin_schema, &office, Audience::Staff),
            layers: ApiLayers::new(options.http, graphql_error_for),
            graphiql: options.graphiql,
            services,
        }
    }

    /// `GET` and `POST /graphql`, a WebSocket there, its schema at `/graphql/schema.graphql`, and `GET /graphiql` to try it: for
    /// every caller.
    pub fn storefront(&self) -> Api {
        let page = graphiql::router("/graphiql", "/graphql", "Chorale storefront", graphiql::STOREFRONT);
        self.api(&self.storefront, "/graphql", page)
    }

    /// `POST /admin/graphql`, which answers staff and services only, and `GET /admin/graphiql` to try it.
    pub fn admin(&self) -> Api {
        let page =
            graphiql::router("/admin/graphiql", "/admin/graphql", "Chorale back office", graphiql::ADMIN);
        self.api(&self.admin, "/admin/graphql", page)
    }

    fn api(&self, engine: &Arc<Engine>, endpoint: &str, page: Router) -> Api {
        let methods = match engine.readers.audience {
            Audience::Public => "GET, HEAD, POST",
            Audience::Staff => "POST",
        };
        let other = move || std::future::ready(answer::not_allowed(methods, "send queries by POST"));
        let method = post(query).get(open).fallback(other);
        let mut routes = Router::new().route(endpoint, method).with_state(engine.clone());
        if engine.options.introspection {
            let sdl = get(sdl).with_state(engine.clone());
            routes = routes.route(&format!("{endpoint}/schema.graphql"), sdl);
        }
        if self.graphiql {
            routes = routes.merge(page);
        }
        Api { routes: self.layers.around(routes), readiness: Arc::new(StoreAnswers(self.services.clone())) }
    }
}

async fn query(State(engine): State<Arc<Engine>>, request: Request) -> Response {
    engine.respond(request).await
}

/// The schema as text, as it is checked in.
async fn sdl(State(engine): State<Arc<Engine>>, request: Request) -> Response {
    if let Some(refused) = engine.forbidden(&request) {
        return refused;
    }
    let text = match engine.readers.audience {
        Audience::Public => storefront_sdl(),
        Audience::Staff => admin_sdl(),
    };
    let headers = [(CONTENT_TYPE, "text/plain; charset=utf-8"), (CACHE_CONTROL, "public, max-age=300")];
    (headers, text).into_response()
}

async fn open(State(engine): State<Arc<Engine>>, request: Request) -> Response {
    if websocket::is_asked_for(&request) {
        return websocket::open(engine, request).await;
    }
    match engine.forbidden(&request) {
        Some(refused) => refused,
        None => engine.respond_to_get(request).await,
    }
}

/// Queries can be answered when the read models can be read and the search index was built.
struct StoreAnswers(Services);

#[async_trait]
impl Readiness for StoreAnswers {
    async fn ready(&self) -> Result<(), String> {
        let listed = self.0.store.generations.list().await;
        listed.map_err(|error| format!("the read models: {error}"))?;
        if !self.0.products.is_built() {
            return Err("the search index is still being built".to_owned());
        }
        Ok(())
    }
}
