//! The key vault port: a key per subject, which can be destroyed.
//!
//! Personal data is sealed with its subject's key before it is recorded anywhere (see [`crate::sealing`]), so destroying
//! that key erases the data from everything that was ever recorded. Several processes may use a vault at once, and an
//! erasure holds for all of them as soon as it returns: **nobody keeps a subject's key longer than a request**.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::postgres::Migrated;

#[cfg(any(test, feature = "contract"))]
pub mod contract;
pub mod postgres;
pub mod sqlite;
pub mod transfer;

/// A 256-bit key. Wiped when it is dropped, as far as safe code can.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl Key {
    /// Wraps key bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads 32 bytes, as base64 (with or without its padding) or as 64 hexadecimal digits; blanks around are dropped.
    pub fn from_text(text: &str) -> Result<Self, InvalidKey> {
        const BASE64: GeneralPurpose = GeneralPurpose::new(
            &STANDARD,
            GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
        );
        let text = text.trim();
        let mut key = Self([0; 32]);
        if text.len() == 64 {
            for (byte, digits) in key.0.iter_mut().zip(text.as_bytes().chunks(2)) {
                *byte = hexadecimal(digits).ok_or(InvalidKey)?;
            }
            return Ok(key);
        }
        // The decoder wants room for what a text of this length could hold.
        let mut bytes = [0; 36];
        match BASE64.decode_slice(text, &mut bytes) {
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
        self.0 = [0; 32];
        // Keeps the compiler from dropping a write that nobody reads.
        std::hint::black_box(&self.0);
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

fn hexadecimal(digits: &[u8]) -> Option<u8> {
    let [high, low] = digits else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
}

/// A text is not a key. Does not repeat it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key is 32 bytes, as base64 or 64 hexadecimal digits; `openssl rand -base64 32` makes one")]
pub struct InvalidKey;

/// Keeps keys.
#[async_trait]
pub trait Vault: Send + Sync {
    /// The key of `subject`, made when there is none; durable before it is answered. Fails with [`VaultError::Erased`]
    /// for a subject that was erased. Concurrent calls share their round trips and their syncs to the disk.
    async fn key_for(&self, subject: &str) -> Result<Key, VaultError>;

    /// The keys of `subjects`, in their order; `None` where there is none (any more). Makes none.
    async fn existing(&self, subjects: &[&str]) -> Result<Vec<Option<Key>>, VaultError>;

    /// Destroys the key of `subject`: when this returns, no process gets it any more, and the subject never gets another
    /// key. Answers whether there was a key. After [`VaultError::Lingering`] call it again; after any other failure, too,
    /// because it may have happened.
    ///
    /// What is left of the key's bytes differs: a [`sqlite`] vault has them in none of its files, while a server keeps
    /// old pages, write-ahead logs and backups, for which [`postgres`] says what holds.
    async fn erase(&self, subject: &str) -> Result<bool, VaultError>;

    /// The key called `name` that belongs to the system and to no subject; made once, never erased, may be kept.
    async fn system_key(&self, name: &str) -> Result<Key, VaultError>;
}

/// Why a vault did not do as it was asked. Subjects are opaque ids, so they may be named.
#[derive(Clone, Debug, thiserror::Error)]
pub enum VaultError {
    /// The subject was erased.
    #[error("the key of {subject} has been erased")]
    Erased {
        /// Whose key it was.
        subject: String,
    },
    /// The key can no longer be used by anybody, but somebody held the vault open, so that its bytes could not be wiped yet.
    #[error(
        "the key of {subject} is erased, but its bytes could not be wiped while the vault is being read; repeat the erasure"
    )]
    Lingering {
        /// Whose key it was.
        subject: String,
    },
    /// The vault does not answer.
    #[error("the key vault cannot be used")]
    Unavailable(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// The address names no kind of vault.
    #[error("{0} is not the address of a key vault; use sqlite://PATH or postgres://HOST/DATABASE")]
    Address(String),
}

impl VaultError {
    fn unavailable(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Unavailable(Arc::new(source))
    }
}

/// Opens the vault at `address`: `sqlite://PATH`, a file of its own that is made if it is missing; or
/// `postgres://user:password@host:port/database`, the schema `vault` of a database that [`migrate`] has prepared.
/// With `?kek=env` keys are wrapped (see [`postgres`]).
pub async fn connect(address: &str) -> Result<Arc<dyn Vault>, VaultError> {
    if crate::postgres::Address::is_one(address) {
        return Ok(Arc::new(postgres::PostgresVault::open(address).await?));
    }
    match crate::sqlite::path(address) {
        Some(path) => Ok(Arc::new(sqlite::SqliteVault::open(&path).await?)),
        None => Err(unknown(address)),
    }
}

/// Prepares the database of a vault on a server; `None` for a vault that needs no preparation.
pub async fn migrate(address: &str) -> Result<Option<Migrated>, VaultError> {
    if crate::postgres::Address::is_one(address) {
        return postgres::migrate(address).await.map(Some);
    }
    match crate::sqlite::path(address) {
        Some(_) => Ok(None),
        None => Err(unknown(address)),
    }
}

/// An address may hold credentials: name its scheme only.
fn unknown(address: &str) -> VaultError {
    VaultError::Address(address.split_once("://").map_or("this", |(scheme, _)| scheme).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_vault_is_chosen_by_its_address_and_credentials_are_not_repeated() {
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
    fn a_key_is_read_from_base64_or_hexadecimal_digits_and_from_nothing_else() {
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
