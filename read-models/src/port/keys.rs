//! Index keys: what a document is filtered and sorted by. They are extracted here, once for all backends; a backend only
//! stores and compares them.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Collection, Index};

/// The key of one field of a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// The field is missing or null. Sorts first.
    Null,
    /// A whole number, or a boolean as 0 or 1. Sorts before texts.
    Integer(i64),
    /// A text, compared by its UTF-8 bytes.
    Text(String),
}

/// The keys of one document, in the order of its [`KeyFields`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// One per field.
    pub values: Vec<Value>,
    /// Per list its texts, sorted, each once.
    pub lists: Vec<Vec<String>>,
}

/// The name of the key that a text has beside itself: `number.natural` is that of `number`. It sorts texts with numbers in
/// them by the values of the numbers, as people expect: `10-999999` before `10-1000000`.
const NATURAL: &str = "natural";

/// Each run of digits without its leading zeros, after the length of what is left, so that a longer number is larger.
fn natural(text: &str) -> String {
    let mut key = String::with_capacity(text.len() + 6);
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, digits) = rest.split_at(start);
        let (digits, after) =
            digits.split_at(digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len()));
        let number = digits.trim_start_matches('0');
        key.push_str(&format!("{before}{:06}{number}", number.len()));
        rest = after;
    }
    key.push_str(rest);
    key
}

/// The fields that keys are extracted from.
#[derive(Clone, Debug, Default)]
pub struct KeyFields {
    fields: Vec<String>,
    lists: Vec<String>,
    root: Node,
}

impl Collection {
    /// The fields that its indexes name, each once, in the order of their first occurrence.
    pub fn key_fields(&self) -> KeyFields {
        let (mut fields, mut lists) = (Vec::new(), Vec::new());
        for index in self.indexes {
            match *index {
                Index::Field(one) => fields.push(one.to_owned()),
                Index::Pair(first, second) => fields.extend([first.to_owned(), second.to_owned()]),
                Index::List(list) => lists.push(list.to_owned()),
            }
        }
        KeyFields::new(fields, lists)
    }

    /// The keys of a document of this collection. For many documents, keep the [`KeyFields`].
    pub fn keys(&self, body: &str) -> Result<Keys, serde_json::Error> {
        self.key_fields().extract(body)
    }
}

impl KeyFields {
    /// Fields with one value and fields with a list of texts. Repetitions are ignored.
    pub fn new(fields: impl IntoIterator<Item = String>, lists: impl IntoIterator<Item = String>) -> Self {
        let mut new = Self::default();
        for field in fields {
            if !new.fields.contains(&field) {
                new.root.at(&field).value = Some(new.fields.len());
                new.fields.push(field);
            }
        }
        for list in lists {
            if !new.lists.contains(&list) {
                new.root.at(&list).list = Some(new.lists.len());
                new.lists.push(list);
            }
        }
        new
    }

    /// The fields with one value.
    pub fn fields(&self) -> &[String] {
        &self.fields
    }

    /// The fields with a list of texts.
    pub fn lists(&self) -> &[String] {
        &self.lists
    }

    /// The keys of a document. An error if it is not JSON, or if one of [`fields`](Self::fields) holds a fraction, a number
    /// beyond 64 bits, an object or an array.
    pub fn extract(&self, body: &str) -> Result<Keys, serde_json::Error> {
        let mut keys = self.none();
        collect(&self.root, serde_json::from_str(body)?, &mut keys)?;
        for list in &mut keys.lists {
            list.sort_unstable();
            list.dedup();
        }
        Ok(keys)
    }

    /// The keys of a tombstone.
    pub fn none(&self) -> Keys {
        Keys { values: vec![Value::Null; self.fields.len()], lists: vec![Vec::new(); self.lists.len()] }
    }
}

/// A part of a path into a document.
#[derive(Clone, Debug, Default)]
struct Node {
    name: String,
    value: Option<usize>,
    list: Option<usize>,
    children: Vec<Node>,
}

impl Node {
    /// The node of a path with dots; created if missing.
    fn at(&mut self, path: &str) -> &mut Self {
        let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
        let known = self.children.iter().position(|child| child.name == name);
        let index = known.unwrap_or_else(|| {
            self.children.push(Self { name: name.to_owned(), ..Self::default() });
            self.children.len() - 1
        });
        let child = &mut self.children[index];
        match rest {
            Some(rest) => child.at(rest),
            None => child,
        }
    }
}

