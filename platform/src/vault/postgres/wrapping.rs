//! Keys that wrap keys.
//!
//! **Stored format**: a random nonce of 24 bytes and the 32 bytes of the key sealed with XChaCha20-Poly1305
//! (with its tag): 72 bytes. The associated data is the kind of key (`subject` or `system`), a zero byte, and
//! the name; so a wrapped key that is copied to another row cannot be unwrapped.

use std::fmt;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use rand::TryRng;
use rand::rngs::SysRng;
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use crate::config::Secret;
use crate::vault::{InvalidKey, Key, KeyKind};

/// The variable that holds the wrapping keys.
pub const VARIABLE: &str = "CHORALE_VAULT_KEY";

const NONCE: usize = 24;

/// A key as it is stored.
#[derive(Clone)]
pub(super) struct Stored {
    pub(super) bytes: Vec<u8>,
    /// Id of the key that wraps it; `None` if it is not wrapped.
    pub(super) wrapped_by: Option<String>,
}

/// Why a stored key cannot be used. Never contains a key.
#[derive(Clone, Debug, thiserror::Error)]
pub enum WrappingError {
    /// The address asks for wrapping, but there is no wrapping key.
    #[error("the vault's address says kek=env, but CHORALE_VAULT_KEY is not set")]
    NotSet,
    /// A wrapping key is malformed.
    #[error("CHORALE_VAULT_KEY must be one key, or several keys separated by commas; the first one wraps")]
    Invalid(#[from] InvalidKey),
    /// The parameter has an unknown value.
    #[error("the parameter kek of a vault's address can only be env")]
    Parameter,
    /// The keys in the vault are wrapped with a key that this process does not have.
    #[error(
        "the vault's keys are wrapped with key {0}, which this process does not have; give it in CHORALE_VAULT_KEY and add ?kek=env to the address"
    )]
    Missing(String),
    /// A stored key was changed or moved.
    #[error("the key of {0} in the vault was changed, or belongs to another subject")]
    NotGenuine(String),
    /// The key that this process wraps with was retired.
    #[error(
        "the key {0} that this process wraps with was retired; put the newer one first in CHORALE_VAULT_KEY"
    )]
    Retired(String),
    /// The system gave no random bytes.
    #[error("no random bytes for a new key")]
    NoRandomness,
    /// The address does not ask for wrapping.
    #[error("the keys of this vault cannot be wrapped: its address has no ?kek=env")]
    NotAsked,
    /// A process still wraps with a key that is to be retired, or does not wrap.
    #[error(
        "a process still adds keys that are not wrapped with the new key; restart all processes with the new key first, then repeat this"
    )]
    StillInUse,
}

/// Wrapping keys. The first one wraps new keys; all of them unwrap.
#[derive(Clone)]
pub struct Wrapping(Vec<(String, Key)>);

impl Wrapping {
    /// Reads one key, or several separated by commas.
    pub fn from_text(text: &Secret) -> Result<Self, WrappingError> {
        let keys = text.expose().split(',').map(Key::from_text).collect::<Result<Vec<Key>, InvalidKey>>()?;
        Ok(Self(keys.into_iter().map(|key| (id(&key), key)).collect()))
    }

    /// Id of the key that wraps new keys. It reveals nothing about the key.
    pub fn id(&self) -> Option<&str> {
        self.0.first().map(|(id, _)| id.as_str())
    }

    /// No wrapping key: keys are stored unwrapped.
    pub(super) fn none() -> Self {
        Self(Vec::new())
    }

    pub(super) fn has(&self, id: &str) -> bool {
        self.0.iter().any(|(known, _)| known == id)
    }

    pub(super) fn wrap(&self, kind: KeyKind, name: &str, key: &Key) -> Result<Stored, WrappingError> {
        let Some((id, wrapping)) = self.0.first() else {
            return Ok(Stored { bytes: key.as_bytes().to_vec(), wrapped_by: None });
        };
        let nonce = random::<NONCE>()?;
        let aad = associated_data(kind, name);
        let payload = Payload { msg: key.as_bytes(), aad: &aad };
        let sealed = cipher(wrapping)
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| WrappingError::NotGenuine(name.to_owned()))?;
        Ok(Stored { bytes: [&nonce[..], &sealed].concat(), wrapped_by: Some(id.clone()) })
    }

    pub(super) fn unwrap(&self, kind: KeyKind, name: &str, stored: &Stored) -> Result<Key, WrappingError> {
        let not_genuine = || WrappingError::NotGenuine(name.to_owned());
        let Some(id) = &stored.wrapped_by else {
            return stored.bytes.as_slice().try_into().map(Key::new).map_err(|_| not_genuine());
        };
        let wrapping = self.0.iter().find(|(known, _)| known == id).map(|(_, key)| key);
        let wrapping = wrapping.ok_or_else(|| WrappingError::Missing(id.clone()))?;
        let (nonce, sealed) = stored.bytes.split_first_chunk::<NONCE>().ok_or_else(not_genuine)?;
        let aad = associated_data(kind, name);
        let opened = cipher(wrapping)
            .decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: &aad })
            .map(Zeroizing::new)
            .map_err(|_| not_genuine())?;
        opened.as_slice().try_into().map(Key::new).map_err(|_| not_genuine())
    }
}

impl fmt::Debug for Wrapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(id, _)| id)).finish()
    }
}

/// Random bytes of the operating system.
pub(super) fn random<const COUNT: usize>() -> Result<[u8; COUNT], WrappingError> {
    let mut bytes = [0; COUNT];
    SysRng.try_fill_bytes(&mut bytes).map_err(|_| WrappingError::NoRandomness)?;
    Ok(bytes)
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.as_bytes().into())
}

fn associated_data(kind: KeyKind, name: &str) -> Vec<u8> {
    let kind = match kind {
        KeyKind::Subject => "subject",
        KeyKind::System => "system",
    };
    [kind.as_bytes(), &[0], name.as_bytes()].concat()
}

/// 16 hexadecimal digits that are derived from the key and reveal nothing about it.
fn id(key: &Key) -> String {
    let mut block = [0; 64];
    block[..32].copy_from_slice(key.as_bytes());
    let mut mac = Hmac::<Sha256>::new(&block.into());
    mac.update(b"id of a vault's wrapping key");
    block.zeroize();
    hex::encode(&mac.finalize().into_bytes()[..8])
}
