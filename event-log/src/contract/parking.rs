use super::draft::Draft;
use super::snapshot::{done, parked, stream};
use super::{Broken, Checked, LogUnderTest, same};
use crate::port::{Log, ParkedRecord, Parking};

/// Stream, version, error and redrive.
type Seen = Vec<(String, u64, String, bool)>;

async fn seen(log: &dyn Log, reactor: Option<&str>, limit: usize) -> Result<Seen, Broken> {
    let row = |record: ParkedRecord| {
        (record.envelope.stream.to_string(), record.envelope.version, record.error, record.redrive)
    };
    Ok(log.parked(reactor, limit).await?.into_iter().map(row).collect())
}

fn row(stream: &str, version: u64, error: &str, redrive: bool) -> (String, u64, String, bool) {
    (stream.to_owned(), version, error.to_owned(), redrive)
}

async fn change(log: &dyn Log, parking: Vec<Parking>) -> Checked {
    let draft = Draft::now(log).await?.with(|write| write.parking = parking);
    done(&draft, log).await.map(drop)
}

pub(super) async fn parked_records_wait_in_order(logs: &dyn LogUnderTest) -> Checked {
    let log = logs.open().await?;
    let draft = Draft::now(&*log).await?;
    let records = [("b", "order-1", 2), ("a", "order-2", 10), ("a", "order-2", 9), ("a", "order-1", 7)];
    let parking: Vec<_> =
        records.iter().map(|(reactor, source, version)| parked(&draft, reactor, source, *version)).collect();
    change(&*log, parking.clone()).await?;
    let all = vec![
        row("order-1", 2, "boom", false),
        row("order-1", 7, "boom", false),
        row("order-2", 9, "boom", false),
        row("order-2", 10, "boom", false),
    ];
    same(&seen(&*log, None, 10).await?, &all, "the parked records")?;
    same(&seen(&*log, Some("a"), 10).await?, &all[1..].to_vec(), "the records of one reactor")?;
    same(&seen(&*log, Some("a"), 2).await?, &all[1..3].to_vec(), "the first two of them")?;
    same(&seen(&*log, Some("c"), 2).await?, &vec![], "the records of a reactor that has none")?;
    let stored = logs.open().await?.parked(Some("b"), 1).await?;
    let wanted = parking.into_iter().next();
    same(&stored.into_iter().next().map(|record| Parking::Park(Box::new(record))), &wanted, "a parked record")
}

pub(super) async fn parked_records_are_redriven_and_unparked(logs: &dyn LogUnderTest) -> Checked {
    let log = logs.open().await?;
    let draft = Draft::now(&*log).await?;
    let park = |source, version| parked(&draft, "a", source, version);
    change(
        &*log,
        vec![park("order-1", 1), park("order-1", 2), park("order-2", 1), parked(&draft, "b", "order-1", 1)],
    )
    .await?;
    change(&*log, vec![Parking::Redrive { reactor: "a".to_owned(), source: stream("order-1") }]).await?;
    let wanted = vec![
        row("order-1", 1, "boom", true),
        row("order-1", 2, "boom", true),
        row("order-2", 1, "boom", false),
    ];
    same(&seen(&*log, Some("a"), 10).await?, &wanted, "the records to redrive")?;
    same(
        &seen(&*log, Some("b"), 10).await?,
        &vec![row("order-1", 1, "boom", false)],
        "another reactor's record",
    )?;
    // The first is handled, the second fails again.
    let again = with_error(park("order-1", 2), "again");
    let handled = Parking::Unpark { reactor: "a".to_owned(), source: stream("order-1"), version: 1 };
    change(&*log, vec![handled, again]).await?;
    let wanted = vec![row("order-1", 2, "again", false), row("order-2", 1, "boom", false)];
    same(&seen(&*log, Some("a"), 10).await?, &wanted, "the remaining records")
}

pub(super) async fn a_redelivered_parked_record_stays_as_it_is(logs: &dyn LogUnderTest) -> Checked {
    let log = logs.open().await?;
    let draft = Draft::now(&*log).await?;
    let park = |version, error| with_error(parked(&draft, "a", "order-1", version), error);
    change(&*log, vec![park(1, "boom"), park(2, "")]).await?;
    let redelivered = || change(&*log, vec![park(1, ""), park(2, "")]);
    redelivered().await?;
    let wanted = vec![row("order-1", 1, "boom", false), row("order-1", 2, "", false)];
    same(&seen(&*log, None, 10).await?, &wanted, "redelivered records")?;
    change(&*log, vec![Parking::Redrive { reactor: "a".to_owned(), source: stream("order-1") }]).await?;
    redelivered().await?;
    let wanted = vec![row("order-1", 1, "boom", true), row("order-1", 2, "", true)];
    same(&seen(&*log, None, 10).await?, &wanted, "redelivered records that are to be redriven")
}

fn with_error(parking: Parking, error: &str) -> Parking {
    match parking {
        Parking::Park(record) => Parking::Park(Box::new(ParkedRecord { error: error.to_owned(), ..*record })),
        other => other,
    }
}
