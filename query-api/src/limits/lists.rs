//! The longest lists that an operation may pass, in its text or by variables.
//!
//! One limit holds for every argument and input field, also for new ones: stores, indexes and the search have limits of their
//! own on what one call may name, and they answer too long a list as if they were broken.

use async_graphql::parser::types::{ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql::{Name, Value, Variables};

use super::Refusal;

/// The most items of a list that is passed to an argument or an input field.
pub(crate) const MOST_ITEMS: usize = 100;

/// Checks the lists that are written in a document.
pub(super) fn check_literals(document: &ExecutableDocument) -> Result<(), Refusal> {
    for (_, operation) in document.operations.iter() {
        for variable in &operation.node.variable_definitions {
            if let Some(value) = &variable.node.default_value {
                check(&format!("${}", variable.node.name.node), &value.node)?;
            }
        }
        check_set(&operation.node.selection_set.node)?;
    }
    document.fragments.values().try_for_each(|fragment| check_set(&fragment.node.selection_set.node))
}

fn check_set(set: &SelectionSet) -> Result<(), Refusal> {
    set.items.iter().try_for_each(|selection| match &selection.node {
        Selection::Field(field) => {
            check_arguments(&field.node)?;
            check_set(&field.node.selection_set.node)
        }
        Selection::InlineFragment(inline) => check_set(&inline.node.selection_set.node),
        Selection::FragmentSpread(_) => Ok(()),
    })
}

fn check_arguments(field: &Field) -> Result<(), Refusal> {
    for (name, value) in &field.arguments {
        // What variables contain is checked where it is known.
        let literal = value.node.clone().into_const_with(|_: Name| Ok::<_, ()>(Value::Null));
        literal.map_or(Ok(()), |literal| check(&name.node, &literal))?;
    }
    Ok(())
}

/// Checks the lists that variables contain.
pub(crate) fn check_variables(variables: &Variables) -> Result<(), Refusal> {
    variables.iter().try_for_each(|(name, value)| check(&format!("${name}"), value))
}

/// Checks a value and what it contains. The parsers of documents and of JSON bound how deep it is nested.
fn check(path: &str, value: &Value) -> Result<(), Refusal> {
    match value {
        Value::List(items) if items.len() > MOST_ITEMS => {
            Err(Refusal::ListTooLong { path: path.chars().take(64).collect(), items: items.len() })
        }
        Value::List(items) => items.iter().try_for_each(|item| check(path, item)),
        Value::Object(fields) => {
            fields.iter().try_for_each(|(name, value)| check(&format!("{path}.{name}"), value))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use serde_json::json;

    use super::*;

    fn refused(items: usize) -> [Result<(), Refusal>; 5] {
        let list = format!("[{}]", "1 ".repeat(items));
        let document = |text: String| check_literals(&parse_query(text).unwrap());
        let numbers = json!({ "w": { "a": [{ "b": vec![1; items] }] } });
        [
            document(format!("{{ f(a: {list}) }}")),
            document(format!("{{ ... {{ f {{ g(w: {{ a: [{{ b: {list} }}] }}) }} }} }}")),
            document(format!("{{ ...F }} fragment F on Query {{ f(a: {list}) }}")),
            document(format!("query($v: [Int] = {list}) {{ f(a: $v) }}")),
            check_variables(&Variables::from_json(numbers)),
        ]
    }

    #[test]
    fn a_list_may_be_as_long_as_the_limit_wherever_it_is_passed() {
        assert!(refused(MOST_ITEMS).iter().all(Result::is_ok));
        let paths = refused(MOST_ITEMS + 1).map(|outcome| match outcome {
            Err(Refusal::ListTooLong { path, items: 101 }) => path,
            other => panic!("{other:?}"),
        });
        assert_eq!(paths, ["a", "w.a.b", "a", "$v", "$w.a.b"]);
    }
}
