//! Whether a body has the shape that the OpenAPI document describes: all differences at once, in words of the API.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::{AdditionalProperties, ArrayItems, Object, Schema, SchemaType, Type};
use utoipa::openapi::{Array, RefOr};

use super::{contract, routes};
use crate::inputs::checks::Problems;
use crate::inputs::rules::Rule;

/// The shape of the body of a command.
pub(super) struct Shape {
    name: String,
    components: BTreeMap<String, RefOr<Schema>>,
}

/// What is wrong with a body.
#[derive(Default)]
pub(super) struct Differences {
    pub problems: Problems,
    /// Whether fields are missing, unknown, repeated or of another type.
    pub unreadable: bool,
    /// Whether payment tokens may look like card numbers.
    pub numeric_tokens: bool,
}

impl Differences {
    /// Adds a difference that is not about the value alone.
    pub(super) fn shape(&mut self, code: &str, field: &str, message: impl Into<String>) {
        self.unreadable = true;
        self.problems.add(code, field, message);
    }
}

/// Where a value is, and which rule it follows.
#[derive(Clone, Copy)]
struct Spot<'s> {
    path: &'s str,
    rule: Option<&'s Rule>,
    /// The name of a map's entry.
    entry: Option<&'s str>,
}

impl Shape {
    /// The shape of an input.
    pub(super) fn of<I: ToSchema>() -> Self {
        Self { name: I::name().into_owned(), components: contract::component::<I>().into_iter().collect() }
    }

