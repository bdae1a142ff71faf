//! Opaque global ids, as all HTTP APIs give and take them: base64url, without padding, of a type's name, a colon and the key of
//! the object among those of its type.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

/// Longer than any id that was ever given out, in bytes.
const LONGEST: usize = 256;

/// The global id of the object of type `kind` with this key.
pub fn encode(kind: &str, key: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{kind}:{key}"))
}

/// Type and key of a global id; `None` for any other text.
pub fn decode(text: &str) -> Option<(String, String)> {
    if text.len() > LONGEST {
        return None;
    }
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
    let decoded = String::from_utf8(bytes).ok()?;
    let (kind, key) = decoded.split_once(':')?;
    (!kind.is_empty() && !key.is_empty()).then(|| (kind.to_owned(), key.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_its_type_and_key_and_no_other_text_is_one() {
        let id = encode("Order", "a:b");
        assert_eq!(decode(&id), Some(("Order".to_owned(), "a:b".to_owned())));
        let uuid = "0b3c9a52-3c4f-5d0e-9a55-0f7a1f6f6f10";
        for other in ["", "x", "T3JkZXI", "T3JkZXI6", "Ok9yZGVy", "😀", uuid, &"A".repeat(1_000)] {
            assert_eq!(decode(other), None, "{other:?}");
        }
    }
}
