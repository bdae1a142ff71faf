//! Seals personal data with the keys of its subjects, and computes keyed hashes.
//!
//! **Stored format** `XC20P`: the subject's 256-bit key and a nonce of 24 bytes; the plaintext is the value's
//! JSON; the associated data is, for the subject and then for the field's name, its length in bytes as 4
//! bytes big-endian and then its bytes. The stored text is nonce and ciphertext (with its tag) in base64
//! without padding. So data that was sealed for one subject or field cannot be opened for another.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use parking_lot::RwLock;
use rand::RngExt;
use schemas::Sealed;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::vault::{Key, Vault, VaultError};

const ALGORITHM: &str = "XC20P";
const NONCE: usize = 24;

/// Seals and opens personal data. Cheap to clone.
#[derive(Clone)]
pub struct Sealer {
    vault: Arc<dyn Vault>,
    seed: Option<u64>,
    /// Cached keys of the system. Keys of subjects must not be cached.
    system_keys: Arc<RwLock<HashMap<String, Key>>>,
}

/// The result of opening sealed data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened<T> {
    Value(T),
    /// The subject has no key, or it was erased.
    Erased,
}

impl<T> Opened<T> {
    /// The value; `None` if it is erased.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Erased => None,
        }
    }
}

/// Why data could not be sealed or opened. Never contains the data.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SealingError {
    /// The vault did not return the key; [`VaultError::Erased`] if data is to be sealed for an erased
    /// subject.
    #[error("no key to seal or open with")]
    Vault(#[from] VaultError),
    /// The text does not have the stored format.
    #[error("sealed {field} of {subject} is malformed: {problem}")]
    Malformed {
        subject: String,
        field: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The data was changed, or sealed for another subject or field.
    #[error("sealed {field} of {subject} is not genuine")]
    NotGenuine { subject: String, field: String },
    /// The data opens, but does not have the requested type; or the value cannot be JSON.
    // serde's message would repeat parts of the value.
    #[error("{field} of {subject} does not have the expected type")]
    Kind { subject: String, field: String },
}

impl Sealer {
    /// Seals with keys of `vault` and random nonces.
    pub fn new(vault: Arc<dyn Vault>) -> Self {
        Self { vault, seed: None, system_keys: Arc::default() }
    }

    /// Seals deterministically, for repeatable imports: the same value for the same subject (with the same
    /// key) and field always gives the same bytes. Nonces are derived from `seed`, the key and everything
    /// that is sealed, so two different values never share one.
    pub fn with_seed(vault: Arc<dyn Vault>, seed: u64) -> Self {
        Self { seed: Some(seed), ..Self::new(vault) }
    }

    /// Fails if no new subject could be given a key now.
    pub async fn writable(&self) -> Result<(), SealingError> {
        Ok(self.vault.writable().await?)
    }

    /// A seal for several fields of one subject, whose key is created if there is none. Must not be kept
    /// longer than a request.
    pub async fn subject(&self, subject: &str) -> Result<SubjectSeal, SealingError> {
        let key = self.vault.key_for(subject).await?;
        Ok(SubjectSeal { subject: subject.to_owned(), key, seed: self.seed })
    }

    pub async fn seal<T>(&self, subject: &str, field: &str, value: &T) -> Result<Sealed, SealingError>
    where
        T: Serialize + Sync + ?Sized,
    {
        self.subject(subject).await?.seal(field, value)
    }

    /// The keys of those subjects that still have one, to open many fields. Must not be kept longer than a
    /// request.
    pub async fn keyring<'s>(
        &self,
        subjects: impl IntoIterator<Item = &'s str>,
    ) -> Result<Keyring, SealingError> {
        let mut subjects: Vec<&str> = subjects.into_iter().collect();
        subjects.sort_unstable();
        subjects.dedup();
        let keys = self.vault.existing(&subjects).await?;
        let found =
            subjects.into_iter().zip(keys).filter_map(|(subject, key)| Some((subject.to_owned(), key?)));
        Ok(Keyring { keys: found.collect() })
    }

    pub async fn open<T: DeserializeOwned>(
        &self,
        sealed: &Sealed,
        field: &str,
    ) -> Result<Opened<T>, SealingError> {
        self.keyring([sealed.subject.as_str()]).await?.open(sealed, field)
    }

    /// Opens the same field of many subjects with one lookup in the vault. The results are in the order of
    /// `sealed`.
    pub async fn open_all<T: DeserializeOwned>(
        &self,
        sealed: &[&Sealed],
        field: &str,
    ) -> Result<Vec<Result<Opened<T>, SealingError>>, SealingError> {
        let keyring = self.keyring(sealed.iter().map(|sealed| sealed.subject.as_str())).await?;
        Ok(sealed.iter().map(|sealed| keyring.open(sealed, field)).collect())
    }

    /// HMAC-SHA256 of `bytes` with the system's key for `purpose`, so that the input cannot be guessed
    /// without the vault.
    pub async fn keyed_hash(&self, purpose: &str, bytes: &[u8]) -> Result<[u8; 32], SealingError> {
        Ok(self.mac(purpose, bytes).await?.finalize().into_bytes().into())
    }

    /// Whether `hash` is the [`keyed_hash`](Self::keyed_hash) of `bytes`, compared in constant time.
    pub async fn verify(&self, purpose: &str, bytes: &[u8], hash: &[u8]) -> Result<bool, SealingError> {
        Ok(self.mac(purpose, bytes).await?.verify_slice(hash).is_ok())
    }

    async fn mac(&self, purpose: &str, bytes: &[u8]) -> Result<Hmac<Sha256>, SealingError> {
        let mut mac = hmac(&self.system_key(purpose).await?);
        mac.update(bytes);
        Ok(mac)
    }

    async fn system_key(&self, purpose: &str) -> Result<Key, VaultError> {
        let cached = self.system_keys.read().get(purpose).cloned();
        if let Some(key) = cached {
            return Ok(key);
        }
        let key = self.vault.system_key(&format!("keyed-hash/{purpose}")).await?;
        Ok(self.system_keys.write().entry(purpose.to_owned()).or_insert(key).clone())
    }
}

