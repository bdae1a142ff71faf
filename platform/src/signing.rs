//! Ed25519 signatures. Everyone who has the public key can verify that a text was signed by this shop.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use sha2::{Digest, Sha256};

use crate::config::Secret;
use crate::vault::{InvalidKey, Key};

pub struct Signer {
    pair: Ed25519KeyPair,
}

/// Why a text could not be signed or a signature not verified. Never contains a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigningError {
    /// The seed of the key pair is malformed.
    #[error("the signing key cannot be read")]
    Seed(#[from] InvalidKey),
    /// The public key is malformed.
    #[error("the public key cannot be read")]
    PublicKey(#[source] InvalidKey),
    /// The key pair was refused.
    #[error("the signing key is refused")]
    Refused,
    /// The signature is not of this text with this key.
    #[error("the signature is not genuine: the text was changed, or signed with another key")]
    NotGenuine,
}

impl Signer {
    /// Parses the seed of a key pair, 32 bytes in a format of [`Key::from_text`].
    pub fn from_env_text(text: &Secret) -> Result<Self, SigningError> {
        let seed = Key::from_text(text.expose())?;
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_bytes()).map_err(|_| SigningError::Refused)?;
        Ok(Self { pair })
    }

    /// Signs the UTF-8 bytes of `text`. The signature is 64 bytes in base64, always the same for the same
    /// text.
    pub fn sign(&self, text: &str) -> String {
        BASE64_STANDARD.encode(self.pair.sign(text.as_bytes()))
    }

    /// The public key in base64, for [`Verifier::from_text`].
    pub fn public_key(&self) -> String {
        BASE64_STANDARD.encode(self.pair.public_key())
    }

    /// A short id of the key pair, equal to [`Verifier::key_id`] of its public key.
    pub fn key_id(&self) -> String {
        key_id(self.pair.public_key().as_ref())
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.key_id())
    }
}

/// Verifies signatures with a public key.
#[derive(Clone, Debug)]
pub struct Verifier {
    public_key: [u8; 32],
}

impl Verifier {
    /// Parses a public key, 32 bytes in a format of [`Key::from_text`]. It is not checked to be a point of
    /// the curve; if it is not, no signature is genuine.
    pub fn from_text(text: &str) -> Result<Self, SigningError> {
        let key = Key::from_text(text).map_err(SigningError::PublicKey)?;
        Ok(Self { public_key: *key.as_bytes() })
    }

    /// Fails unless `signature` (base64) was made of exactly this text with this key.
    pub fn verify(&self, text: &str, signature: &str) -> Result<(), SigningError> {
        let signature = BASE64_STANDARD.decode(signature).map_err(|_| SigningError::NotGenuine)?;
        UnparsedPublicKey::new(&ED25519, &self.public_key)
            .verify(text.as_bytes(), &signature)
            .map_err(|_| SigningError::NotGenuine)
    }

    /// A short id of the key pair: the first 8 bytes of the SHA-256 of the public key, as 16 hexadecimal
    /// digits.
    pub fn key_id(&self) -> String {
        key_id(&self.public_key)
    }
}

fn key_id(public_key: &[u8]) -> String {
    hex::encode(&Sha256::digest(public_key)[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032, section 7.1, TEST 1: the empty message.
    const SEED: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    const PUBLIC_KEY: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    const SIGNATURE: &str = "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b";
    /// TEST 2: the message `r`.
    const SEED_2: &str = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
    const SIGNATURE_2: &str = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";

    fn signer(seed: &str) -> Signer {
        Signer::from_env_text(&Secret::from(seed.to_owned())).unwrap()
    }

    fn base64(digits: &str) -> String {
        BASE64_STANDARD.encode(hex::decode(digits).unwrap())
    }

    #[test]
    fn signatures_match_rfc_8032() {
        let signer_1 = signer(SEED);
        assert_eq!(signer_1.public_key(), base64(PUBLIC_KEY));
        assert_eq!(signer_1.sign(""), base64(SIGNATURE));
        assert_eq!(signer(&base64(SEED_2)).sign("r"), base64(SIGNATURE_2));
        Verifier::from_text(PUBLIC_KEY).unwrap().verify("", &base64(SIGNATURE)).unwrap();
    }

    #[test]
    fn every_change_is_detected() {
        let signer_1 = signer(SEED);
        let verifier = Verifier::from_text(&signer_1.public_key()).unwrap();
        let text = "ordering ended at 42".to_owned();
        let signature = signer_1.sign(&text);
        verifier.verify(&text, &signature).unwrap();
        assert_eq!(verifier.key_id(), signer_1.key_id());
        let other = signer(SEED_2);
        assert_ne!(other.key_id(), signer_1.key_id());
        let spoilt = format!("A{}", &signature[1..]);
        let wrong = [
            (text.replace("42", "43"), signature.clone()),
            (format!("{text}\n"), signature.clone()),
            (text.clone(), spoilt),
            (text.clone(), other.sign(&text)),
            (text.clone(), String::new()),
            (text.clone(), "not base64!".to_owned()),
        ];
        for (text, signature) in wrong {
            assert_eq!(
                verifier.verify(&text, &signature),
                Err(SigningError::NotGenuine),
                "{text} {signature}"
            );
        }
    }

    #[test]
    fn a_seed_is_never_shown() {
        assert!(!format!("{:?}", signer(SEED)).contains(&SEED[..16]));
        let refused = Signer::from_env_text(&Secret::from("hunter2".to_owned())).unwrap_err();
        assert!(!format!("{refused:?} {refused}").contains("hunter2"));
        assert!(matches!(Verifier::from_text("x"), Err(SigningError::PublicKey(_))));
    }
}
