//! A reader of its own for each event of a subscription, so that an event is not answered with what an earlier one read.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute};
use async_graphql::{Data, Response, async_trait};
use http_server::Audience;
use tokio::sync::Semaphore;

use super::Reader;
use crate::hot::HotViews;
use crate::services::Services;

/// Makes readers.
#[derive(Clone)]
pub(crate) struct Readers {
    pub(crate) services: Services,
    pub(crate) audience: Audience,
    pub(crate) hot: Arc<HotViews>,
    pub(crate) waiters: Arc<Semaphore>,
    pub(crate) patience: Duration,
}

impl Readers {
    /// A reader whose patience begins now.
    pub(crate) fn reader(&self) -> Reader {
        let (services, hot, waiters) = (self.services.clone(), self.hot.clone(), self.waiters.clone());
        Reader::new(services, self.audience, hot, waiters, self.patience)
    }
}

/// Gives each execution a new reader, if the operation's data contain [`Readers`].
pub(crate) struct FreshReaders;

impl ExtensionFactory for FreshReaders {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Fresh)
    }
}

struct Fresh;

#[async_trait::async_trait]
impl Extension for Fresh {
    async fn execute(
        &self,
        ctx: &ExtensionContext<'_>,
        operation: Option<&str>,
        next: NextExecute<'_>,
    ) -> Response {
        let Some(readers) = ctx.data_opt::<Readers>() else { return next.run(ctx, operation).await };
        let mut data = Data::default();
        data.insert(Arc::new(readers.reader()));
        next.run_with_data(ctx, operation, data).await
    }
}
