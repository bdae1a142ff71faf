//! Executing queries.
//!
//! The schema, its validation, its introspection and the streams of subscriptions are async-graphql's. Everything else is executed
//! here, by the algorithms of the GraphQL specification (§6): async-graphql makes a future and a map entry of every field, inserts
//! fields in the order in which they are ready, and differs from the specification in defaults, directives and nulls
//! (docs/adr/0044). Here a field that needs nothing but its object is written to the response at once; only a field that reads
//! something is a future. Fields of one level are read together.

mod call;
mod outputs;
mod schema;
mod selection;
mod sent;
mod variables;

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::Arc;

use async_graphql::parser::types::{ExecutableDocument, OperationDefinition};
use async_graphql::{ServerError, Variables};
use futures_util::future::BoxFuture;
use parking_lot::Mutex;

pub(crate) use self::call::{Call, Ctx, described_only};
pub(crate) use self::outputs::{leaf, merged, objects, one_of, write_json, write_leaf};
pub(crate) use self::schema::{Schemas, Typed};
use self::selection::{AbstractTypes, Field};
pub(crate) use self::sent::Sent;
pub(crate) use self::variables::coerced;
use crate::reader::Reader;

/// A field without a value: its error is recorded, and the nearest object around it that may be null is null.
#[derive(Debug)]
pub(crate) struct Missing;

/// Whether a value was written.
pub(crate) type Written = Result<(), Missing>;
/// A value that is being read, as JSON.
pub(crate) type Later<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, Missing>> + Send + 'a>>;

/// A set of fields, shared between the objects of a list.
type Set<'d> = Arc<selection::Set<'d>>;

const NULL: &[u8] = b"null";

/// A value of a field.
pub(crate) trait Output: Send + Sync {
    /// Whether the schema lets it be null.
    const NULLABLE: bool = false;

    /// Whether the parts of it that the call selects need nothing but the value.
    fn is_plain(call: Call<'_, '_>) -> bool;

    /// Writes it, if it is plain.
    fn write(&self, call: Call<'_, '_>, out: &mut Vec<u8>) -> Written;

    /// Reads and writes it, whether it is plain or not.
    fn resolve<'a>(&'a self, call: Call<'a, '_>) -> Later<'a>;
}

/// An object type. Implemented by `#[object]` and `#[derive(Fields)]`.
pub(crate) trait Object: Send + Sync {
    /// The type's name in the schema.
    fn name() -> Cow<'static, str>;

    /// Whether it has this field.
    fn has(field: &str) -> bool;

    /// Whether the called field and what it selects need nothing but the object.
    fn is_plain(call: Call<'_, '_>) -> bool;

    /// Writes the called field, if it is plain.
    fn write(&self, call: Call<'_, '_>, out: &mut Vec<u8>) -> Written;

    /// Reads and writes the called field.
    fn resolve<'a>(&'a self, call: Call<'a, '_>) -> Later<'a>;
}

/// Runs a field of the schema's description. Answers its value as JSON.
pub(crate) type Introspect<'d> = dyn Fn(&async_graphql::parser::types::Field) -> BoxFuture<'d, Result<Vec<u8>, Vec<ServerError>>>
    + Send
    + Sync
    + 'd;

/// What a query is executed with.
pub(crate) struct Env<'d> {
    pub(crate) document: &'d ExecutableDocument,
    /// With defaults ([`coerced`]).
    pub(crate) variables: &'d Variables,
    pub(crate) abstract_types: &'d AbstractTypes,
    pub(crate) reader: &'d Reader,
    /// `None` in subscriptions, which do not begin at the root of queries.
    pub(crate) introspect: Option<&'d Introspect<'d>>,
    errors: Mutex<Vec<ServerError>>,
}

impl<'d> Env<'d> {
    fn new(
        document: &'d ExecutableDocument,
        variables: &'d Variables,
        abstract_types: &'d AbstractTypes,
        reader: &'d Reader,
        introspect: Option<&'d Introspect<'d>>,
    ) -> Self {
        Self { document, variables, abstract_types, reader, introspect, errors: Mutex::default() }
    }

    /// Executes an operation of the document on the root of the schema. Answers the data as JSON, and the errors.
    async fn execute<Q: Output>(
        self,
        root: &Q,
        operation: &'d OperationDefinition,
    ) -> (Vec<u8>, Vec<ServerError>) {
        let field = Field::root(&operation.selection_set.node);
        let call = Call { env: &self, field: &field, path: &call::Path::Root };
        let data = root.resolve(call).await;
        let data = data.unwrap_or_else(|Missing| NULL.to_vec());
        (data, self.errors.into_inner())
    }
}

/// [`Output::is_plain`] of an object.
pub(crate) fn object_is_plain<T: Object>(call: Call<'_, '_>) -> bool {
    call.set::<T>().is_plain
}

/// [`Output::write`] of an object.
pub(crate) fn write_object<T: Object>(object: &T, call: Call<'_, '_>, out: &mut Vec<u8>) -> Written {
    let set = call.set::<T>();
    out.push(b'{');
    for (at, field) in set.fields.iter().enumerate() {
        write_key(at, field, out);
        let path = call::Path::Field(call.path, field.key);
        write_field(object, Call { env: call.env, field, path: &path }, out)?;
    }
    out.push(b'}');
    Ok(())
}

/// [`Output::resolve`] of an object: writes its plain fields, and reads the others together.
pub(crate) fn resolve_object<'a, T: Object>(object: &'a T, call: Call<'a, '_>) -> Later<'a> {
    Box::pin(async move {
        let set = call.set::<T>();
        let paths: Vec<_> = set.fields.iter().map(|field| call::Path::Field(call.path, field.key)).collect();
        let (mut out, mut gaps, mut reads) = (vec![b'{'], Vec::new(), Vec::new());
        for (at, (field, path)) in set.fields.iter().zip(&paths).enumerate() {
            write_key(at, field, &mut out);
            let inner = Call { env: call.env, field, path };
            if field.is_plain {
                write_field(object, inner, &mut out)?;
            } else if field.is_about_schema() {
                gaps.push(out.len());
                reads.push(inner.introspect());
            } else {
                gaps.push(out.len());
                reads.push(object.resolve(inner));
            }
        }
        out.push(b'}');
        Ok(fill(&out, &gaps, &outputs::all(reads).await?))
    })
}

fn write_key(at: usize, field: &Field<'_>, out: &mut Vec<u8>) {
    if at > 0 {
        out.push(b',');
    }
    // A name of GraphQL needs no escapes.
    out.push(b'"');
    out.extend_from_slice(field.key.as_bytes());
    out.extend_from_slice(b"\":");
}

fn write_field<T: Object>(object: &T, call: Call<'_, '_>, out: &mut Vec<u8>) -> Written {
    if call.name() == "__typename" {
        return write_json(&T::name(), call, out);
    }
    object.write(call, out)
}

/// Puts the values that were read into the gaps.
fn fill(out: &[u8], gaps: &[usize], read: &[Vec<u8>]) -> Vec<u8> {
    let mut filled = Vec::with_capacity(out.len() + read.iter().map(Vec::len).sum::<usize>());
    let mut from = 0;
    for (gap, value) in gaps.iter().zip(read) {
        filled.extend_from_slice(&out[from..*gap]);
        filled.extend_from_slice(value);
        from = *gap;
    }
    filled.extend_from_slice(&out[from..]);
    filled
}
