//! The JSON of a body: in Unicode's composed form (NFC), so that texts that look equal are equal in events and documents, and
//! with every name at most once.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// A body that was read.
#[derive(Debug)]
pub(super) struct Body {
    pub value: Value,
    /// Paths of the names that occur twice in one object. The value has the first of each.
    pub twice: Vec<String>,
}

/// Reads the JSON. The error says where it is none.
pub(super) fn read(bytes: &[u8]) -> Result<Body, String> {
    let twice = RefCell::default();
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let root = Node { path: &Path::Root, twice: &twice };
    let value = root.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    match value {
        Ok(value) => Ok(Body { value, twice: twice.into_inner() }),
        Err(error) if error.is_eof() => {
            Err(format!("it ends too early, at line {} column {}", error.line(), error.column()))
        }
        Err(error) => Err(error.to_string()),
    }
}

/// Where a value is.
enum Path<'p> {
    Root,
    Field(&'p Path<'p>, &'p str),
    Item(&'p Path<'p>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Field(Path::Root, name) => f.write_str(name),
            Self::Field(parent, name) => write!(f, "{parent}.{name}"),
            Self::Item(parent, number) => write!(f, "{parent}[{number}]"),
        }
    }
}

#[derive(Clone, Copy)]
struct Node<'n> {
    path: &'n Path<'n>,
    twice: &'n RefCell<Vec<String>>,
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number is too large"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(platform::text::composed(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut read = Vec::new();
        let item = |number| Path::Item(self.path, number);
        while let Some(value) = items.next_element_seed(Node { path: &item(read.len()), ..self })? {
            read.push(value);
        }
        Ok(Value::Array(read))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut read = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            let name = platform::text::composed(&name);
            let path = Path::Field(self.path, &name);
            let value = fields.next_value_seed(Node { path: &path, ..self })?;
            if read.contains_key(&name) {
                self.twice.borrow_mut().push(path.to_string());
            } else {
                read.insert(name, value);
            }
        }
        Ok(Value::Object(read))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_and_names_are_composed_however_they_are_written() {
        let expected =
            json!({ "title": "Früchte", "attributes": { "Größe": ["ö", 1, null, true, -2, 0.5] } });
        for body in [
            "{\"title\":\"Früchte\",\"attributes\":{\"Größe\":[\"ö\",1,null,true,-2,0.5]}}",
            "{\"title\":\"Fru\u{308}chte\",\"attributes\":{\"Gro\u{308}ße\":[\"o\u{308}\",1,null,true,-2,0.5]}}",
            "{\"title\":\"Fru\\u0308chte\",\"attributes\":{\"Gro\\u0308ße\":[\"o\\u0308\",1,null,true,-2,0.5]}}",
        ] {
            let read = read(body.as_bytes()).unwrap();
            assert_eq!((read.value, read.twice), (expected.clone(), Vec::new()), "{body}");
        }
    }

    #[test]
    fn a_name_that_occurs_twice_is_found_wherever_it_is_and_however_it_is_written() {
        for (body, twice) in [
            (r#"{"a": 1, "b": 2, "a": 1}"#, "a"),
            (r#"{"lines": [{"sku": "A"}, {"sku": "B", "sku": "C"}]}"#, "lines[1].sku"),
            ("{\"a\": {\"ö\": 1, \"o\u{308}\": 2}}", "a.ö"),
        ] {
            assert_eq!(read(body.as_bytes()).unwrap().twice, [twice], "{body}");
        }
    }

    #[test]
    fn what_is_no_json_is_refused_with_the_place() {
        for (body, why) in
            [("", "ends too early"), ("{\"a\": ", "ends too early"), ("{} {}", "line 1 column 4")]
        {
            let error = read(body.as_bytes()).unwrap_err();
            assert!(error.contains(why), "{body}: {error}");
        }
        assert!(read(b"{\"a\": \"\xff\"}").is_err());
        assert!(read(b"1e999").is_err());
        assert!(read("[".repeat(10_000).as_bytes()).is_err());
    }
}
