//! The table of commands: one entry is both the route and its description, so neither can be without the other.

use axum::extract::{RawPathParams, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, get, on};
use axum::{Json, Router};
use schemas::{CommandId, Context};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::ToSchema;

use super::call::Call;
use super::describe::Operation;
use super::problem::{Problem, REPLAYED, key_reused};
use super::{Door, Side, status};
use crate::accepted::{Accepted, CommandError};

/// Routes of an address, and what all of them say of themselves.
pub(super) struct Table {
    /// The address; none for the document of both.
    side: Option<Side>,
    pub router: Router<Door>,
    pub operations: Vec<Operation>,
}

/// A command's place: where it is asked for, what it is called and what it does.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub method: &'static str,
    pub path: &'static str,
    pub sides: &'static [Side],
    /// Whose log it is recorded in; none where the input says.
    pub context: Option<Context>,
    pub name: &'static str,
    pub summary: &'static str,
    pub creates: Creates,
}

/// What comes into being.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Creates {
    /// Nothing.
    Nothing,
    /// A thing with the answer's id.
    ById,
    /// A thing with the answer's SKU.
    BySku,
}

/// A group of commands of one context.
#[derive(Clone, Copy)]
pub(super) struct Group {
    pub context: Option<Context>,
    pub sides: &'static [Side],
}

impl Group {
    const fn place(
        self,
        method: &'static str,
        path: &'static str,
        name: &'static str,
        summary: &'static str,
    ) -> Place {
        let Self { context, sides } = self;
        Place { method, path, sides, context, name, summary, creates: Creates::Nothing }
    }

    pub const fn post(self, path: &'static str, name: &'static str, summary: &'static str) -> Place {
        self.place("POST", path, name, summary)
    }

    pub const fn put(self, path: &'static str, name: &'static str, summary: &'static str) -> Place {
        self.place("PUT", path, name, summary)
    }

    pub const fn patch(self, path: &'static str, name: &'static str, summary: &'static str) -> Place {
        self.place("PATCH", path, name, summary)
    }

    pub const fn delete(self, path: &'static str, name: &'static str, summary: &'static str) -> Place {
        self.place("DELETE", path, name, summary)
    }
}

impl Place {
    /// It brings something into being, which is found by its id.
    pub const fn creating(self) -> Self {
        Self { creates: Creates::ById, ..self }
    }

    /// It brings something into being, which is found by its SKU.
    pub const fn creating_sku(self) -> Self {
        Self { creates: Creates::BySku, ..self }
    }
}

impl Table {
    /// The table of an address, or of both.
    pub fn of(side: Option<Side>) -> Self {
        Self { side, router: Router::new(), operations: Vec::new() }
    }

    /// A command. `I`: what its body says.
    pub fn command<I, F, R>(mut self, place: Place, run: F) -> Self
    where
        I: DeserializeOwned + ToSchema + Send + 'static,
        F: Fn(Call<I>) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<Accepted, CommandError>> + Send + 'static,
    {
        if self.side.is_some_and(|side| !place.sides.contains(&side)) {
            return self;
        }
        self.operations.push(Operation::command::<I>(&place, self.side));
        self.router = self.router.route(place.path, handled(place, run));
        self
    }

    /// What became of a command.
    pub fn status(mut self, path: &'static str) -> Self {
        self.operations.push(Operation::status::<status::CommandStatus>(path, self.side));
        self.router = self.router.route(path, get(status::command_status));
        self
    }
}

fn handled<I, F, R>(place: Place, run: F) -> MethodRouter<Door>
where
    I: DeserializeOwned + Send + 'static,
    F: Fn(Call<I>) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<Accepted, CommandError>> + Send + 'static,
{
    // The names in this file are methods.
    let method = place.method.parse::<Method>().ok().and_then(|method| MethodFilter::try_from(method).ok());
    let handler = move |State(door): State<Door>, params: RawPathParams, request: Request| {
        let run = run.clone();
        async move {
            let path = request.uri().path().to_owned();
            let call = Call::<I>::read(&door, &params, request).await?;
            not_elsewhere(&door, &place, call.meta.command()).await?;
            let accepted = run(call).await?;
            Ok::<Response, Problem>(told(&place, &path, accepted))
        }
    };
    method.map_or_else(MethodRouter::new, |method| on(method, handler))
}

/// A ledger only knows the commands of its own context, and staff give commands to all of them: a key that came with a
/// command of another context came with another request.
async fn not_elsewhere(door: &Door, place: &Place, command: CommandId) -> Result<(), Problem> {
    let (Side::Staff, Some(own)) = (door.0.side, place.context) else { return Ok(()) };
    match door.0.commands.what_became_of(command).await? {
        Some((context, _, _)) if context != own => Err(key_reused()),
        _ => Ok(()),
    }
}

/// The answer to a command that was carried out.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AcceptedBody {
    #[serde(flatten)]
    accepted: Accepted,
    status_url: String,
}

/// A command was carried out: now, or when it came first.
#[derive(ToSchema)]
#[schema(as = Accepted, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes how an accepted command is written as JSON")]
pub(super) struct AcceptedShape {
    /// Ask with it what became of the command.
    command_id: String,
    /// What it was about: an order's, product's, category's or parcel's id, or a SKU.
    id: String,
    /// The version that its stream has now (had, when the command came first).
    version: u64,
    /// `stream@version`, several joined by commas: a query that presents it sees at least this.
    token: String,
    /// Where to ask what became of it.
    #[schema(example = "/v1/commands/0b3c9a52-3c4f-5d0e-9a55-0f7a1f6f6f10")]
    status_url: String,
    /// A placed order's id.
    order_id: Option<String>,
    /// A placed order's number for people.
    order_number: Option<String>,
    /// With it a guest sees and changes the placed order.
    guest_token: Option<String>,
    /// A placed order's sums: subtotal, discount, shipping, tax and grand.
    #[schema(value_type = Option<Object>)]
    totals: Option<Value>,
    /// A product's id.
    product_id: Option<String>,
    /// A category's id.
    category_id: Option<String>,
    /// A product's or category's address.
    slug: Option<String>,
    /// A variant's SKU.
    sku: Option<String>,
}

fn told(place: &Place, path: &str, accepted: Accepted) -> Response {
    let made = match place.creates {
        Creates::Nothing => None,
        Creates::ById => Some(accepted.id.clone()),
        Creates::BySku => accepted.answer.get("sku").and_then(Value::as_str).map(str::to_owned),
    };
    let status = if made.is_some() { StatusCode::CREATED } else { StatusCode::ACCEPTED };
    let replayed = accepted.replayed;
    let status_url = format!("/v1/commands/{}", accepted.command_id);
    let location = made.map_or_else(|| status_url.clone(), |made| format!("{path}/{made}"));
    let body = AcceptedBody { accepted, status_url };
    let mut response = (status, Json(body)).into_response();
    let headers = response.headers_mut();
    if let Ok(location) = HeaderValue::try_from(location) {
        headers.insert(header::LOCATION, location);
    }
    if replayed {
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}
