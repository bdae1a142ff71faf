//! Readers for queries and for events of subscriptions.

use std::sync::Arc;
use std::time::Duration;

use http_server::Audience;
use tokio::sync::Semaphore;

use super::Reader;
use crate::hot::HotViews;
use crate::pointers::Pointers;
use crate::recent::Recent;
use crate::services::Services;

/// Makes readers.
#[derive(Clone)]
pub(crate) struct Readers {
    pub(crate) services: Services,
    pub(crate) audience: Audience,
    pub(crate) hot: Arc<HotViews>,
    pub(crate) pointers: Arc<Pointers>,
    pub(crate) recent: Option<Arc<Recent>>,
    pub(crate) waiters: Arc<Semaphore>,
    pub(crate) patience: Duration,
}

impl Readers {
    /// A reader whose patience begins now.
    pub(crate) fn reader(&self) -> Reader {
        Reader::new(self)
    }
}
