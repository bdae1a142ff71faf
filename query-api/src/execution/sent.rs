//! What subscriptions send: async-graphql streams the values, and what the operation selects of each is executed here.

use std::borrow::Cow;
use std::sync::Arc;

use async_graphql::parser::types::{self, ExecutableDocument};
use async_graphql::registry::Registry;
use async_graphql::{ContextSelectionSet, OutputType, Positioned, ServerResult, Value, Variables};

use super::call::{Path, internal};
use super::selection::{AbstractTypes, Field};
use super::{Call, Env, Missing, Output};
use crate::reader::Readers;

/// A value that a subscription sends.
pub(crate) struct Sent<T>(pub(crate) T);

/// The operation that subscribes.
pub(super) struct Subscribed {
    pub(super) document: Arc<ExecutableDocument>,
    /// With defaults.
    pub(super) variables: Variables,
    pub(super) abstract_types: Arc<AbstractTypes>,
    /// Each value is answered with a reader of its own, and not with what an earlier one read.
    pub(super) readers: Readers,
}

impl<T: OutputType + Output> OutputType for Sent<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(
        &self,
        context: &ContextSelectionSet<'_>,
        syntax: &Positioned<types::Field>,
    ) -> ServerResult<Value> {
        let failed = |what: &dyn std::fmt::Display| internal(what).into_server_error(syntax.pos);
        let operation = context.data::<Arc<Subscribed>>().map_err(|error| failed(&error.message))?;
        let Subscribed { document, variables, abstract_types, readers } = &**operation;
        let reader = readers.reader();
        let env = Env::new(document, variables, abstract_types, &reader, None);
        let field = Field::of(syntax);
        let path = Path::Field(&Path::Root, field.key);
        let written = Output::resolve(&self.0, Call { env: &env, field: &field, path: &path }).await;
        let mut errors = env.errors.into_inner();
        let value = match written {
            Ok(json) => serde_json::from_slice(&json).map_err(|error| failed(&error)),
            // An event has only this field, which must not be null.
            Err(Missing) => {
                Err(errors.pop().unwrap_or_else(|| failed(&"a value is missing without an error")))
            }
        };
        errors.into_iter().for_each(|error| context.add_error(error));
        value
    }
}
