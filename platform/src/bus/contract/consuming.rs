//! Promises about what a group gets.

use std::collections::{BTreeMap, BTreeSet};

use schemas::StreamId;

use super::*;

pub(super) async fn a_group_gets_everything_on_its_topics_in_order_per_key(
    bus: &dyn BusUnderTest,
) -> Checked {
    let first = publish_rounds(bus, 0, 4).await?;
    let mut reader = Reader::join(bus, "all", Start::Beginning, &Positions::new()).await?;
    reader.read_all(&first).await?;
    let second = publish_rounds(bus, 4, 2).await?;
    reader.read_all(&second).await?;
    reader.read_on().await?;
    ensure(reader.seen() == &first | &second, "a record of a topic without a subscription arrived")?;
    in_order(&BTreeSet::new(), reader.records(), bus.redelivers())
}

pub(super) async fn records_equal_what_was_published(bus: &dyn BusUnderTest) -> Checked {
    let all = publish_rounds(bus, 0, 4).await?;
    let mut reader = Reader::join(bus, "sound", Start::Beginning, &Positions::new()).await?;
    reader.read_all(&all).await?;
    let mut places: BTreeMap<(Topic, u32, u64), Which> = BTreeMap::new();
    let mut partitions: BTreeMap<(Topic, StreamId), u32> = BTreeMap::new();
    for record in reader.records() {
        let envelope = &record.envelope;
        ensure(record.position() > 0, "a position of 0, which means that there is no record")?;
        ensure(envelope.topic() == Some(record.topic), "a record is not on the topic of its stream")?;
        let partition =
            *partitions.entry((record.topic, envelope.stream.clone())).or_insert(record.partition);
        ensure(partition == record.partition, "records of one key are in two partitions")?;
        let named = bus.bus().partition_of(envelope.stream.as_str());
        ensure(named == record.partition, "a record is not in the partition that the bus names for its key")?;
        let place = (record.topic, record.partition, record.position());
        let there = places.entry(place).or_insert_with(|| which(record)).clone();
        ensure(there == which(record), "two records have one position")?;
        let json = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&record.payload);
        ensure(json.is_ok(), "a payload is not a JSON object")?;
    }
    let mut last: BTreeMap<(Topic, StreamId), u64> = BTreeMap::new();
    for (topic, stream, version) in places.into_values() {
        let before = last.insert((topic, stream), version).unwrap_or(0);
        ensure(before < version, "positions do not rise with a key's versions")?;
    }
    Ok(())
}

pub(super) async fn a_record_is_delivered_once(bus: &dyn BusUnderTest) -> Checked {
    let all = publish_rounds(bus, 0, 4).await?;
    let mut reader = Reader::join(bus, "once", Start::Beginning, &Positions::new()).await?;
    reader.read_all(&all).await?;
    reader.read_on().await?;
    ensure(bus.redelivers() || reader.records().count() == all.len(), "a record was delivered twice")
}

pub(super) async fn a_batch_is_not_larger_than_requested(bus: &dyn BusUnderTest) -> Checked {
    let all = publish_rounds(bus, 0, 4).await?;
    let mut reader = Reader::join(bus, "batches", Start::Beginning, &Positions::new()).await?;
    let mut max = 0;
    while !all.is_subset(&reader.seen()) {
        max = max % 7 + 1;
        ensure(reader.next(max, SOON).await? <= max, "a batch was larger than requested")?;
    }
    Ok(())
}

pub(super) async fn groups_do_not_affect_each_other(bus: &dyn BusUnderTest) -> Checked {
    let all = publish_rounds(bus, 0, 3).await?;
    let mut early = Reader::join(bus, "early", Start::Beginning, &Positions::new()).await?;
    let mut beside = Reader::join(bus, "beside", Start::Beginning, &Positions::new()).await?;
    early.read_all(&all).await?;
    early.consumer.commit(&early.positions).await?;
    beside.read_all(&all).await?;
    let mut late = Reader::join(bus, "late", Start::Beginning, &Positions::new()).await?;
    late.read_all(&all).await?;
    for reader in [&early, &beside, &late] {
        in_order(&BTreeSet::new(), reader.records(), bus.redelivers())?;
    }
    Ok(())
}
