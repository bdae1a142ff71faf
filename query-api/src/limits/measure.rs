//! How large a query is with every fragment put in its places, each fragment measured once.

use std::collections::HashMap;

use async_graphql::Positioned;
use async_graphql::parser::types::{
    ExecutableDocument, FragmentDefinition, OperationType, Selection, SelectionSet,
};

use super::Refusal;

/// The expanded size of a query or a part of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) fields: u64,
    pub(super) aliases: u64,
    pub(super) directives: u64,
    /// Of fields outside the schema's description.
    pub(super) depth: u32,
    /// Of fields inside it.
    pub(super) introspection_depth: u32,
    /// Lists of the schema's description inside each other.
    pub(super) introspection_lists: u32,
}

impl Size {
    fn beside(self, other: Self) -> Self {
        Self {
            fields: self.fields.saturating_add(other.fields),
            aliases: self.aliases.saturating_add(other.aliases),
            directives: self.directives.saturating_add(other.directives),
            depth: self.depth.max(other.depth),
            introspection_depth: self.introspection_depth.max(other.introspection_depth),
            introspection_lists: self.introspection_lists.max(other.introspection_lists),
        }
    }

    /// The size of a field with this inside.
    fn inside(self, field: &str, alias: bool, directives: usize) -> Self {
        let list = matches!(field, "fields" | "inputFields" | "interfaces" | "possibleTypes" | "types");
        let schema = matches!(field, "__schema" | "__type");
        let depth = if schema { 0 } else { self.depth.saturating_add(1) };
        Self {
            fields: self.fields.saturating_add(1),
            aliases: self.aliases.saturating_add(u64::from(alias)),
            directives: self.directives.saturating_add(directives as u64),
            depth,
            introspection_depth: if schema { self.depth + 1 } else { self.introspection_depth },
            introspection_lists: self.introspection_lists.saturating_add(u32::from(list)),
        }
    }
}

/// Measures all operations together.
pub(super) fn measure(document: &ExecutableDocument) -> Result<Size, Refusal> {
    let mut measuring = Measuring { fragments: &document.fragments, known: HashMap::new() };
    let mut size = Size::default();
    for (_, operation) in document.operations.iter() {
        if operation.node.ty == OperationType::Mutation {
            return Err(Refusal::NotAQuery);
        }
        size.directives = size.directives.saturating_add(operation.node.directives.len() as u64);
        size = size.beside(measuring.set(&operation.node.selection_set.node)?);
    }
    // What no operation uses is validated too, so it must not be large either.
    for name in document.fragments.keys() {
        size.fields = size.fields.max(measuring.fragment(name)?.fields);
    }
    Ok(size)
}

struct Measuring<'d> {
    fragments: &'d HashMap<async_graphql::Name, Positioned<FragmentDefinition>>,
    /// `None` while a fragment is being measured: meeting it then is a cycle.
    known: HashMap<&'d str, Option<Size>>,
}

impl<'d> Measuring<'d> {
    fn set(&mut self, set: &'d SelectionSet) -> Result<Size, Refusal> {
        let mut size = Size::default();
        for selection in &set.items {
            let one = match &selection.node {
                Selection::Field(field) => {
                    let field = &field.node;
                    let inner = self.set(&field.selection_set.node)?;
                    inner.inside(&field.name.node, field.alias.is_some(), field.directives.len())
                }
                Selection::InlineFragment(inline) => {
                    let inner = self.set(&inline.node.selection_set.node)?;
                    with_directives(inner, inline.node.directives.len())
                }
                Selection::FragmentSpread(spread) => {
                    let inner = self.fragment(&spread.node.fragment_name.node)?;
                    with_directives(inner, spread.node.directives.len())
                }
            };
            size = size.beside(one);
        }
        Ok(size)
    }

    fn fragment(&mut self, name: &str) -> Result<Size, Refusal> {
        let Some((name, fragment)) = self.fragments.get_key_value(name) else {
            return Err(Refusal::NoFragment(name.chars().take(64).collect()));
        };
        match self.known.get(name.as_str()) {
            Some(Some(size)) => return Ok(*size),
            Some(None) => return Err(Refusal::Cycle(name.chars().take(64).collect())),
            None => {}
        }
        self.known.insert(name.as_str(), None);
        let inner = self.set(&fragment.node.selection_set.node)?;
        let size = with_directives(inner, fragment.node.directives.len());
        self.known.insert(name.as_str(), Some(size));
        Ok(size)
    }
}

fn with_directives(size: Size, directives: usize) -> Size {
    Size {
        // Each place that a fragment is put in costs the engine something, even when it is empty.
        fields: size.fields.saturating_add(1),
        directives: size.directives.saturating_add(directives as u64),
        ..size
    }
}
