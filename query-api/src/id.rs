//! Opaque global ids.

use async_graphql::ID;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::fault::Fault;

/// Longer than any id that was ever given out.
const LONGEST: usize = 256;

/// The id of the `kind` that is called `key` inside.
pub(crate) fn global(kind: &str, key: &str) -> ID {
    ID(BASE64_URL_SAFE_NO_PAD.encode(format!("{kind}:{key}")))
}

/// Kind and key of an id.
pub(crate) fn read(id: &ID) -> Result<(String, String), Fault> {
    let bad = || Fault::BadId(id.chars().take(64).collect());
    if id.len() > LONGEST {
        return Err(bad());
    }
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(id.as_bytes()).map_err(|_| bad())?;
    let text = String::from_utf8(bytes).map_err(|_| bad())?;
    let (kind, key) = text.split_once(':').ok_or_else(bad)?;
    if key.is_empty() { Err(bad()) } else { Ok((kind.to_owned(), key.to_owned())) }
}

/// The key of an id that must be of this kind. The plain id that the command API answers with will do as well.
pub(crate) fn key(id: &ID, kind: &str) -> Result<String, Fault> {
    if uuid::Uuid::try_parse(id).is_ok() {
        return Ok(id.to_string());
    }
    match read(id)? {
        (found, key) if found == kind => Ok(key),
        _ => Err(Fault::BadId(id.chars().take(64).collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_global_id_decodes_to_its_kind_and_key_only() {
        let id = global("Order", "a:b");
        assert_eq!(read(&id).unwrap(), ("Order".to_owned(), "a:b".to_owned()));
        assert_eq!(key(&id, "Order").unwrap(), "a:b");
        assert!(key(&id, "Product").is_err());
        for bad in ["", "x", "T3JkZXI", "T3JkZXI6", "😀", &"A".repeat(1_000)] {
            assert!(read(&ID(bad.to_owned())).is_err(), "{bad:?}");
        }
    }
}
