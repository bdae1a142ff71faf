//! Suggestions of categories.

use std::collections::HashMap;

use super::index::Index;
use super::matching::{Source, Wanted};
use crate::port::{CategorySuggestion, FacetKind};
use crate::words::words;

/// The categories whose names have all words of the search, the best first: by how well the words fit and how much of the name
/// they are, then by the number of entries, then by name.
pub(super) fn categories(
    index: &Index,
    wanted: &[Wanted],
    statuses: &[u32],
    limit: usize,
) -> Vec<CategorySuggestion> {
    let found: Vec<HashMap<&str, u32>> = wanted.iter().map(|wanted| by_word(index, wanted)).collect();
    let mut all: Vec<(u32, u64, &str, &str)> = Vec::new();
    for value in
        index.values.all().iter().filter(|value| *index.values.kind(value.group) == FacetKind::Category)
    {
        let count = statuses.iter().filter_map(|status| value.by_status.get(*status as usize)).sum();
        if count == 0 {
            continue;
        }
        let name = words(&value.label);
        let quality = |found: &HashMap<&str, u32>| {
            name.iter().filter_map(|word| found.get(word.as_str()).copied()).max()
        };
        let fit: Option<u32> = wanted
            .iter()
            .zip(&found)
            .map(|(wanted, found)| match quality(found) {
                Some(quality) => Some(quality),
                None => wanted.filler.then_some(0),
            })
            .sum();
        if let Some(fit) = fit.filter(|fit| *fit > 0) {
            let length = u32::try_from(name.len().max(1)).unwrap_or(u32::MAX);
            all.push((fit * 100 / length, count, &value.label, &value.value));
        }
    }
    all.sort_by(|one, other| {
        (other.0, other.1).cmp(&(one.0, one.1)).then_with(|| (one.2, one.3).cmp(&(other.2, other.3)))
    });
    all.truncate(limit);
    all.into_iter().map(|(_, count, _, id)| CategorySuggestion { id: id.to_owned(), count }).collect()
}

fn by_word<'i>(index: &'i Index, wanted: &Wanted) -> HashMap<&'i str, u32> {
    let mut found = HashMap::new();
    for (quality, source) in &wanted.sources {
        if let Source::Term(term) = source {
            let best: &mut u32 = found.entry(index.dictionary.word(*term)).or_default();
            *best = (*best).max(*quality);
        }
    }
    found
}
