//! The W3C trace context that a request belongs to.

use std::sync::Arc;

use axum::http::{Extensions, HeaderMap};
use uuid::Uuid;

/// A `traceparent` of version 00: the caller's, or a new one. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext(Arc<str>);

/// Where the trace id is in a `traceparent`.
const TRACE_ID: std::ops::Range<usize> = 3..35;

impl TraceContext {
    /// The trace context of a request that came through an address; a new one for any other request.
    pub fn of(extensions: &Extensions) -> Self {
        extensions.get().cloned().unwrap_or_else(Self::generated)
    }

    /// The trace context that the headers carry; `None` if there is none, or if it is malformed.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let sent = headers.get("traceparent").and_then(|value| value.to_str().ok());
        sent.filter(|text| is_traceparent(text)).map(|text| Self(text.into()))
    }

    /// Of a well-formed `traceparent`; a new one of any other text.
    pub(crate) fn from_traceparent(text: &str) -> Self {
        if is_traceparent(text) { Self(text.into()) } else { Self::generated() }
    }

    pub(crate) fn generated() -> Self {
        let (trace, span) = (Uuid::new_v4().simple().to_string(), Uuid::new_v4().simple().to_string());
        Self(format!("00-{trace}-{}-01", &span[..16]).into())
    }

    /// The trace id: 32 lower-case hex digits.
    pub fn trace_id(&self) -> &str {
        &self.0[TRACE_ID]
    }

    /// The whole `traceparent`.
    pub fn traceparent(&self) -> &str {
        &self.0
    }
}

fn is_traceparent(text: &str) -> bool {
    let hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let id = |part: &str, length: usize| hex(part, length) && part.bytes().any(|b| b != b'0');
    match text.split('-').collect::<Vec<_>>()[..] {
        ["00", trace, span, flags] => id(trace, 32) && id(span, 16) && hex(flags, 2),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_well_formed_trace_context_is_kept_and_any_other_is_replaced() {
        let mut headers = HeaderMap::new();
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        headers.insert("traceparent", parent.parse().unwrap());
        let trace = TraceContext::from_headers(&headers).unwrap();
        assert_eq!((trace.trace_id(), trace.traceparent()), ("4bf92f3577b34da6a3ce929d0e0e4736", parent));
        for bad in ["", "00-xyz", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "ff-4b-00-01"] {
            headers.insert("traceparent", bad.parse().unwrap());
            assert_eq!(TraceContext::from_headers(&headers), None, "{bad}");
            let trace = TraceContext::from_traceparent(bad);
            assert!(is_traceparent(trace.traceparent()) && trace.traceparent() != bad, "{trace:?}");
        }
    }
}
