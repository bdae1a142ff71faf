//! Executing the queries of one schema.

use std::num::NonZeroUsize;
use std::sync::Arc;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{
    EmptyMutation, EmptySubscription, ObjectType, Request as Query, Response as Answer, Schema, ServerError,
};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http_server::{Audience, Caller, TraceContext};
use lru::LruCache;
use parking_lot::Mutex;
use platform::telemetry::metrics::{Timer, metrics};
use tokio::sync::Semaphore;

use super::{answer, body, field_order};
use crate::fault;
use crate::hot::HotViews;
use crate::limits::{Prices, Refusal, check_size, check_text};
use crate::options::Options;
use crate::reader::Reader;
use crate::services::Services;

/// Executes a query of some schema.
pub(super) type Execute = Box<dyn Fn(Query) -> BoxFuture<'static, Answer> + Send + Sync>;

/// Erases the schema's type.
pub(super) fn boxed<Q: ObjectType + 'static>(schema: Schema<Q, EmptyMutation, EmptySubscription>) -> Execute {
    Box::new(move |query| {
        let schema = schema.clone();
        async move { schema.execute(query).await }.boxed()
    })
}

/// Executes the queries of one schema.
pub(super) struct Engine {
    pub(super) execute: Execute,
    pub(super) prices: Prices,
    /// For whom the schema is. Callers of the public may query the public schema only.
    pub(super) audience: Audience,
    pub(super) services: Services,
    pub(super) options: Arc<Options>,
    pub(super) waiters: Arc<Semaphore>,
    pub(super) hot: Arc<HotViews>,
    pub(super) parsed: Parsed,
}

impl Engine {
    /// Responds to any HTTP request.
    pub(super) async fn respond(&self, request: Request) -> Response {
        let caller = Caller::of(request.extensions());
        if self.audience == Audience::Staff && caller.audience() != Audience::Staff {
            return answer::failed(StatusCode::FORBIDDEN, "FORBIDDEN", "this endpoint is for staff");
        }
        let trace = TraceContext::of(request.extensions());
        match body::read(request, self.options.http.max_body).await {
            Ok(request) => {
                let graphql_response = request.graphql_response;
                let timer = Timer::start();
                let response = self.run(request, &trace).await;
                let outcome = if response.errors.is_empty() { "ok" } else { "errors" };
                let schema = match self.audience {
                    Audience::Public => "storefront",
                    Audience::Staff => "admin",
                };
                timer.observe(&metrics().graphql_operations.with([schema, outcome]));
                answer::of(&response, graphql_response)
            }
            Err(why) => answer::unreadable(&why),
        }
    }

    async fn run(&self, request: body::GraphqlRequest, trace: &TraceContext) -> Answer {
        let document = match self.parsed.get(&request.query, &self.options) {
            Ok(document) => document,
            Err(error) => return Answer::from_errors(vec![*error]),
        };
        let variables = request.variables.unwrap_or_default();
        let cost = self.prices.cost(&document, request.operation_name.as_deref(), &variables);
        let limit = self.options.max_cost;
        let reader = self.reader();
        let expensive = (cost > limit).then_some(Refusal::TooExpensive { cost, limit });
        let refused = match (expensive, reader.require(request.consistency.as_deref())) {
            (Some(refusal), _) => Some(answer::coded(refusal.to_string(), refusal.code())),
            (None, Err(fault)) => Some(answer::coded(fault.to_string(), "BAD_CONSISTENCY_TOKEN")),
            (None, Ok(())) => None,
        };
        let cost = Some(answer::cost(cost, limit));
        if let Some(error) = refused {
            return answer::extend(Answer::from_errors(vec![error]), "cost", cost);
        }
        let mut query = Query::new(request.query).variables(variables).data(reader.clone());
        query.operation_name.clone_from(&request.operation_name);
        query.set_parsed_query(ExecutableDocument::clone(&document));
        let mut answer = (self.execute)(query).await;
        field_order::restore(&mut answer.data, &document, request.operation_name.as_deref());
        fault::present(&mut answer, trace);
        let answer = answer::extend(answer, "cost", cost);
        let answer = answer::extend(answer, "consistency", reader.consistency());
        answer::extend(answer, "degraded", reader.degraded())
    }

    fn reader(&self) -> Arc<Reader> {
        let (services, hot, waiters) = (self.services.clone(), self.hot.clone(), self.waiters.clone());
        Arc::new(Reader::new(services, self.audience, hot, waiters, self.options.patience))
    }
}

/// A cache of parsed queries that passed the size limits: clients send the same ones again and again.
pub(super) struct Parsed(Mutex<LruCache<String, Arc<ExecutableDocument>>>);

/// How many queries are kept.
const KEPT: NonZeroUsize = NonZeroUsize::new(256).expect("256 is not zero");
/// Longer queries, in bytes, are not kept.
const LONGEST: usize = 8 * 1024;

impl Default for Parsed {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(KEPT)))
    }
}

impl Parsed {
    /// The parsed query, or the reason why it is refused.
    fn get(&self, text: &str, options: &Options) -> Result<Arc<ExecutableDocument>, Box<ServerError>> {
        if let Some(known) = self.0.lock().get(text) {
            return Ok(known.clone());
        }
        let refused = |refusal: Refusal| Box::new(answer::coded(refusal.to_string(), refusal.code()));
        check_text(text, options.max_tokens).map_err(refused)?;
        let document = parse_query(text).map_err(|error| {
            let mut error = ServerError::from(error);
            error.extensions.get_or_insert_default().set("code", "GRAPHQL_PARSE_FAILED");
            Box::new(error)
        })?;
        check_size(&document, options).map_err(refused)?;
        let document = Arc::new(document);
        if text.len() <= LONGEST {
            let mut kept = self.0.lock();
            kept.put(text.to_owned(), document.clone());
        }
        Ok(document)
    }
}
