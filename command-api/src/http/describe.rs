//! The OpenAPI document, generated from the table that also contains the routes.

use std::collections::BTreeMap;

use http_server::Audience;
use schemas::Sku;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::info::{ContactBuilder, LicenseBuilder};
use utoipa::openapi::path::{HttpMethod, OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{Object, ObjectBuilder, Schema, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::server::ServerBuilder;
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, HeaderBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Paths, Ref,
    RefOr, Required, Response,
};

use super::accepted::AcceptedSchema;
use super::contract::{Components, component};
use super::problem::ProblemBody;
use super::resource::ResourceSpec;
use super::route::{Creates, RouteSpec};
use super::routes;

/// The description of an operation, with the schemas that it refers to.
pub(super) struct Operation {
    path: &'static str,
    method: HttpMethod,
    operation: OperationBuilder,
    components: Components,
}

impl Operation {
    /// A command whose body is an `I`. `audience`: for whom the document is; `None` for both.
    pub(super) fn command<I: ToSchema>(route: &RouteSpec, audience: Option<Audience>) -> Self {
        let mut components = component::<I>();
        components.extend(component::<AcceptedSchema>());
        let body = RequestBodyBuilder::new()
            .content(
                "application/json",
                ContentBuilder::new().schema(Some(refers::<I>())).example(example::<I>()).build(),
            )
            .required(Some(if has_no_required_fields::<I>() { Required::False } else { Required::True }));
        let mut operation = OperationBuilder::new()
            .operation_id(Some(route.name))
            .summary(Some(route.summary))
            .description(Some(format!("{} {}", route.summary, recorded_by(route))))
            .tags(Some(tags(route.audiences, audience)))
            .parameters(Some(parameters(route, audience)))
            .request_body(Some(body.build()))
            .response(if route.creates == Creates::Nothing { "202" } else { "201" }, accepted(route.creates));
        for (status, description) in problems(route) {
            operation = operation.response(status, problem(description));
        }
        let method = match route.method {
            "PUT" => HttpMethod::Put,
            "PATCH" => HttpMethod::Patch,
            "DELETE" => HttpMethod::Delete,
            _ => HttpMethod::Post,
        };
        Self { path: route.path, method, operation, components }
    }

    /// An object that a command created, described by an `R`.
    pub(super) fn resource<R: ToSchema>(spec: &ResourceSpec, audience: Option<Audience>) -> Self {
        let found = ResponseBuilder::new()
            .description("The object exists, in this version.")
            .content("application/json", ContentBuilder::new().schema(Some(refers::<R>())).build());
        let mut parameters = path_parameters(spec.path);
        parameters.extend(guest_token(spec.path, spec.audiences, audience));
        let operation = OperationBuilder::new()
            .operation_id(Some(spec.name))
            .summary(Some(spec.summary))
            .description(Some(format!("{} The GraphQL API has its contents.", spec.summary)))
            .tags(Some(tags(spec.audiences, audience)))
            .parameters(Some(parameters))
            .response("200", found.build())
            .response("400", problem("The id is that of an object of another type."))
            .response("404", problem("The object does not exist, or does not belong to the caller."));
        let operation = failures(operation, "503");
        Self { path: spec.path, method: HttpMethod::Get, operation, components: component::<R>() }
    }

    /// The outcome of a command, described by an `S`.
    pub(super) fn status<S: ToSchema>(path: &'static str, audience: Option<Audience>) -> Self {
        let found = ResponseBuilder::new()
            .description("The recorded outcome, which may be a refusal.")
            .content("application/json", ContentBuilder::new().schema(Some(refers::<S>())).build());
        let operation = OperationBuilder::new()
            .operation_id(Some("commandStatus"))
            .summary(Some("Returns the recorded outcome of a command."))
            .description(Some("Returns the recorded outcome of a command, which is kept for 30 days."))
            .tags(Some(tags(&[Audience::Public, Audience::Staff], audience)))
            .parameters(Some(path_parameters(path)))
            .response("200", found.build())
            .response("404", problem("Unknown command, or its answer has expired."));
        let operation = failures(operation, "503");
        Self { path, method: HttpMethod::Get, operation, components: component::<S>() }
    }
}

/// An example of an input.
fn example<I: ToSchema>() -> Option<Value> {
    Some(routes::input(&I::name())?.example?())
}

/// The whole document.
pub(super) fn document(operations: Vec<Operation>) -> OpenApi {
    let mut components: BTreeMap<String, RefOr<Schema>> = component::<ProblemBody>().into_iter().collect();
    let mut paths = Paths::new();
    for Operation { path, method, operation, components: more } in operations {
        components.extend(more);
        paths.add_path_operation(path, vec![method], operation);
    }
    let description = "Commands of a Chorale shop. Their effects appear in the GraphQL API: pass the answer's `token` there \
        to see them for certain. Operations tagged `public` are for shoppers; those tagged `staff` are only served at the \
        back-office address.";
    let components =
        components.into_iter().fold(ComponentsBuilder::new(), |all, (name, schema)| all.schema(name, schema));
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Chorale commands")
                .version("1")
                .description(Some(description))
                .contact(Some(ContactBuilder::new().name(Some("The operator of the shop")).build()))
                .license(Some(
                    LicenseBuilder::new().name("Apache 2.0").identifier(Some("Apache-2.0")).build(),
                ))
                .build(),
        )
        .servers(Some([ServerBuilder::new()
            .url("/")
            .description(Some("The address that serves this document."))
            .build()]))
        // There is no sign-in: the address tells shoppers and staff apart.
        .security(Some([SecurityRequirement::default()]))
        .paths(paths)
        .components(Some(components.build()))
        .tags(Some([
            TagBuilder::new()
                .name("public")
                .description(Some("Operations for shoppers, at the public address."))
                .build(),
            TagBuilder::new()
                .name("staff")
                .description(Some("Operations for the shop's staff, at the back-office address."))
                .build(),
        ]))
        .build()
}

