//! Values that are no objects: leaves, lists, nulls and errors.

use async_graphql::{Error, ID};
use futures_util::future::join_all;
use serde::Serialize;

use super::call::Path;
use super::{Call, Later, Missing, NULL, Output, Written};
use crate::fault::Fault;
use crate::scalars::{BigInt, DateTime, Decimal, Int, Json};

/// Reads values together. Fails if one of them is missing.
pub(super) async fn all(reads: Vec<Later<'_>>) -> Result<Vec<Vec<u8>>, Missing> {
    join_all(reads).await.into_iter().collect()
}

pub(super) fn leaf_later<'a>(value: Result<Vec<u8>, Missing>) -> Later<'a> {
    Box::pin(std::future::ready(value))
}

/// Writes a leaf.
pub(crate) fn write_json<T: Serialize + ?Sized>(value: &T, call: Call<'_, '_>, out: &mut Vec<u8>) -> Written {
    let from = out.len();
    match serde_json::to_writer(&mut *out, value) {
        Ok(()) => Ok(()),
        Err(error) => {
            out.truncate(from);
            call.refused::<bool>(Error::new_with_source(error)).map(drop)
        }
    }
}

/// Writes a leaf into a value of its own.
pub(crate) fn write_leaf<'a, T: Output + ?Sized>(value: &T, call: Call<'a, '_>) -> Later<'a> {
    let mut out = Vec::new();
    let written = value.write(call, &mut out);
    leaf_later(written.map(|()| out))
}

/// Makes types leaves, by what is serialised for them.
macro_rules! leaf {
    ($($ty:ty: |$value:ident| $json:expr;)+) => {
        $(
            impl $crate::execution::Output for $ty {
                fn is_plain(_: $crate::execution::Call<'_, '_>) -> bool {
                    true
                }

                fn write(
                    &self,
                    call: $crate::execution::Call<'_, '_>,
                    out: &mut Vec<u8>,
                ) -> $crate::execution::Written {
                    let $value = self;
                    $crate::execution::write_json($json, call, out)
                }

                fn resolve<'a>(
                    &'a self,
                    call: $crate::execution::Call<'a, '_>,
                ) -> $crate::execution::Later<'a> {
                    $crate::execution::write_leaf(self, call)
                }
            }
        )+
    };
}
pub(crate) use leaf;

/// Makes a type whose fields are those of its parts an object type.
macro_rules! merged {
    ($ty:ty: $($at:tt: $part:ty),+) => {
        impl $crate::execution::Object for $ty {
            fn name() -> std::borrow::Cow<'static, str> {
                <Self as async_graphql::OutputType>::type_name()
            }

            fn has(field: &str) -> bool {
                $(<$part as $crate::execution::Object>::has(field))||+
            }

            fn is_plain(call: $crate::execution::Call<'_, '_>) -> bool {
                $(if <$part as $crate::execution::Object>::has(call.name()) {
                    return <$part as $crate::execution::Object>::is_plain(call);
                })+
                false
            }

            fn write(
                &self,
                call: $crate::execution::Call<'_, '_>,
                out: &mut Vec<u8>,
            ) -> $crate::execution::Written {
                $(if <$part as $crate::execution::Object>::has(call.name()) {
                    return $crate::execution::Object::write(&self.$at, call, out);
                })+
                call.unknown()
            }

            fn resolve<'a>(
                &'a self,
                call: $crate::execution::Call<'a, '_>,
            ) -> $crate::execution::Later<'a> {
                $(if <$part as $crate::execution::Object>::has(call.name()) {
                    return $crate::execution::Object::resolve(&self.$at, call);
                })+
                call.unknown_later()
            }
        }

        $crate::execution::objects!([] $ty []);
    };
}
pub(crate) use merged;

/// Makes an object type a value of fields. `#[object]` and `Fields` use it, too.
macro_rules! objects {
    ([$($generics:tt)*] $ty:ty [$($bounds:tt)*]) => {
        impl $($generics)* $crate::execution::Output for $ty $($bounds)* {
            fn is_plain(call: $crate::execution::Call<'_, '_>) -> bool {
                $crate::execution::object_is_plain::<Self>(call)
            }

            fn write(
                &self,
                call: $crate::execution::Call<'_, '_>,
                out: &mut Vec<u8>,
            ) -> $crate::execution::Written {
                $crate::execution::write_object(self, call, out)
            }

            fn resolve<'a>(&'a self, call: $crate::execution::Call<'a, '_>) -> $crate::execution::Later<'a> {
                $crate::execution::resolve_object(self, call)
            }
        }
    };
}
pub(crate) use objects;

