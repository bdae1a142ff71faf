//! Executing the operations of one schema.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_graphql::parser::types::{ExecutableDocument, OperationDefinition, OperationType};
use async_graphql::{Request, ServerError, Value, Variables};
use axum::extract::Request as HttpRequest;
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::stream::{self, BoxStream, StreamExt};
use http_server::{Audience, Caller, TraceContext};
use platform::shutdown::Shutdown;
use platform::telemetry::metrics::{Gauge, Timer, metrics};
use tokio::sync::Semaphore;

use super::accept::{Accepted, Media};
use super::answer::{Answer, Data, Ready};
use super::answer_cache::{AnswerCache, Key, Lookup};
use super::parsed::{Known, Parsed, operation};
use super::request::{GraphqlRequest, Requested};
use super::{answer, body, get, sse};
use crate::execution::{Schemas, coerced};
use crate::fault;
use crate::limits::{Prices, Refusal, check_variables};
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
    pub(super) answers: AnswerCache,
    pub(super) persisted: PersistedQueries,
}

/// Bounds on what runs at once, shared by all schemas.
pub(super) struct Bounds {
    pub(super) connections: Arc<Semaphore>,
    pub(super) operations: Arc<Semaphore>,
}

/// An operation of a document that passed the limits of documents.
pub(super) struct Asked {
    text: Arc<str>,
    known: Arc<Known>,
    variables: Variables,
    /// Of the operation that is run.
    name: Option<String>,
    kind: OperationType,
    consistency: Option<String>,
    guest_token: Option<String>,
    /// What its validity and its answer depend on, besides the document; `None` if that is long.
    fingerprint: Option<Vec<u8>>,
}

/// An operation that passed all limits.
pub(super) struct Prepared {
    asked: Asked,
    reader: Arc<Reader>,
    cost: Value,
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
        let asked = self.asked(request);
        let subscribes = matches!(&asked, Ok(one) if one.kind == OperationType::Subscription);
        if accepted.events && (subscribes || accepted.prefers_events) {
            let prepared = asked.and_then(|asked| self.prepare(asked));
            return sse::respond(self, prepared, trace, &shutdown);
        }
        self.answer(asked, &trace, timer, media).await.respond()
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
        let asked = match body::read_parameters(&parts.uri, &parts.headers, longest) {
            Ok(request) => self.asked(request),
            Err(why) => return answer::unreadable(&why, media),
        };
        if let Ok(asked) = &asked
            && let Some(refusal) = get::refusal(&asked.known.document, asked.kind)
        {
            return answer::not_allowed("POST", refusal);
        }
        let may_be_kept = asked.as_ref().is_ok_and(Asked::is_of_catalog);
        let ready = self.answer(asked, &trace, timer, media).await;
        if may_be_kept && ready.is_common {
            get::kept(ready, &parts.headers, self.options.catalog_max_age)
        } else {
            ready.respond()
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
        asked: Result<Asked, Box<Answer>>,
        trace: &TraceContext,
        timer: Timer,
        media: Media,
    ) -> Ready {
        let place = match asked.as_ref().ok().and_then(|asked| self.key(asked)) {
            Some(key) => self.answers.look_up(key, &self.readers.services).await,
            None => Lookup::Alone,
        };
        if let Lookup::Kept(body) = place {
            self.observe(timer, true);
            return Ready::kept(body, media);
        }
        let (answer, reads) = match asked.and_then(|asked| self.prepare(asked)) {
            Ok(prepared) if prepared.asked.kind == OperationType::Subscription => {
                let refusal = Refusal::NotAStream;
                (Answer::from_errors(vec![answer::coded(refusal.to_string(), refusal.code())]), None)
            }
            Ok(prepared) => (self.execute_once(&prepared, trace).await, prepared.reader.reads()),
            Err(refused) => (*refused, None),
        };
        self.observe(timer, answer.errors.is_empty());
        let ready = Ready::of(&answer, media);
        if let Lookup::Missing(place) = place {
            place.fill(answer.errors.is_empty().then(|| ready.body()), reads);
        }
        ready
    }

    /// What the answer is kept for; `None` if others must not get it.
    fn key(&self, asked: &Asked) -> Option<Key> {
        let is_common = self.readers.audience == Audience::Public
            && asked.kind == OperationType::Query
            && asked.is_of_catalog();
        let fingerprint = asked.fingerprint.as_ref().filter(|_| is_common)?;
        Some((asked.known.number, fingerprint.clone()))
    }

    fn observe(&self, timer: Timer, is_ok: bool) {
        let outcome = if is_ok { "ok" } else { "errors" };
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
        if prepared.asked.kind == OperationType::Subscription {
            return stream::once(self.subscribe(prepared, trace)).flatten().boxed();
        }
        let once = async move {
            let (timer, limit) = (Timer::start(), self.options.http.timeout);
            let answer = tokio::time::timeout(limit, self.execute_once(&prepared, &trace)).await;
            let answer = answer.unwrap_or_else(|_| {
                Answer::from_errors(vec![answer::coded("the query timed out", "TIMEOUT")])
            });
            self.observe(timer, answer.errors.is_empty());
            answer
        };
        stream::once(once).boxed()
    }

