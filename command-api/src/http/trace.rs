//! The W3C trace context that a request belongs to.

use axum::http::HeaderMap;
use uuid::Uuid;

/// A request's trace: the caller's, or a new one.
#[derive(Clone, Debug)]
pub(super) struct Trace {
    /// 32 hex digits, as in problems and in the program's log.
    pub id: String,
    /// As it stands in events.
    pub parent: String,
}

impl Trace {
    /// The trace that the headers name; a new one where they name none, or none that is well-formed.
    pub fn of(headers: &HeaderMap) -> Self {
        let named = headers.get("traceparent").and_then(|value| value.to_str().ok()).and_then(Self::parsed);
        named.unwrap_or_else(Self::new)
    }

    fn new() -> Self {
        let id = Uuid::new_v4().simple().to_string();
        let span = &Uuid::new_v4().simple().to_string()[..16];
        let parent = format!("00-{id}-{span}-01");
        Self { id, parent }
    }

    fn parsed(parent: &str) -> Option<Self> {
        let hex = |part: &str, length: usize| {
            part.len() == length && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        };
        let named = |part: &str, length: usize| hex(part, length) && part.bytes().any(|b| b != b'0');
        match parent.split('-').collect::<Vec<_>>()[..] {
            ["00", id, span, flags] if named(id, 32) && named(span, 16) && hex(flags, 2) => {
                Some(Self { id: id.to_owned(), parent: parent.to_owned() })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_well_formed_trace_is_taken_over_and_any_other_replaced() {
        let mut headers = HeaderMap::new();
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        headers.insert("traceparent", parent.parse().unwrap());
        let trace = Trace::of(&headers);
        assert_eq!((trace.id.as_str(), trace.parent.as_str()), ("4bf92f3577b34da6a3ce929d0e0e4736", parent));
        for bad in ["", "00-xyz", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "ff-4b-00-01"] {
            headers.insert("traceparent", bad.parse().unwrap());
            let trace = Trace::of(&headers);
            assert!(Trace::parsed(&trace.parent).is_some() && trace.parent != bad, "{trace:?}");
        }
    }
}
