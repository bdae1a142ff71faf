//! Executing the operations of one schema.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{ExecutableDocument, OperationDefinition, OperationType};
use async_graphql::{Name, Request, ServerError, Value, Variables};
use axum::extract::Request as HttpRequest;
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::stream::{self, BoxStream, StreamExt};
use http_server::{Audience, Caller, TraceContext};
use lru::LruCache;
use parking_lot::Mutex;
use platform::shutdown::Shutdown;
use platform::telemetry::metrics::{Gauge, Timer, metrics};
use tokio::sync::Semaphore;

use super::accept::Accepted;
use super::answer::{Answer, Data, Ready};
use super::request::{GraphqlRequest, Requested};
use super::{answer, body, get, sse};
use crate::execution::{Schemas, coerced};
use crate::fault;
use crate::limits::{Prices, Refusal, check_size, check_text, check_variables};
use crate::live::Live;
use crate::options::Options;
use crate::persisted::{NotStored, PersistedQueries};
use crate::reader::{Reader, Readers};

/// Executes the operations of one schema.
pub(super) struct Engine {
    pub(super) schema: Box<dyn Schemas>,
    pub(super) prices: Prices,
    pub(super) readers: Readers,
    pub(super) live: Arc<Live>,
    pub(super) options: Arc<Options>,
    pub(super) bounds: Arc<Bounds>,
    pub(super) parsed: Parsed,
    pub(super) persisted: PersistedQueries,
}

/// Bounds on what runs at once, shared by all schemas.
pub(super) struct Bounds {
    pub(super) connections: Arc<Semaphore>,
    pub(super) operations: Arc<Semaphore>,
}

/// An operation that passed the limits.
pub(super) struct Prepared {
    text: Arc<str>,
    known: Arc<Known>,
    variables: Variables,
    /// Of the operation that is run.
    name: Option<String>,
    reader: Arc<Reader>,
    cost: Value,
    kind: OperationType,
}

impl Engine {
    /// Responds to a `POST`.
    pub(super) async fn respond(self: Arc<Self>, request: HttpRequest) -> Response {
        if let Some(refused) = self.forbidden(&request) {
            return refused;
        }
        let accepted = Accepted::of(request.headers());
        if accepted.json.is_none() && !accepted.events {
            return answer::not_acceptable();
        }
        let trace = TraceContext::of(request.extensions());
        let shutdown: Shutdown = request.extensions().get().cloned().unwrap_or_default();
        let media = accepted.json.unwrap_or_default();
        let request = match body::read(request, self.options.http.max_body).await {
            Ok(request) => request,
            Err(why) => return answer::unreadable(&why, media),
        };
        let timer = Timer::start();
        let prepared = self.prepare(request);
        let subscribes = matches!(&prepared, Ok(one) if one.kind == OperationType::Subscription);
        if accepted.events && (subscribes || accepted.prefers_events) {
            return sse::respond(self, prepared, trace, &shutdown);
        }
        Ready::of(&self.answer(prepared, &trace, timer).await, media).respond()
    }

    /// Responds to a `GET` that opens no WebSocket. Only the storefront is asked like that: browsers send a `GET` for any page
    /// without asking the server first, and the back office has no sign-in.
    pub(super) async fn respond_to_get(&self, request: HttpRequest) -> Response {
        if self.readers.audience == Audience::Staff {
            return answer::not_allowed("POST", "send queries by POST, or open a WebSocket");
        }
        let media = match Accepted::of(request.headers()) {
            Accepted { json: Some(media), .. } => media,
            Accepted { events: true, .. } => return answer::not_allowed("POST", "ask for events by POST"),
            _ => return answer::not_acceptable(),
        };
        let trace = TraceContext::of(request.extensions());
        let longest = self.options.http.max_body;
        let (timer, (parts, _)) = (Timer::start(), request.into_parts());
        let prepared = match body::read_parameters(&parts.uri, &parts.headers, longest) {
            Ok(request) => self.prepare(request),
            Err(why) => return answer::unreadable(&why, media),
        };
        let asked = prepared.as_ref().ok().map(|one| (one.known.clone(), one.name.clone(), one.kind));
        if let Some((known, _, kind)) = &asked
            && let Some(refusal) = get::refusal(&known.document, *kind)
        {
            return answer::not_allowed("POST", refusal);
        }
        let answer = self.answer(prepared, &trace, timer).await;
        let ready = Ready::of(&answer, media);
        let personal = parts.headers.contains_key(body::GUEST_TOKEN);
        match asked {
            Some((known, name, _))
                if !personal && get::may_be_kept(&answer, &known.document, name.as_deref()) =>
            {
                get::kept(ready, &parts.headers, self.options.catalog_max_age)
            }
            _ => ready.respond(),
        }
    }

