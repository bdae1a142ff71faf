//! The key vault port: one key per subject, which can be destroyed.
//!
//! Personal data is sealed with its subject's key before it is stored anywhere (see [`crate::sealing`]), so
//! destroying the key erases the data everywhere. Several processes may use a vault at once, and an erasure
//! is effective in all of them as soon as it returns, because **no process keeps a subject's key longer than
//! a request**.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::{Zeroize, Zeroizing};

use crate::servers::{Migrated, NoClient, is_postgres};

#[cfg(any(test, feature = "contract"))]
pub mod contract;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod sqlite;
#[cfg(feature = "postgres")]
pub mod transfer;

/// A 256-bit key. Its bytes are zeroed when it is dropped.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl Key {
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Parses 32 bytes, as base64 (with or without padding) or as 64 hexadecimal digits. Surrounding white
    /// space is ignored.
    pub fn from_text(text: &str) -> Result<Self, InvalidKey> {
        const BASE64: GeneralPurpose = GeneralPurpose::new(
            &STANDARD,
            GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
        );
        let text = text.trim();
        let mut key = Self([0; 32]);
        if text.len() == 64 {
            return hex::decode_to_slice(text, &mut key.0).map(|()| key).map_err(|_| InvalidKey);
        }
        // The decoder needs room for the longest result that a text of this length can have.
        let mut bytes = Zeroizing::new([0; 36]);
        match BASE64.decode_slice(text, &mut *bytes) {
            Ok(32) => key.0.copy_from_slice(&bytes[..32]),
            _ => return Err(InvalidKey),
        }
        Ok(key)
    }

    /// The bytes, for a cipher.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// The kind of a stored key.
#[cfg(feature = "postgres")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyKind {
    Subject,
    System,
}

/// The name of a stored key, and the key; `None` if the subject was erased.
#[cfg(feature = "postgres")]
type NamedKey = (String, Option<Key>);

/// The text is not a key. The error does not repeat it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key is 32 bytes, as base64 or 64 hexadecimal digits; `openssl rand -base64 32` makes one")]
pub struct InvalidKey;

#[async_trait]
pub trait Vault: Send + Sync {
    /// The key of `subject`. It is created if there is none, and is durable when this returns. Fails with
    /// [`VaultError::Erased`] for a subject that was erased. Concurrent calls share round trips and syncs to
    /// disk.
    async fn key_for(&self, subject: &str) -> Result<Key, VaultError>;

    /// The keys of `subjects`, in their order; `None` for a subject that has no key or was erased. Creates no
    /// key.
    async fn existing(&self, subjects: &[&str]) -> Result<Vec<Option<Key>>, VaultError>;

    /// Destroys the key of `subject`. When this returns, no process can get the key, and the subject never
    /// gets another one. Returns whether there was a key. Call it again after [`VaultError::Lingering`] and
    /// after any other failure, because the erasure may have taken effect.
    ///
    /// What remains of the key's bytes depends on the backend: none of the files of a [`sqlite`] vault holds
    /// them, while a server keeps old pages, write-ahead logs and backups, which are described at
    /// [`postgres`].
    async fn erase(&self, subject: &str) -> Result<bool, VaultError>;

    /// The key called `name` that belongs to the system and not to a subject. It is created once, is never
    /// erased, and may be cached.
    async fn system_key(&self, name: &str) -> Result<Key, VaultError>;

    /// Fails if a key could not be stored now, as far as the vault can find out without storing one: a file is written to,
    /// a server must answer.
    async fn writable(&self) -> Result<(), VaultError> {
        self.system_key("readiness").await.map(drop)
    }
}

