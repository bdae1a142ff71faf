//! Personal data as it stands in events: sealed with a key per subject.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An encrypted piece of personal data. Only somebody with the subject's key (and the right to ask for it) can open it;
/// once that key is destroyed nobody can. The cipher and the keys live in `platform`; this is the stored format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sealed {
    /// Whose data it is: the customer's or the guest order's stream id.
    pub subject: String,
    /// `XC20P`: XChaCha20-Poly1305, nonce first, the subject and the field's name as associated data.
    pub alg: String,
    /// Nonce and ciphertext, base64 without padding.
    pub data: String,
}

/// A postal address, as it is inside a [`Sealed`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    /// Who receives it.
    pub name: String,
    /// Street and house number, one or two lines.
    pub lines: Vec<String>,
    /// Postal code, where the country has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// City or town.
    pub city: String,
    /// State, province or region, where an address needs one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// ISO 3166-1 alpha-2 code.
    pub country: String,
}