/// Seals fields of one subject.
#[derive(Debug)]
pub struct SubjectSeal {
    subject: String,
    key: Key,
    seed: Option<u64>,
}

impl SubjectSeal {
    pub fn seal<T: Serialize + ?Sized>(&self, field: &str, value: &T) -> Result<Sealed, SealingError> {
        let subject = &self.subject;
        let named = || (subject.clone(), field.to_owned());
        let kind = |_| {
            let (subject, field) = named();
            SealingError::Kind { subject, field }
        };
        let plaintext = serde_json::to_vec(value).map_err(kind)?;
        let aad = associated_data(subject, field);
        let nonce = match self.seed {
            None => rand::rng().random(),
            Some(seed) => derived_nonce(&self.key, seed, &aad, &plaintext),
        };
        let ciphertext = cipher(&self.key)
            .encrypt(&XNonce::from(nonce), Payload { msg: &plaintext, aad: &aad })
            .map_err(|_| malformed(named(), "too long to be sealed"))?;
        let data = BASE64_STANDARD_NO_PAD.encode([&nonce[..], &ciphertext].concat());
        Ok(Sealed { subject: subject.clone(), alg: ALGORITHM.to_owned(), data })
    }
}

/// Keys of some subjects.
#[derive(Debug)]
pub struct Keyring {
    keys: HashMap<String, Key>,
}

impl Keyring {
    /// Opens one field. [`Opened::Erased`] if this keyring has no key of the subject.
    pub fn open<T: DeserializeOwned>(&self, sealed: &Sealed, field: &str) -> Result<Opened<T>, SealingError> {
        let Some(key) = self.keys.get(&sealed.subject) else { return Ok(Opened::Erased) };
        let named = || (sealed.subject.clone(), field.to_owned());
        if sealed.alg != ALGORITHM {
            return Err(malformed(named(), "an unknown algorithm"));
        }
        let data = BASE64_STANDARD_NO_PAD
            .decode(&sealed.data)
            .map_err(|_| malformed(named(), "not base64 without padding"))?;
        let (nonce, ciphertext) =
            data.split_first_chunk::<NONCE>().ok_or_else(|| malformed(named(), "shorter than a nonce"))?;
        let aad = associated_data(&sealed.subject, field);
        let plaintext = cipher(key)
            .decrypt(&XNonce::from(*nonce), Payload { msg: ciphertext, aad: &aad })
            .map_err(|_| SealingError::NotGenuine { subject: named().0, field: named().1 })?;
        serde_json::from_slice(&plaintext)
            .map(Opened::Value)
            .map_err(|_| SealingError::Kind { subject: named().0, field: named().1 })
    }
}

fn malformed((subject, field): (String, String), problem: &'static str) -> SealingError {
    SealingError::Malformed { subject, field, problem }
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.as_bytes().into())
}

fn hmac(key: &Key) -> Hmac<Sha256> {
    // Padding the key with zeros to the block size, as HMAC does, makes the constructor infallible.
    let mut block = Zeroizing::new([0; 64]);
    block[..32].copy_from_slice(key.as_bytes());
    Hmac::new((&*block).into())
}

fn associated_data(subject: &str, field: &str) -> Vec<u8> {
    let mut data = Vec::with_capacity(8 + subject.len() + field.len());
    for part in [subject, field] {
        // No text of 4 GiB gets here.
        data.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        data.extend_from_slice(part.as_bytes());
    }
    data
}

/// Keyed with the subject's key, so that after an erasure values cannot be tried against the nonce.
fn derived_nonce(key: &Key, seed: u64, aad: &[u8], plaintext: &[u8]) -> [u8; NONCE] {
    let mut mac = hmac(key);
    mac.update(b"sealing nonce");
    mac.update(&seed.to_be_bytes());
    mac.update(&(aad.len() as u64).to_be_bytes());
    mac.update(aad);
    mac.update(plaintext);
    let hash: [u8; 32] = mac.finalize().into_bytes().into();
    let mut nonce = [0; NONCE];
    nonce.copy_from_slice(&hash[..NONCE]);
    nonce
}

#[cfg(test)]
mod tests;