fn tags(audiences: &[Audience], audience: Option<Audience>) -> Vec<&'static str> {
    let shown = audiences.iter().filter(|one| audience.is_none_or(|audience| audience == **one));
    shown.map(|audience| if *audience == Audience::Public { "public" } else { "staff" }).collect()
}

fn parameters(route: &RouteSpec, audience: Option<Audience>) -> Vec<Parameter> {
    let mut parameters = path_parameters(route.path);
    let key = "A new random value for each command; a retry with the same value returns the first answer. 1 to 200 \
        visible ASCII characters that others cannot guess, alone or in double quotes.";
    parameters.push(header("Idempotency-Key", key, Required::True, key_schema()));
    parameters.extend(guest_token(route.path, route.audiences, audience));
    let version = "The version that the object must have, such as \"7\"; otherwise the answer is 409. Default: not checked.";
    parameters.push(header(
        "If-Match",
        version,
        Required::False,
        matching(r#"^(\*|[0-9]{1,18}|"[0-9]{1,18}")$"#),
    ));
    let token = "Consistency tokens of earlier commands, separated by commas. The command waits, for at most 2 seconds, until \
        its context has handled these versions of streams of other contexts.";
    parameters.push(header("X-Consistency-Token", token, Required::False, text()));
    parameters.push(header(
        "traceparent",
        "W3C trace context, recorded with the events. Default: a new trace.",
        Required::False,
        text(),
    ));
    parameters
}

/// The header that gives guests access to their order, where the path names one.
fn guest_token(path: &str, audiences: &[Audience], audience: Option<Audience>) -> Option<Parameter> {
    let for_guests = audiences.contains(&Audience::Public) && audience != Some(Audience::Staff);
    let description = "The guest token from the answer to `placeOrder`. Not required of staff.";
    let required = match audiences.contains(&Audience::Staff) && audience.is_none() {
        true => Required::False,
        false => Required::True,
    };
    (for_guests && path.contains("{id}")).then(|| header("X-Guest-Token", description, required, text()))
}

fn recorded_by(route: &RouteSpec) -> String {
    match route.context {
        Some(context) => format!("The log of `{context}` records it."),
        None => "The log of the context that the body names records it.".to_owned(),
    }
}

fn key_schema() -> Object {
    let characters = r#"[!#-\[\]-~]{1,200}"#;
    matching(&format!(r#"^({characters}|"{characters}")$"#))
}

fn matching(pattern: &str) -> Object {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern)).build()
}

fn path_parameters(path: &str) -> Vec<Parameter> {
    let named = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let parameter = |name: &str| {
        let description = match name {
            "sku" => "SKU of the variant: 1 to 64 letters, digits, dots, dashes or underscores.",
            _ if path.contains("/commands/") => "Id of the command (a UUID), from the command's answer.",
            _ => "Id of the object: a UUID, or the global id that queries answer.",
        };
        let parameter =
            ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path).required(Required::True);
        let schema = match name {
            "sku" => {
                let sku = ObjectBuilder::new().schema_type(Type::String).pattern(Some(Sku::PATTERN));
                sku.max_length(Some(Sku::LONGEST)).examples([json!("TEA-100")]).build()
            }
            _ => text(),
        };
        parameter.description(Some(description)).schema(Some(schema)).build()
    };
    named.map(parameter).collect()
}