    /// The names of the fields that a body must have.
    pub(super) fn required(&self) -> Vec<&str> {
        match self.components.get(&self.name) {
            Some(RefOr::T(Schema::Object(object))) => object.required.iter().map(String::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// Everything in which a body differs from the shape.
    pub(super) fn compare(&self, body: &Value, found: &mut Differences) {
        self.component(&self.name, body, Spot { path: "", rule: None, entry: None }, found);
    }

    fn component(&self, name: &str, value: &Value, at: Spot<'_>, found: &mut Differences) {
        if let Some(RefOr::T(schema)) = self.components.get(name) {
            self.schema(schema, Some(name), value, at, found);
        }
    }

    fn any(&self, schema: &RefOr<Schema>, value: &Value, at: Spot<'_>, found: &mut Differences) {
        match schema {
            RefOr::Ref(reference) => {
                let name = reference.ref_location.rsplit('/').next().unwrap_or_default();
                self.component(name, value, at, found);
            }
            RefOr::T(schema) => self.schema(schema, None, value, at, found),
        }
    }

    fn schema(
        &self,
        schema: &Schema,
        name: Option<&str>,
        value: &Value,
        at: Spot<'_>,
        found: &mut Differences,
    ) {
        match schema {
            Schema::Object(object) => self.object(object, name, value, at, found),
            Schema::Array(array) => self.array(array, value, at, found),
            // A schema or null, or a number as a number or as text.
            Schema::OneOf(all) => {
                let is_null = |one: &RefOr<Schema>| matches!(one, RefOr::T(Schema::Object(object)) if object.schema_type == SchemaType::Type(Type::Null));
                if value.is_null() && all.items.iter().any(is_null) {
                    return;
                }
                let takes_text = |one: &&RefOr<Schema>| matches!(one, RefOr::T(Schema::Object(object)) if allows(&object.schema_type, &Type::String));
                let text = all.items.iter().find(takes_text).filter(|_| value.is_string());
                if let Some(one) = text.or_else(|| all.items.iter().find(|one| !is_null(one))) {
                    self.any(one, value, at, found);
                }
            }
            // Inputs have none.
            Schema::AllOf(_) | Schema::AnyOf(_) | _ => {}
        }
    }

    fn array(&self, array: &Array, value: &Value, at: Spot<'_>, found: &mut Differences) {
        let Value::Array(items) = value else {
            if !(value.is_null() && allows(&array.schema_type, &Type::Null)) {
                found.shape("WRONG_TYPE", at.path, "Must be a list.");
            }
            return;
        };
        let rule = at.rule;
        if let Some(rule) = rule {
            rule.check_size(&mut found.problems, at.path, items.len());
        }
        let ArrayItems::RefOrSchema(schema) = &array.items else { return };
        for (number, item) in items.iter().enumerate().take(MOST_ITEMS) {
            let path = format!("{}[{number}]", at.path);
            self.any(
                schema,
                item,
                Spot { path: &path, rule: rule.and_then(Rule::of_items), entry: None },
                found,
            );
        }
    }

    fn object(
        &self,
        object: &Object,
        name: Option<&str>,
        value: &Value,
        at: Spot<'_>,
        found: &mut Differences,
    ) {
        let kind = &object.schema_type;
        match value {
            Value::Null if allows(kind, &Type::Null) => {}
            Value::Bool(_) if allows(kind, &Type::Boolean) => {}
            Value::Number(number) if allows(kind, &Type::Integer) => match number.as_i64() {
                Some(number) => {
                    if let Some(rule) = at.rule {
                        rule.check_number(&mut found.problems, at.path, number);
                    }
                }
                None if number.is_f64() => found.shape("WRONG_TYPE", at.path, "Must be a whole number."),
                None => found.shape("OUT_OF_RANGE", at.path, "The number is too large."),
            },
            Value::String(text) if allows(kind, &Type::String) => text_of(object, text, at, found),
            Value::Object(fields) if allows(kind, &Type::Object) => {
                self.fields(object, name.unwrap_or_default(), fields, at, found);
            }
            _ => found.shape("WRONG_TYPE", at.path, expected(kind)),
        }
    }

    fn fields(
        &self,
        object: &Object,
        name: &str,
        fields: &serde_json::Map<String, Value>,
        at: Spot<'_>,
        found: &mut Differences,
    ) {
        let path =
            |field: &str| if at.path.is_empty() { field.to_owned() } else { format!("{}.{field}", at.path) };
        for required in object.required.iter().filter(|required| !fields.contains_key(*required)) {
            found.shape("REQUIRED", &path(required), "This field is required.");
        }
        if let Some(rule) = at.rule {
            rule.check_size(&mut found.problems, at.path, fields.len());
        }
        let rules = routes::input(name).map_or(&[][..], |input| input.rules);
        for (field, value) in fields.iter().take(MOST_ITEMS) {
            let path = path(field);
            if let Some(schema) = object.properties.get(field) {
                let rule = rules.iter().find(|(ruled, _)| ruled == field).map(|(_, rule)| rule);
                self.any(schema, value, Spot { path: &path, rule, entry: None }, found);
            } else if let Some(AdditionalProperties::RefOr(schema)) = object.additional_properties.as_deref()
            {
                self.any(schema, value, Spot { path: &path, rule: at.rule, entry: Some(field) }, found);
            } else {
                let known: Vec<&str> = object.properties.keys().map(String::as_str).collect();
                let message = match known.as_slice() {
                    [] => "There is no such field. The command has none.".to_owned(),
                    known => format!("There is no such field. The fields are {}.", known.join(", ")),
                };
                found.shape("UNKNOWN_FIELD", &path, message);
            }
        }
    }
}

/// Entries of lists and objects that are looked at. Longer ones are refused anyway.
const MOST_ITEMS: usize = 1_000;

fn text_of(object: &Object, text: &str, at: Spot<'_>, found: &mut Differences) {
    if matches!(at.rule, Some(Rule::Number(..))) && text.parse::<i64>().is_err() {
        return found.shape("WRONG_TYPE", at.path, "Must be a whole number, as a number or as text.");
    }
    let numeric_tokens = found.numeric_tokens;
    let problems = &mut found.problems;
    match (at.rule, at.entry) {
        (Some(rule), Some(name)) => rule.check_entry(problems, at.path, name, text),
        (Some(rule), None) => rule.check_text(problems, at.path, text, numeric_tokens),
        (None, _) => {}
    }
    let is_country = matches!(at.rule, Some(Rule::Country));
    if let Some(names) = object.enum_values.as_ref().filter(|_| !is_country)
        && !names.iter().any(|name| name == text)
    {
        let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
        problems.add("NOT_ONE_OF", at.path, format!("Must be one of {}.", names.join(", ")));
    }
}

fn allows(kind: &SchemaType, wanted: &Type) -> bool {
    match kind {
        SchemaType::Type(one) => one == wanted,
        SchemaType::Array(all) => all.contains(wanted),
        SchemaType::AnyValue => true,
    }
}

fn expected(kind: &SchemaType) -> &'static str {
    let words = [
        (Type::String, "Must be a text."),
        (Type::Integer, "Must be a whole number."),
        (Type::Boolean, "Must be true or false."),
        (Type::Array, "Must be a list."),
        (Type::Object, "Must be an object."),
    ];
    let found = words.into_iter().find(|(one, _)| allows(kind, one));
    found.map_or("Has a value of another type.", |(_, words)| words)
}
