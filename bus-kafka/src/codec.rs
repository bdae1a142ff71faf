//! Decodes a Kafka record, in either content mode of CloudEvents, into envelope and payload.

use std::sync::Arc;

use platform::bus::{BusError, Record};
use rdkafka::Message;
use rdkafka::message::Headers;
use schemas::cloudevents::STRUCTURED;
use schemas::{Envelope, StreamId, Topic, event};

use structured::Event;

pub(crate) mod structured;

/// Decodes a message of `topic`. A foreign one is [`BusError::Malformed`].
pub(crate) fn record(topic: Topic, message: &impl Message) -> Result<Record, BusError> {
    let (partition, offset) = place(message);
    let malformed = |problem: String| BusError::Malformed { topic, partition, offset, problem };
    let attributes = Attributes::of(message).map_err(malformed)?;
    let payload = Arc::from(attributes.payload().map_err(malformed)?);
    let envelope = envelope(topic, &attributes).map_err(malformed)?;
    if message.key() != Some(envelope.stream.as_str().as_bytes()) {
        return Err(malformed("its key is not its subject".to_owned()));
    }
    Ok(Record { topic, partition, offset, envelope: Arc::new(envelope), payload })
}

/// Decodes only the log position of a message. Cheap in binary mode.
pub(crate) fn position(topic: Topic, message: &impl Message) -> Result<u64, BusError> {
    let position = Attributes::of(message).and_then(|attributes| attributes.number("ce_position"));
    position.map_err(|problem| {
        let (partition, offset) = place(message);
        BusError::Malformed { topic, partition, offset, problem }
    })
}

/// The payload of a message of any topic.
pub(crate) fn payload(message: &impl Message) -> Result<String, String> {
    Attributes::of(message)?.payload().map(str::to_owned)
}

/// Partition and offset of a message.
pub(crate) fn place(message: &impl Message) -> (u32, u64) {
    (u32::try_from(message.partition()).unwrap_or(0), u64::try_from(message.offset()).unwrap_or(0))
}

/// The attributes of a message, by the names of headers.
enum Attributes<'m, M> {
    Binary(&'m M),
    Structured(Event<'m>),
}

impl<'m, M: Message> Attributes<'m, M> {
    fn of(message: &'m M) -> Result<Self, String> {
        let media_type = |text: &'m str| text.split(';').next().unwrap_or_default().trim();
        match header(message, "content-type").map(media_type) {
            Some(media) if media.eq_ignore_ascii_case(media_type(STRUCTURED)) => {
                let event = Event::decode(value(message)?);
                event.map(Self::Structured).map_err(|error| format!("its value is no CloudEvent ({error})"))
            }
            _ => Ok(Self::Binary(message)),
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        match self {
            Self::Binary(message) => header(*message, name),
            Self::Structured(event) => event.get(name),
        }
    }

    fn payload(&self) -> Result<&'m str, String> {
        match self {
            Self::Binary(message) => value(*message),
            Self::Structured(event) => Ok(event.data),
        }
    }

    fn required(&self, name: &str) -> Result<&str, String> {
        self.get(name).ok_or_else(|| format!("it lacks {}", self.shown(name)))
    }

    fn number<N: std::str::FromStr>(&self, name: &str) -> Result<N, String> {
        let text = self.required(name)?;
        text.parse().map_err(|_| format!("its {} says {text:?}", self.shown(name).trim_start_matches("the ")))
    }

    fn shown(&self, name: &str) -> String {
        match self {
            Self::Binary(_) => format!("the header {name}"),
            Self::Structured(_) => format!("the attribute {}", name.trim_start_matches("ce_")),
        }
    }
}

fn header<'m>(message: &'m impl Message, name: &str) -> Option<&'m str> {
    let found = message.headers()?.iter().find(|header| header.key == name)?;
    std::str::from_utf8(found.value?).ok()
}

fn value(message: &impl Message) -> Result<&str, String> {
    match message.payload_view::<str>() {
        Some(Ok(value)) => Ok(value),
        Some(Err(_)) => Err("its value is no text".to_owned()),
        None => Err("it has no value".to_owned()),
    }
}

/// The inverse of [`Envelope::headers`]. Unknown attributes are ignored.
fn envelope(topic: Topic, attributes: &Attributes<'_, impl Message>) -> Result<Envelope, String> {
    let full_type = attributes.required("ce_type")?;
    let (aggregate, name, type_version) =
        event::parse_full_name(full_type).ok_or_else(|| format!("its type is {full_type:?}"))?;
    if aggregate != topic.aggregate() {
        return Err(format!("its type is {full_type:?}, which belongs on another topic"));
    }
    let stream = StreamId::from_text(attributes.required("ce_subject")?);
    if stream.prefix() != topic.prefix() {
        return Err(format!("its subject is {stream}, which belongs on another topic"));
    }
    let (version, position) = (attributes.number("ce_sequence")?, attributes.number("ce_position")?);
    if version == 0 || position == 0 {
        return Err("its sequence or position is 0".to_owned());
    }
    Ok(Envelope {
        id: attributes.number("ce_id")?,
        stream,
        version,
        context: topic.context(),
        position,
        epoch: attributes.number("ce_epoch")?,
        name: name.to_owned(),
        type_version,
        time: attributes.number("ce_time")?,
        correlation: attributes.number("ce_correlationid")?,
        causation: attributes.number("ce_causationid")?,
        traceparent: attributes.get("ce_traceparent").map(str::to_owned),
        hash: attributes.required("ce_hash")?.to_owned(),
    })
}

#[cfg(test)]
mod tests;
