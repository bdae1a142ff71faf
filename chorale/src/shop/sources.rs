//! Documents belong to the logs that they are built from: their positions mean nothing in other logs.

use std::sync::Arc;

use anyhow::{Result, ensure};
use event_log::port::Log;
use read_models::Store;

/// Claims documents without a source for these logs. Refuses documents of other logs.
pub(crate) async fn claim(store: &Store, logs: &[Arc<dyn Log>]) -> Result<()> {
    for log in logs {
        let (context, epoch) = (log.context(), log.head().await?.epoch.to_string());
        let recorded = store.sources.claim_source(context.name(), &epoch).await?;
        ensure!(
            recorded == epoch,
            "the documents were built from another log of {context} than this one: choose other documents (--documents, --data-dir), or \
             delete these; they are rebuilt from the topics"
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
