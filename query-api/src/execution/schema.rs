//! A schema with everything that its operations need: validation, execution and subscriptions.

use std::sync::Arc;

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute};
use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, Field, OperationDefinition, OperationType, Selection,
    SelectionSet,
};
use async_graphql::{
    EmptyMutation, ObjectType, Positioned, Request, Response, Schema, SchemaBuilder, ServerError,
    SubscriptionType, ValidationMode, Value, Variables, async_trait,
};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

use super::call::internal;
use super::sent::Subscribed;
use super::{AbstractTypes, Env, Output};
use crate::reader::{Reader, Readers};

/// A schema whose types are erased.
#[async_trait::async_trait]
pub(crate) trait Schemas: Send + Sync {
    /// What is wrong with a request; nothing if it is valid.
    async fn validate(&self, request: Request) -> Vec<ServerError>;

    /// Executes a valid query. Answers the data as JSON, and the errors.
    async fn execute(
        &self,
        document: &ExecutableDocument,
        operation: &OperationDefinition,
        variables: &Variables,
        reader: &Reader,
    ) -> (Vec<u8>, Vec<ServerError>);

    /// The answers to a valid subscription. The variables have their defaults.
    fn subscribe(
        &self,
        request: Request,
        document: Arc<ExecutableDocument>,
        readers: &Readers,
    ) -> BoxStream<'static, Response>;
}

/// A schema, its root, and what it is described as.
pub(crate) struct Typed<Q, S> {
    root: Q,
    abstract_types: Arc<AbstractTypes>,
    validator: Schema<Q, EmptyMutation, S>,
    /// Runs what was validated.
    runner: Schema<Q, EmptyMutation, S>,
}

impl<Q, S> Typed<Q, S>
where
    Q: ObjectType + Output + Default + 'static,
    S: SubscriptionType + 'static,
{
    /// The schema that `build` begins.
    pub(crate) fn new(build: impl Fn() -> SchemaBuilder<Q, EmptyMutation, S>, sdl: &str) -> Self {
        Self {
            root: Q::default(),
            abstract_types: Arc::new(AbstractTypes::of(sdl)),
            validator: build().extension(Validates).finish(),
            runner: build().validation_mode(ValidationMode::Fast).finish(),
        }
    }

    /// Runs a field of the schema's description.
    fn introspect<'d>(
        &'d self,
        document: &'d ExecutableDocument,
        operation: &'d OperationDefinition,
        variables: &'d Variables,
        field: &Field,
    ) -> BoxFuture<'d, Result<Vec<u8>, Vec<ServerError>>> {
        let (key, pos) = (field.response_key().node.clone(), field.name.pos);
        let selection = Positioned::new(Selection::Field(Positioned::new(field.clone(), pos)), pos);
        let set = SelectionSet { items: vec![selection] };
        let alone = OperationDefinition {
            ty: OperationType::Query,
            variable_definitions: operation.variable_definitions.clone(),
            directives: Vec::new(),
            selection_set: Positioned::new(set, pos),
        };
        let alone = ExecutableDocument {
            operations: DocumentOperations::Single(Positioned::new(alone, pos)),
            fragments: document.fragments.clone(),
        };
        let mut request = Request::new("").variables(variables.clone());
        request.set_parsed_query(alone);
        async move {
            let answer = self.runner.execute(request).await;
            if !answer.errors.is_empty() {
                return Err(answer.errors);
            }
            let value = match answer.data {
                Value::Object(mut fields) => fields.swap_remove(&key).unwrap_or_default(),
                _ => Value::Null,
            };
            serde_json::to_vec(&value).map_err(|error| vec![internal(error).into_server_error(pos)])
        }
        .boxed()
    }
}

#[async_trait::async_trait]
impl<Q, S> Schemas for Typed<Q, S>
where
    Q: ObjectType + Output + Default + 'static,
    S: SubscriptionType + 'static,
{
    async fn validate(&self, request: Request) -> Vec<ServerError> {
        self.validator.execute(request).await.errors
    }

    async fn execute(
        &self,
        document: &ExecutableDocument,
        operation: &OperationDefinition,
        variables: &Variables,
        reader: &Reader,
    ) -> (Vec<u8>, Vec<ServerError>) {
        let introspect = |field: &Field| self.introspect(document, operation, variables, field);
        let env = Env::new(document, variables, &self.abstract_types, reader, Some(&introspect));
        env.execute(&self.root, operation).await
    }

    fn subscribe(
        &self,
        request: Request,
        document: Arc<ExecutableDocument>,
        readers: &Readers,
    ) -> BoxStream<'static, Response> {
        let variables = request.variables.clone();
        let (abstract_types, readers) = (self.abstract_types.clone(), readers.clone());
        let subscribed = Subscribed { document, variables, abstract_types, readers: readers.clone() };
        let request = request.data(Arc::new(subscribed)).data(readers);
        Box::pin(self.runner.execute_stream(request))
    }
}

/// Ends a request after its validation.
struct Validates;

impl ExtensionFactory for Validates {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait::async_trait]
impl Extension for Validates {
    async fn execute(&self, _: &ExtensionContext<'_>, _: Option<&str>, _: NextExecute<'_>) -> Response {
        Response::new(Value::Null)
    }
}
