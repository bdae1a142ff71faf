//! Finds the offset at which a partition starts for a position, and commits offsets so that this is quick.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use platform::bus::{BusError, Partition};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaResult;
use rdkafka::{Offset, TopicPartitionList};

use super::member::Member;
use crate::codec;
use crate::reader::{Bounds, Readers, list, offset, signed, unsigned};

/// How long to wait for the group's committed offsets. Without them the offset is searched for.
const PATIENCE: Duration = Duration::from_secs(5);

/// A position, and an offset before which no record has a higher position.
pub(super) type PositionAt = (u64, u64);

/// The metadata of a committed offset: the position that it belongs to.
fn note(position: u64) -> String {
    format!("position={position}")
}

fn read_note(text: &str) -> Option<u64> {
    text.strip_prefix("position=")?.parse().ok()
}

/// The commit for positions and the offsets after them.
pub(super) fn commitment(
    prefix: &str,
    ready: &BTreeMap<Partition, PositionAt>,
) -> KafkaResult<TopicPartitionList> {
    let mut list = TopicPartitionList::new();
    for (Partition { topic, number }, (position, next)) in ready {
        let mut element = list.add_partition(&format!("{prefix}{topic}"), signed(*number));
        element.set_offset(offset(*next))?;
        element.set_metadata(note(*position));
    }
    Ok(list)
}

/// The start of each partition.
pub(super) fn find(
    readers: &Readers,
    consumer: &BaseConsumer<Member>,
    prefix: &str,
    partitions: &[Partition],
    position: impl Fn(&Partition) -> u64,
) -> Result<Vec<(Partition, PositionAt)>, BusError> {
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

/// The start offset, if it need not be searched for. A hint of a lower position is usable, because the records between are
/// skipped. A hint outside the partition belongs to a deleted topic.
fn usable(hint: Option<PositionAt>, bounds: Bounds, position: u64) -> Option<u64> {
    if position == 0 {
        return Some(bounds.low);
    }
    hint.map(|(_, offset)| offset).filter(|offset| (bounds.low..=bounds.high).contains(offset))
}

/// The position and offset that the group committed last, per partition.
fn hints(
    consumer: &BaseConsumer<Member>,
    places: &[(String, u32)],
) -> Result<BTreeMap<(String, u32), PositionAt>, BusError> {
    let asked = list(places.iter().map(|(topic, number)| (topic.as_str(), *number, Offset::Invalid)))?;
    let answer = match consumer.committed_offsets(asked, PATIENCE) {
        Ok(answer) => answer,
        Err(error) => {
            tracing::debug!(%error, "committed offsets unavailable; searching for the positions");
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
