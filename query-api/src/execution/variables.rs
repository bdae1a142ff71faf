//! Variables and arguments (GraphQL specification, §6.1.2 and §6.4.1).

use async_graphql::parser::types::{BaseType, OperationDefinition, Type};
use async_graphql::{Name, ServerError, Variables};
use async_graphql_value::{ConstValue, Value};

/// The variables of an operation with the defaults of those that were not sent. Fails if one that must not be null is missing.
/// Whether values fit their types is checked by validation.
pub(crate) fn coerced(
    operation: &OperationDefinition,
    sent: &Variables,
) -> Result<Variables, Box<ServerError>> {
    let mut all = Variables::default();
    for definition in &operation.variable_definitions {
        let name = &definition.node.name.node;
        let (ty, default) = (&definition.node.var_type.node, definition.node.default_value.as_ref());
        match (sent.get(name), default) {
            (Some(ConstValue::Null), _) if !ty.nullable => return Err(missing(name, ty, definition.pos)),
            (Some(value), _) => drop(all.insert(name.clone(), as_list(ty, value.clone()))),
            (None, Some(default)) => drop(all.insert(name.clone(), as_list(ty, default.node.clone()))),
            (None, None) if !ty.nullable => return Err(missing(name, ty, definition.pos)),
            (None, None) => {}
        }
    }
    Ok(all)
}

/// A single value where a list is expected is a list with this value (§3.11).
fn as_list(ty: &Type, value: ConstValue) -> ConstValue {
    match (&ty.base, value) {
        (_, ConstValue::Null) => ConstValue::Null,
        (BaseType::List(_), value @ ConstValue::List(_)) | (BaseType::Named(_), value) => value,
        (BaseType::List(items), value) => ConstValue::List(vec![as_list(items, value)]),
    }
}

fn missing(name: &Name, ty: &Type, pos: async_graphql::Pos) -> Box<ServerError> {
    let message = format!("Variable \"${name}\" of type \"{ty}\" needs a value that is not null.");
    Box::new(ServerError::new(message, Some(pos)))
}

/// The value of an argument; `None` if it is a variable that has none.
pub(super) fn value(written: &Value, variables: &Variables) -> Option<ConstValue> {
    Some(match written {
        Value::Variable(name) => return variables.get(name).cloned(),
        Value::List(items) => ConstValue::List(
            items.iter().map(|item| value(item, variables).unwrap_or(ConstValue::Null)).collect(),
        ),
        Value::Object(fields) => ConstValue::Object(
            fields
                .iter()
                .filter_map(|(name, field)| Some((name.clone(), value(field, variables)?)))
                .collect(),
        ),
        Value::Null => ConstValue::Null,
        Value::Number(number) => ConstValue::Number(number.clone()),
        Value::String(text) => ConstValue::String(text.clone()),
        Value::Boolean(condition) => ConstValue::Boolean(*condition),
        Value::Binary(bytes) => ConstValue::Binary(bytes.clone()),
        Value::Enum(name) => ConstValue::Enum(name.clone()),
    })
}
