//! The contract of the key vault port. A backend's test passes its factory:
//! `assert_eq!(breaches(&factory).await, NONE)`.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::join_all;

use super::{Key, Vault, VaultError};

/// The result of [`breaches`] for a backend that keeps every promise.
pub const NONE: Vec<String> = Vec::new();

/// A vault under test.
#[async_trait]
pub trait VaultUnderTest: Send + Sync {
    /// Opens the vault, as another process would. Every call opens the same vault, which is empty at first.
    async fn open(&self) -> Result<Arc<dyn Vault>, VaultError>;
}

/// The promises that the vault breaks, and how. All use one vault, each with subjects of its own.
pub async fn breaches(vault: &dyn VaultUnderTest) -> Vec<String> {
    let results = [
        ("a subject has one key of its own", one_key_each(vault).await),
        ("concurrent creators agree on one key", creators_agree(vault).await),
        ("lookups create no keys and keep the order", lookups_create_none(vault).await),
        ("an erased subject has no key and never gets another", erased_for_good(vault).await),
        ("an erasure wins over concurrent creations", erasure_wins(vault).await),
        ("an unusual name has its own key and does not affect others", odd_names(vault).await),
        ("a subject can be erased before it has a key", erased_beforehand(vault).await),
        ("erasing one subject does not affect others", others_stay(vault).await),
        ("a system key is created once and belongs to no subject", system_keys(vault).await),
    ];
    let broken = |(clause, result): (&str, Checked)| result.err().map(|broken| format!("{clause}: {broken}"));
    results.into_iter().filter_map(broken).collect()
}

type Checked = Result<(), Broken>;