fn header(name: &str, description: &str, required: Required, schema: Object) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(required)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}

/// The answers of every operation whose store does not answer, or that has a defect.
fn failures(operation: OperationBuilder, unavailable: &'static str) -> OperationBuilder {
    operation
        .response("500", problem("A defect of the shop. It is safe to send the request again."))
        .response(unavailable, problem("Temporarily unavailable. Send the request again after Retry-After."))
}

fn text() -> Object {
    ObjectBuilder::new().schema_type(Type::String).build()
}

fn accepted(creates: Creates) -> Response {
    let (description, location) = match creates {
        Creates::Nothing => ("The command was carried out and recorded.", "Path of the command's status."),
        Creates::ById | Creates::BySku => {
            ("The object was created and recorded.", "Path of the created object.")
        }
    };
    let named =
        |description: &str| HeaderBuilder::new().schema(Some(text())).description(Some(description)).build();
    ResponseBuilder::new()
        .description(description)
        .header("Location", named(location))
        .header("Idempotent-Replayed", named("`true` if this is the first answer, returned again."))
        .content("application/json", ContentBuilder::new().schema(Some(refers::<AcceptedSchema>())).build())
        .build()
}

fn problems(route: &RouteSpec) -> Vec<(&'static str, &'static str)> {
    let mut problems = vec![
        ("400", "The request is malformed. All invalid fields are listed."),
        (
            "409",
            "The version differs from If-Match, or the Idempotency-Key was used for a different request.",
        ),
        ("413", "The body exceeds the size limit."),
        ("415", "The body is not sent as application/json, or is compressed."),
        ("422", "A business rule refuses the command."),
        ("500", "A defect of the shop. It is safe to retry with the same Idempotency-Key."),
        ("503", "Temporarily unavailable. Retry with the same Idempotency-Key after Retry-After."),
    ];
    // The path of redriveReaction names nothing, but its body does.
    if route.path.contains('{') || route.context.is_none() {
        problems.insert(1, ("404", "The object does not exist, or does not belong to the caller."));
    }
    problems
}

fn problem(description: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(refers::<ProblemBody>())).build();
    ResponseBuilder::new().description(description).content("application/problem+json", content).build()
}

/// Whether the body may be left out.
fn has_no_required_fields<I: ToSchema>() -> bool {
    matches!(I::schema(), RefOr::T(Schema::Object(object)) if object.required.is_empty())
}

fn refers<T: ToSchema>() -> RefOr<Schema> {
    RefOr::Ref(Ref::from_schema_name(T::name()))
}
