use super::*;
use crate::bus::contract::{PUBLISHER, Seen, TopicsUnderTest, publisher_suite};
use crate::contract::{Broken, breach};
use schemas::Topic;

#[async_trait]
impl TopicsUnderTest for MemoryTopics {
    fn publisher(&self, context: Context) -> Box<dyn Publisher> {
        Self::publisher(self, context)
    }

    async fn visible(&self, topic: Topic, partition: u32) -> Result<Vec<Seen>, Broken> {
        Ok(Self::visible(self, topic.name(), partition).iter().map(Seen::from).collect())
    }

    async fn crash(&self, context: Context, records: &[Outgoing], mark: &Mark) -> Result<(), Broken> {
        let mut publisher = Self::publisher(self, context);
        publisher.take_over().await?;
        if self.fault == Fault::KeepsWhatWasNotCommitted {
            publisher.publish(records, mark).await?;
        }
        Ok(())
    }
}

mod keep_the_promise {
    use super::*;

    publisher_suite!(MemoryTopics::default());
}

#[tokio::test(start_paused = true)]
async fn every_fault_breaks_the_promise_that_it_should() {
    let faults = [
        (Fault::LetsStaleOnesWrite, "a_stale_publisher_is_refused_and_none_of_its_records_is_visible"),
        (Fault::AcknowledgesStaleOnes, "a_stale_publisher_is_refused_and_none_of_its_records_is_visible"),
        (Fault::MarksForStaleOnes, "a_stale_publisher_is_refused_and_none_of_its_records_is_visible"),
        (Fault::FencesOtherContexts, "publishers_of_other_contexts_are_not_affected"),
        (Fault::ForgetsTheMark, "a_publisher_that_takes_over_finds_the_mark_of_the_last_transaction"),
        (Fault::LosesTheLastRecord, "records_are_published_unchanged_and_in_order"),
        (Fault::Reorders, "records_are_published_unchanged_and_in_order"),
        (Fault::IgnoresMarksAlone, "a_mark_can_move_without_records"),
        (Fault::WritesUpToWhatIsRefused, "a_transaction_with_a_refused_record_leaves_nothing"),
        (
            Fault::KeepsWhatWasNotCommitted,
            "a_crash_before_the_commit_leaves_nothing_and_the_next_publisher_continues",
        ),
    ];
    for (fault, promise) in faults {
        assert!(
            breach(PUBLISHER, promise, &MemoryTopics::with(fault)).await.is_some(),
            "{fault:?} is not found"
        );
    }
}

#[tokio::test]
async fn a_lost_transaction_leaves_nothing_and_a_lost_answer_everything() {
    let topics = MemoryTopics::default();
    let mark = |position| Mark {
        context: Context::Ordering,
        epoch: uuid::Uuid::nil(),
        position,
        hash: String::new(),
        as_of: schemas::Timestamp::EPOCH,
    };
    topics.fail([Failure::Lost, Failure::AnswerLost]);
    for (position, expected) in [(1, None), (2, Some(2)), (3, Some(3))] {
        let mut publisher = MemoryTopics::publisher(&topics, Context::Ordering);
        publisher.take_over().await.unwrap();
        let answer = publisher.publish(&[], &mark(position)).await;
        assert_eq!(answer.is_ok(), position == 3);
        assert_eq!(topics.mark(Context::Ordering).map(|mark| mark.position), expected);
    }
}