/// How a promise is broken.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("{0}")]
    Promise(&'static str),
    #[error("an operation failed: {0:?}")]
    Failed(#[from] VaultError),
}

fn ensure(holds: bool, otherwise: &'static str) -> Checked {
    if holds { Ok(()) } else { Err(Broken::Promise(otherwise)) }
}

fn same(left: &Key, right: &Key) -> bool {
    left.as_bytes() == right.as_bytes()
}

fn is_erased<T>(result: &Result<T, VaultError>, who: &str) -> bool {
    matches!(result, Err(VaultError::Erased { subject }) if subject == who)
}

async fn one_key_each(vault: &dyn VaultUnderTest) -> Checked {
    let (here, there) = (vault.open().await?, vault.open().await?);
    let first = here.key_for("each-1").await?;
    ensure(*first.as_bytes() != [0; 32], "a key of zeros")?;
    ensure(same(&first, &here.key_for("each-1").await?), "another key the second time")?;
    ensure(same(&first, &there.key_for("each-1").await?), "another key in another process")?;
    ensure(!same(&first, &here.key_for("each-2").await?), "two subjects share a key")?;
    drop((here, there));
    ensure(same(&first, &vault.open().await?.key_for("each-1").await?), "another key after opening again")
}

async fn creators_agree(vault: &dyn VaultUnderTest) -> Checked {
    let handles = [vault.open().await?, vault.open().await?];
    let subjects: Vec<String> = (0..40).map(|number| format!("agree-{number}")).collect();
    let calls = subjects.iter().flat_map(|subject| handles.iter().map(move |handle| handle.key_for(subject)));
    let keys = join_all(calls).await.into_iter().collect::<Result<Vec<Key>, VaultError>>()?;
    ensure(keys.chunks(2).all(|pair| same(&pair[0], &pair[1])), "two keys for one subject")?;
    ensure(
        keys.chunks(2).zip(keys.chunks(2).skip(1)).all(|(a, b)| !same(&a[0], &b[0])),
        "subjects share a key",
    )
}

async fn lookups_create_none(vault: &dyn VaultUnderTest) -> Checked {
    let handle = vault.open().await?;
    let (first, second) = (handle.key_for("look-1").await?, handle.key_for("look-2").await?);
    for _ in 0..2 {
        let found = handle.existing(&["look-2", "look-nobody", "look-1", "look-2"]).await?;
        let right = matches!(&found[..], [Some(a), None, Some(b), Some(c)]
            if same(a, &second) && same(b, &first) && same(c, &second));
        ensure(right, "the keys are not those of the subjects, in their order")?;
    }
    ensure(handle.existing(&[]).await?.is_empty(), "a key for no subject")?;
    let odd = ["", "look \"quoted\" ', ü", "look\n%_"];
    for subject in odd {
        let key = handle.key_for(subject).await?;
        let found = handle.existing(&[subject]).await?;
        ensure(
            matches!(&found[..], [Some(known)] if same(known, &key)),
            "an unusual subject is not found again",
        )?;
    }
    Ok(())
}

async fn erased_for_good(vault: &dyn VaultUnderTest) -> Checked {
    let (here, there) = (vault.open().await?, vault.open().await?);
    there.key_for("gone").await?;
    ensure(here.erase("gone").await?, "the erasure reports that there was no key")?;
    ensure(matches!(there.existing(&["gone"]).await?[..], [None]), "another process still finds the key")?;
    ensure(is_erased(&there.key_for("gone").await, "gone"), "another process creates a new key")?;
    ensure(is_erased(&here.key_for("gone").await, "gone"), "a new key is created")?;
    ensure(!there.erase("gone").await?, "the second erasure reports that there was a key")?;
    drop((here, there));
    ensure(is_erased(&vault.open().await?.key_for("gone").await, "gone"), "a new key after opening again")
}

async fn erasure_wins(vault: &dyn VaultUnderTest) -> Checked {
    let (here, there) = (vault.open().await?, vault.open().await?);
    for number in 0..50 {
        let subject = format!("race-{number}");
        let (erased, made) = tokio::join!(here.erase(&subject), there.key_for(&subject));
        let had_a_key = erased?;
        ensure(matches!(there.existing(&[&subject]).await?[..], [None]), "the key is still found")?;
        for handle in [&here, &there] {
            ensure(is_erased(&handle.key_for(&subject).await, &subject), "there is a key afterwards")?;
        }
        let right = if had_a_key { made.is_ok() } else { is_erased(&made, &subject) };
        ensure(right, "the results of erasure and creation contradict each other")?;
    }
    Ok(())
}

async fn odd_names(vault: &dyn VaultUnderTest) -> Checked {
    let handle = vault.open().await?;
    let (long, longer) = ("x".repeat(10_000), "x".repeat(10_001));
    // A backend may refuse unusual names, but no others.
    let odd = ["zero\0byte", "zero\0", "\0", &long, &longer];
    let (plain, odd, other) = tokio::join!(
        handle.key_for("zero"),
        join_all(odd.map(|name| handle.key_for(name))),
        handle.key_for("odd-other"),
    );
    let keys: Vec<Key> = [plain?, other?].into_iter().chain(odd.into_iter().flatten()).collect();
    let distinct: HashSet<&[u8; 32]> = keys.iter().map(Key::as_bytes).collect();
    ensure(distinct.len() == keys.len(), "two names share a key")
}

async fn erased_beforehand(vault: &dyn VaultUnderTest) -> Checked {
    let handle = vault.open().await?;
    ensure(!handle.erase("early").await?, "the erasure reports that there was a key")?;
    ensure(is_erased(&handle.key_for("early").await, "early"), "a key is created afterwards")
}

async fn others_stay(vault: &dyn VaultUnderTest) -> Checked {
    let handle = vault.open().await?;
    let kept = handle.key_for("stay-1").await?;
    handle.key_for("stay-2").await?;
    let calls = [handle.key_for("stay-1"), handle.key_for("stay-2"), handle.key_for("stay-3")];
    handle.erase("stay-2").await?;
    let [one, two, three] =
        join_all(calls).await.try_into().map_err(|_| Broken::Promise("answers are missing"))?;
    ensure(same(&one?, &kept), "another subject's key changed")?;
    ensure(is_erased(&two, "stay-2"), "in a batch with others, the erased subject gets a key")?;
    three.map(drop).map_err(Broken::from)
}

async fn system_keys(vault: &dyn VaultUnderTest) -> Checked {
    let (here, there) = (vault.open().await?, vault.open().await?);
    let (one, two) = tokio::join!(here.system_key("system"), there.system_key("system"));
    let (one, two) = (one?, two?);
    ensure(same(&one, &two), "two keys of one name")?;
    ensure(!same(&one, &here.system_key("system-2").await?), "two names share a key")?;
    here.erase("system").await?;
    ensure(same(&one, &there.system_key("system").await?), "erasing a subject of the same name changed it")?;
    ensure(is_erased(&here.key_for("system").await, "system"), "the subject of the same name is not erased")
}
