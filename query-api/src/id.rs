//! Opaque global ids in GraphQL.

use async_graphql::ID;
use platform::global_id;

use crate::fault::Fault;

/// The id of the `kind` that is called `key` inside.
pub(crate) fn global(kind: &str, key: &str) -> ID {
    ID(global_id::encode(kind, key))
}

/// Kind and key of an id.
pub(crate) fn read(id: &ID) -> Result<(String, String), Fault> {
    global_id::decode(id).ok_or_else(|| bad(id))
}

fn bad(id: &ID) -> Fault {
    Fault::BadId(id.chars().take(64).collect())
}

/// The key of an id that must be of this kind. A UUID, as commands answer it, will do as well.
pub(crate) fn key(id: &ID, kind: &str) -> Result<String, Fault> {
    if let Ok(uuid) = uuid::Uuid::try_parse(id) {
        // Documents have one spelling.
        return Ok(uuid.to_string());
    }
    match read(id)? {
        (found, key) if found == kind => Ok(key),
        _ => Err(bad(id)),
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
        let uuid = "0b3c9a52-3c4f-5d0e-9a55-0f7a1f6f6f10";
        assert_eq!(key(&ID(uuid.to_uppercase()), "Order").unwrap(), uuid);
        for bad in ["", "x", "T3JkZXI", "T3JkZXI6", "😀", &"A".repeat(1_000)] {
            assert!(read(&ID(bad.to_owned())).is_err(), "{bad:?}");
        }
    }
}
