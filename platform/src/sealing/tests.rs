use std::collections::HashSet;

use async_trait::async_trait;
use parking_lot::Mutex;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use schemas::Address;

use super::*;

/// Keys that are derived from the subject, and the erased subjects.
#[derive(Default)]
struct Fixed {
    erased: Mutex<HashSet<String>>,
    system_keys_asked: Mutex<u32>,
}

fn fixed_key(name: &str) -> Key {
    let mut bytes = [0x5a; 32];
    bytes[..name.len().min(32)].copy_from_slice(&name.as_bytes()[..name.len().min(32)]);
    Key::new(bytes)
}

#[async_trait]
impl Vault for Fixed {
    async fn key_for(&self, subject: &str) -> Result<Key, VaultError> {
        if self.erased.lock().contains(subject) {
            return Err(VaultError::Erased { subject: subject.to_owned() });
        }
        Ok(fixed_key(subject))
    }

    async fn existing(&self, subjects: &[&str]) -> Result<Vec<Option<Key>>, VaultError> {
        let erased = self.erased.lock();
        Ok(subjects.iter().map(|subject| (!erased.contains(*subject)).then(|| fixed_key(subject))).collect())
    }

    async fn erase(&self, subject: &str) -> Result<bool, VaultError> {
        Ok(self.erased.lock().insert(subject.to_owned()))
    }

    async fn system_key(&self, name: &str) -> Result<Key, VaultError> {
        *self.system_keys_asked.lock() += 1;
        Ok(fixed_key(name))
    }
}

fn sealer() -> Sealer {
    Sealer::new(Arc::<Fixed>::default())
}

fn not_genuine<T>(opened: Result<Opened<T>, SealingError>) -> bool {
    matches!(opened, Err(SealingError::NotGenuine { .. }))
}

#[tokio::test]
async fn the_stored_format_stays_readable() {
    // Computed once and checked with an independent implementation of XChaCha20-Poly1305; never to be
    // changed.
    let stored =
        Sealed { subject: "customer-1".to_owned(), alg: "XC20P".to_owned(), data: GOLDEN.to_owned() };
    let opened: Opened<String> = sealer().open(&stored, "email").await.unwrap();
    assert_eq!(opened, Opened::Value("jane@example.org".to_owned()));
    let again =
        Sealer::with_seed(Arc::<Fixed>::default(), 42).seal("customer-1", "email", "jane@example.org").await;
    assert_eq!(again.unwrap(), stored);
}

const GOLDEN: &str = "HX/LRLNo/+6zJcbe7OGtLc4z+/L/2PAD2GOOU01VZKJOYJZ7DTnd8orfHSV8UKte33sCoklETPZidQ";

#[tokio::test]
async fn keyed_hashes_are_hmac_sha256_of_the_purpose_key() {
    let hash = sealer().keyed_hash("fingerprint", b"a command").await.unwrap();
    assert_eq!(hex::encode(hash), GOLDEN_HASH);
}

const GOLDEN_HASH: &str = "54190707215630e73bf5c4345716a7ae297a0a399509bcf65748a0b481d26a76";

#[tokio::test]
async fn keyed_hashes_are_verified_and_differ_by_purpose() {
    let vault = Arc::<Fixed>::default();
    let sealer = Sealer::new(vault.clone());
    let hash = sealer.keyed_hash("token", b"order-1").await.unwrap();
    assert!(sealer.verify("token", b"order-1", &hash).await.unwrap());
    assert!(!sealer.verify("token", b"order-2", &hash).await.unwrap());
    assert!(!sealer.verify("fingerprint", b"order-1", &hash).await.unwrap());
    assert!(!sealer.verify("token", b"order-1", &hash[..31]).await.unwrap());
    assert!(!sealer.verify("token", b"order-1", b"").await.unwrap());
    assert_eq!(*vault.system_keys_asked.lock(), 2, "system keys are cached");
}

#[test]
fn sealed_data_opens_again_and_not_for_another_subject_or_field() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let values = (".{0,60}", proptest::option::of(".{0,10}"), ".{0,30}", ".{0,30}", any::<Option<u64>>());
    let mut runner =
        TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() });
    let outcome = runner.run(&values, |(name, region, subject, field, seed)| {
        let address = Address {
            name,
            lines: vec![],
            postal_code: None,
            city: String::new(),
            region,
            country: "DE".into(),
        };
        let vault = Arc::<Fixed>::default();
        let sealer = seed.map_or(Sealer::new(vault.clone()), |seed| Sealer::with_seed(vault.clone(), seed));
        let sealed = runtime.block_on(sealer.seal(&subject, &field, &address)).unwrap();
        prop_assert_eq!(&sealed.subject, &subject);
        let open = |sealed: &Sealed, field: &str| runtime.block_on(sealer.open::<Address>(sealed, field));
        prop_assert_eq!(open(&sealed, &field).unwrap(), Opened::Value(address));
        let other_field = format!("{field}x");
        prop_assert!(not_genuine(open(&sealed, &other_field)));
        let moved = Sealed { subject: format!("{subject}x"), ..sealed.clone() };
        prop_assert!(not_genuine(open(&moved, &field)));
        Ok(())
    });
    outcome.unwrap();
}