    async fn subscribe(
        self: Arc<Self>,
        prepared: Prepared,
        trace: TraceContext,
    ) -> BoxStream<'static, Answer> {
        let variables = match self.checked(&prepared.asked, &trace).await {
            Ok((_, variables)) => variables,
            Err(errors) => return stream::iter([Answer::from_errors(errors)]).boxed(),
        };
        let asked = &prepared.asked;
        let request = asked.request(variables).data(prepared.reader.clone()).data(self.live.clone());
        // What changes is read again, and a client that is sent a change must not be shown the state before.
        let readers = Readers { recent: None, ..self.readers.clone() };
        let answers = self.schema.subscribe(request, asked.known.document.clone(), &readers);
        let present = move |mut answer: async_graphql::Response| {
            fault::present(&mut answer.errors, &trace);
            Answer::from(answer)
        };
        answers.map(present).boxed()
    }

    /// The operation and its variables with their defaults, or what is wrong with them.
    async fn checked<'p>(
        &self,
        asked: &'p Asked,
        trace: &TraceContext,
    ) -> Result<(&'p OperationDefinition, Variables), Vec<ServerError>> {
        let mut errors = self.invalid(asked).await;
        // A valid request names an operation.
        let found = operation(&asked.known.document, asked.name.as_deref());
        if let Some(operation) = found.filter(|_| errors.is_empty()) {
            match coerced(operation, &asked.variables) {
                Ok(variables) => return Ok((operation, variables)),
                Err(error) => errors.push(*error),
            }
        }
        fault::present(&mut errors, trace);
        Err(errors)
    }

    /// What is wrong with an operation; nothing if it is valid. An operation that was valid with the same variables still is.
    async fn invalid(&self, asked: &Asked) -> Vec<ServerError> {
        let was_valid = |of: &Vec<u8>| asked.known.valid.lock().get(of).is_some();
        if asked.fingerprint.as_ref().is_some_and(was_valid) {
            return Vec::new();
        }
        let errors = self.schema.validate(asked.request(asked.variables.clone())).await;
        if errors.is_empty()
            && let Some(fingerprint) = &asked.fingerprint
        {
            asked.known.valid.lock().put(fingerprint.clone(), ());
        }
        errors
    }

    /// The operation of a request, if its document passes the limits; else the answer that says why not.
    pub(super) fn asked(&self, request: GraphqlRequest) -> Result<Asked, Box<Answer>> {
        let refused = |error| Box::new(Answer::from_errors(vec![error]));
        let (text, known) = self.document(request.document).map_err(|error| refused(*error))?;
        let GraphqlRequest { variables, operation_name: name, consistency, guest_token, .. } = request;
        check_variables(&variables)
            .map_err(|refusal| refused(answer::coded(refusal.to_string(), refusal.code())))?;
        let kind = operation(&known.document, name.as_deref()).map_or(OperationType::Query, |found| found.ty);
        let fingerprint = serde_json::to_vec(&(&name, &variables)).ok();
        let fingerprint = fingerprint.filter(|found| found.len() <= LONGEST_FINGERPRINT);
        Ok(Asked { text, known, variables, name, kind, consistency, guest_token, fingerprint })
    }

    /// The operation with its reader, if it is not too expensive and its token is one; else the answer that says why not.
    pub(super) fn prepare(&self, asked: Asked) -> Result<Prepared, Box<Answer>> {
        let cost = self.prices.cost(&asked.known.document, asked.name.as_deref(), &asked.variables);
        let limit = self.options.max_cost;
        let reader = Arc::new(self.readers.reader().held_by(asked.guest_token.clone()));
        let expensive = (cost > limit).then_some(Refusal::TooExpensive { cost, limit });
        let too_much = match (expensive, reader.require(asked.consistency.as_deref())) {
            (Some(refusal), _) => Some(answer::coded(refusal.to_string(), refusal.code())),
            (None, Err(fault)) => Some(answer::coded(fault.to_string(), "BAD_CONSISTENCY_TOKEN")),
            (None, Ok(())) => None,
        };
        let cost = answer::cost(cost, limit);
        match too_much {
            Some(error) => Err(Box::new(Answer::from_errors(vec![error]).extend("cost", Some(cost)))),
            None => Ok(Prepared { asked, reader, cost }),
        }
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

    async fn execute_once(&self, prepared: &Prepared, trace: &TraceContext) -> Answer {
        let answer = self.executed(prepared, trace).await;
        let Prepared { reader, cost, .. } = prepared;
        let answer = answer.extend("cost", Some(cost.clone())).extend("consistency", reader.consistency());
        answer.extend("degraded", reader.degraded())
    }

    async fn executed(&self, prepared: &Prepared, trace: &TraceContext) -> Answer {
        let Prepared { asked, reader, .. } = prepared;
        let (operation, variables) = match self.checked(asked, trace).await {
            Ok(checked) => checked,
            Err(errors) => return Answer::from_errors(errors),
        };
        let document = &asked.known.document;
        let (data, mut errors) = self.schema.execute(document, operation, &variables, reader).await;
        fault::present(&mut errors, trace);
        Answer { data: Data::Json(data), errors, extensions: BTreeMap::new() }
    }
}

impl Asked {
    /// For async-graphql.
    fn request(&self, variables: Variables) -> Request {
        let mut request = Request::new(self.text.as_ref()).variables(variables);
        request.operation_name.clone_from(&self.name);
        request.set_parsed_query(ExecutableDocument::clone(&self.known.document));
        request
    }

    /// Whether it reads the catalog only and names no token, so that its answer is the same for all callers.
    fn is_of_catalog(&self) -> bool {
        let names_token = self.known.has_tokens || self.guest_token.is_some() || self.consistency.is_some();
        !names_token && get::is_of_catalog(&self.known.document, self.name.as_deref())
    }
}

/// Longer fingerprints, in bytes, are not kept.
const LONGEST_FINGERPRINT: usize = 512;

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
