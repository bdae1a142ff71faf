//! A field that is being executed.

use async_graphql::{Error, InputType, PathSegment, ServerError};

use super::selection::Field;
use super::{Env, Later, Missing, NULL, Object, Output, Set, Written, variables};
use crate::reader::Reader;

/// A field that is being executed, and where.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a, 'd> {
    pub(super) env: &'a Env<'d>,
    pub(super) field: &'a Field<'d>,
    pub(super) path: &'a Path<'a>,
}

/// The place of a value in the response.
pub(crate) enum Path<'a> {
    Root,
    Field(&'a Path<'a>, &'a str),
    Index(&'a Path<'a>, usize),
}

impl Path<'_> {
    fn segments(&self) -> Vec<PathSegment> {
        let (mut segments, mut at) = (Vec::new(), self);
        loop {
            at = match at {
                Path::Root => break,
                Path::Field(parent, key) => {
                    segments.push(PathSegment::Field((*key).to_owned()));
                    parent
                }
                Path::Index(parent, index) => {
                    segments.push(PathSegment::Index(*index));
                    parent
                }
            };
        }
        segments.reverse();
        segments
    }
}

impl<'a, 'd> Call<'a, 'd> {
    /// The name of the field.
    pub(crate) fn name(self) -> &'a str {
        self.field.name
    }

    /// What the field's method gets.
    pub(crate) fn context(&self) -> Ctx<'_> {
        Ctx { reader: self.env.reader, call: self }
    }

    /// The fields that are selected of an object of this type.
    pub(super) fn set<T: Object>(self) -> Set<'d> {
        self.field.set::<T>(self.env)
    }

    /// An argument of the field: what the query passes, else the default, else null. Fails if the type does not have such a value.
    pub(crate) fn argument<T: InputType>(
        self,
        name: &str,
        default: Option<impl FnOnce() -> T>,
    ) -> Result<T, Box<ServerError>> {
        let passed = self.field.arguments.iter().find(|(known, _)| known.node == name);
        let passed = passed.and_then(|(_, written)| {
            Some((variables::value(&written.node, self.env.variables)?, written.pos))
        });
        let (value, pos) = match (passed, default) {
            (Some((value, pos)), _) => (Some(value), pos),
            (None, Some(default)) => return Ok(default()),
            (None, None) => (None, self.field.pos),
        };
        T::parse(value).map_err(|error| Box::new(error.into_server_error(pos)))
    }

    /// Records an error of the field. Answers null if the type lets the field be null.
    pub(crate) fn failed<T: Output>(self, error: ServerError) -> Result<Vec<u8>, Missing> {
        self.env.errors.lock().push(ServerError { path: self.path.segments(), ..error });
        if T::NULLABLE { Ok(NULL.to_vec()) } else { Err(Missing) }
    }

    /// [`failed`](Self::failed), of an error that a method answers.
    pub(super) fn refused<T: Output>(self, error: Error) -> Result<Vec<u8>, Missing> {
        self.failed::<T>(error.into_server_error(self.field.pos))
    }

    /// A field that the type does not have, which validation excludes.
    pub(crate) fn unknown(self) -> Written {
        self.refused::<bool>(internal(format!("the type has no field {}", self.name()))).map(drop)
    }

    /// [`unknown`](Self::unknown)
    pub(crate) fn unknown_later(self) -> Later<'a> {
        let unknown = self.unknown().map(|()| Vec::new());
        Box::pin(std::future::ready(unknown))
    }

    /// The answer of a field about the schema.
    pub(super) fn introspect(self) -> Later<'a>
    where
        'd: 'a,
    {
        let (Some(introspect), Some(syntax)) = (self.env.introspect, self.field.syntax) else {
            return self.unknown_later();
        };
        let answer = introspect(syntax);
        Box::pin(async move {
            answer.await.or_else(|errors| {
                self.env.errors.lock().extend(errors);
                Ok(NULL.to_vec())
            })
        })
    }

    /// The item with this index in the list that the field is.
    pub(super) fn at(self, path: &'a Path<'a>) -> Self {
        Self { path, ..self }
    }
}

/// Tells what a query selects of a value.
trait Selects {
    fn selects(&self, name: &str) -> bool;
}

impl Selects for Call<'_, '_> {
    fn selects(&self, name: &str) -> bool {
        self.field.selects(self.env, name)
    }
}

/// What the method of a field may ask about the query.
pub(crate) struct Ctx<'c> {
    reader: &'c Reader,
    call: &'c (dyn Selects + Sync),
}

impl<'c> Ctx<'c> {
    /// The query's view of the store.
    pub(crate) fn reader(&self) -> &'c Reader {
        self.reader
    }

    /// Whether the query selects this field of the value.
    pub(crate) fn selects(&self, name: &str) -> bool {
        self.call.selects(name)
    }
}

/// What the methods answer that describe fields to async-graphql, which does not execute them.
pub(crate) fn described_only() -> Error {
    internal("async-graphql executed a field")
}

/// An error that only a fault of the program explains. Clients are not shown what it is.
pub(super) fn internal(what: impl std::fmt::Display) -> Error {
    tracing::error!(%what, "a query was executed wrongly");
    Error::new_with_source(std::io::Error::other(what.to_string()))
}
