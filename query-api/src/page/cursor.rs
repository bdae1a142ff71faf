//! Opaque cursors: a place in a list, with the list and order that it belongs to.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use read_models::{Cursor, Direction, Value};
use serde_json::Value as Json;

use crate::fault::Fault;

/// Longer than any cursor that was ever given out.
const LONGEST: usize = 4_096;

/// The name of a list in an order: `orders:-placedAt`.
pub(crate) fn signature(list: &str, sort: &[(&'static str, Direction)]) -> String {
    let fields = sort.iter().map(|(field, direction)| match direction {
        Direction::Ascending => format!("+{field}"),
        Direction::Descending => format!("-{field}"),
    });
    format!("{list}:{}", fields.collect::<Vec<_>>().join(","))
}

/// The cursor of a place.
pub(crate) fn write(signature: &str, place: &Cursor) -> String {
    let mut parts = vec![Json::from(signature), Json::from(place.id.as_str())];
    parts.extend(place.values.iter().map(|value| match value {
        Value::Null => Json::Null,
        Value::Integer(number) => Json::from(*number),
        Value::Text(text) => Json::from(text.as_str()),
    }));
    BASE64_URL_SAFE_NO_PAD.encode(Json::Array(parts).to_string())
}

/// The place of a cursor of this very list and order.
pub(crate) fn read(signature: &str, cursor: &str) -> Result<Cursor, Fault> {
    if cursor.len() > LONGEST {
        return Err(Fault::BadCursor);
    }
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).map_err(|_| Fault::BadCursor)?;
    let Ok(Json::Array(parts)) = serde_json::from_slice(&bytes) else { return Err(Fault::BadCursor) };
    let [Json::String(found), Json::String(id), values @ ..] = parts.as_slice() else {
        return Err(Fault::BadCursor);
    };
    let value = |json: &Json| match json {
        Json::Null => Ok(Value::Null),
        Json::Number(number) => number.as_i64().map(Value::Integer).ok_or(Fault::BadCursor),
        Json::String(text) => Ok(Value::Text(text.clone())),
        _ => Err(Fault::BadCursor),
    };
    if found != signature {
        return Err(Fault::BadCursor);
    }
    Ok(Cursor { id: id.clone(), values: values.iter().map(value).collect::<Result<_, _>>()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_valid_only_for_its_own_list_and_sort_order() {
        let sort = [("placedAt", Direction::Descending), ("number", Direction::Ascending)];
        let own = signature("orders", &sort);
        let place = Cursor {
            values: vec![Value::Text("2026".to_owned()), Value::Integer(7)],
            id: "order-1".to_owned(),
        };
        let cursor = write(&own, &place);
        assert_eq!(read(&own, &cursor).unwrap(), place);
        let other = signature("orders", &[("placedAt", Direction::Ascending)]);
        assert!(matches!(read(&other, &cursor), Err(Fault::BadCursor)));
        assert!(matches!(read(&signature("payments", &sort), &cursor), Err(Fault::BadCursor)));
        for bad in ["", "x", "%", "W10", "bnVsbA", &"A".repeat(5_000)] {
            assert!(matches!(read(&own, bad), Err(Fault::BadCursor)), "{bad:?}");
        }
    }
}
