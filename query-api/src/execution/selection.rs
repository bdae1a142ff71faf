//! The fields that a query selects of an object (GraphQL specification, §6.3.2, `CollectFields`).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    self, Directive, Selection, SelectionSet, TypeKind, TypeSystemDefinition,
};
use async_graphql::{Name, Pos, Positioned};
use async_graphql_value::{ConstValue, Value};
use parking_lot::Mutex;

use super::{Call, Env, Object};

/// The types of each interface and union.
pub(crate) struct AbstractTypes(HashMap<String, HashSet<String>>);

impl AbstractTypes {
    /// Reads them from a schema's description, which must be one.
    pub(crate) fn of(sdl: &str) -> Self {
        let mut types: HashMap<String, HashSet<String>> = HashMap::new();
        for definition in parse_schema(sdl).expect("the engine's own description is GraphQL").definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let name = definition.node.name.node.to_string();
            match definition.node.kind {
                TypeKind::Object(object) => {
                    for interface in object.implements {
                        types.entry(interface.node.to_string()).or_default().insert(name.clone());
                    }
                }
                TypeKind::Union(union) => {
                    types
                        .entry(name)
                        .or_default()
                        .extend(union.members.iter().map(|one| one.node.to_string()));
                }
                _ => {}
            }
        }
        Self(types)
    }

    /// Whether a fragment with this type condition applies to an object of this type.
    fn include(&self, condition: &str, object: &str) -> bool {
        condition == object || self.0.get(condition).is_some_and(|types| types.contains(object))
    }
}

/// A field of a response, with everything that the query selects under its key.
pub(crate) struct Field<'d> {
    /// Its key in the response.
    pub(crate) key: &'d str,
    pub(crate) name: &'d str,
    pub(crate) arguments: &'d [(Positioned<Name>, Positioned<Value>)],
    pub(crate) pos: Pos,
    /// `None` for the operation itself.
    pub(crate) syntax: Option<&'d types::Field>,
    /// Whether it and what it selects need nothing but the object.
    pub(crate) is_plain: bool,
    sets: Vec<&'d SelectionSet>,
    /// What is selected of an object of a type, by the Rust type.
    by_type: Mutex<Vec<(&'static str, super::Set<'d>)>>,
}

/// The fields that are selected of an object of one type.
pub(crate) struct Set<'d> {
    pub(crate) fields: Vec<Field<'d>>,
    /// Whether all of them are.
    pub(crate) is_plain: bool,
}

impl<'d> Field<'d> {
    /// The operation.
    pub(crate) fn root(set: &'d SelectionSet) -> Self {
        Self {
            key: "",
            name: "",
            arguments: &[],
            pos: Pos::default(),
            syntax: None,
            is_plain: false,
            sets: vec![set],
            by_type: Mutex::default(),
        }
    }

    pub(super) fn of(field: &'d Positioned<types::Field>) -> Self {
        Self {
            key: field.node.response_key().node.as_str(),
            name: field.node.name.node.as_str(),
            arguments: &field.node.arguments,
            pos: field.pos,
            syntax: Some(&field.node),
            is_plain: false,
            sets: vec![&field.node.selection_set.node],
            by_type: Mutex::default(),
        }
    }

    /// Whether it describes the schema.
    pub(crate) fn is_about_schema(&self) -> bool {
        matches!(self.name, "__schema" | "__type")
    }

    /// The fields that are selected of an object of this type.
    pub(crate) fn set<T: Object>(&self, env: &Env<'d>) -> super::Set<'d> {
        let of = std::any::type_name::<T>();
        if let Some((_, set)) = self.by_type.lock().iter().find(|(known, _)| *known == of) {
            return set.clone();
        }
        let mut fields = Vec::new();
        let mut spread = Vec::new();
        for set in &self.sets {
            collect(env, set, &T::name(), &mut spread, &mut fields);
        }
        for field in &mut fields {
            let plain = field.name == "__typename"
                || (!field.is_about_schema()
                    && T::is_plain(Call { env, field, path: &super::call::Path::Root }));
            field.is_plain = plain;
        }
        let set = Arc::new(Set { is_plain: fields.iter().all(|field| field.is_plain), fields });
        self.by_type.lock().push((of, set.clone()));
        set
    }

    /// Whether a field with this name is selected in it.
    pub(crate) fn selects(&self, env: &Env<'_>, name: &str) -> bool {
        self.sets.iter().any(|set| selects(env, set, name))
    }
}

fn collect<'d>(
    env: &Env<'d>,
    set: &'d SelectionSet,
    object: &str,
    spread: &mut Vec<&'d str>,
    fields: &mut Vec<Field<'d>>,
) {
    for selection in &set.items {
        if is_left_out(env, selection.node.directives()) {
            continue;
        }
        match &selection.node {
            Selection::Field(field) => {
                let key = field.node.response_key().node.as_str();
                match fields.iter_mut().find(|known| known.key == key) {
                    Some(known) => known.sets.push(&field.node.selection_set.node),
                    None => fields.push(Field::of(field)),
                }
            }
            Selection::InlineFragment(inline) => {
                let condition =
                    inline.node.type_condition.as_ref().map(|condition| condition.node.on.node.as_str());
                if condition.is_none_or(|condition| env.abstract_types.include(condition, object)) {
                    collect(env, &inline.node.selection_set.node, object, spread, fields);
                }
            }
            Selection::FragmentSpread(named) => {
                let name = named.node.fragment_name.node.as_str();
                if spread.contains(&name) {
                    continue;
                }
                spread.push(name);
                let Some(fragment) = env.document.fragments.get(name) else { continue };
                if env.abstract_types.include(&fragment.node.type_condition.node.on.node, object) {
                    collect(env, &fragment.node.selection_set.node, object, spread, fields);
                }
            }
        }
    }
}

fn selects(env: &Env<'_>, set: &SelectionSet, name: &str) -> bool {
    set.items.iter().any(|selection| {
        !is_left_out(env, selection.node.directives())
            && match &selection.node {
                Selection::Field(field) => field.node.name.node == name,
                Selection::InlineFragment(inline) => selects(env, &inline.node.selection_set.node, name),
                Selection::FragmentSpread(spread) => {
                    let fragment = env.document.fragments.get(&spread.node.fragment_name.node);
                    fragment.is_some_and(|fragment| selects(env, &fragment.node.selection_set.node, name))
                }
            }
    })
}

/// Whether `@skip` or `@include` leaves a selection out.
fn is_left_out(env: &Env<'_>, directives: &[Positioned<Directive>]) -> bool {
    let condition = |directive: &Directive| match directive.get_argument("if").map(|value| &value.node) {
        Some(Value::Boolean(condition)) => *condition,
        Some(Value::Variable(name)) => env.variables.get(name) == Some(&ConstValue::Boolean(true)),
        _ => false,
    };
    directives.iter().any(|directive| match directive.node.name.node.as_str() {
        "skip" => condition(&directive.node),
        "include" => !condition(&directive.node),
        _ => false,
    })
}
