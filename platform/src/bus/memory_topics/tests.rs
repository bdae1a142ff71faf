use super::*;
use crate::bus::contract::{AnyError, NONE, PublisherFactory, Seen, TopicsUnderTest, publisher_breaches};
use schemas::Topic;

#[async_trait]
impl PublisherFactory for Fault {
    async fn fresh(&self) -> Result<Box<dyn TopicsUnderTest>, AnyError> {
        Ok(Box::new(MemoryTopics::with(*self)))
    }
}

#[async_trait]
impl TopicsUnderTest for MemoryTopics {
    fn publisher(&self, context: Context) -> Box<dyn Publisher> {
        Self::publisher(self, context)
    }

    async fn visible(&self, topic: Topic, partition: u32) -> Result<Vec<Seen>, AnyError> {
        Ok(Self::visible(self, topic.name(), partition).iter().map(Seen::from).collect())
    }

    async fn crash(&self, context: Context, records: &[Outgoing], mark: &Mark) -> Result<(), AnyError> {
        let mut publisher = Self::publisher(self, context);
        publisher.take_over().await?;
        if self.fault == Fault::KeepsWhatWasNotCommitted {
            publisher.publish(records, mark).await?;
        }
        Ok(())
    }
}

#[tokio::test]
async fn right_topics_break_no_promise() {
    assert_eq!(publisher_breaches(&Fault::None).await, NONE);
}

#[tokio::test(start_paused = true)]
async fn every_fault_breaks_the_promise_that_it_should() {
    let faults = [
        (Fault::LetsStaleOnesWrite, "a stale publisher is refused, and none of its records is visible"),
        (Fault::AcknowledgesStaleOnes, "a stale publisher is refused, and none of its records is visible"),
        (Fault::MarksForStaleOnes, "a stale publisher is refused, and none of its records is visible"),
        (Fault::FencesOtherContexts, "publishers of other contexts are not affected"),
        (Fault::ForgetsTheMark, "a publisher that takes over finds the mark of the last transaction"),
        (Fault::LosesTheLastRecord, "records are published unchanged and in order"),
        (Fault::Reorders, "records are published unchanged and in order"),
        (Fault::IgnoresMarksAlone, "a mark can move without records"),
        (Fault::WritesUpToWhatIsRefused, "a transaction with a refused record leaves nothing"),
        (
            Fault::KeepsWhatWasNotCommitted,
            "a crash before the commit leaves nothing, and the next publisher continues",
        ),
    ];
    for (fault, clause) in faults {
        let broken = publisher_breaches(&fault).await;
        assert!(
            broken.iter().any(|breach| breach.starts_with(clause)),
            "{fault:?} is not found: {broken:#?}"
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
