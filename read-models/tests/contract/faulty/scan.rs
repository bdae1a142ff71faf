//! Faulty scans.

use super::*;

/// Reads everything, and answers it with the fault.
pub(super) struct FaultyScan {
    pub(super) right: KeyedStore,
    pub(super) fault: Fault,
}

impl Scan for FaultyScan {
    fn scan(&self, generation: &Generation) -> BoxStream<'static, Result<Stored, StoreError>> {
        let (right, fault, generation) = (self.right.clone(), self.fault, generation.clone());
        let all = async move {
            let mut all: Vec<Stored> = right.scan.scan(&generation).try_collect().await?;
            match fault {
                Fault::ScansOutOfOrder => all.reverse(),
                Fault::ScansTombstones => {
                    let ids: Vec<String> = (0..9_999).map(|number| format!("{number:04}")).collect();
                    let loaded = right.keyed.load(&generation, &ids).await?;
                    all.extend(loaded.into_iter().flatten().filter(|one| one.body.is_none()));
                    all.sort_by(|a, b| a.id.cmp(&b.id));
                }
                _ => {}
            }
            Ok::<_, StoreError>(stream::iter(all.into_iter().map(Ok)))
        };
        stream::once(all).try_flatten().boxed()
    }
}