fn collect(node: &Node, raw: &RawValue, keys: &mut Keys) -> Result<(), serde_json::Error> {
    let text = raw.get();
    match (text.as_bytes().first(), node.value) {
        (Some(b'n'), _) => {}
        (Some(b'"'), _) => {
            let text: String = serde_json::from_str(text)?;
            if let Some(derived) = node.children.iter().find(|child| child.name == NATURAL)
                && let Some(value) = derived.value
            {
                keys.values[value] = Value::Text(natural(&text));
            }
            if let Some(value) = node.value {
                keys.values[value] = Value::Text(text);
            }
        }
        (_, Some(value)) => keys.values[value] = scalar(node, text)?,
        (Some(b'{'), None) if !node.children.is_empty() => {
            serde_json::Deserializer::from_str(text).deserialize_map(Object { node, keys })?;
        }
        (Some(b'['), None) => {
            if let Some(list) = node.list {
                for term in serde_json::from_str::<Vec<&RawValue>>(text)? {
                    if term.get().starts_with('"') {
                        keys.lists[list].push(serde_json::from_str(term.get())?);
                    }
                }
            }
        }
        _ => {}
    }
    Ok(())
}

fn scalar(node: &Node, text: &str) -> Result<Value, serde_json::Error> {
    match text {
        "true" => Ok(Value::Integer(1)),
        "false" => Ok(Value::Integer(0)),
        number => number.parse().map(Value::Integer).map_err(|_| {
            serde_json::Error::custom(format!("{} is neither a text nor a whole number", node.name))
        }),
    }
}

/// An object of which some fields, or fields of fields, are keys.
struct Object<'a> {
    node: &'a Node,
    keys: &'a mut Keys,
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(child) = map.next_key_seed(Name(self.node))? {
            let raw: &RawValue = map.next_value()?;
            if let Some(child) = child {
                collect(child, raw, self.keys).map_err(A::Error::custom)?;
            }
        }
        Ok(())
    }
}

/// The name of a field, as the node that it leads to.
struct Name<'a>(&'a Node);

impl<'de, 'a> DeserializeSeed<'de> for Name<'a> {
    type Value = Option<&'a Node>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for Name<'a> {
    type Value = Option<&'a Node>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.children.iter().find(|child| child.name == name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static BOOKS: Collection = Collection {
        name: "books",
        shape: 1,
        streams: crate::port::Streams::Other,
        hot: false,
        indexes: &[
            Index::Field("title"),
            Index::Pair("price.minor", "open"),
            Index::Pair("title", "price.tax.rate"),
            Index::List("words"),
            Index::List("meta.tags"),
        ],
    };

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn every_field_is_extracted_once_in_the_order_of_the_declaration() {
        let fields = BOOKS.key_fields();
        assert_eq!(fields.fields(), ["title", "price.minor", "open", "price.tax.rate"]);
        assert_eq!(fields.lists(), ["words", "meta.tags"]);
        let body = r#"{ "words": ["b", "a", 1, null, "b"], "price": {"minor": -5, "tax": {"rate": 19}},
                        "other": {"title": "no"}, "open": true, "ti\u0074le": "T\u00e9", "meta": {"tags": []} }"#;
        let keys = BOOKS.keys(body).unwrap();
        assert_eq!(keys.values, [text("Té"), Value::Integer(-5), Value::Integer(1), Value::Integer(19)]);
        assert_eq!(keys.lists, [vec!["a".to_owned(), "b".to_owned()], vec![]]);
    }

    #[test]
    fn texts_with_numbers_have_a_key_that_sorts_by_the_values_of_the_numbers() {
        static ORDERS: Collection =
            Collection { indexes: &[Index::Field("number.natural"), Index::Field("number")], ..BOOKS };
        let key = |number: &str| {
            let keys = ORDERS.keys(&format!("{{\"number\": \"{number}\"}}")).unwrap();
            assert_eq!(keys.values[1], text(number));
            keys.values[0].clone()
        };
        let sorted = [
            "",
            "9-5",
            "10",
            "10-",
            "10-000042",
            "10-999999",
            "10-1000000",
            "10-18446744073709551616",
            "11-1",
            "a9",
            "a10b2",
            "a10b10",
        ];
        for pair in sorted.windows(2) {
            assert!(key(pair[0]) < key(pair[1]), "{pair:?}: {:?} {:?}", key(pair[0]), key(pair[1]));
        }
        assert_eq!(key("10-0042"), key("10-42"));
        assert_eq!(ORDERS.keys("{\"number\": 7}").unwrap().values, [Value::Null, Value::Integer(7)]);
        assert_eq!(ORDERS.keys("{}").unwrap().values, [Value::Null, Value::Null]);
    }

    #[test]
    fn what_is_missing_or_of_another_kind_than_its_path_is_null() {
        for body in ["{}", "[1]", "\"x\"", "7", "null", r#"{"title":null,"price":[1],"words":"a","meta":3}"#]
        {
            assert_eq!(BOOKS.keys(body).unwrap(), BOOKS.key_fields().none(), "{body}");
        }
    }

    #[test]
    fn what_cannot_be_a_key_is_an_error() {
        for bad in ["0.5", "1e3", "18446744073709551615", "{}", "[\"a\"]"] {
            let error = BOOKS.keys(&format!("{{\"title\": {bad}}}")).unwrap_err().to_string();
            assert!(error.contains("title is neither a text nor a whole number"), "{error}");
        }
        for bad in ["", "{", "{\"title\":", "{} x"] {
            BOOKS.keys(bad).unwrap_err();
        }
    }
}
