use schemas::{Envelope, EventId, StreamId, Timestamp};
use uuid::Uuid;

use super::*;
use crate::bus::contract::{BUS, BusUnderTest, bus_suite};
use crate::contract::{Broken, breach};

impl MemoryBus {
    fn publish_one(&self, topic: Topic, stream: &StreamId) {
        let log = self.log.lock();
        let partition = Partition { topic, number: partition_of(stream.as_str(), PARTITIONS) };
        let records = log.topics.get(&partition).map_or(&[][..], Vec::as_slice);
        let of_stream = |record: &&Record| record.envelope.stream == *stream;
        let version = records.iter().filter(of_stream).count() as u64 + 1;
        // The bus has its own offsets, which are unrelated to positions.
        let offset = records.last().map_or(1_000, |last| last.offset + 3);
        let position = log.ends.get(&topic.context()).copied().unwrap_or(0) + 1;
        drop(log);
        let envelope = Envelope {
            id: EventId::derived(&[stream.as_str(), &version.to_string()]),
            stream: stream.clone(),
            version,
            context: topic.context(),
            position,
            epoch: Uuid::nil(),
            name: if version.is_multiple_of(2) { "Evened" } else { "Odded" }.to_owned(),
            type_version: 1,
            time: Timestamp::EPOCH,
            correlation: Uuid::nil(),
            causation: Uuid::nil(),
            traceparent: None,
            hash: String::new(),
        };
        let (envelope, payload) = (Arc::new(envelope), "{}".into());
        self.put(&[Record { topic, partition: partition.number, offset, envelope, payload }]);
        if self.fault == Fault::ReordersAKey && version == 4 {
            self.swap_the_last_two(partition, stream);
        }
    }

    fn swap_the_last_two(&self, partition: Partition, stream: &StreamId) {
        let mut log = self.log.lock();
        let records = log.topics.get_mut(&partition).unwrap();
        let last = records.len() - 1;
        let before = (0..last).rev().find(|place| records[*place].envelope.stream == *stream).unwrap();
        let (one, two) = (records[before].envelope.clone(), records[last].envelope.clone());
        let at = |envelope: &Envelope, position| Arc::new(Envelope { position, ..envelope.clone() });
        records[before].envelope = at(&two, one.position);
        records[last].envelope = at(&one, two.position);
    }
}

#[async_trait]
impl BusUnderTest for MemoryBus {
    async fn publish(&self, topic: Topic, stream: &StreamId, count: u64) -> Result<(), Broken> {
        (0..count).for_each(|_| self.publish_one(topic, stream));
        Ok(())
    }

    fn bus(&self) -> Arc<dyn Bus> {
        Arc::new(self.clone())
    }
}

mod keeps_the_promise {
    use super::*;

    bus_suite!(MemoryBus::default());
}

#[tokio::test(start_paused = true)]
async fn every_fault_breaks_the_promise_that_it_should() {
    let faults = [
        (Fault::ForgetsPositions, "after_any_delivery_a_group_can_continue_with_exactly_the_rest"),
        (Fault::GoesOnFromCommits, "committed_positions_do_not_decide_where_a_group_continues"),
        (Fault::ReordersAKey, "a_group_gets_everything_on_its_topics_in_order_per_key"),
        (Fault::DropsARecord, "a_group_gets_everything_on_its_topics_in_order_per_key"),
        (Fault::DeliversTwice, "a_record_is_delivered_once"),
        (Fault::ClaimsTooMuch, "after_any_delivery_a_group_can_continue_with_exactly_the_rest"),
        (Fault::HeadIsTheBeginning, "a_group_that_begins_at_the_head_gets_later_records_and_only_these"),
        (
            Fault::ForgetsItsPlaceAtTheHead,
            "a_group_that_began_at_the_head_keeps_its_position_while_it_is_stopped",
        ),
        (Fault::OneGroupOnly, "groups_do_not_affect_each_other"),
        (Fault::HearsOtherTopics, "a_group_gets_everything_on_its_topics_in_order_per_key"),
        (Fault::SleepsThroughNews, "a_waiting_consumer_is_woken_by_a_new_record"),
        (Fault::WaitsForWhatIsThere, "a_wait_for_a_topic_to_grow_ends_when_the_topic_grows"),
        (Fault::LosesWhatIsDropped, "a_dropped_call_loses_nothing"),
        (Fault::LargeBatches, "a_batch_is_not_larger_than_requested"),
        (Fault::BrowsesTheFirstPageAgain, "browsing_returns_a_topic_in_pages_each_record_once_and_in_order"),
        (Fault::IgnoresNames, "browsing_finds_the_records_of_a_key_and_of_a_name"),
        (Fault::CountsWrong, "topics_are_counted_and_end_with_their_last_record"),
        (Fault::NamesAnotherPartition, "records_equal_what_was_published"),
        (Fault::ReachesTooShort, "topics_reach_as_far_as_the_published_records"),
    ];
    for (fault, promise) in faults {
        assert!(breach(BUS, promise, &MemoryBus::with(fault)).await.is_some(), "{fault:?} is not found");
    }
}

#[tokio::test]
async fn a_position_of_another_bus_is_passed_once_all_records_before_it_were_read() {
    let bus = MemoryBus::default();
    let stream = StreamId::from_text("stock-A");
    let partition = Partition { topic: Topic::STOCK, number: partition_of(stream.as_str(), PARTITIONS) };
    bus.publish_one(Topic::STOCK, &stream);
    bus.publish_one(Topic::RESERVATION, &stream);
    let at = |position: u64| Positions::from([(partition, position)]);
    let passed = async |reached: u64, wanted: u64| {
        let passed = crate::bus::passed(&bus, &at(reached), &at(wanted)).await.unwrap();
        passed.get(&partition).copied()
    };
    assert_eq!(passed(1, 2).await, Some(2));
    assert_eq!(passed(0, 2).await, None, "the first record was not read");
    assert_eq!(passed(1, 3).await, None, "the topics do not contain the log up to there");
    bus.publish_one(Topic::STOCK, &stream);
    assert_eq!(passed(1, 3).await, None, "the last record was not read");
}
