//! Texts of a request in Unicode's composed form (NFC), so that texts that look equal are equal in events and documents.

use std::borrow::Cow;

use serde_json::Value;

/// The body with all of its texts and names composed. A body that is not JSON stays as it is.
pub(super) fn composed(body: &[u8]) -> Cow<'_, [u8]> {
    let plain = body.is_ascii() && !body.windows(2).any(|pair| pair == br"\u");
    if plain {
        return Cow::Borrowed(body);
    }
    let Ok(mut value) = serde_json::from_slice::<Value>(body) else { return Cow::Borrowed(body) };
    if !compose(&mut value) {
        return Cow::Borrowed(body);
    }
    serde_json::to_vec(&value).map_or(Cow::Borrowed(body), Cow::Owned)
}

/// Composes all texts in a value. Answers whether one has changed.
fn compose(value: &mut Value) -> bool {
    match value {
        Value::String(text) => {
            let composed = platform::text::composed(text);
            let changed = composed != *text;
            *text = composed;
            changed
        }
        Value::Array(items) => compose_all(items.iter_mut()),
        Value::Object(fields) => {
            let mut changed = compose_all(fields.values_mut());
            if fields.keys().any(|name| platform::text::composed(name) != *name) {
                let old = std::mem::take(fields);
                fields.extend(old.into_iter().map(|(name, field)| (platform::text::composed(&name), field)));
                changed = true;
            }
            changed
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Composes all of them, also those after the first that has changed.
fn compose_all<'v>(values: impl Iterator<Item = &'v mut Value>) -> bool {
    let mut changed = false;
    for value in values {
        changed |= compose(value);
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::composed;

    #[test]
    fn texts_and_names_are_composed_however_they_are_written() {
        let expected = "{\"title\":\"Früchte\",\"attributes\":{\"Größe\":[\"ö\",1,null]}}".as_bytes();
        for body in [
            "{\"title\":\"Fru\u{308}chte\",\"attributes\":{\"Gro\u{308}ße\":[\"o\u{308}\",1,null]}}",
            "{\"title\":\"Fru\\u0308chte\",\"attributes\":{\"Gro\\u0308ße\":[\"o\\u0308\",1,null]}}",
        ] {
            assert_eq!(composed(body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn a_body_that_is_composed_or_no_json_stays_as_it_is() {
        for body in
            ["{ \"title\" : \"Früchte\" }", "{ \"title\": \"Tea\" }", "u\u{308} {", "{\"a\": \"\\u0041\"}"]
        {
            assert_eq!(composed(body.as_bytes()), body.as_bytes(), "{body}");
        }
        assert_eq!(composed(b"\xff\\u"), b"\xff\\u".as_slice());
    }
}
