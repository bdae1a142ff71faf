//! The media type of a response, chosen from the request's `Accept` (RFC 9110, 12.5.1).

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

/// The media type whose responses have meaningful HTTP statuses.
const GRAPHQL_RESPONSE: &str = "application/graphql-response+json";
const JSON: &str = "application/json";
/// The media type of answers that follow each other.
const EVENT_STREAM: &str = "text/event-stream";

/// A media type of JSON responses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Media {
    /// `application/json`: the status is 200 even if nothing was executed.
    #[default]
    Json,
    /// `application/graphql-response+json`: the status is 400 if nothing was executed.
    GraphqlResponse,
}

impl Media {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Json => JSON,
            Self::GraphqlResponse => GRAPHQL_RESPONSE,
        }
    }
}

/// What a client accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Accepted {
    /// The preferred media type of one answer; `None` if the client accepts no JSON.
    pub(super) json: Option<Media>,
    /// Whether the client takes events. A wildcard does not say so.
    pub(super) events: bool,
    /// Whether it prefers events to JSON.
    pub(super) prefers_events: bool,
}

impl Accepted {
    /// Of a request with these headers. Without `Accept`, anything is accepted.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let texts: Vec<&str> = headers.get_all(ACCEPT).iter().filter_map(|text| text.to_str().ok()).collect();
        let ranges = ranges(&texts.join(","));
        if ranges.is_empty() {
            return Self { json: Some(Media::Json), events: false, prefers_events: false };
        }
        let exact = |name: &str| ranges.iter().find(|(range, _)| range == name).map(|(_, weight)| *weight);
        let any = exact("application/*").or(exact("*/*")).unwrap_or_default();
        let (plain, modern) = (exact(JSON).unwrap_or(any), exact(GRAPHQL_RESPONSE).unwrap_or(any));
        let events = exact(EVENT_STREAM).unwrap_or_default();
        let json = match (plain, modern) {
            (0, 0) => None,
            // Clients that know the newer type name it; a wildcard is answered with the older one.
            _ if modern > plain || (modern == plain && exact(GRAPHQL_RESPONSE).is_some()) => {
                Some(Media::GraphqlResponse)
            }
            _ => Some(Media::Json),
        };
        Self { json, events: events > 0, prefers_events: events > plain.max(modern) }
    }
}

/// Media ranges in lower case, without parameters, with their weights in thousandths.
fn ranges(accept: &str) -> Vec<(String, u16)> {
    let range = |text: &str| {
        let mut parts = text.split(';').map(str::trim);
        let name = parts.next().filter(|name| !name.is_empty())?.to_ascii_lowercase();
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        Some((name, weight.map_or(1_000, thousandths)))
    };
    accept.split(',').filter_map(range).collect()
}

/// A weight, such as `0.8`. One that is malformed counts as 0: the client does not ask for the type.
fn thousandths(weight: &str) -> u16 {
    let weight: f32 = weight.trim().parse().unwrap_or_default();
    if !(0.0..=1.0).contains(&weight) {
        return 0;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1000")]
    let thousandths = (weight * 1_000.0).round() as u16;
    thousandths
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn accepted(accept: &'static str) -> Accepted {
        Accepted::of(&HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]))
    }

    #[test]
    fn the_preferred_media_type_is_answered_and_a_wildcard_means_json() {
        use Media::{GraphqlResponse, Json};
        for (accept, json) in [
            ("", Some(Json)),
            ("*/*", Some(Json)),
            ("application/*", Some(Json)),
            ("application/json", Some(Json)),
            ("APPLICATION/JSON; charset=utf-8", Some(Json)),
            ("application/graphql-response+json", Some(GraphqlResponse)),
            ("application/graphql-response+json,application/json;q=0.9", Some(GraphqlResponse)),
            ("application/json, application/graphql-response+json", Some(GraphqlResponse)),
            ("application/graphql-response+json;q=0.5, application/json", Some(Json)),
            ("application/graphql-response+json;q=0, */*", Some(Json)),
            ("application/json;q=0, */*", Some(GraphqlResponse)),
            ("text/html, */*;q=0.1", Some(Json)),
            ("text/html", None),
            ("application/json;q=0", None),
            ("application/json;q=x", None),
            ("text/event-stream", None),
        ] {
            assert_eq!(accepted(accept).json, json, "{accept:?}");
        }
        assert_eq!(Accepted::of(&HeaderMap::new()).json, Some(Json));
    }

    #[test]
    fn events_are_sent_only_to_clients_that_name_them() {
        let events = |accept| (accepted(accept).events, accepted(accept).prefers_events);
        assert_eq!(events("text/event-stream"), (true, true));
        assert_eq!(events("text/event-stream, application/json;q=0.5"), (true, true));
        assert_eq!(
            events("application/graphql-response+json, text/event-stream, multipart/mixed"),
            (true, false)
        );
        assert_eq!(events("*/*"), (false, false));
        assert_eq!(events("text/event-stream;q=0"), (false, false));
    }
}
