//! The contract of the key vault port. `vault_suite` makes a test of each promise.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::join_all;

use super::{Key, Vault, VaultError};
use crate::contract::{Checked, ensure};
use crate::contract_suite;

/// A vault under test: empty at first.
#[async_trait]
pub trait VaultUnderTest: Send + Sync {
    /// Opens the vault, as another process would. Every call opens the same vault.
    async fn open(&self) -> Result<Arc<dyn Vault>, VaultError>;
}

contract_suite! { ($crate::vault::contract)
    /// The promises of a key vault.
    VAULT vault_suite VaultUnderTest;
    self: a_subject_has_one_key_of_its_own,
        concurrent_creators_agree_on_one_key,
        lookups_create_no_keys_and_keep_the_order,
        an_erased_subject_has_no_key_and_never_gets_another,
        an_erasure_wins_over_concurrent_creations,
        an_unusual_name_has_its_own_key_and_does_not_affect_others,
        a_subject_can_be_erased_before_it_has_a_key,
        erasing_one_subject_does_not_affect_others,
        a_system_key_is_created_once_and_belongs_to_no_subject,
        a_vault_that_works_says_so_and_keeps_its_keys;
}
#[cfg(test)]
pub(crate) use vault_suite;

fn same(left: &Key, right: &Key) -> bool {
    left.as_bytes() == right.as_bytes()
}

fn is_erased<T>(result: &Result<T, VaultError>, who: &str) -> bool {
    matches!(result, Err(VaultError::Erased { subject }) if subject == who)
}

async fn a_subject_has_one_key_of_its_own(vault: &dyn VaultUnderTest) -> Checked {
    let (here, there) = (vault.open().await?, vault.open().await?);
    let first = here.key_for("each-1").await?;
    ensure(*first.as_bytes() != [0; 32], "a key of zeros")?;
    ensure(same(&first, &here.key_for("each-1").await?), "another key the second time")?;
    ensure(same(&first, &there.key_for("each-1").await?), "another key in another process")?;
    ensure(!same(&first, &here.key_for("each-2").await?), "two subjects share a key")?;
    drop((here, there));
    ensure(same(&first, &vault.open().await?.key_for("each-1").await?), "another key after opening again")
}

async fn a_vault_that_works_says_so_and_keeps_its_keys(vault: &dyn VaultUnderTest) -> Checked {
    let here = vault.open().await?;
    here.writable().await?;
    let key = here.key_for("works").await?;
    here.writable().await?;
    ensure(same(&key, &here.key_for("works").await?), "another key after a check")
}

async fn concurrent_creators_agree_on_one_key(vault: &dyn VaultUnderTest) -> Checked {
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

async fn lookups_create_no_keys_and_keep_the_order(vault: &dyn VaultUnderTest) -> Checked {
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

async fn an_erased_subject_has_no_key_and_never_gets_another(vault: &dyn VaultUnderTest) -> Checked {
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

async fn an_erasure_wins_over_concurrent_creations(vault: &dyn VaultUnderTest) -> Checked {
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

async fn an_unusual_name_has_its_own_key_and_does_not_affect_others(vault: &dyn VaultUnderTest) -> Checked {
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

async fn a_subject_can_be_erased_before_it_has_a_key(vault: &dyn VaultUnderTest) -> Checked {
    let handle = vault.open().await?;
    ensure(!handle.erase("early").await?, "the erasure reports that there was a key")?;
    ensure(is_erased(&handle.key_for("early").await, "early"), "a key is created afterwards")
}

async fn erasing_one_subject_does_not_affect_others(vault: &dyn VaultUnderTest) -> Checked {
    let handle = vault.open().await?;
    let kept = handle.key_for("stay-1").await?;
    handle.key_for("stay-2").await?;
    let calls = [handle.key_for("stay-1"), handle.key_for("stay-2"), handle.key_for("stay-3")];
    handle.erase("stay-2").await?;
    let [one, two, three] = join_all(calls).await.try_into().map_err(|_| "answers are missing")?;
    ensure(same(&one?, &kept), "another subject's key changed")?;
    ensure(is_erased(&two, "stay-2"), "in a batch with others, the erased subject gets a key")?;
    three?;
    Ok(())
}

async fn a_system_key_is_created_once_and_belongs_to_no_subject(vault: &dyn VaultUnderTest) -> Checked {
    let (here, there) = (vault.open().await?, vault.open().await?);
    let (one, two) = tokio::join!(here.system_key("system"), there.system_key("system"));
    let (one, two) = (one?, two?);
    ensure(same(&one, &two), "two keys of one name")?;
    ensure(!same(&one, &here.system_key("system-2").await?), "two names share a key")?;
    here.erase("system").await?;
    ensure(same(&one, &there.system_key("system").await?), "erasing a subject of the same name changed it")?;
    ensure(is_erased(&here.key_for("system").await, "system"), "the subject of the same name is not erased")
}
