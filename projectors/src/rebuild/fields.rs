//! How documents differ, counted by field.

use std::collections::{BTreeMap, BTreeSet};

use read_models::Stored;
use serde_json::Value;

/// Most fields that are counted by themselves: keys of objects can be data, such as SKUs.
const FIELDS: usize = 200;
/// Named where the fields are equal and the versions are not.
const VERSION: &str = "(version)";
/// Named where the fields are equal, but not in the same order.
const ORDER: &str = "(order of fields)";

/// What happened to a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Only the new document has it.
    Added,
    /// Only the live document has it.
    Removed,
    /// Both have it, with different values.
    Changed,
}

/// In how many documents a field differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldDifference {
    /// Its path, with dots into objects and `[]` for the entries of lists: `lines[].price.minor`.
    pub field: String,
    /// What happened to it.
    pub change: Change,
    /// How many documents.
    pub documents: u64,
    /// The id of one of them.
    pub example: String,
}

/// Counts the fields that differ. Its size does not depend on how many documents are compared.
#[derive(Default)]
pub(super) struct Fields {
    counts: BTreeMap<(String, Change), (u64, String)>,
    /// Documents with a difference in a field that is not counted by itself.
    others: u64,
}

impl Fields {
    /// Counts the differences of two documents with the same id.
    pub(super) fn compare(&mut self, live: &Stored, new: &Stored) {
        let mut found = BTreeSet::new();
        let (old, now) = (value(live), value(new));
        differ("", &old, &now, &mut found);
        if found.is_empty() {
            let what = if live.version == new.version { ORDER } else { VERSION };
            found.insert((what.to_owned(), Change::Changed));
        }
        let mut others = false;
        for key in found {
            let room = self.counts.len() < FIELDS;
            match self.counts.get_mut(&key) {
                Some((documents, _)) => *documents += 1,
                None if room => drop(self.counts.insert(key, (1, new.id.clone()))),
                None => others = true,
            }
        }
        self.others += u64::from(others);
    }

    /// The fields by name, and how many documents differ in further ones.
    pub(super) fn into_counts(self) -> (Vec<FieldDifference>, u64) {
        let counts = self.counts.into_iter();
        let counts = counts.map(|((field, change), (documents, example))| FieldDifference {
            field,
            change,
            documents,
            example,
        });
        (counts.collect(), self.others)
    }
}

/// The store refuses bodies that are not JSON.
fn value(stored: &Stored) -> Value {
    stored.body.as_deref().and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default()
}

fn differ(path: &str, old: &Value, new: &Value, found: &mut BTreeSet<(String, Change)>) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
            for (key, old) in old {
                match new.get(key) {
                    Some(new) => differ(&below(key), old, new, found),
                    None => drop(found.insert((below(key), Change::Removed))),
                }
            }
            for key in new.keys().filter(|key| !old.contains_key(*key)) {
                found.insert((below(key), Change::Added));
            }
        }
        (Value::Array(old), Value::Array(new)) => {
            let entries = format!("{path}[]");
            for (old, new) in old.iter().zip(new) {
                differ(&entries, old, new, found);
            }
            match old.len().cmp(&new.len()) {
                std::cmp::Ordering::Less => drop(found.insert((entries, Change::Added))),
                std::cmp::Ordering::Greater => drop(found.insert((entries, Change::Removed))),
                std::cmp::Ordering::Equal => {}
            }
        }
        (old, new) if old != new => drop(found.insert((path.to_owned(), Change::Changed))),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(id: &str, version: u64, body: &str) -> Stored {
        Stored { id: id.to_owned(), version, body: Some(body.to_owned()), stale: false }
    }

    fn counted(pairs: &[(&str, &str)]) -> Vec<(String, Change, u64, String)> {
        let mut fields = Fields::default();
        for (number, (live, new)) in pairs.iter().enumerate() {
            let id = number.to_string();
            fields.compare(&document(&id, 1, live), &document(&id, 1, new));
        }
        let (counts, others) = fields.into_counts();
        assert_eq!(others, 0);
        counts.into_iter().map(|one| (one.field, one.change, one.documents, one.example)).collect()
    }

    #[test]
    fn fields_of_objects_and_lists_are_counted_once_per_document_with_the_first_as_the_example() {
        let found = counted(&[
            (r#"{"a":1,"b":{"c":1,"d":2}}"#, r#"{"a":2,"b":{"c":1,"e":2}}"#),
            (r#"{"a":1,"l":[{"p":1},{"p":2}]}"#, r#"{"a":3,"l":[{"p":7},{"p":8},{"p":9}]}"#),
        ]);
        let one = |field: &str, change, documents, example: &str| {
            (field.to_owned(), change, documents, example.to_owned())
        };
        assert_eq!(
            found,
            [
                one("a", Change::Changed, 2, "0"),
                one("b.d", Change::Removed, 1, "0"),
                one("b.e", Change::Added, 1, "0"),
                one("l[]", Change::Added, 1, "1"),
                one("l[].p", Change::Changed, 1, "1"),
            ]
        );
    }

    #[test]
    fn documents_that_differ_in_no_field_differ_in_order_or_version() {
        assert_eq!(counted(&[(r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#)])[0].0, ORDER);
        let mut fields = Fields::default();
        fields.compare(&document("x", 1, "{}"), &document("x", 2, "{}"));
        assert_eq!(fields.into_counts().0[0].field, VERSION);
    }

    #[test]
    fn the_number_of_fields_is_bounded_and_the_rest_is_counted_together() {
        let mut fields = Fields::default();
        for number in 0..FIELDS + 5 {
            let new = format!(r#"{{"sku-{number}":1}}"#);
            fields.compare(&document("x", 1, "{}"), &document("x", 1, &new));
        }
        let (counts, others) = fields.into_counts();
        assert_eq!((counts.len(), others), (FIELDS, 5));
    }
}
