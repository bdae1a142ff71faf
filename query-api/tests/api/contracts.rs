//! The schemas that are checked in are the ones that are served, and everything in them is described.

use std::collections::HashMap;
use std::path::Path;

use async_graphql::Positioned;
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    EnumValueDefinition, FieldDefinition, InputValueDefinition, InterfaceType, ObjectType, TypeDefinition,
    TypeKind, TypeSystemDefinition,
};

fn compare(name: &str, now: &str) {
    let path = Path::new("../schemas/contracts/graphql").join(name);
    if std::env::var_os("UPDATE_CONTRACTS").is_some_and(|value| value == "1") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, now).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == now,
        "schemas/contracts/graphql/{name} differs from the schema that is served. If the change is intended and breaks no \
         client, run UPDATE_CONTRACTS=1 cargo test -p query-api --test api and check the file in."
    );
}

#[test]
fn the_storefronts_schema_is_the_one_that_is_checked_in() {
    compare("storefront.graphql", &query_api::storefront_sdl());
}

#[test]
fn the_operators_schema_is_the_one_that_is_checked_in() {
    compare("admin.graphql", &query_api::admin_sdl());
}

#[test]
fn every_type_field_argument_and_value_is_described_in_more_than_three_words() {
    for sdl in [query_api::storefront_sdl(), query_api::admin_sdl()] {
        let mut found = Descriptions::default();
        for definition in parse_schema(&sdl).unwrap().definitions {
            if let TypeSystemDefinition::Type(definition) = definition {
                found.add_type(&definition.node);
            }
        }
        assert!(found.count > 300, "only {} descriptions were found", found.count);
        assert!(found.poor.is_empty(), "missing, or three words or fewer:\n{}", found.poor.join("\n"));
    }
}

#[test]
fn no_two_members_of_a_type_are_described_by_the_same_sentence() {
    for sdl in [query_api::storefront_sdl(), query_api::admin_sdl()] {
        let mut members = 0;
        for definition in parse_schema(&sdl).unwrap().definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let mut seen = HashMap::new();
            for (member, description) in described(&definition.node) {
                members += 1;
                let first = description.split(". ").next().unwrap_or_default().to_owned();
                if let Some(other) = seen.insert(first.clone(), member.clone()) {
                    panic!("{}: {other} and {member} are both {first:?}", definition.node.name.node);
                }
            }
        }
        assert!(members > 200, "only {members} descriptions were found");
    }
}

/// The fields of a type, or the values of an enum, with their descriptions.
fn described(definition: &TypeDefinition) -> Vec<(String, String)> {
    let text =
        |text: &Option<Positioned<String>>| text.as_ref().map_or_else(String::new, |text| text.node.clone());
    match &definition.kind {
        TypeKind::Object(ObjectType { fields, .. }) | TypeKind::Interface(InterfaceType { fields, .. }) => {
            fields.iter().map(|one| (one.node.name.to_string(), text(&one.node.description))).collect()
        }
        TypeKind::InputObject(input) => {
            input.fields.iter().map(|one| (one.node.name.to_string(), text(&one.node.description))).collect()
        }
        TypeKind::Enum(values) => {
            let value = |one: &Positioned<EnumValueDefinition>| {
                (one.node.value.to_string(), text(&one.node.description))
            };
            values.values.iter().map(value).collect()
        }
        TypeKind::Scalar | TypeKind::Union(_) => Vec::new(),
    }
}

/// The descriptions of a schema.
#[derive(Default)]
struct Descriptions {
    count: usize,
    /// Those that say too little, with their places.
    poor: Vec<String>,
}

impl Descriptions {
    fn add(&mut self, place: String, description: Option<&Positioned<String>>) {
        let text = description.map(|text| text.node.as_str()).unwrap_or_default();
        self.count += 1;
        if words(text) <= 3 {
            self.poor.push(format!("{place}: {text:?}"));
        }
    }

    fn add_type(&mut self, definition: &TypeDefinition) {
        let name = &definition.name.node;
        self.add(name.to_string(), definition.description.as_ref());
        match &definition.kind {
            TypeKind::Object(object) => self.add_fields(name, &object.fields),
            TypeKind::Interface(interface) => self.add_fields(name, &interface.fields),
            TypeKind::InputObject(input) => self.add_inputs(name, &input.fields),
            TypeKind::Enum(values) => {
                for value in &values.values {
                    let place = format!("{name}.{}", value.node.value.node);
                    self.add(place, value.node.description.as_ref());
                }
            }
            TypeKind::Scalar | TypeKind::Union(_) => {}
        }
    }

    fn add_fields(&mut self, of: &str, fields: &[Positioned<FieldDefinition>]) {
        for field in fields.iter().map(|field| &field.node) {
            let place = format!("{of}.{}", field.name.node);
            self.add_inputs(&place, &field.arguments);
            self.add(place, field.description.as_ref());
        }
    }

    fn add_inputs(&mut self, of: &str, inputs: &[Positioned<InputValueDefinition>]) {
        for input in inputs.iter().map(|input| &input.node) {
            self.add(format!("{of}({})", input.name.node), input.description.as_ref());
        }
    }
}

fn words(text: &str) -> usize {
    text.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count()
}
