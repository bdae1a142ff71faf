use super::*;
use crate::bus::contract::{NONE, breaches};

#[tokio::test]
async fn a_right_bus_breaks_no_promise() {
    assert_eq!(breaches(&Fault::None).await, NONE);
}

#[tokio::test(start_paused = true)]
async fn every_fault_breaks_the_promise_that_it_should() {
    let faults = [
        (Fault::ForgetsPositions, "after any delivery a group can continue with exactly the rest"),
        (Fault::GoesOnFromCommits, "committed positions do not decide where a group continues"),
        (Fault::ReordersAKey, "a group gets everything on its topics, in order per key"),
        (Fault::DropsARecord, "a group gets everything on its topics, in order per key"),
        (Fault::DeliversTwice, "a record is delivered once"),
        (Fault::ClaimsTooMuch, "after any delivery a group can continue with exactly the rest"),
        (Fault::HeadIsTheBeginning, "a group that begins at the head gets later records, and only these"),
        (
            Fault::ForgetsItsPlaceAtTheHead,
            "a group that began at the head keeps its position while it is stopped",
        ),
        (Fault::OneGroupOnly, "groups do not affect each other"),
        (Fault::HearsOtherTopics, "a group gets everything on its topics, in order per key"),
        (Fault::SleepsThroughNews, "a waiting consumer is woken by a new record"),
        (Fault::WaitsForWhatIsThere, "a wait for a topic to grow ends when the topic grows"),
        (Fault::LosesWhatIsDropped, "a dropped call loses nothing"),
        (Fault::LargeBatches, "a batch is not larger than requested"),
        (Fault::BrowsesTheFirstPageAgain, "browsing returns a topic in pages, each record once and in order"),
        (Fault::IgnoresNames, "browsing finds the records of a key, and of a name"),
        (Fault::CountsWrong, "topics are counted, and end with their last record"),
        (Fault::ReachesTooShort, "topics reach as far as the published records"),
    ];
    for (fault, clause) in faults {
        let broken = breaches(&fault).await;
        assert!(
            broken.iter().any(|breach| breach.starts_with(clause)),
            "{fault:?} is not found: {broken:#?}"
        );
    }
}
