use super::*;
use crate::bus::contract::{NONE, breaches};

#[tokio::test]
async fn a_right_bus_breaks_no_promise() {
    assert_eq!(breaches(&Fault::None).await, NONE);
}

#[tokio::test(start_paused = true)]
async fn every_fault_breaks_the_promise_that_it_should() {
    let faults = [
        (Fault::ForgetsPositions, "after any delivery a group can go on with exactly the rest"),
        (Fault::GoesOnFromCommits, "what was committed does not decide where a group goes on"),
        (Fault::ReordersAKey, "everything on the topics asked for comes, in order per key"),
        (Fault::DropsARecord, "everything on the topics asked for comes, in order per key"),
        (Fault::DeliversTwice, "a record comes once"),
        (Fault::ClaimsTooMuch, "after any delivery a group can go on with exactly the rest"),
        (Fault::HeadIsTheBeginning, "a group that begins at the head hears what comes after, and only that"),
        (Fault::ForgetsItsPlaceAtTheHead, "a group that began at the head keeps its place while it is away"),
        (Fault::OneGroupOnly, "groups do not disturb each other"),
        (Fault::HearsOtherTopics, "everything on the topics asked for comes, in order per key"),
        (Fault::SleepsThroughNews, "a consumer that waits is woken by what is published"),
        (Fault::WaitsForWhatIsThere, "a wait for a topic to grow ends when it grows"),
        (Fault::LosesWhatIsDropped, "a call that is dropped loses nothing"),
        (Fault::LargeBatches, "a batch is no larger than asked for"),
        (Fault::BrowsesTheFirstPageAgain, "browsing pages through a topic, each record once and in order"),
        (Fault::IgnoresNames, "browsing finds a key's records, and a name's"),
        (Fault::CountsWrong, "topics are counted, and end with their last record"),
        (Fault::ReachesTooShort, "topics reach as far as what was published"),
    ];
    for (fault, clause) in faults {
        let broken = breaches(&fault).await;
        assert!(
            broken.iter().any(|breach| breach.starts_with(clause)),
            "{fault:?} is not noticed: {broken:#?}"
        );
    }
}