    /// The response to a caller for whom the schema is not.
    pub(super) fn forbidden(&self, request: &HttpRequest) -> Option<Response> {
        let caller = Caller::of(request.extensions());
        let forbidden = self.readers.audience == Audience::Staff && caller.audience() != Audience::Staff;
        forbidden.then(|| answer::failed(StatusCode::FORBIDDEN, "FORBIDDEN", "this endpoint is for staff"))
    }

    /// The name of the schema in metrics.
    pub(super) fn schema(&self) -> &'static str {
        match self.readers.audience {
            Audience::Public => "storefront",
            Audience::Staff => "admin",
        }
    }

    async fn answer(
        &self,
        prepared: Result<Prepared, Box<Answer>>,
        trace: &TraceContext,
        timer: Timer,
    ) -> Answer {
        let answer = match prepared {
            Ok(Prepared { kind: OperationType::Subscription, .. }) => {
                let refusal = Refusal::NotAStream;
                Answer::from_errors(vec![answer::coded(refusal.to_string(), refusal.code())])
            }
            Ok(prepared) => self.execute_once(prepared, trace).await,
            Err(refused) => *refused,
        };
        self.observe(timer, &answer);
        answer
    }

    fn observe(&self, timer: Timer, answer: &Answer) {
        let outcome = if answer.errors.is_empty() { "ok" } else { "errors" };
        timer.observe(&metrics().graphql_operations.with([self.schema(), outcome]));
    }

    /// The answers to an operation: one to a query, any number to a subscription.
    pub(super) fn answers(
        self: Arc<Self>,
        prepared: Result<Prepared, Box<Answer>>,
        trace: TraceContext,
    ) -> BoxStream<'static, Answer> {
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(refused) => return stream::iter([*refused]).boxed(),
        };
        if prepared.kind == OperationType::Subscription {
            return stream::once(self.subscribe(prepared, trace)).flatten().boxed();
        }
        let once = async move {
            let (timer, limit) = (Timer::start(), self.options.http.timeout);
            let answer = tokio::time::timeout(limit, self.execute_once(prepared, &trace)).await;
            let answer = answer.unwrap_or_else(|_| {
                Answer::from_errors(vec![answer::coded("the query timed out", "TIMEOUT")])
            });
            self.observe(timer, &answer);
            answer
        };
        stream::once(once).boxed()
    }

    async fn subscribe(
        self: Arc<Self>,
        prepared: Prepared,
        trace: TraceContext,
    ) -> BoxStream<'static, Answer> {
        let variables = match self.checked(&prepared, &trace).await {
            Ok((_, variables)) => variables,
            Err(errors) => return stream::iter([Answer::from_errors(errors)]).boxed(),
        };
        let request = prepared.request(variables).data(prepared.reader.clone()).data(self.live.clone());
        let answers = self.schema.subscribe(request, prepared.known.document.clone(), &self.readers);
        let present = move |mut answer: async_graphql::Response| {
            fault::present(&mut answer.errors, &trace);
            Answer::from(answer)
        };
        answers.map(present).boxed()
    }

    /// The operation and its variables with their defaults, or what is wrong with them.
    async fn checked<'p>(
        &self,
        prepared: &'p Prepared,
        trace: &TraceContext,
    ) -> Result<(&'p OperationDefinition, Variables), Vec<ServerError>> {
        let mut errors = self.invalid(prepared).await;
        // A valid request names an operation.
        let found = operation(&prepared.known.document, prepared.name.as_deref());
        if let Some(operation) = found.filter(|_| errors.is_empty()) {
            match coerced(operation, &prepared.variables) {
                Ok(variables) => return Ok((operation, variables)),
                Err(error) => errors.push(*error),
            }
        }
        fault::present(&mut errors, trace);
        Err(errors)
    }

    /// What is wrong with an operation; nothing if it is valid. An operation that was valid with the same variables still is.
    async fn invalid(&self, prepared: &Prepared) -> Vec<ServerError> {
        let fingerprint = prepared.fingerprint();
        let was_valid = |of: &Vec<u8>| prepared.known.valid.lock().get(of).is_some();
        if fingerprint.as_ref().is_some_and(was_valid) {
            return Vec::new();
        }
        let errors = self.schema.validate(prepared.request(prepared.variables.clone())).await;
        if errors.is_empty()
            && let Some(fingerprint) = fingerprint
        {
            prepared.known.valid.lock().put(fingerprint, ());
        }
        errors
    }

    /// The operation of a request, if it passes the limits; else the answer that says why not.
    pub(super) fn prepare(&self, request: GraphqlRequest) -> Result<Prepared, Box<Answer>> {
        let refused = |error| Box::new(Answer::from_errors(vec![error]));
        let (text, known) = self.document(request.document).map_err(|error| refused(*error))?;
        let (variables, name) = (request.variables, request.operation_name);
        check_variables(&variables)
            .map_err(|refusal| refused(answer::coded(refusal.to_string(), refusal.code())))?;
        let cost = self.prices.cost(&known.document, name.as_deref(), &variables);
        let limit = self.options.max_cost;
        let reader = Arc::new(self.readers.reader().held_by(request.guest_token));
        let expensive = (cost > limit).then_some(Refusal::TooExpensive { cost, limit });
        let too_much = match (expensive, reader.require(request.consistency.as_deref())) {
            (Some(refusal), _) => Some(answer::coded(refusal.to_string(), refusal.code())),
            (None, Err(fault)) => Some(answer::coded(fault.to_string(), "BAD_CONSISTENCY_TOKEN")),
            (None, Ok(())) => None,
        };
        let cost = answer::cost(cost, limit);
        if let Some(error) = too_much {
            return Err(Box::new(Answer::from_errors(vec![error]).extend("cost", Some(cost))));
        }
        let kind = operation(&known.document, name.as_deref()).map_or(OperationType::Query, |found| found.ty);
        Ok(Prepared { text, known, variables, name, reader, cost, kind })
    }

    /// The text and the parsed document of a request, which are within the limits.
    fn document(&self, requested: Requested) -> Result<(Arc<str>, Arc<Known>), Box<ServerError>> {
        let registers = matches!(requested, Requested::Registration { .. });
        let text = match requested {
            Requested::Text(text) => self.persisted.text(text),
            Requested::Id(id) => self.persisted.named(&id),
            Requested::Registration { text, hash } => self.persisted.offered(text, &hash),
            Requested::UnknownVersion => Err(NotStored::NotSupported),
        };
        let text = text.map_err(|why| Box::new(answer::coded(why.to_string(), why.code())))?;
        let known = self.parsed.get(&text, &self.options)?;
        if registers {
            self.persisted.register(&text);
        }
        Ok((text, known))
    }

    async fn execute_once(&self, prepared: Prepared, trace: &TraceContext) -> Answer {
        let answer = self.executed(&prepared, trace).await;
        let Prepared { reader, cost, .. } = prepared;
        let answer = answer.extend("cost", Some(cost)).extend("consistency", reader.consistency());
        answer.extend("degraded", reader.degraded())
    }

    async fn executed(&self, prepared: &Prepared, trace: &TraceContext) -> Answer {
        let (operation, variables) = match self.checked(prepared, trace).await {
            Ok(checked) => checked,
            Err(errors) => return Answer::from_errors(errors),
        };
        let document = &prepared.known.document;
        let (data, mut errors) = self.schema.execute(document, operation, &variables, &prepared.reader).await;
        fault::present(&mut errors, trace);
        Answer { data: Data::Json(data), errors, extensions: BTreeMap::new() }
    }
}

