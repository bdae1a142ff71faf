//! Personal data in events, encrypted with a key per subject.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Encrypted personal data. Only holders of the subject's key can decrypt it. Once the key is destroyed,
/// it stays unreadable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sealed {
    /// Stream id of the customer or guest order whose data this is; selects the key.
    pub subject: String,
    /// Algorithm; always `XC20P`: XChaCha20-Poly1305, with subject and field name as associated data.
    pub alg: String,
    /// Nonce (24 bytes) and ciphertext with tag, base64 without padding. The plaintext is JSON.
    pub data: String,
}

/// Names of sealed fields. The name is authenticated with the data, so a value decrypts only under its own field
/// name.
pub mod field {
    pub const EMAIL: &str = "email";
    pub const SHIP_TO: &str = "shipTo";
    pub const BILL_TO: &str = "billTo";
    pub const PAYMENT_TOKEN: &str = "paymentToken";
    pub const TEXT: &str = "text";
    pub const NOTE: &str = "note";
}

/// A postal address: the plaintext of a [`Sealed`] address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    /// Name of the recipient.
    pub name: String,
    /// Street and house number, one or two lines.
    pub lines: Vec<String>,
    /// Postal code; absent if the country has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// City or town.
    pub city: String,
    /// State, province or region; absent if the address needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// ISO 3166-1 alpha-2 code, for example `DE`.
    pub country: String,
}
