//! Descriptors: how many files and sockets the process may have open, and how many of them connections of clients may use.

use std::num::NonZeroU32;

use anyhow::{Result, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors that are kept for the files and servers of the stores, for the program's own and for `--metrics-listen`.
/// A shop on files with all roles has 90 open when it is idle.
const STORES: u64 = 512;
/// More connections per address are a decision of the operator.
const MOST: u64 = 20_000;
/// With a lower limit the operator is warned.
const FEW: u64 = 4_096;
/// The addresses that share the connections: for shoppers and for the back office.
const ADDRESSES: u64 = 2;

/// How many descriptors the process may have open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Descriptors(u64);

impl Descriptors {
    /// Raises the process's limit as far as it may without privileges. A soft limit of 1024, which is usual, protects programs
    /// that use `select`; this one does not.
    pub(crate) fn raise() -> Self {
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        let raised = Rlimit { current: maximum, maximum };
        let limit = match setrlimit(Resource::Nofile, raised) {
            Ok(()) => maximum,
            Err(error) => {
                tracing::warn!(%error, "could not raise the limit of descriptors");
                current
            }
        };
        // No limit is one that is never reached.
        let this = Self(limit.unwrap_or(u64::MAX));
        if this.0 < FEW {
            tracing::warn!(
                limit = this.0,
                connections = this.most(),
                "the process may open few files and sockets, and so few connections per address; raise its limit (ulimit -Hn)"
            );
        }
        this
    }

    /// Connections per address, such that the stores keep the descriptors that they need. Fails if the operator asks for more
    /// than that.
    pub(crate) fn connections(self, wanted: Option<NonZeroU32>) -> Result<usize> {
        let most = self.most();
        let connections = match wanted {
            None => most.min(MOST),
            Some(wanted) if u64::from(wanted.get()) <= most => wanted.get().into(),
            Some(wanted) => bail!(
                "--max-connections {wanted} is too much: the process may open {} descriptors, of which its stores need some and \
                 each of the two addresses gets {most}. Raise the limit of descriptors (ulimit -Hn)",
                self.0
            ),
        };
        Ok(usize::try_from(connections).unwrap_or(usize::MAX))
    }

    /// The most connections per address. With few descriptors the stores keep half of them.
    fn most(self) -> u64 {
        let for_stores = STORES.min(self.0 / 2);
        ((self.0 - for_stores) / ADDRESSES).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stores_keep_their_descriptors_however_few_there_are() {
        for (limit, connections) in
            [(64, 16), (256, 64), (1_024, 256), (4_096, 1_792), (1 << 20, 20_000), (u64::MAX, 20_000)]
        {
            assert_eq!(Descriptors(limit).connections(None).unwrap(), connections, "{limit}");
            assert!(limit - 2 * connections as u64 >= STORES.min(limit / 2), "{limit}");
        }
    }

    #[test]
    fn an_operator_gets_the_wanted_number_or_a_sentence() {
        let wanted = NonZeroU32::new(300);
        assert_eq!(Descriptors(4_096).connections(wanted).unwrap(), 300);
        assert_eq!(Descriptors(1 << 20).connections(NonZeroU32::new(100_000)).unwrap(), 100_000);
        let error = Descriptors(1_024).connections(wanted).unwrap_err().to_string();
        assert!(error.contains("300") && error.contains("1024") && error.contains("256"), "{error}");
    }

    #[test]
    fn the_limit_is_raised_as_far_as_the_system_allows() {
        let raised = Descriptors::raise();
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        assert_eq!(current, maximum);
        assert_eq!(raised.0, maximum.unwrap_or(u64::MAX));
    }
}
