//! At which offset a partition is begun for a position, and what is committed so that it is found at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaResult;
use rdkafka::{Offset, TopicPartitionList};

use super::member::Member;
use crate::bus::kafka::codec;
use crate::bus::kafka::reader::{Bounds, Readers, list, offset, signed, unsigned};
use crate::bus::{BusError, Partition};

/// How long the group's offsets are waited for; without them it takes a search.
const PATIENCE: Duration = Duration::from_secs(5);

/// A position, and an offset before which no record has a higher one.
pub(super) type Place = (u64, u64);

/// What stands beside a committed offset: the position that it belongs to.
fn note(position: u64) -> String {
    format!("position={position}")
}

fn read_note(text: &str) -> Option<u64> {
    text.strip_prefix("position=")?.parse().ok()
}

/// What is to be committed, of positions and the offsets after them.
pub(super) fn commitment(
    prefix: &str,
    ready: &BTreeMap<Partition, Place>,
) -> KafkaResult<TopicPartitionList> {
    let mut list = TopicPartitionList::new();
    for (Partition { topic, number }, (position, next)) in ready {
        let mut element = list.add_partition(&format!("{prefix}{topic}"), signed(*number));
        element.set_offset(offset(*next))?;
        element.set_metadata(note(*position));
    }
    Ok(list)
}

/// For each partition where it is begun.
pub(super) fn find(
    readers: &Readers,
    consumer: &BaseConsumer<Member>,
    prefix: &str,
    partitions: &[Partition],
    position: impl Fn(&Partition) -> u64,
) -> Result<Vec<(Partition, Place)>, BusError> {
    let place = |partition: &Partition| (format!("{prefix}{}", partition.topic), partition.number);
    let places: Vec<_> = partitions.iter().map(place).collect();
    let hints = hints(consumer, &places)?;
    readers.read_here(Arc::default(), |reader| {
        let all = reader.bounds_of(&places)?;
        let mut found = Vec::new();
        for (partition, place) in partitions.iter().zip(&places) {
            let (position, bounds) = (position(partition), all.get(place).copied().unwrap_or_default());
            let hint = hints.get(place).copied().filter(|hint| hint.0 <= position);
            let offset = match usable(hint, bounds, position) {
                Some(offset) => offset,
                None => {
                    let part = (partition.number, bounds);
                    reader.offset_after(&place.0, part, position, |message| {
                        codec::position(partition.topic, message)
                    })?
                }
            };
            found.push((*partition, (position, offset)));
        }
        Ok(found)
    })
}

/// The offset to begin with, where it need not be searched for. A hint of a lower position is good: what lies between is
/// left out. One outside of the partition belongs to a topic that is gone.
fn usable(hint: Option<Place>, bounds: Bounds, position: u64) -> Option<u64> {
    if position == 0 {
        return Some(bounds.low);
    }
    hint.map(|(_, offset)| offset).filter(|offset| (bounds.low..=bounds.high).contains(offset))
}

/// Position and offset that the group committed last.
fn hints(
    consumer: &BaseConsumer<Member>,
    places: &[(String, u32)],
) -> Result<BTreeMap<(String, u32), Place>, BusError> {
    let asked = list(places.iter().map(|(topic, number)| (topic.as_str(), *number, Offset::Invalid)))?;
    let answer = match consumer.committed_offsets(asked, PATIENCE) {
        Ok(answer) => answer,
        Err(error) => {
            tracing::debug!(%error, "a group's offsets are not known; they are searched for");
            return Ok(BTreeMap::new());
        }
    };
    let elements = answer.elements();
    let hint = |element: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>| {
        let Offset::Offset(offset) = element.offset() else { return None };
        let place = (element.topic().to_owned(), unsigned(element.partition()));
        Some((place, (read_note(element.metadata())?, u64::try_from(offset).ok()?)))
    };
    Ok(elements.iter().filter_map(hint).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_read_as_it_was_written() {
        for position in [1, 47, u64::MAX] {
            assert_eq!(read_note(&note(position)), Some(position));
        }
        for text in ["", "47", "position=", "position=-1", "position=x"] {
            assert_eq!(read_note(text), None, "{text}");
        }
    }

    #[test]
    fn a_hint_is_used_inside_of_the_partition_only() {
        let bounds = Bounds { low: 5, high: 20 };
        assert_eq!(usable(None, bounds, 0), Some(5), "from the beginning");
        assert_eq!(usable(Some((7, 12)), bounds, 9), Some(12));
        assert_eq!(usable(Some((7, 20)), bounds, 9), Some(20));
        for outside in [4, 21] {
            assert_eq!(usable(Some((7, outside)), bounds, 9), None);
        }
        assert_eq!(usable(None, bounds, 9), None);
    }
}