/// Why an operation of a vault failed. Subjects are opaque ids, so errors may name them.
#[derive(Clone, Debug, thiserror::Error)]
pub enum VaultError {
    /// The subject was erased.
    #[error("the key of {subject} has been erased")]
    Erased { subject: String },
    /// The key can no longer be used, but a reader of the vault prevents its bytes from being wiped.
    #[error(
        "the key of {subject} is erased, but its bytes could not be wiped while the vault is being read; repeat the erasure"
    )]
    Lingering { subject: String },
    /// The vault does not answer.
    #[error("the key vault cannot be used")]
    Unavailable(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// The address is not that of a vault.
    #[error("{0} is not the address of a key vault; use sqlite://PATH or postgres://HOST/DATABASE")]
    Address(String),
    /// The vault is on a server for which this build has no client.
    #[error("the key vault cannot be used")]
    NoClient(#[from] NoClient),
}

impl VaultError {
    fn unavailable(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Unavailable(Arc::new(source))
    }
}

/// Opens the vault at `address`: `sqlite://PATH`, a file that is created if it is missing; or
/// `postgres://user:password@host:port/database`, the schema `vault` of a database that [`migrate`] has
/// prepared. With `?kek=env` keys are wrapped (see [`postgres`]).
pub async fn connect(address: &str) -> Result<Arc<dyn Vault>, VaultError> {
    #[cfg(feature = "postgres")]
    if is_postgres(address) {
        return Ok(Arc::new(postgres::PostgresVault::open(address).await?));
    }
    match crate::sqlite::path(address) {
        Some(path) => Ok(Arc::new(sqlite::SqliteVault::open(&path).await?)),
        None => Err(unknown(address)),
    }
}

/// Prepares the database of a vault on a server. `None` for a vault that needs no preparation.
pub async fn migrate(address: &str) -> Result<Option<Migrated>, VaultError> {
    #[cfg(feature = "postgres")]
    if is_postgres(address) {
        return postgres::migrate(address).await.map(Some);
    }
    match crate::sqlite::path(address) {
        Some(_) => Ok(None),
        None => Err(unknown(address)),
    }
}

/// Shows only the scheme, because an address may hold credentials.
fn unknown(address: &str) -> VaultError {
    if is_postgres(address) {
        return NoClient::POSTGRESQL.into();
    }
    VaultError::Address(address.split_once("://").map_or("this", |(scheme, _)| scheme).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_address_selects_the_backend_and_errors_do_not_repeat_credentials() {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("sqlite://{}", folder.path().join("deep/keys.db").display());
        connect(&address).await.unwrap().key_for("customer-1").await.unwrap();
        let refused = connect("ftp://me:hunter2@host").await.err().unwrap();
        let expected = "ftp is not the address of a key vault; use sqlite://PATH or postgres://HOST/DATABASE";
        assert_eq!(refused.to_string(), expected);
        assert!(matches!(migrate("hunter2").await, Err(VaultError::Address(this)) if this == "this"));
        assert_eq!(migrate(&address).await.unwrap(), None);
    }

    #[test]
    fn a_key_is_parsed_from_base64_or_hexadecimal_digits_only() {
        let bytes: [u8; 32] = std::array::from_fn(|index| u8::try_from(index * 8).unwrap());
        let padded = "AAgQGCAoMDhASFBYYGhweICIkJigqLC4wMjQ2ODo8Pg=";
        let digits = "0008101820283038404850586068707880889098a0a8b0b8c0c8d0d8e0e8f0F8";
        for text in [padded, padded.trim_end_matches('='), &format!(" {padded}\n"), digits] {
            assert_eq!(Key::from_text(text).unwrap().as_bytes(), &bytes, "{text}");
        }
        let long = format!("{padded}AAAA");
        let spoilt = digits.replace("F8", "G8");
        for text in ["", "hunter2", &padded[1..], &digits[2..], &long, &spoilt, &"é".repeat(32)] {
            assert_eq!(Key::from_text(text).err(), Some(InvalidKey), "{text}");
        }
    }

    #[test]
    fn a_key_is_not_printed() {
        assert_eq!(format!("{:?}", Key::new([7; 32])), "Key(…)");
    }
}
