//! The text form of a partition, `<topic>/<number>`: the key that positions are stored under.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::{Partition, Positions};

/// A text that does not name a partition of a topic of this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a partition of a known topic; expected <topic>/<number>")]
pub struct InvalidPartition;

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.topic, self.number)
    }
}

impl FromStr for Partition {
    type Err = InvalidPartition;

    fn from_str(text: &str) -> Result<Self, InvalidPartition> {
        let (topic, number) = text.rsplit_once('/').ok_or(InvalidPartition)?;
        let topic = topic.parse().map_err(|_| InvalidPartition)?;
        Ok(Self { topic, number: number.parse().map_err(|_| InvalidPartition)? })
    }
}

impl Serialize for Partition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Positions from stored keys. A key that names no topic of this program is left out: no consumer reads it.
pub fn decode<K: AsRef<str>>(stored: impl IntoIterator<Item = (K, u64)>) -> Positions {
    let known = stored.into_iter().filter_map(|(key, position)| Some((key.as_ref().parse().ok()?, position)));
    known.collect()
}

#[cfg(test)]
mod tests {
    use schemas::Topic;

    use super::*;

    #[test]
    fn a_partition_is_read_as_it_is_written() {
        let partition = Partition { topic: Topic::ORDER, number: 12 };
        assert_eq!(partition.to_string(), "chorale.order.v1/12");
        assert_eq!(partition.to_string().parse(), Ok(partition));
        assert_eq!(
            serde_json::to_value(Positions::from([(partition, 7)])).unwrap(),
            serde_json::json!({
                "chorale.order.v1/12": 7
            })
        );
        for bad in ["", "chorale.order.v1", "chorale.order.v1/", "chorale.order.v1/-1", "unknown/1"] {
            assert_eq!(bad.parse::<Partition>(), Err(InvalidPartition), "{bad:?}");
        }
    }

    #[test]
    fn positions_of_unknown_topics_are_left_out() {
        let positions = decode([("chorale.order.v1/0", 3), ("chorale.gone.v1/0", 9)]);
        assert_eq!(positions, Positions::from([(Partition { topic: Topic::ORDER, number: 0 }, 3)]));
    }
}
