//! The types of a schema, read from its description.

use std::collections::HashMap;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, FieldDefinition, InputValueDefinition, Type, TypeDefinition, TypeKind, TypeSystemDefinition,
};
use serde_json::{Value, json};

use super::shop::id;

pub struct Sdl(HashMap<String, TypeDefinition>);

impl Sdl {
    pub fn of(text: &str) -> Self {
        let definitions = parse_schema(text).unwrap().definitions.into_iter();
        Self(
            definitions
                .filter_map(|one| match one {
                    TypeSystemDefinition::Type(one) => Some((one.node.name.node.to_string(), one.node)),
                    _ => None,
                })
                .collect(),
        )
    }

    /// Object types with their fields, and whether they implement `Node`.
    pub fn objects(&self) -> impl Iterator<Item = (&str, Vec<&FieldDefinition>, bool)> {
        self.0.iter().filter_map(|(name, definition)| match &definition.kind {
            TypeKind::Object(object) => {
                let fields = object.fields.iter().map(|field| &field.node).collect();
                let node = object.implements.iter().any(|one| one.node == "Node");
                Some((name.as_str(), fields, node))
            }
            _ => None,
        })
    }

    pub fn fields(&self, name: &str) -> Vec<&FieldDefinition> {
        self.objects().find(|(one, ..)| *one == name).map(|(_, fields, _)| fields).unwrap_or_default()
    }

    fn inputs(&self, name: &str) -> Option<(Vec<&InputValueDefinition>, bool)> {
        let definition = self.0.get(name)?;
        let TypeKind::InputObject(input) = &definition.kind else { return None };
        let one_of = definition.directives.iter().any(|one| one.node.name.node == "oneOf");
        Some((input.fields.iter().map(|field| &field.node).collect(), one_of))
    }

    /// A value of this type.
    pub fn value(&self, ty: &Type) -> Value {
        let name = match &ty.base {
            BaseType::List(item) => return json!([self.value(item)]),
            BaseType::Named(name) => name.as_str(),
        };
        if let Some((fields, one_of)) = self.inputs(name) {
            let given = fields.iter().enumerate();
            let given = given.filter(|(at, one)| if one_of { *at == 0 } else { !one.ty.node.nullable });
            return given
                .map(|(_, one)| (one.name.node.to_string(), self.value(&one.ty.node)))
                .collect::<serde_json::Map<_, _>>()
                .into();
        }
        match (name, self.0.get(name).map(|definition| &definition.kind)) {
            (_, Some(TypeKind::Enum(values))) => json!(values.values[0].node.value.node),
            ("Int", _) => json!(1),
            ("Boolean", _) => json!(true),
            ("ID", _) => json!(id("Product:p1")),
            ("BigInt", _) => json!("1"),
            ("DateTime", _) => json!("2026-03-01T12:00:00Z"),
            _ => json!("a"),
        }
    }

    /// The lists in a value of an input's type: where, their description, and such a value with a list of so many items.
    pub fn lists(&self, input: &InputValueDefinition) -> Vec<InputList<'_>> {
        let text = input.description.as_ref().map(|text| text.node.clone()).unwrap_or_default();
        self.lists_in(&input.name.node, &text, &input.ty.node)
    }

    fn lists_in(&self, path: &str, description: &str, ty: &Type) -> Vec<InputList<'_>> {
        match &ty.base {
            BaseType::List(item) => {
                let one = self.value(item);
                let make: Make<'_> = Box::new(move |items| json!(vec![one.clone(); items]));
                let own = InputList { path: path.to_owned(), description: description.to_owned(), make };
                let inner = self.lists_in(path, description, item).into_iter().map(|list| {
                    let make: Make<'_> = Box::new(move |items| json!([(list.make)(items)]));
                    InputList { make, ..list }
                });
                std::iter::once(own).chain(inner).collect()
            }
            BaseType::Named(name) => {
                let fields = self.inputs(name).map(|(fields, _)| fields).unwrap_or_default();
                let lists = fields.into_iter().flat_map(|field| {
                    let text = field.description.as_ref().map(|text| text.node.clone()).unwrap_or_default();
                    let inside = self.lists_in(&format!("{path}.{}", field.name.node), &text, &field.ty.node);
                    let (around, name) = (self.value(ty), field.name.node.to_string());
                    inside.into_iter().map(move |list| {
                        let (mut around, name) = (around.clone(), name.clone());
                        around[&name] = Value::Null;
                        let make: Make<'_> = Box::new(move |items| {
                            let mut whole = around.clone();
                            whole[&name] = (list.make)(items);
                            whole
                        });
                        InputList { make, ..list }
                    })
                });
                lists.collect()
            }
        }
    }

    /// The selection that leads from a root type to an object type, for a field of it to be put inside; `None` if there is
    /// none whose fields need no arguments.
    pub fn way(&self, root: &str, to: &str) -> Option<Vec<String>> {
        let mut ways = vec![(root.to_owned(), Vec::new())];
        let mut seen = vec![root.to_owned()];
        while !ways.is_empty() {
            if let Some((_, way)) = ways.iter().find(|(of, _)| of == to) {
                return Some(way.clone());
            }
            let mut next = Vec::new();
            for (of, way) in ways {
                for field in self.fields(&of) {
                    let free = field
                        .arguments
                        .iter()
                        .all(|one| one.node.ty.node.nullable || one.node.default_value.is_some());
                    let inner = base(&field.ty.node).to_owned();
                    if free && !seen.contains(&inner) {
                        seen.push(inner.clone());
                        next.push((inner, [way.clone(), vec![field.name.node.to_string()]].concat()));
                    }
                }
            }
            ways = next;
        }
        None
    }

    /// Whether the fields of this type have selections.
    pub fn is_composite(&self, name: &str) -> bool {
        let kind = self.0.get(name).map(|definition| &definition.kind);
        matches!(kind, Some(TypeKind::Object(_) | TypeKind::Interface(_) | TypeKind::Union(_)))
    }
}

type Make<'s> = Box<dyn Fn(usize) -> Value + 's>;

/// A list in the value of an argument.
pub struct InputList<'s> {
    pub path: String,
    pub description: String,
    pub make: Make<'s>,
}

/// The name of a type without lists.
pub fn base(ty: &Type) -> &str {
    match &ty.base {
        BaseType::List(item) => base(item),
        BaseType::Named(name) => name,
    }
}
