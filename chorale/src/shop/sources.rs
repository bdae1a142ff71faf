//! Documents belong to the logs that they are built from: their positions mean nothing in others.

use std::sync::Arc;

use anyhow::{Result, ensure};
use event_log::port::Log;
use read_models::documents::sources::{SOURCES, Source};
use read_models::{Checkpoint, Store, Write};

/// Makes documents that belong to no log yet those of these logs; refuses the documents of others.
pub(crate) async fn claim(store: &Store, logs: &[Arc<dyn Log>]) -> Result<()> {
    let mut own = Vec::new();
    for log in logs {
        let epoch = log.head().await?.epoch.to_string();
        own.push((log.context(), Source { epoch }));
    }
    let generation = store.generations().live(&SOURCES).await?;
    let mut writes = Vec::new();
    for (context, source) in &own {
        let body = Some(serde_json::to_string(source)?);
        writes.push(Write { id: context.name().to_owned(), version: 1, body, stale: false });
    }
    // What stands there already stays: this is its first version, too.
    store.documents().write(&generation, &writes, &Checkpoint::new()).await?;
    let ids: Vec<String> = writes.into_iter().map(|write| write.id).collect();
    let known = store.load::<Source>(&generation, &ids).await?;
    for ((context, source), known) in own.iter().zip(known) {
        let known = known.and_then(|document| document.value);
        ensure!(
            known.as_ref() == Some(source),
            "the documents were built from another log of {context} than this one: choose others (--documents, --data-dir), or \
             delete these; they are built anew from the topics"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::shop::{Shop, ShopOptions};

    #[tokio::test]
    async fn documents_of_another_log_are_refused_and_those_of_the_own_are_not() {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let shop = Shop::open(folder.path(), ShopOptions::default()).await.unwrap();
            shop.claim_documents().await.unwrap();
            shop.close().await.unwrap();
        }
        std::fs::remove_file(folder.path().join("ordering.sqlite")).unwrap();
        let shop = Shop::open(folder.path(), ShopOptions::default()).await.unwrap();
        let refused = shop.claim_documents().await.unwrap_err();
        assert!(refused.to_string().contains("were built from another log of ordering"), "{refused}");
    }
}
