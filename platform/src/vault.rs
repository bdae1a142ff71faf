//! The key vault port: a key per subject, which can be destroyed.
//!
//! Personal data is sealed with its subject's key before it is recorded anywhere (see [`crate::sealing`]), so destroying
//! that key erases the data from everything that was ever recorded. Several processes may use a vault at once, and an
//! erasure holds for all of them as soon as it returns: **nobody keeps a subject's key longer than a request**.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

#[cfg(any(test, feature = "contract"))]
pub mod contract;
pub mod sqlite;

/// A 256-bit key. Wiped when it is dropped, as far as safe code can.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl Key {
    /// Wraps key bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
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

/// Keeps keys.
#[async_trait]
pub trait Vault: Send + Sync {
    /// The key of `subject`, made when there is none; durable before it is answered. Fails with [`VaultError::Erased`]
    /// for a subject that was erased. Concurrent calls share their syncs to the disk.
    async fn key_for(&self, subject: &str) -> Result<Key, VaultError>;

    /// The keys of `subjects`, in their order; `None` where there is none (any more). Makes none.
    async fn existing(&self, subjects: &[&str]) -> Result<Vec<Option<Key>>, VaultError>;

    /// Destroys the key of `subject`: when this returns, its bytes are in no file of the vault, and the subject never
    /// gets another key. Answers whether there was a key. After [`VaultError::Lingering`] call it again.
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
    #[error("{0} is not the address of a key vault; use sqlite://PATH")]
    Address(String),
}

impl VaultError {
    fn unavailable(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Unavailable(Arc::new(source))
    }
}

/// Opens the vault at `address`: `sqlite://PATH`, a file of its own that is made if it is missing.
pub async fn connect(address: &str) -> Result<Arc<dyn Vault>, VaultError> {
    match crate::sqlite::path(address) {
        Some(path) => Ok(Arc::new(sqlite::SqliteVault::open(&path).await?)),
        // An address may hold credentials: name its scheme only.
        None => Err(VaultError::Address(address.split("://").next().unwrap_or_default().to_owned())),
    }
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
        assert_eq!(refused.to_string(), "ftp is not the address of a key vault; use sqlite://PATH");
    }

    #[test]
    fn a_key_is_not_printed() {
        assert_eq!(format!("{:?}", Key::new([7; 32])), "Key(…)");
    }
}
