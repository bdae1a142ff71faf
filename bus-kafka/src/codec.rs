//! Decodes the headers and value of a Kafka record into envelope and payload.

use std::sync::Arc;

use platform::bus::{BusError, Record};
use rdkafka::Message;
use rdkafka::message::Headers;
use schemas::{Envelope, StreamId, Topic, event};

/// Decodes a message of `topic`. A foreign one is [`BusError::Malformed`].
pub(crate) fn record(topic: Topic, message: &impl Message) -> Result<Record, BusError> {
    let (partition, offset) = place(message);
    let malformed = |problem: String| BusError::Malformed { topic, partition, offset, problem };
    let payload = match message.payload_view::<str>() {
        Some(Ok(payload)) => Arc::from(payload),
        Some(Err(_)) => return Err(malformed("its value is no text".to_owned())),
        None => return Err(malformed("it has no value".to_owned())),
    };
    let envelope = envelope(topic, |name| header(message, name)).map_err(malformed)?;
    if message.key() != Some(envelope.stream.as_str().as_bytes()) {
        return Err(malformed("its key is not its subject".to_owned()));
    }
    Ok(Record { topic, partition, offset, envelope: Arc::new(envelope), payload })
}

/// Decodes only the log position of a message, which is cheap.
pub(crate) fn position(topic: Topic, message: &impl Message) -> Result<u64, BusError> {
    number(|name| header(message, name), "ce_position").map_err(|problem| {
        let (partition, offset) = place(message);
        BusError::Malformed { topic, partition, offset, problem }
    })
}

/// Partition and offset of a message.
pub(crate) fn place(message: &impl Message) -> (u32, u64) {
    (u32::try_from(message.partition()).unwrap_or(0), u64::try_from(message.offset()).unwrap_or(0))
}

fn header<'m>(message: &'m impl Message, name: &str) -> Option<&'m str> {
    let found = message.headers()?.iter().find(|header| header.key == name)?;
    std::str::from_utf8(found.value?).ok()
}

fn required<'h>(get: impl Fn(&str) -> Option<&'h str>, name: &str) -> Result<&'h str, String> {
    get(name).ok_or_else(|| format!("it lacks the header {name}"))
}

fn number<'h, N: std::str::FromStr>(get: impl Fn(&str) -> Option<&'h str>, name: &str) -> Result<N, String> {
    let text = required(get, name)?;
    text.parse().map_err(|_| format!("its header {name} says {text:?}"))
}

/// The inverse of [`Envelope::headers`]. Unknown headers are ignored.
fn envelope<'h>(topic: Topic, get: impl Fn(&str) -> Option<&'h str>) -> Result<Envelope, String> {
    let get = &get;
    let full_type = required(get, "ce_type")?;
    let (aggregate, name, type_version) =
        event::parse_full_name(full_type).ok_or_else(|| format!("its type is {full_type:?}"))?;
    if aggregate != topic.aggregate() {
        return Err(format!("its type is {full_type:?}, which belongs on another topic"));
    }
    let stream = StreamId::from_text(required(get, "ce_subject")?);
    if stream.prefix() != topic.prefix() {
        return Err(format!("its subject is {stream}, which belongs on another topic"));
    }
    let (version, position) = (number(get, "ce_sequence")?, number(get, "ce_position")?);
    if version == 0 || position == 0 {
        return Err("its sequence or position is 0".to_owned());
    }
    Ok(Envelope {
        id: number(get, "ce_id")?,
        stream,
        version,
        context: topic.context(),
        position,
        epoch: number(get, "ce_epoch")?,
        name: name.to_owned(),
        type_version,
        time: number(get, "ce_time")?,
        correlation: number(get, "ce_correlationid")?,
        causation: number(get, "ce_causationid")?,
        traceparent: get("ce_traceparent").map(str::to_owned),
        hash: required(get, "ce_hash")?.to_owned(),
    })
}

#[cfg(test)]
mod tests;