impl Prepared {
    /// For async-graphql.
    fn request(&self, variables: Variables) -> Request {
        let mut request = Request::new(self.text.as_ref()).variables(variables);
        request.operation_name.clone_from(&self.name);
        request.set_parsed_query(ExecutableDocument::clone(&self.known.document));
        request
    }

    /// What its validity depends on, besides the document; `None` if that is long.
    fn fingerprint(&self) -> Option<Vec<u8>> {
        let found = serde_json::to_vec(&(&self.name, &self.variables)).ok()?;
        (found.len() <= LONGEST_FINGERPRINT).then_some(found)
    }
}

/// The operation that is run, if it can be found.
fn operation<'d>(document: &'d ExecutableDocument, name: Option<&str>) -> Option<&'d OperationDefinition> {
    let mut operations = document.operations.iter();
    let found = operations.find(|(found, _)| name.is_none() || found.map(Name::as_str) == name);
    found.map(|(_, operation)| &operation.node)
}

/// Counts something for as long as it lives.
pub(super) struct Counted(Gauge);

impl Counted {
    pub(super) fn new(gauge: Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// A cache of parsed queries that passed the size limits: clients send the same ones again and again.
pub(super) struct Parsed(Mutex<LruCache<String, Arc<Known>>>);

/// A parsed document that passed the size limits.
pub(super) struct Known {
    document: Arc<ExecutableDocument>,
    /// Fingerprints of the requests with it that were valid.
    valid: Mutex<LruCache<Vec<u8>, ()>>,
}

/// How many queries are kept.
const KEPT: NonZeroUsize = NonZeroUsize::new(256).expect("256 is not zero");
/// How many valid requests with a document are known, and how long their fingerprints may be, in bytes.
const KNOWN_VALID: NonZeroUsize = NonZeroUsize::new(16).expect("16 is not zero");
const LONGEST_FINGERPRINT: usize = 512;
/// Longer queries, in bytes, are not kept.
const LONGEST: usize = 8 * 1024;

impl Default for Parsed {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(KEPT)))
    }
}

impl Parsed {
    /// The parsed query, or the reason why it is refused.
    fn get(&self, text: &str, options: &Options) -> Result<Arc<Known>, Box<ServerError>> {
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
        let known = Arc::new(Known { document, valid: Mutex::new(LruCache::new(KNOWN_VALID)) });
        if text.len() <= LONGEST {
            let mut kept = self.0.lock();
            kept.put(text.to_owned(), known.clone());
        }
        Ok(known)
    }
}
