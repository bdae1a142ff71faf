//! The commands as OpenAPI, made from the table that also makes the routes.

use std::collections::BTreeMap;

use utoipa::openapi::path::{HttpMethod, OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{Object, ObjectBuilder, Schema, Type};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, HeaderBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Paths, Ref,
    RefOr, Required, Response,
};
use utoipa::{PartialSchema, ToSchema};

use super::Side;
use super::problem::ProblemBody;
use super::table::{AcceptedShape, Creates, Place};

type Components = Vec<(String, RefOr<Schema>)>;

/// A described operation, with the schemas that it refers to.
pub(super) struct Operation {
    path: &'static str,
    method: HttpMethod,
    operation: OperationBuilder,
    components: Components,
}

impl Operation {
    /// A command, whose body is an `I`. `side`: the address that the document is of; none for both.
    pub fn command<I: ToSchema>(place: &Place, side: Option<Side>) -> Self {
        let mut components = component::<I>();
        components.extend(component::<AcceptedShape>());
        let body = RequestBodyBuilder::new()
            .content("application/json", ContentBuilder::new().schema(Some(refers::<I>())).build())
            .required(Some(if says_nothing::<I>() { Required::False } else { Required::True }));
        let mut operation = OperationBuilder::new()
            .operation_id(Some(place.name))
            .summary(Some(place.summary))
            .tags(Some(tags(place.sides, side)))
            .parameters(Some(parameters(place, side)))
            .request_body(Some(body.build()))
            .response(if place.creates == Creates::Nothing { "202" } else { "201" }, accepted(place.creates));
        for (status, description) in problems(place) {
            operation = operation.response(status, problem(description));
        }
        let method = match place.method {
            "PUT" => HttpMethod::Put,
            "PATCH" => HttpMethod::Patch,
            "DELETE" => HttpMethod::Delete,
            _ => HttpMethod::Post,
        };
        Self { path: place.path, method, operation, components }
    }

    /// The question what became of a command, answered by an `S`.
    pub fn status<S: ToSchema>(path: &'static str, side: Option<Side>) -> Self {
        let found = ResponseBuilder::new()
            .description("What became of it, refusals included.")
            .content("application/json", ContentBuilder::new().schema(Some(refers::<S>())).build());
        let operation = OperationBuilder::new()
            .operation_id(Some("commandStatus"))
            .summary(Some("Tells what became of a command."))
            .tags(Some(tags(&[Side::Public, Side::Staff], side)))
            .parameters(Some(path_parameters(path)))
            .response("200", found.build())
            .response("404", problem("No ledger knows the command (any more)."));
        Self { path, method: HttpMethod::Get, operation, components: component::<S>() }
    }
}

/// The whole document.
pub(super) fn document(operations: Vec<Operation>) -> OpenApi {
    let mut components: BTreeMap<String, RefOr<Schema>> = component::<ProblemBody>().into_iter().collect();
    let mut paths = Paths::new();
    for Operation { path, method, operation, components: more } in operations {
        components.extend(more);
        paths.add_path_operation(path, vec![method], operation);
    }
    let description = "Commands of a Chorale shop. What became of them shows in the GraphQL API: present the answer's \
        `token` there to see at least this. Public operations are for shoppers, staff operations are served at the back \
        office's address only.";
    let components =
        components.into_iter().fold(ComponentsBuilder::new(), |all, (name, schema)| all.schema(name, schema));
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new().title("Chorale commands").version("1").description(Some(description)).build(),
        )
        .paths(paths)
        .components(Some(components.build()))
        .tags(Some([
            TagBuilder::new().name("public").description(Some("For shoppers.")).build(),
            TagBuilder::new().name("staff").description(Some("For those who work in the shop.")).build(),
        ]))
        .build()
}

fn tags(sides: &[Side], side: Option<Side>) -> Vec<&'static str> {
    let shown = sides.iter().filter(|one| side.is_none_or(|side| side == **one));
    shown.map(|side| if *side == Side::Public { "public" } else { "staff" }).collect()
}

fn parameters(place: &Place, side: Option<Side>) -> Vec<Parameter> {
    let mut parameters = path_parameters(place.path);
    let key = "A new random value for each command, the same when it is repeated: then the first answer comes again. At \
        most 200 visible ASCII characters; nobody else should be able to guess it.";
    parameters.push(header("Idempotency-Key", key, Required::True));
    if place.sides.contains(&Side::Public) && side != Some(Side::Staff) && place.path.contains("{id}") {
        let required = if place.sides.contains(&Side::Staff) && side.is_none() {
            Required::False
        } else {
            Required::True
        };
        parameters.push(header(
            "X-Guest-Token",
            "The token that placing the order gave. Not asked of staff.",
            required,
        ));
    }
    let version = "The version that must still be the latest, such as \"7\"; otherwise 409.";
    parameters.push(header("If-Match", version, Required::False));
    parameters.push(header("traceparent", "W3C trace context, taken over into events.", Required::False));
    parameters
}

fn path_parameters(path: &str) -> Vec<Parameter> {
    let named = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let parameter = |name: &str| {
        let parameter =
            ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path).required(Required::True);
        parameter.schema(Some(text())).build()
    };
    named.map(parameter).collect()
}

fn header(name: &str, description: &str, required: Required) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(required)
        .description(Some(description))
        .schema(Some(text()))
        .build()
}

fn text() -> Object {
    ObjectBuilder::new().schema_type(Type::String).build()
}

fn accepted(creates: Creates) -> Response {
    let (description, location) = match creates {
        Creates::Nothing => ("Carried out and recorded.", "Where to ask what became of it."),
        Creates::ById | Creates::BySku => ("Created and recorded.", "What was created."),
    };
    let named =
        |description: &str| HeaderBuilder::new().schema(Some(text())).description(Some(description)).build();
    ResponseBuilder::new()
        .description(description)
        .header("Location", named(location))
        .header("Idempotent-Replayed", named("`true`: this is the first answer again."))
        .content("application/json", ContentBuilder::new().schema(Some(refers::<AcceptedShape>())).build())
        .build()
}

fn problems(place: &Place) -> Vec<(&'static str, &'static str)> {
    let mut problems = vec![
        ("400", "Malformed: all fields that are wrong are named at once."),
        ("409", "Another version than If-Match insists on, or the key came with another request."),
        ("413", "The body is too large."),
        ("415", "The body is not application/json."),
        ("422", "Refused by a rule."),
        ("503", "Not now: repeat it under the same key after Retry-After."),
    ];
    if place.path.contains('{') {
        problems.insert(1, ("404", "There is no such thing, or it is not yours."));
    }
    problems
}

fn problem(description: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(refers::<ProblemBody>())).build();
    ResponseBuilder::new().description(description).content("application/problem+json", content).build()
}

/// Whether a body may be left out, because it need not say anything.
fn says_nothing<I: ToSchema>() -> bool {
    matches!(I::schema(), RefOr::T(Schema::Object(object)) if object.required.is_empty())
}

fn refers<T: ToSchema>() -> RefOr<Schema> {
    RefOr::Ref(Ref::from_schema_name(T::name()))
}

fn component<T: ToSchema>() -> Components {
    let mut components = vec![(T::name().into_owned(), <T as PartialSchema>::schema())];
    T::schemas(&mut components);
    components
}
