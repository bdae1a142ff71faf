use proptest::prelude::*;
use rdkafka::message::{Header, OwnedHeaders, OwnedMessage, Timestamp as MessageTime};
use schemas::{EventId, Timestamp};
use uuid::Uuid;

use super::*;

fn topics() -> impl Strategy<Value = Topic> {
    proptest::sample::select(Topic::ALL.to_vec())
}

prop_compose! {
    fn envelopes()(
        topic in topics(),
        key in "[a-zA-Z0-9._-]{1,40}",
        (version, position, type_version) in (1..u64::MAX, 1..u64::MAX, 1..u32::MAX),
        ids in proptest::array::uniform4(any::<u128>()),
        name in "[A-Z][A-Za-z]{2,30}",
        millis in -60_000_000_000_000_i64..253_000_000_000_000,
        traceparent in proptest::option::of("00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]"),
        hash in "[0-9a-f]{64}",
    ) -> (Topic, Envelope) {
        let [id, epoch, correlation, causation] = ids.map(Uuid::from_u128);
        let stream = match topic {
            Topic::CATEGORY => schemas::category::stream(),
            _ => StreamId::from_text(format!("{}-{key}", topic.prefix())),
        };
        let id: EventId = id.to_string().parse().unwrap();
        let (context, time) = (topic.context(), Timestamp::from_millis(millis));
        (topic, Envelope {
            id, stream, version, context, position, epoch, name, type_version, time, correlation, causation,
            traceparent, hash,
        })
    }
}

fn message(topic: Topic, key: &str, headers: &[(&str, String)], payload: Option<&[u8]>) -> OwnedMessage {
    let all = headers.iter().fold(OwnedHeaders::new(), |all, (key, value)| {
        all.insert(Header { key, value: Some(value.as_str()) })
    });
    let (key, payload) = (Some(key.as_bytes().to_vec()), payload.map(<[u8]>::to_vec));
    OwnedMessage::new(payload, key, topic.name().to_owned(), MessageTime::CreateTime(1), 3, 41, Some(all))
}

