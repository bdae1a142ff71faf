//! The outcome of a comparison, and what follows from it.

use std::collections::BTreeMap;

use read_models::Generation;

use super::comparison::{Comparison, Difference};
use super::fields::FieldDifference;

/// How the documents of a new generation compare with those of the live one, before the switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// The number of the new generation.
    pub generation: u32,
    /// Records that were applied to it.
    pub records: u64,
    /// The live generation that it was compared with: of an earlier shape, if the projection's shape has none yet.
    pub with: Generation,
    /// Whether `with` is of an earlier shape.
    pub raised_shape: bool,
    /// Documents that are equal.
    pub equal: u64,
    /// Documents that could not be compared, because the live one was stale or behind all the time.
    pub uncompared: u64,
    /// How many documents differ, by what is wrong with the live one.
    pub different: BTreeMap<Difference, u64>,
    /// The first of their ids, at most 100.
    pub ids: Vec<String>,
    /// The fields of the documents that are altered, by name.
    pub fields: Vec<FieldDifference>,
    /// In how many documents further fields differ, which are not counted by name because there are too many.
    pub other_fields: u64,
    /// SHA-256 over the ids, versions and bodies of those that are equal, in the order of ids; lower-case hex.
    pub digest: String,
}

impl Compared {
    pub(super) fn new(new: &Generation, live: &Generation, records: u64, comparison: Comparison) -> Self {
        let Comparison { equal, uncompared, counts, different, fields, digest, .. } = comparison;
        let (fields, other_fields) = fields.into_counts();
        Self {
            generation: new.number,
            records,
            with: live.clone(),
            raised_shape: live.shape < new.shape,
            equal,
            uncompared,
            different: counts,
            ids: different.into_keys().collect(),
            fields,
            other_fields,
            digest,
        }
    }

    /// How many documents differ.
    pub fn differences(&self) -> u64 {
        self.different.values().sum()
    }

    /// [`Decision::Switch`] if the documents are equal, or differ because their shape was raised.
    pub fn if_expected(&self) -> Decision {
        match self.differences() {
            0 => Decision::Switch,
            _ if self.raised_shape => Decision::Switch,
            _ => Decision::Refuse,
        }
    }
}

/// What to do after the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Make the new generation live.
    Switch,
    /// Fail with [`RebuildError::Different`]. Both generations stay.
    Refuse,
    /// Drop the new generation.
    Drop,
}
