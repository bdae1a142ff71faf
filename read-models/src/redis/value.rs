//! Documents as values of a hash: the version, a letter, the body. `17c{"sku":"TEA-100"}` is version 17 of a current document.
//!
//! | letter | document |
//! |---|---|
//! | `c` | current |
//! | `s` | stale |
//! | `d` | deleted |
//! | `x` | deleted and stale |

use super::error::unreadable;
use crate::port::{StoreError, Stored, Write};

/// The letter of a document.
pub(super) fn kind(write: &Write) -> &'static str {
    match (&write.body, write.stale) {
        (Some(_), false) => "c",
        (Some(_), true) => "s",
        (None, false) => "d",
        (None, true) => "x",
    }
}

/// Whether the value is a deleted document's.
pub(super) fn is_deleted(value: &str) -> bool {
    matches!(value.trim_start_matches(|c: char| c.is_ascii_digit()).bytes().next(), Some(b'd' | b'x'))
}

/// The document with this value.
pub(super) fn read(id: &str, value: &str) -> Result<Stored, StoreError> {
    let wrong = || unreadable("a document", value.get(..40).unwrap_or(value));
    let letter = value.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (version, rest) = value.split_at(letter);
    let (kind, body) = rest.split_at_checked(1).ok_or_else(wrong)?;
    let (deleted, stale) = match kind {
        "c" => (false, false),
        "s" => (false, true),
        "d" => (true, false),
        "x" => (true, true),
        _ => return Err(wrong()),
    };
    Ok(Stored {
        id: id.to_owned(),
        version: version.parse().map_err(|_| wrong())?,
        body: (!deleted).then(|| body.to_owned()),
        stale,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_come_back_as_they_were_written() {
        for body in [Some("{}"), Some("7"), Some("\"x\""), Some("null"), None] {
            for stale in [false, true] {
                let write =
                    Write { id: "a".to_owned(), version: u64::MAX, body: body.map(str::to_owned), stale };
                let value = format!("{}{}{}", write.version, kind(&write), body.unwrap_or_default());
                let Write { id, version, body, stale } = write;
                assert_eq!(is_deleted(&value), body.is_none());
                assert_eq!(read("a", &value).unwrap(), Stored { id, version, body, stale });
            }
        }
    }

    #[test]
    fn what_this_program_does_not_write_is_an_error() {
        for value in ["", "1", "c{}", "1q{}", "x", "99999999999999999999c{}", "1é"] {
            read("a", value).unwrap_err();
        }
    }
}
