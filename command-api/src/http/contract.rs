//! The schemas of inputs and answers, with the rules of inputs as keywords of JSON Schema.

use domain::product::limits::{ATTRIBUTES, KEY, VALUE};
use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    AdditionalProperties, Array, ArrayItems, KnownFormat, Object, ObjectBuilder, Schema, SchemaFormat,
    SchemaType, Type,
};
use utoipa::{Number, PartialSchema, ToSchema};

use super::routes;
use crate::inputs::rules::{EMAIL, ID, PAYMENT_TOKEN, Rule, countries};

/// Control characters, line breaks, and what changes the direction of writing: see `domain::texts::is_line`.
macro_rules! breaks {
    () => {
        r"\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069"
    };
}

/// A single line with something visible in it (ECMA 262).
const LINE: &str = concat!("^[^", breaks!(), r"]*[^\s", breaks!(), "][^", breaks!(), "]*$");
/// A text with something visible in it.
const PROSE: &str = r"\S";

/// Schemas by name.
pub(super) type Components = Vec<(String, RefOr<Schema>)>;

/// The schema of a type, and those that it refers to.
pub(super) fn component<T: ToSchema>() -> Components {
    let mut components = vec![(T::name().into_owned(), <T as PartialSchema>::schema())];
    T::schemas(&mut components);
    for (name, schema) in &mut components {
        if let RefOr::T(Schema::Object(object)) = schema {
            for (field, rule) in routes::input(name).map_or(&[][..], |input| input.rules) {
                if let Some(RefOr::T(schema)) = object.properties.get_mut(*field) {
                    describe(schema, rule);
                }
            }
        }
    }
    components
}

/// States a rule in a field's schema.
fn describe(schema: &mut Schema, rule: &Rule) {
    match (schema, rule) {
        (Schema::Array(array), Rule::Items(min, max, of)) => {
            sized(array, *min, *max);
            if let ArrayItems::RefOrSchema(items) = &mut array.items
                && let RefOr::T(items) = items.as_mut()
            {
                describe(items, of);
            }
        }
        (Schema::Array(array), Rule::Objects(min, max)) => sized(array, *min, *max),
        (Schema::Object(object), Rule::Map) => {
            object.max_properties = Some(ATTRIBUTES);
            object.property_names = Some(Box::new(line(KEY)));
            object.additional_properties = Some(Box::new(AdditionalProperties::RefOr(RefOr::T(line(VALUE)))));
        }
        (Schema::OneOf(all), Rule::Number(..)) => {
            for one in &mut all.items {
                if let RefOr::T(Schema::Object(object)) = one
                    && object.schema_type == SchemaType::Type(Type::Integer)
                {
                    keywords(object, rule);
                }
            }
        }
        (Schema::Object(object), rule) => keywords(object, rule),
        _ => {}
    }
}

fn sized(array: &mut Array, min: usize, max: usize) {
    array.min_items = Some(min).filter(|min| *min > 0);
    array.max_items = Some(max);
}

fn line(max: usize) -> Schema {
    let mut object = ObjectBuilder::new().schema_type(Type::String).build();
    keywords(&mut object, &Rule::Line(max));
    Schema::Object(object)
}

fn keywords(object: &mut Object, rule: &Rule) {
    let mut text = |min: usize, max: usize, pattern: Option<&str>| {
        object.min_length = Some(min).filter(|min| *min > 0);
        object.max_length = Some(max);
        object.pattern = pattern.map(str::to_owned);
    };
    match rule {
        Rule::Line(max) => text(1, *max, Some(LINE)),
        Rule::Prose(max) => text(1, *max, Some(PROSE)),
        Rule::Text(max) => text(0, *max, None),
        Rule::Id => text(1, ID, Some(LINE)),
        Rule::PaymentToken => text(1, PAYMENT_TOKEN, Some(LINE)),
        Rule::Form(form) => text(1, form.longest, Some(form.pattern)),
        Rule::Email => {
            text(3, EMAIL, None);
            object.format = Some(SchemaFormat::KnownFormat(KnownFormat::Email));
        }
        Rule::Time => object.format = Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)),
        Rule::Country => one_of(object, countries()),
        Rule::OneOf(names) => one_of(object, names()),
        Rule::Number(min, max) => {
            object.minimum = Some(number(*min));
            object.maximum = Some(number(*max));
        }
        Rule::Items(..) | Rule::Objects(..) | Rule::Map => {}
    }
}

fn number(value: i64) -> Number {
    Number::Int(value as isize)
}

fn one_of(object: &mut Object, names: Vec<String>) {
    let nullable = matches!(&object.schema_type, SchemaType::Array(all) if all.contains(&Type::Null));
    let null = nullable.then_some(Value::Null);
    object.enum_values = Some(names.into_iter().map(Value::String).chain(null).collect());
}
