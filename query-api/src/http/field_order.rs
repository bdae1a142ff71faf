//! The order of fields in a response: the order of the query, as the GraphQL specification asks (7.2.2, "Serialized Map
//! Ordering"). The executor inserts fields in the order in which they are resolved, which depends on the store.

use std::collections::HashMap;

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, FragmentDefinition, Selection, SelectionSet,
};
use async_graphql::{Name, Positioned, Value};

type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;

/// Response keys in the order of the query, each with those of its selection.
#[derive(Default)]
struct Keys<'d>(Vec<(&'d str, Keys<'d>)>);

/// Puts the fields of `data` into the order in which the operation selects them. The document has no cycles of fragments.
pub(super) fn restore(data: &mut Value, document: &ExecutableDocument, operation: Option<&str>) {
    let selected = match (&document.operations, operation) {
        (DocumentOperations::Single(single), _) => Some(single),
        (DocumentOperations::Multiple(all), Some(name)) => all.get(name),
        (DocumentOperations::Multiple(all), None) => all.values().next(),
    };
    if let Some(selected) = selected {
        let mut keys = Keys::default();
        keys.add(&selected.node.selection_set.node, &document.fragments);
        keys.apply(data);
    }
}

impl<'d> Keys<'d> {
    fn add(&mut self, set: &'d SelectionSet, fragments: &'d Fragments) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    let key = field.node.response_key().node.as_str();
                    self.entry(key).add(&field.node.selection_set.node, fragments);
                }
                Selection::InlineFragment(inline) => self.add(&inline.node.selection_set.node, fragments),
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = fragments.get(&spread.node.fragment_name.node) {
                        self.add(&fragment.node.selection_set.node, fragments);
                    }
                }
            }
        }
    }

    fn entry(&mut self, key: &'d str) -> &mut Keys<'d> {
        let known = self.0.iter().position(|(other, _)| *other == key);
        let at = known.unwrap_or_else(|| {
            self.0.push((key, Keys::default()));
            self.0.len() - 1
        });
        &mut self.0[at].1
    }

    fn apply(&self, value: &mut Value) {
        match value {
            Value::List(items) => items.iter_mut().for_each(|item| self.apply(item)),
            Value::Object(fields) => {
                let mut expected = self.0.iter();
                let in_order = fields.keys().all(|name| expected.any(|(key, _)| *key == name.as_str()));
                if !in_order {
                    let mut resolved = std::mem::take(fields);
                    for (key, _) in &self.0 {
                        fields.extend(resolved.swap_remove_entry(*key));
                    }
                    fields.extend(resolved);
                }
                let mut keys = self.0.iter();
                for (name, field) in fields {
                    if let Some((_, inner)) = keys.find(|(key, _)| *key == name.as_str()) {
                        inner.apply(field);
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    fn restored(query: &str, operation: Option<&str>, resolved: &str) -> String {
        let mut data: Value = serde_json::from_str(resolved).unwrap();
        restore(&mut data, &parse_query(query).unwrap(), operation);
        serde_json::to_string(&data).unwrap()
    }

    #[test]
    fn fields_are_in_the_order_of_the_query_at_every_level_and_in_every_item() {
        let query = "{ b: first { y x } a list { n { q p } m } }";
        let resolved =
            r#"{"a":1,"list":[{"m":2,"n":{"p":3,"q":4}},{"n":{"q":5,"p":6},"m":7},null],"b":{"x":8,"y":9}}"#;
        assert_eq!(
            restored(query, None, resolved),
            r#"{"b":{"y":9,"x":8},"a":1,"list":[{"n":{"q":4,"p":3},"m":2},{"n":{"q":5,"p":6},"m":7},null]}"#
        );
    }

    #[test]
    fn fragments_are_expanded_where_they_stand_and_repeated_fields_merge_at_their_first() {
        let query =
            "query Q { node { id ...F ... on T { z id sub { b } } } } fragment F on T { c sub { a } }";
        let resolved = r#"{"node":{"z":1,"sub":{"b":2,"a":3},"c":4,"id":5}}"#;
        let expected = r#"{"node":{"id":5,"c":4,"sub":{"a":3,"b":2},"z":1}}"#;
        assert_eq!(restored(query, None, resolved), expected);
        // Fields of other types and skipped fields are absent.
        assert_eq!(restored(query, None, r#"{"node":{"z":1,"id":5}}"#), r#"{"node":{"id":5,"z":1}}"#);
    }

    #[test]
    fn the_operation_with_the_given_name_determines_the_order() {
        let query = "query A { x y } query B { y x }";
        let resolved = r#"{"x":1,"y":2}"#;
        assert_eq!(restored(query, Some("A"), resolved), r#"{"x":1,"y":2}"#);
        assert_eq!(restored(query, Some("B"), resolved), r#"{"y":2,"x":1}"#);
    }
}
