//! Runs queries of one schema.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

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
use lru::LruCache;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::{answer, body};
use crate::fault;
use crate::limits::{Prices, Refusal, check_size, check_text};
use crate::options::Options;
use crate::reader::{Audience, Reader};
use crate::services::Services;

/// Runs a query of some schema.
pub(super) type Execute = Box<dyn Fn(Query) -> BoxFuture<'static, Answer> + Send + Sync>;

/// Forgets which schema it is.
pub(super) fn boxed<Q: ObjectType + 'static>(schema: Schema<Q, EmptyMutation, EmptySubscription>) -> Execute {
    Box::new(move |query| {
        let schema = schema.clone();
        async move { schema.execute(query).await }.boxed()
    })
}

/// Runs queries of one schema.
pub(super) struct Engine {
    pub(super) execute: Execute,
    pub(super) prices: Prices,
    pub(super) audience: Audience,
    pub(super) services: Services,
    pub(super) options: Arc<Options>,
    pub(super) waiters: Arc<Semaphore>,
    pub(super) running: Arc<Semaphore>,
    pub(super) parsed: Parsed,
}

impl Engine {
    /// Answers a request, whatever it is.
    pub(super) async fn answer(&self, request: Request) -> Response {
        let Ok(_running) = self.running.try_acquire() else {
            return answer::failed(
                StatusCode::SERVICE_UNAVAILABLE,
                "BUSY",
                "too many queries at once; try again",
            );
        };
        let whole = async {
            match body::read(request, self.options.max_body).await {
                Ok(asked) => {
                    let modern = asked.modern;
                    answer::of(&self.run(asked).await, modern)
                }
                Err(why) => answer::unreadable(&why),
            }
        };
        match timeout(self.options.timeout, whole).await {
            Ok(response) => response,
            Err(_) => answer::failed(StatusCode::GATEWAY_TIMEOUT, "TIMEOUT", "the query took too long"),
        }
    }

    async fn run(&self, asked: body::Asked) -> Answer {
        let document = match self.parsed.get(&asked.query, &self.options) {
            Ok(document) => document,
            Err(error) => return Answer::from_errors(vec![*error]),
        };
        let variables = asked.variables.unwrap_or_default();
        let cost = self.prices.cost(&document, asked.operation_name.as_deref(), &variables);
        let limit = self.options.max_cost;
        let reader = self.reader();
        let expensive = (cost > limit).then_some(Refusal::TooExpensive { cost, limit });
        let refused = match (expensive, reader.require(asked.consistency.as_deref())) {
            (Some(refusal), _) => Some(answer::coded(refusal.to_string(), refusal.code())),
            (None, Err(fault)) => Some(answer::coded(fault.to_string(), "BAD_CONSISTENCY_TOKEN")),
            (None, Ok(())) => None,
        };
        let told = Some(answer::cost(cost, limit));
        if let Some(error) = refused {
            return answer::extend(Answer::from_errors(vec![error]), "cost", told);
        }
        let mut query = Query::new(asked.query).variables(variables).data(reader.clone());
        query.operation_name = asked.operation_name;
        query.set_parsed_query(ExecutableDocument::clone(&document));
        let mut answer = (self.execute)(query).await;
        fault::present(&mut answer);
        let answer = answer::extend(answer, "cost", told);
        answer::extend(answer, "consistency", reader.consistency())
    }

    fn reader(&self) -> Arc<Reader> {
        let patience = self.options.patience;
        Arc::new(Reader::new(self.services.clone(), self.audience, self.waiters.clone(), patience))
    }
}

/// Queries that were parsed and found small enough: clients ask the same ones again and again.
pub(super) struct Parsed(Mutex<LruCache<String, Arc<ExecutableDocument>>>);

/// How many are kept.
const KEPT: NonZeroUsize = NonZeroUsize::new(256).expect("256 is not zero");
/// Longer ones are not kept.
const LONGEST: usize = 8 * 1024;

impl Default for Parsed {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(KEPT)))
    }
}

impl Parsed {
    /// The parsed query, or why it is refused.
    fn get(&self, text: &str, options: &Options) -> Result<Arc<ExecutableDocument>, Box<ServerError>> {
        if let Some(known) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(text) {
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
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.put(text.to_owned(), document.clone());
        }
        Ok(document)
    }
}
