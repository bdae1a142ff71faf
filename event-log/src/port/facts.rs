//! Facts that a decision may depend on besides its streams.

use std::collections::BTreeMap;
use std::sync::Arc;

use decider::{Claim, ViewKey};
use schemas::{CommandId, StreamId};
use serde_json::Value;

use super::{Handled, LedgerEntry};

/// The facts to look up.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Commands that may have been answered already.
    pub commands: Vec<CommandId>,
    /// Reactor and source stream, for the event that was handled last.
    pub inbox: Vec<(String, StreamId)>,
    /// Claims, for their holders.
    pub claims: Vec<Claim>,
    /// Entries of local views.
    pub views: Vec<ViewKey>,
    /// Consumer groups, for their positions.
    pub groups: Vec<String>,
}

impl Wanted {
    /// Whether there is nothing to look up.
    pub fn is_empty(&self) -> bool {
        self.commands.is_empty() && self.is_only_commands()
    }

    /// Whether there are only commands to look up.
    pub fn is_only_commands(&self) -> bool {
        self.inbox.is_empty() && self.claims.is_empty() && self.views.is_empty() && self.groups.is_empty()
    }
}

/// The facts that were found for [`Wanted`]. Missing entries do not exist.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    pub ledger: BTreeMap<CommandId, LedgerEntry>,
    /// The last handled event by reactor and source stream.
    pub inbox: BTreeMap<(String, StreamId), Handled>,
    pub claims: BTreeMap<Claim, StreamId>,
    /// Entries of local views.
    pub views: BTreeMap<ViewKey, Arc<Value>>,
    /// Positions of groups, by partition (`<topic>/<number>`).
    pub groups: BTreeMap<String, BTreeMap<String, u64>>,
}
