use schemas::{Context, EventId};
use uuid::Uuid;

use super::draft::Draft;
use super::snapshot::{FAR, Snapshot, command, done, everything, full, nearly_full, slug, stream};
use super::{Checked, LogUnderTest, ensure, same};
use crate::chain;
use crate::port::{Committed, Head, LogError};

pub(super) async fn a_commit_moves_the_head(logs: &dyn LogUnderTest) -> Checked {
    let log = logs.open().await?;
    let empty = log.head().await?;
    same(&(empty.position, empty.hash), &(0, chain::START), "the empty log's head")?;
    ensure(!empty.epoch.is_nil(), "the log has no epoch")?;
    let two = done(&Draft::on(log.context(), empty).event("order-1", 1).event("order-2", 1), &*log).await?;
    let last = everything(&*log).await?.pop();
    let wanted = Head {
        position: 2,
        hash: last.and_then(|event| chain::from_hex(&event.envelope.hash)).unwrap_or_default(),
        epoch: empty.epoch,
        revision: empty.revision + 1,
    };
    same(&two, &wanted, "the head after two events")?;
    same(&log.head().await?, &two, "the head that is read")?;
    let none = done(&Draft::on(log.context(), two), &*log).await?;
    same(&none, &Head { revision: two.revision + 1, ..two }, "the head after a commit without events")?;
    same(&logs.open().await?.head().await?, &none, "the head that another process reads")
}

pub(super) async fn a_commit_on_an_older_head_changes_nothing(logs: &dyn LogUnderTest) -> Checked {
    let (here, there) = (logs.open().await?, logs.open().await?);
    let others: [fn(Draft) -> Draft; 4] = [
        |draft| draft.answer(command("other"), "{}", FAR),
        |draft| {
            let handled = crate::port::Handled { version: 1, event: EventId::new(Uuid::from_u128(1)) };
            draft.with(|write| write.inbox = Some(("other".to_owned(), stream("order-9"), handled)))
        },
        |draft| draft.beside(|batch| batch.positions.push(("other".to_owned(), "topic/0".to_owned(), 1))),
        |draft| draft.event("order-other", 1),
    ];
    for (number, other) in others.into_iter().enumerate() {
        let base = here.head().await?;
        let moved = done(&other(Draft::on(there.context(), base)), &*there).await?;
        let before = Snapshot::of(&*here, &["late"]).await?;
        let answer = full(Draft::on(here.context(), base), "late").commit(&*here).await?;
        same(&answer, &Committed::Moved(moved), &format!("the answer to late commit {number}"))?;
        same(&Snapshot::of(&*here, &["late"]).await?, &before, "the log after a late commit")?;
    }
    for late in [full, nearly_full] {
        let base = Head { revision: here.head().await?.revision - 1, ..here.head().await? };
        let answer = late(Draft::on(here.context(), base), "late").commit(&*here).await?;
        same(&answer, &Committed::Moved(here.head().await?), "the answer to a commit on an older revision")?;
    }
    let stranger = Head { epoch: Uuid::from_u128(1), ..here.head().await? };
    let answer = full(Draft::on(here.context(), stranger), "late").commit(&*here).await?;
    same(&answer, &Committed::Moved(here.head().await?), "the answer to a commit on another log's head")
}

pub(super) async fn a_batch_is_all_or_nothing(logs: &dyn LogUnderTest) -> Checked {
    let log = logs.open().await?;
    let first = Draft::now(&*log).await?.event("order-1", 1).event("order-1", 2);
    done(&full(first, "first"), &*log).await?;
    let before = Snapshot::of(&*log, &["first", "second"]).await?;
    let known = before.events.first().map(|event| event.envelope.id);
    for filled in [full, nearly_full] {
        let base = log.head().await?;
        let valid = || filled(Draft::on(log.context(), base), "second").and_write();
        for (fault, draft) in faults(valid, log.context(), known) {
            let answer = draft.commit(&*log).await;
            ensure(matches!(answer, Err(LogError::Broken { .. })), format!("{fault} returned {answer:?}"))?;
            same(
                &Snapshot::of(&*log, &["first", "second"]).await?,
                &before,
                &format!("the log after {fault}"),
            )?;
        }
    }
    done(&full(Draft::now(&*log).await?, "second"), &*log).await.map(drop)
}

/// A valid batch with one fault.
fn faults(
    valid: impl Fn() -> Draft,
    context: Context,
    known: Option<EventId>,
) -> [(&'static str, Draft); 13] {
    [
        ("a version that is taken", valid().event("order-1", 2)),
        ("a version with a gap", valid().event("order-1", 4)),
        ("a new stream's second version", valid().event("order-7", 2)),
        ("a version with a gap in the batch", valid().event("order-7", 1).event("order-7", 3)),
        ("version 0", valid().event("order-7", 0)),
        ("a position with a gap", valid().envelope("order-7", 1, "{}", |e| e.position += 1)),
        ("a position that is taken", valid().envelope("order-7", 1, "{}", |e| e.position -= 1)),
        ("another epoch", valid().envelope("order-7", 1, "{}", |e| e.epoch = Uuid::from_u128(3))),
        ("another context", valid().envelope("order-7", 1, "{}", |e| e.context = other_than(context))),
        ("an event id that is taken", valid().envelope("order-7", 1, "{}", |e| e.id = known.unwrap_or(e.id))),
        ("a claim of another stream", valid().with(|w| w.claimed.push((slug("first"), stream("order-7"))))),
        ("a claim by two", valid().with(|w| w.claimed.push((slug("second"), stream("order-7"))))),
        ("a second answer", valid().answer(command("first"), "{}", FAR)),
    ]
}

fn other_than(context: Context) -> Context {
    if context == Context::Catalog { Context::Ordering } else { Context::Catalog }
}

pub(super) async fn a_batch_may_be_large(logs: &dyn LogUnderTest) -> Checked {
    let log = logs.open().await?;
    let mut draft = Draft::now(&*log).await?;
    for number in 0..1111 {
        let (stream, version) = (format!("order-{}", number % 100), number / 100 + 1);
        draft = draft.and_write().event(&stream, version).answer(
            command(&stream_version(&stream, version)),
            "{}",
            FAR,
        );
    }
    done(&draft, &*log).await?;
    let events = everything(&*log).await?;
    let drafted = draft.batch.writes.iter().flat_map(|write| write.events.iter());
    ensure(drafted.eq(events.iter()), "the events differ from those that were committed")?;
    done(&Draft::now(&*log).await?.event("order-99", 12).event("order-99", 13), &*log).await.map(drop)
}

fn stream_version(stream: &str, version: u64) -> String {
    format!("{stream}@{version}")
}
