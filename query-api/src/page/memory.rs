//! Pages of lists that are wholly in memory, such as the lines of an order.

use read_models::{Cursor, Value};

use super::{Connection, Window, cursor};
use crate::fault::Fault;

/// The page of a list whose items are in the order of their keys. `name` tells its cursors from those of other lists.
pub(crate) fn slice<N>(
    name: &str,
    items: Vec<(i64, N)>,
    window: &Window,
    default: i32,
) -> Result<Connection<N>, Fault> {
    let (length, from_end) = window.limit(default)?;
    let signature = cursor::signature(name, &[]);
    let key = |cursor: &Option<String>| {
        let place = cursor.as_deref().map(|cursor| cursor::read(&signature, cursor)).transpose()?;
        match place.map(|place| place.values) {
            None => Ok(None),
            Some(values) => match values.as_slice() {
                [Value::Integer(key)] => Ok(Some(*key)),
                _ => Err(Fault::BadCursor),
            },
        }
    };
    let (after, before) = (key(&window.after)?, key(&window.before)?);
    let total = items.len();
    let begin = items.iter().take_while(|(key, _)| after.is_some_and(|after| *key <= after)).count();
    let end =
        items.iter().take_while(|(key, _)| before.is_none_or(|before| *key < before)).count().max(begin);
    let (begin, end) = match from_end {
        true => (begin.max(end.saturating_sub(length)), end),
        false => (begin, end.min(begin + length)),
    };
    let page = items.into_iter().take(end).skip(begin);
    let cursor =
        |key| cursor::write(&signature, &Cursor { values: vec![Value::Integer(key)], id: String::new() });
    let edges = page.map(|(key, node)| (cursor(key), node)).collect();
    Ok(Connection::known(edges, begin > 0, end < total, total as u64))
}
