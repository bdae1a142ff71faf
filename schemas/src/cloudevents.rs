//! The two content modes of CloudEvents 1.0 in which records are published.
//!
//! *Binary*: attributes are headers (`ce_…`), the value is the payload. *Structured*: the value is the whole event as JSON, with
//! the payload in `data`.

/// Media type of a record in structured mode: the value of its only header, `content-type`.
pub const STRUCTURED: &str = "application/cloudevents+json; charset=UTF-8";

/// Header that every record in binary mode has.
pub const SPECVERSION: &str = "ce_specversion";

/// Name in a structured event of the attribute that is this header in binary mode. `None`: the header is no attribute.
pub fn attribute(header: &str) -> Option<&str> {
    match header {
        "content-type" => Some("datacontenttype"),
        header => header.strip_prefix("ce_"),
    }
}