/// Makes an interface or a union a value of fields: it is written as the object that it is.
macro_rules! one_of {
    ($ty:ty: $($variant:ident),+) => {
        impl $crate::execution::Output for $ty {
            // Which object it is, only the value tells.
            fn is_plain(_: $crate::execution::Call<'_, '_>) -> bool {
                false
            }

            fn write(
                &self,
                call: $crate::execution::Call<'_, '_>,
                out: &mut Vec<u8>,
            ) -> $crate::execution::Written {
                match self { $(Self::$variant(object) => $crate::execution::Output::write(object, call, out),)+ }
            }

            fn resolve<'a>(
                &'a self,
                call: $crate::execution::Call<'a, '_>,
            ) -> $crate::execution::Later<'a> {
                match self { $(Self::$variant(object) => $crate::execution::Output::resolve(object, call),)+ }
            }
        }
    };
}
pub(crate) use one_of;

leaf! {
    bool: |value| value;
    i32: |value| value;
    u32: |value| value;
    u64: |value| value;
    f64: |value| value;
    str: |value| value;
    String: |value| value;
    ID: |value| &value.0;
    BigInt: |value| &value.0.to_string();
    Decimal: |value| &value.0;
    DateTime: |value| &value.0;
    Json: |value| &value.0;
}

impl Output for Int {
    fn is_plain(_: Call<'_, '_>) -> bool {
        true
    }

    fn write(&self, call: Call<'_, '_>, out: &mut Vec<u8>) -> Written {
        match i32::try_from(self.0) {
            Ok(number) => number.write(call, out),
            Err(_) => call.refused::<Self>(Fault::BeyondInt(self.0).into()).map(drop),
        }
    }

    fn resolve<'a>(&'a self, call: Call<'a, '_>) -> Later<'a> {
        write_leaf(self, call)
    }
}

impl<T: Output + ?Sized> Output for &T {
    const NULLABLE: bool = T::NULLABLE;

    fn is_plain(call: Call<'_, '_>) -> bool {
        T::is_plain(call)
    }

    fn write(&self, call: Call<'_, '_>, out: &mut Vec<u8>) -> Written {
        T::write(self, call, out)
    }

    fn resolve<'a>(&'a self, call: Call<'a, '_>) -> Later<'a> {
        T::resolve(self, call)
    }
}

impl<T: Output> Output for Option<T> {
    const NULLABLE: bool = true;

    fn is_plain(call: Call<'_, '_>) -> bool {
        T::is_plain(call)
    }

    fn write(&self, call: Call<'_, '_>, out: &mut Vec<u8>) -> Written {
        let from = out.len();
        if self.as_ref().is_none_or(|value| value.write(call, out).is_err()) {
            out.truncate(from);
            out.extend_from_slice(NULL);
        }
        Ok(())
    }

    fn resolve<'a>(&'a self, call: Call<'a, '_>) -> Later<'a> {
        let Some(value) = self else { return leaf_later(Ok(NULL.to_vec())) };
        let value = value.resolve(call);
        Box::pin(async move { value.await.or_else(|Missing| Ok(NULL.to_vec())) })
    }
}

impl<T: Output> Output for Result<T, Error> {
    const NULLABLE: bool = T::NULLABLE;

    fn is_plain(call: Call<'_, '_>) -> bool {
        T::is_plain(call)
    }

    fn write(&self, call: Call<'_, '_>, out: &mut Vec<u8>) -> Written {
        match self {
            Ok(value) => value.write(call, out),
            Err(error) => {
                out.extend_from_slice(&call.refused::<T>(error.clone())?);
                Ok(())
            }
        }
    }

    fn resolve<'a>(&'a self, call: Call<'a, '_>) -> Later<'a> {
        match self {
            Ok(value) => value.resolve(call),
            Err(error) => leaf_later(call.refused::<T>(error.clone())),
        }
    }
}

impl<T: Output> Output for Vec<T> {
    fn is_plain(call: Call<'_, '_>) -> bool {
        T::is_plain(call)
    }

    fn write(&self, call: Call<'_, '_>, out: &mut Vec<u8>) -> Written {
        self.as_slice().write(call, out)
    }

    fn resolve<'a>(&'a self, call: Call<'a, '_>) -> Later<'a> {
        self.as_slice().resolve(call)
    }
}

impl<T: Output> Output for [T] {
    fn is_plain(call: Call<'_, '_>) -> bool {
        T::is_plain(call)
    }

    fn write(&self, call: Call<'_, '_>, out: &mut Vec<u8>) -> Written {
        out.push(b'[');
        for (index, item) in self.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            item.write(call.at(&Path::Index(call.path, index)), out)?;
        }
        out.push(b']');
        Ok(())
    }

    fn resolve<'a>(&'a self, call: Call<'a, '_>) -> Later<'a> {
        Box::pin(async move {
            let paths: Vec<_> = (0..self.len()).map(|index| Path::Index(call.path, index)).collect();
            let items = self.iter().zip(&paths).map(|(item, path)| item.resolve(call.at(path))).collect();
            let items = all(items).await?;
            let mut out = Vec::with_capacity(2 + items.iter().map(|item| item.len() + 1).sum::<usize>());
            out.push(b'[');
            out.extend_from_slice(&items.join(&b','));
            out.push(b']');
            Ok(out)
        })
    }
}
