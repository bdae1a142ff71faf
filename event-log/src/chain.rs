//! The hash chain of a log: each event's hash covers the one before it and every column that is stored with it.
//!
//! A **stored format**: the golden vectors in the tests must hold for ever. Every part is length-prefixed, so that no two
//! different events run together into the same bytes. The epoch is the log's and not the event's: a log that is restored gets
//! another one, and its chain stays valid.

use schemas::Envelope;
use sha2::{Digest, Sha256};

/// What stands before the first event.
pub const START: [u8; 32] = [0; 32];

/// The chain's value at an event, from the value at the event before it. The envelope's own `hash` is not looked at.
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

/// A hash as it stands in envelopes: lower-case hex.
pub fn to_hex(hash: &[u8; 32]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    hash.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Reads what [`to_hex`] writes; `None` for anything else.
pub fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut hash = [0; 32];
    for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = (value(pair[0])? << 4) | value(pair[1])?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests;
