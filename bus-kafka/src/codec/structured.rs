//! CloudEvents in structured mode: the value of a record is the whole event as JSON.

use std::collections::BTreeMap;
use std::fmt;

use schemas::cloudevents::attribute;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// The event with the attributes of these headers. `data` comes last and is `payload` byte for byte, because the hash chain of
/// the log covers these bytes. Fails if `payload` is not exactly one JSON value.
pub(crate) fn encode(headers: &[(&'static str, String)], payload: &str) -> Result<String, serde_json::Error> {
    let data: &RawValue = serde_json::from_str(payload)?;
    if data.get() != payload {
        return Err(serde_json::Error::custom("it has space around it"));
    }
    serde_json::to_string(&Outgoing { headers, data })
}

struct Outgoing<'e> {
    headers: &'e [(&'static str, String)],
    data: &'e RawValue,
}

impl Serialize for Outgoing<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut event = serializer.serialize_map(None)?;
        for (header, value) in self.headers {
            if let Some(name) = attribute(header) {
                event.serialize_entry(name, value)?;
            }
        }
        event.serialize_entry("data", self.data)?;
        event.end()
    }
}

/// A structured event.
pub(super) struct Event<'m> {
    attributes: BTreeMap<String, String>,
    /// The exact text of the payload.
    pub(super) data: &'m str,
}

impl<'m> Event<'m> {
    pub(super) fn decode(value: &'m str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(value)
    }

    /// The attribute that is this header in binary mode.
    pub(super) fn get(&self, header: &str) -> Option<&str> {
        self.attributes.get(attribute(header)?).map(String::as_str)
    }
}

impl<'de> Deserialize<'de> for Event<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Event<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a CloudEvent")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Event<'de>, A::Error> {
        let (mut attributes, mut data) = (BTreeMap::new(), None);
        while let Some(name) = members.next_key::<String>()? {
            let value: &RawValue = members.next_value()?;
            let twice = match name.as_str() {
                "data" => data.replace(value.get()).is_some(),
                _ => match text(value).map_err(A::Error::custom)? {
                    Some(text) => attributes.insert(name.clone(), text).is_some(),
                    None => false,
                },
            };
            if twice {
                return Err(A::Error::custom(format!("it says {name} twice")));
            }
        }
        let data = data.ok_or_else(|| A::Error::missing_field("data"))?;
        Ok(Event { attributes, data })
    }
}

/// An attribute in the form that its header has; `None` for null, which is as good as absent.
fn text(value: &RawValue) -> Result<Option<String>, serde_json::Error> {
    match value.get() {
        "null" => Ok(None),
        text if text.starts_with('"') => serde_json::from_str(text).map(Some),
        // Numbers and booleans.
        text => Ok(Some(text.to_owned())),
    }
}
