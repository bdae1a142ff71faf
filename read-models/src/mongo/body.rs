//! Bodies as BSON, and back.
//!
//! The text that comes back is the canonical one: compact, fields in their order, numbers and texts as `serde_json` prints
//! them. Whole numbers are 64-bit integers, other numbers are doubles.

use std::borrow::Cow;
use std::fmt;

use mongodb::bson::{Bson, Document};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// The BSON of a JSON text. An error if it is not JSON, or holds a whole number beyond 64 bits with a sign.
pub(super) fn to_bson(body: &str) -> Result<Bson, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(body);
    let bson = Json.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(bson)
}

/// The canonical JSON text of BSON that [`to_bson`] made. Types that JSON does not have, which only someone else can have
/// written, are answered in MongoDB's extended JSON: no document of ours has that.
pub(super) fn to_json(bson: &Bson) -> Result<String, serde_json::Error> {
    serde_json::to_string(&AsJson(bson))
}

/// A field's name as MongoDB keeps it: without dots, dollar signs at the beginning, and null characters, which mean something
/// else in its queries. Ordinary names stay as they are.
pub(super) fn encode(name: &str) -> Cow<'_, str> {
    if !name.starts_with('$') && !name.contains(['.', '%', '\0']) {
        return Cow::Borrowed(name);
    }
    let mut encoded = String::with_capacity(name.len() + 4);
    for (index, letter) in name.char_indices() {
        match letter {
            '$' if index == 0 => encoded.push_str("%24"),
            '.' => encoded.push_str("%2E"),
            '%' => encoded.push_str("%25"),
            '\0' => encoded.push_str("%00"),
            other => encoded.push(other),
        }
    }
    Cow::Owned(encoded)
}

/// The name that [`encode`] was given.
pub(super) fn decode(name: &str) -> Cow<'_, str> {
    if !name.contains('%') {
        return Cow::Borrowed(name);
    }
    let decoded = name.replace("%24", "$").replace("%2E", ".").replace("%00", "\0").replace("%25", "%");
    Cow::Owned(decoded)
}

struct Json;

impl<'de> DeserializeSeed<'de> for Json {
    type Value = Bson;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Bson, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Json {
    type Value = Bson;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Bson, E> {
        Ok(Bson::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Bson, E> {
        Ok(Bson::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Bson, E> {
        Ok(Bson::Int64(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Bson, E> {
        i64::try_from(value)
            .map(Bson::Int64)
            .map_err(|_| E::custom(format!("{value} is above the largest whole number of a document")))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Bson, E> {
        Ok(Bson::Double(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Bson, E> {
        Ok(Bson::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Bson, E> {
        Ok(Bson::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Bson, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(Self)? {
            array.push(item);
        }
        Ok(Bson::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Bson, A::Error> {
        let mut document = Document::new();
        while let Some(name) = fields.next_key::<Cow<'de, str>>()? {
            if document.insert(encode(&name), fields.next_value_seed(Self)?).is_some() {
                return Err(A::Error::custom(format!("the field {name} occurs twice")));
            }
        }
        Ok(Bson::Document(document))
    }
}

struct AsJson<'a>(&'a Bson);

impl Serialize for AsJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Bson::Null => serializer.serialize_unit(),
            Bson::Boolean(value) => serializer.serialize_bool(*value),
            Bson::Int32(value) => serializer.serialize_i32(*value),
            Bson::Int64(value) => serializer.serialize_i64(*value),
            Bson::Double(value) => serializer.serialize_f64(*value),
            Bson::String(value) => serializer.serialize_str(value),
            Bson::Array(items) => serializer.collect_seq(items.iter().map(AsJson)),
            Bson::Document(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(&decode(name), &AsJson(value))?;
                }
                map.end()
            }
            other => other.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn there_and_back(body: &str) -> String {
        to_json(&to_bson(body).unwrap()).unwrap()
    }

    #[test]
    fn canonical_texts_come_back_byte_by_byte() {
        for body in [
            "null",
            "7",
            "-9223372036854775808",
            "9223372036854775807",
            "1.5",
            "1000.0",
            "1e+100",
            "\"é\\u0001\\n\\\"\"",
            "[]",
            "{}",
            r#"{"z":1,"a":{"b":[null,true,{"c":"d"}]},"":"no name"}"#,
            r#"{"$date":"x","a.b":1,"100%":2,"%24":3,"a\u0000b":4,"$":{"$oid":"5"}}"#,
        ] {
            assert_eq!(there_and_back(body), body);
        }
    }

    #[test]
    fn other_texts_come_back_in_canonical_form() {
        let body = "{ \"title\" :\t\"\\u00e9\", \"n\": 1.50, \"e\": 1E3 }";
        assert_eq!(there_and_back(body), r#"{"title":"é","n":1.5,"e":1000.0}"#);
    }

    #[test]
    fn what_a_document_cannot_hold_is_an_error() {
        for body in ["", "{", "{} x", "18446744073709551615", r#"{"a":1,"a":2}"#] {
            to_bson(body).unwrap_err();
        }
    }

    #[test]
    fn types_that_someone_else_has_written_are_shown_as_what_they_are() {
        let at = Bson::DateTime(mongodb::bson::DateTime::from_millis(0));
        assert_eq!(to_json(&at).unwrap(), r#"{"$date":{"$numberLong":"0"}}"#);
        assert_eq!(to_json(&Bson::Double(f64::NAN)).unwrap(), "null");
    }

    proptest! {
        #[test]
        fn every_name_comes_back_and_means_nothing_in_a_query(name in "[$%.\\x00a2450E]{0,8}") {
            let encoded = encode(&name);
            prop_assert!(!encoded.starts_with('$') && !encoded.contains(['.', '\0']));
            prop_assert_eq!(decode(&encoded), name.as_str());
        }
    }
}