/// A record in structured mode, as the publisher writes it.
fn structured(topic: Topic, key: &str, headers: &[(&'static str, String)], payload: &str) -> OwnedMessage {
    let event = structured::encode(headers, payload).unwrap();
    of_type(topic, key, STRUCTURED, &event)
}

fn of_type(topic: Topic, key: &str, content_type: &str, value: &str) -> OwnedMessage {
    message(topic, key, &[("content-type", content_type.to_owned())], Some(value.as_bytes()))
}

proptest! {
    #[test]
    fn a_record_says_what_its_envelope_said_in_either_content_mode(
        (topic, envelope) in envelopes(), text in "\\PC{0,80}", in_value: bool,
    ) {
        // Not as a program would write it: every byte counts.
        let payload = format!("{{ \"text\" :{}, \"rate\": 1.50e+3}}", serde_json::Value::from(text));
        let (key, headers) = (envelope.stream.as_str(), envelope.headers());
        let message = match in_value {
            true => structured(topic, key, &headers, &payload),
            false => message(topic, key, &headers, Some(payload.as_bytes())),
        };
        let read = record(topic, &message).unwrap();
        prop_assert_eq!(position(topic, &message).unwrap(), envelope.position);
        prop_assert_eq!(&*read.envelope, &envelope);
        prop_assert_eq!((read.partition, read.offset, &*read.payload), (3, 41, payload.as_str()));
        prop_assert_eq!(super::payload(&message).unwrap(), payload);
    }

    #[test]
    fn a_record_with_any_header_missing_or_garbled_is_refused_or_read_without_it(
        (topic, envelope) in envelopes(), which in any::<usize>(), garbage in "\\PC{0,12}", missing: bool, in_value: bool,
    ) {
        let mut headers = envelope.headers();
        let place = which % headers.len();
        match missing {
            true => drop(headers.remove(place)),
            false => headers[place].1 = garbage,
        }
        let key = envelope.stream.as_str();
        let message = match in_value {
            true => structured(topic, key, &headers, "{}"),
            false => message(topic, key, &headers, Some(b"{}")),
        };
        if let Ok(read) = record(topic, &message) {
            prop_assert_eq!(&read.envelope.stream, &envelope.stream);
        }
    }
}

#[test]
fn a_structured_record_is_the_event_format_of_cloudevents_with_the_payload_as_it_is() {
    let envelope = envelope_of_order_a();
    let message = structured(Topic::ORDER, "order-a", &envelope.headers(), r#"{"summary": "é", "n":1.0}"#);
    let text = std::str::from_utf8(message.payload().unwrap()).unwrap();
    assert_eq!(
        text,
        concat!(
            r#"{"datacontenttype":"application/json","specversion":"1.0","id":"0198c6f2-0000-7000-8000-000000000001","#,
            r#""type":"chorale.order.OrderPlaced.v1","source":"/chorale/order/a","subject":"order-a","#,
            r#""time":"1970-01-01T00:00:00.000Z","dataschema":"urn:chorale:schema:chorale.order.OrderPlaced.v1","#,
            r#""partitionkey":"a","sequence":"0000000001","position":"7","epoch":"00000000-0000-0000-0000-000000000000","#,
            r#""correlationid":"00000000-0000-0000-0000-000000000000","causationid":"00000000-0000-0000-0000-000000000000","#,
            r#""hash":"","data":{"summary": "é", "n":1.0}}"#
        )
    );
    let refused =
        |payload| structured::encode(&envelope.headers(), payload).map_err(|error| error.to_string());
    for payload in ["", "{", " {}", "{}\n", "{} {}"] {
        assert!(refused(payload).is_err(), "{payload:?}");
    }
}

#[test]
fn a_structured_record_of_another_writer_is_read_or_refused_with_a_reason() {
    let (envelope, payload) = (envelope_of_order_a(), r#"{"a":1}"#);
    let own = structured::encode(&envelope.headers(), payload).unwrap();
    // Other order, numbers, unknown attributes, null, and another spelling of the media type.
    let other = own.replacen('{', r#"{"data":{"a":1},"extra":true,"traceparent":null,"#, 1);
    let other = other.replacen(r#","data":{"a":1}}"#, "}", 1).replacen(r#""7""#, "7", 1);
    let media = "Application/CloudEvents+JSON ;charset=utf-8";
    let read = record(Topic::ORDER, &of_type(Topic::ORDER, "order-a", media, &other)).unwrap();
    assert_eq!((&*read.envelope, &*read.payload), (&envelope, payload));
    let cases = [
        (own.replacen(r#""position":"7","#, "", 1), "it lacks the attribute position"),
        (
            own.replacen(r#""sequence":"0000000001""#, r#""sequence":"x""#, 1),
            "its attribute sequence says \"x\"",
        ),
        (own.replacen('{', r#"{"hash":"","#, 1), "its value is no CloudEvent (it says hash twice"),
        (own.replacen(r#","data":{"a":1}"#, "", 1), "its value is no CloudEvent (missing field `data`"),
        ("[]".to_owned(), "its value is no CloudEvent (invalid type: sequence, expected a CloudEvent"),
    ];
    for (value, reason) in cases {
        match record(Topic::ORDER, &of_type(Topic::ORDER, "order-a", STRUCTURED, &value)) {
            Err(BusError::Malformed { problem, .. }) => assert!(problem.starts_with(reason), "{problem}"),
            other => panic!("{reason}: {other:?}"),
        }
    }
}

fn envelope_of_order_a() -> Envelope {
    Envelope {
        id: "0198c6f2-0000-7000-8000-000000000001".parse().unwrap(),
        stream: StreamId::from_text("order-a"),
        version: 1,
        context: Topic::ORDER.context(),
        position: 7,
        epoch: Uuid::nil(),
        name: "OrderPlaced".to_owned(),
        type_version: 1,
        time: Timestamp::EPOCH,
        correlation: Uuid::nil(),
        causation: Uuid::nil(),
        traceparent: None,
        hash: String::new(),
    }
}

#[test]
fn a_foreign_record_is_refused_with_its_offset_and_a_reason() {
    let envelope = envelope_of_order_a();
    let headers = envelope.headers();
    let without = |name: &str| -> Vec<(&str, String)> {
        headers.iter().filter(|(header, _)| *header != name).cloned().collect()
    };
    type Case<'c> = (&'c str, Vec<(&'c str, String)>, Option<&'c [u8]>, &'c str);
    let cases: [Case<'_>; 5] = [
        ("order-a", without("ce_hash"), Some(b"{}"), "it lacks the header ce_hash"),
        ("order-b", headers.clone(), Some(b"{}"), "its key is not its subject"),
        ("order-a", headers.clone(), Some(b"\xff"), "its value is no text"),
        ("order-a", headers.clone(), None, "it has no value"),
        ("order-a", Vec::new(), Some(b"{}"), "it lacks the header ce_type"),
    ];
    for (key, headers, payload, reason) in cases {
        match record(Topic::ORDER, &message(Topic::ORDER, key, &headers, payload)) {
            Err(BusError::Malformed { topic, partition, offset, problem }) => {
                assert_eq!((topic, partition, offset, problem.as_str()), (Topic::ORDER, 3, 41, reason));
            }
            other => panic!("{reason}: {other:?}"),
        }
    }
    let elsewhere = record(Topic::STOCK, &message(Topic::STOCK, "order-a", &headers, Some(b"{}")));
    assert!(matches!(elsewhere, Err(BusError::Malformed { .. })), "{elsewhere:?}");
}
