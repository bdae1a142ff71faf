//! Personal data, unsealed for callers that may see it: one call of the key vault for all subjects of a query.

use std::collections::HashMap;
use std::sync::Arc;

use platform::sealing::Keyring;
use read_models::documents::Sealed;
use serde::de::DeserializeOwned;

use super::Reader;
use super::batch::Batch;
use crate::fault::Fault;

/// The keys that a query has fetched. Dropped with the query.
#[derive(Default)]
pub(crate) struct Personal {
    keyrings: Batch<String, Arc<Keyring>>,
}

/// The purpose of the key that guest tokens are derived with.
const GUEST_TOKEN: &str = "guest-token";

impl Reader {
    /// Unseals a value that was sealed as `field`; `None` if its key was destroyed. The caller checks that the client may see
    /// it.
    pub(crate) async fn open<T: DeserializeOwned>(
        &self,
        sealed: &Sealed,
        field: &str,
    ) -> Result<Option<T>, Fault> {
        let keyring = self.keyring(&sealed.subject).await?;
        let stored = serde_json::to_value(sealed).and_then(serde_json::from_value);
        let stored = stored.map_err(|_| Fault::Unknown {
            expected: "sealed value".to_owned(),
            // Not the text itself: it is personal data.
            text: field.to_owned(),
        })?;
        Ok(keyring.open(&stored, field)?.value())
    }

    /// Whether the key of a value that was sealed as `field` was destroyed.
    pub(crate) async fn is_erased(&self, sealed: &Sealed, field: &str) -> Result<bool, Fault> {
        Ok(self.open::<serde::de::IgnoredAny>(sealed, field).await?.is_none())
    }

    /// Whether the caller holds the guest token of the order: the hexadecimal text of a keyed hash of its id. `token` is the one
    /// in the arguments; without one, that of the request counts.
    pub(crate) async fn is_own(&self, order: &str, token: Option<&str>) -> Result<bool, Fault> {
        let token = token.or(self.guest_token.as_deref()).unwrap_or_default();
        let hash = hex::decode(token).unwrap_or_default();
        Ok(self.services.sealer.verify(GUEST_TOKEN, order.as_bytes(), &hash).await?)
    }

    async fn keyring(&self, subject: &str) -> Result<Arc<Keyring>, Fault> {
        let fetch = |subjects: Vec<String>| async move {
            let keyring = self.services.sealer.keyring(subjects.iter().map(String::as_str)).await?;
            let keyring = Arc::new(keyring);
            Ok(subjects.into_iter().map(|subject| (subject, keyring.clone())).collect::<HashMap<_, _>>())
        };
        let found = self.personal.keyrings.load(subject.to_owned(), fetch).await?;
        found.ok_or_else(|| Fault::Unknown {
            expected: "key of a subject".to_owned(),
            text: subject.to_owned(),
        })
    }
}
