//! The hash chain of a log: each event's hash covers the previous hash and every column that is stored with it.
//!
//! A **stored format**: the golden vectors in the tests must never change. Every part is length-prefixed, so
//! that two different events never give the same bytes. The epoch belongs to the log and not to the event: a
//! restored log gets a new one, and its chain stays valid.

use schemas::Envelope;
use sha2::{Digest, Sha256};

/// The chain before the first event.
pub const START: [u8; 32] = [0; 32];

/// The chain at an event, from the chain at the event before it. The envelope's own `hash` is ignored.
pub fn link(previous: &[u8; 32], envelope: &Envelope, payload: &str) -> [u8; 32] {
    let mut sha = Sha256::new();
    let mut part = |bytes: &[u8]| {
        sha.update((bytes.len() as u64).to_be_bytes());
        sha.update(bytes);
    };
    part(previous);
    part(&envelope.position.to_be_bytes());
    part(envelope.context.name().as_bytes());
    part(envelope.stream.as_str().as_bytes());
    part(&envelope.version.to_be_bytes());
    part(envelope.id.uuid().as_bytes());
    part(envelope.name.as_bytes());
    part(&envelope.type_version.to_be_bytes());
    part(&envelope.time.as_millis().to_be_bytes());
    part(envelope.correlation.as_bytes());
    part(envelope.causation.as_bytes());
    match &envelope.traceparent {
        Some(traceparent) => {
            part(&[1]);
            part(traceparent.as_bytes());
        }
        None => part(&[0]),
    }
    part(payload.as_bytes());
    sha.finalize().into()
}

/// A hash as envelopes hold it: 64 lower-case hexadecimal digits.
pub fn to_hex(hash: &[u8; 32]) -> String {
    hex::encode(hash)
}

/// Parses the output of [`to_hex`]; `None` for any other text, including upper-case digits.
pub fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    hex::decode_to_slice(text, &mut hash).ok()?;
    (!text.bytes().any(|digit| digit.is_ascii_uppercase())).then_some(hash)
}

#[cfg(test)]
mod tests;
