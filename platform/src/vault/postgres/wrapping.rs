//! Keys that wrap keys.
//!
//! **Stored format**: a random nonce of 24 bytes and the 32 bytes of the key sealed with XChaCha20-Poly1305 (with its
//! tag): 72 bytes. The associated data is the kind of key (`subject` or `system`), a zero byte, and whose it is; so a
//! wrapped key that is moved to another row does not open.

use std::fmt;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use rand::TryRng;
use rand::rngs::SysRng;
use sha2::Sha256;

use crate::config::Secret;
use crate::vault::{InvalidKey, Key};

/// The variable that holds the wrapping keys.
pub const VARIABLE: &str = "CHORALE_VAULT_KEY";

const NONCE: usize = 24;

/// What a key belongs to; a part of what is authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Subject,
    System,
}

/// A key as a row holds it.
#[derive(Clone)]
pub(super) struct Stored {
    pub(super) bytes: Vec<u8>,
    /// Which key wraps it; `None` when it is not wrapped.
    pub(super) wrapped_by: Option<String>,
}

/// Why a stored key cannot be used. Never holds a byte of one.
#[derive(Clone, Debug, thiserror::Error)]
pub enum WrappingError {
    /// The address asks for wrapping, and there is no key to wrap with.
    #[error("the vault's address says kek=env, but CHORALE_VAULT_KEY is not set")]
    NotSet,
    /// A wrapping key is no key.
    #[error("CHORALE_VAULT_KEY is one key, or several with commas between them, the one to wrap with first")]
    Invalid(#[from] InvalidKey),
    /// The parameter has another value.
    #[error("the parameter kek of a vault's address can only be env")]
    Parameter,
    /// The keys in the vault are wrapped with a key that this process does not have.
    #[error(
        "the vault's keys are wrapped with key {0}, which this process does not have; give it in CHORALE_VAULT_KEY and say ?kek=env"
    )]
    Missing(String),
    /// A stored key is not what was stored.
    #[error("the key of {0} in the vault was changed, or belongs to somebody else")]
    NotGenuine(String),
    /// The key that this process wraps with was retired.
    #[error(
        "the key {0} that this process wraps with was retired; put the newer one first in CHORALE_VAULT_KEY"
    )]
    Retired(String),
    /// The system gave no random bytes.
    #[error("no random bytes for a new key")]
    NoRandomness,
    /// There is no key to wrap with.
    #[error("the keys of this vault cannot be wrapped: its address has no ?kek=env")]
    NotAsked,
    /// Somebody still wraps with a key that is to be retired, or does not wrap.
    #[error(
        "a process still adds keys that are wrapped otherwise; start all with the new key first, then repeat it"
    )]
    StillInUse,
}

/// The keys that wrap keys: with the first new ones are wrapped, the others still unwrap.
#[derive(Clone)]
pub struct Wrapping(Vec<(String, Key)>);

impl Wrapping {
    /// Reads one key, or several with commas between them.
    pub fn from_text(text: &Secret) -> Result<Self, WrappingError> {
        let keys = text.expose().split(',').map(Key::from_text).collect::<Result<Vec<Key>, InvalidKey>>()?;
        Ok(Self(keys.into_iter().map(|key| (id(&key), key)).collect()))
    }

    /// The id of the key that new keys are wrapped with: tells nothing of the key.
    pub fn id(&self) -> Option<&str> {
        self.0.first().map(|(id, _)| id.as_str())
    }

    /// No key: keys are stored as they are.
    pub(super) fn none() -> Self {
        Self(Vec::new())
    }

    pub(super) fn has(&self, id: &str) -> bool {
        self.0.iter().any(|(known, _)| known == id)
    }

    pub(super) fn wrap(&self, kind: Kind, whose: &str, key: &Key) -> Result<Stored, WrappingError> {
        let Some((id, wrapping)) = self.0.first() else {
            return Ok(Stored { bytes: key.as_bytes().to_vec(), wrapped_by: None });
        };
        let nonce = random::<NONCE>()?;
        let aad = associated_data(kind, whose);
        let payload = Payload { msg: key.as_bytes(), aad: &aad };
        let sealed = cipher(wrapping)
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| WrappingError::NotGenuine(whose.to_owned()))?;
        Ok(Stored { bytes: [&nonce[..], &sealed].concat(), wrapped_by: Some(id.clone()) })
    }

    pub(super) fn unwrap(&self, kind: Kind, whose: &str, stored: &Stored) -> Result<Key, WrappingError> {
        let not_genuine = || WrappingError::NotGenuine(whose.to_owned());
        let Some(id) = &stored.wrapped_by else {
            return stored.bytes.as_slice().try_into().map(Key::new).map_err(|_| not_genuine());
        };
        let wrapping = self.0.iter().find(|(known, _)| known == id).map(|(_, key)| key);
        let wrapping = wrapping.ok_or_else(|| WrappingError::Missing(id.clone()))?;
        let (nonce, sealed) = stored.bytes.split_first_chunk::<NONCE>().ok_or_else(not_genuine)?;
        let aad = associated_data(kind, whose);
        let opened = cipher(wrapping)
            .decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: &aad })
            .map_err(|_| not_genuine())?;
        opened.as_slice().try_into().map(Key::new).map_err(|_| not_genuine())
    }
}

impl fmt::Debug for Wrapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(id, _)| id)).finish()
    }
}

/// Random bytes of the system's.
pub(super) fn random<const COUNT: usize>() -> Result<[u8; COUNT], WrappingError> {
    let mut bytes = [0; COUNT];
    SysRng.try_fill_bytes(&mut bytes).map_err(|_| WrappingError::NoRandomness)?;
    Ok(bytes)
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.as_bytes().into())
}

fn associated_data(kind: Kind, whose: &str) -> Vec<u8> {
    let kind = match kind {
        Kind::Subject => "subject",
        Kind::System => "system",
    };
    [kind.as_bytes(), &[0], whose.as_bytes()].concat()
}

/// 16 hexadecimal digits that the key gives, and that do not give the key.
fn id(key: &Key) -> String {
    let mut block = [0; 64];
    block[..32].copy_from_slice(key.as_bytes());
    let mut mac = Hmac::<Sha256>::new(&block.into());
    mac.update(b"id of a vault's wrapping key");
    mac.finalize().into_bytes().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