#[tokio::test]
async fn characters_cannot_move_between_subject_and_field() {
    // Both subjects have the same key here, as if it had been copied.
    struct OneKey;
    #[async_trait]
    impl Vault for OneKey {
        async fn key_for(&self, _: &str) -> Result<Key, VaultError> {
            Ok(fixed_key("one"))
        }
        async fn existing(&self, subjects: &[&str]) -> Result<Vec<Option<Key>>, VaultError> {
            Ok(subjects.iter().map(|_| Some(fixed_key("one"))).collect())
        }
        async fn erase(&self, _: &str) -> Result<bool, VaultError> {
            Ok(false)
        }
        async fn system_key(&self, _: &str) -> Result<Key, VaultError> {
            Ok(fixed_key("one"))
        }
    }
    let sealer = Sealer::new(Arc::new(OneKey));
    let sealed = sealer.seal("customer-1", "1name", "Jane").await.unwrap();
    let moved = Sealed { subject: "customer-11".to_owned(), ..sealed };
    assert!(not_genuine(sealer.open::<String>(&moved, "name").await));
}

#[tokio::test]
async fn every_changed_byte_is_detected() {
    let sealer = sealer();
    let sealed = sealer.seal("customer-1", "email", "jane@example.org").await.unwrap();
    let bytes = BASE64_STANDARD_NO_PAD.decode(&sealed.data).unwrap();
    let with = |bytes: &[u8]| Sealed { data: BASE64_STANDARD_NO_PAD.encode(bytes), ..sealed.clone() };
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        assert!(not_genuine(sealer.open::<String>(&with(&changed), "email").await), "byte {place}");
        let cut = sealer.open::<String>(&with(&bytes[..place]), "email").await;
        assert!(cut.is_err(), "cut to {place} bytes");
    }
    for data in ["***", "QQ=="] {
        let broken =
            sealer.open::<String>(&Sealed { data: data.to_owned(), ..sealed.clone() }, "email").await;
        assert!(matches!(broken, Err(SealingError::Malformed { .. })), "{broken:?}");
    }
    let other = sealer.open::<String>(&Sealed { alg: "A256GCM".to_owned(), ..sealed }, "email").await;
    assert!(matches!(other, Err(SealingError::Malformed { .. })), "{other:?}");
}

#[tokio::test]
async fn errors_do_not_contain_the_data() {
    let sealer = sealer();
    let sealed = sealer.seal("customer-1", "email", "jane@example.org").await.unwrap();
    let error = sealer.open::<u32>(&sealed, "email").await.unwrap_err();
    assert!(matches!(error, SealingError::Kind { .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("jane"), "{error:?}");
    assert!(!format!("{:?}", sealer.keyring(["customer-1"]).await).contains("5a"));
}

#[tokio::test]
async fn random_nonces_differ_and_seeded_ones_repeat() {
    let vault = Arc::<Fixed>::default();
    let random = Sealer::new(vault.clone());
    let seal =
        async |sealer: &Sealer, value: &str| sealer.seal("customer-1", "name", value).await.unwrap().data;
    assert_ne!(seal(&random, "Jane").await, seal(&random, "Jane").await);
    let (one, two) = (Sealer::with_seed(vault.clone(), 1), Sealer::with_seed(vault, 2));
    assert_eq!(seal(&one, "Jane").await, seal(&one, "Jane").await);
    assert_ne!(
        seal(&one, "Jane").await[..32],
        seal(&one, "June").await[..32],
        "another value, another nonce"
    );
    assert_ne!(seal(&one, "Jane").await, seal(&two, "Jane").await);
}

#[tokio::test]
async fn data_of_an_erased_subject_opens_as_erased_and_cannot_be_sealed() {
    let vault = Arc::<Fixed>::default();
    let sealer = Sealer::new(vault.clone());
    let gone = sealer.seal("customer-1", "name", "Jane").await.unwrap();
    let here = sealer.seal("customer-2", "name", "Joe").await.unwrap();
    vault.erase("customer-1").await.unwrap();
    assert_eq!(sealer.open::<String>(&gone, "name").await.unwrap(), Opened::Erased);
    let refused = sealer.seal("customer-1", "name", "Jane").await;
    assert!(matches!(refused, Err(SealingError::Vault(VaultError::Erased { .. }))), "{refused:?}");

    let broken = Sealed { alg: "?".to_owned(), ..here.clone() };
    let all = sealer.open_all::<String>(&[&here, &gone, &broken, &here], "name").await.unwrap();
    let values: Vec<Option<Opened<String>>> = all.into_iter().map(Result::ok).collect();
    let joe = || Some(Opened::Value("Joe".to_owned()));
    assert_eq!(values, [joe(), Some(Opened::Erased), None, joe()]);
}
