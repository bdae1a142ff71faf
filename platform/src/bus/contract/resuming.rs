//! Promises about where a group begins and continues.

use std::collections::BTreeSet;

use super::*;

pub(super) async fn after_any_delivery_a_group_can_continue_with_exactly_the_rest(
    bus: &dyn BusUnderTest,
) -> Checked {
    let all = publish_rounds(bus, 0, 4).await?;
    let mut reader = Reader::join(bus, "first", Start::Beginning, &Positions::new()).await?;
    reader.read_all(&all).await?;
    let (mut done, mut positions) = (BTreeSet::new(), Positions::new());
    for (number, delivery) in reader.deliveries.iter().enumerate() {
        done.extend(delivery.records.iter().map(which));
        positions.extend(delivery.positions.clone());
        ensure(
            positions.keys().all(|partition| READ.contains(&partition.topic)),
            "a position of a topic without a subscription arrived",
        )?;
        let rest = &all - &done;
        let mut resumed =
            Reader::join(bus, &format!("resumed-{number}"), Start::Beginning, &positions).await?;
        resumed.read_all(&rest).await?;
        if rest.is_empty() {
            resumed.read_on().await?;
        }
        ensure(
            resumed.seen() == rest,
            format!("after delivery {number}, a handled record was delivered again"),
        )?;
        for record in resumed.records() {
            let position = positions.get(&record.partition()).copied().unwrap_or(0);
            ensure(record.position() > position, "a record from before the position arrived")?;
        }
        in_order(&done, resumed.records(), bus.redelivers())?;
    }
    Ok(())
}

pub(super) async fn a_group_that_begins_at_the_head_gets_later_records_and_only_these(
    bus: &dyn BusUnderTest,
) -> Checked {
    let before = publish_rounds(bus, 0, 2).await?;
    // Published records may be on the bus a moment later.
    Reader::join(bus, "witness", Start::Beginning, &Positions::new()).await?.read_all(&before).await?;
    let mut reader = Reader::join(bus, "head", Start::Head, &Positions::new()).await?;
    let after = publish_rounds(bus, 2, 2).await?;
    reader.read_all(&after).await?;
    reader.read_on().await?;
    ensure(reader.seen() == after, "a record from before the group's start arrived")?;
    in_order(&before, reader.records(), bus.redelivers())
}

pub(super) async fn a_group_that_began_at_the_head_keeps_its_position_while_it_is_stopped(
    bus: &dyn BusUnderTest,
) -> Checked {
    let before = publish_rounds(bus, 0, 2).await?;
    let mut witness = Reader::join(bus, "witness", Start::Beginning, &Positions::new()).await?;
    witness.read_all(&before).await?;
    let mut reader = Reader::join(bus, "place", Start::Head, &Positions::new()).await?;
    reader.read_until_placed(&witness.records().map(Record::partition).collect()).await?;
    reader.read_on().await?;
    ensure(reader.seen().is_empty(), "a record from before the group's start arrived")?;
    let positions = reader.positions.clone();
    drop(reader);
    let missed = publish_rounds(bus, 2, 2).await?;
    Reader::join(bus, "witness-2", Start::Beginning, &Positions::new()).await?.read_all(&missed).await?;
    let mut back = Reader::join(bus, "place", Start::Head, &positions).await?;
    back.read_all(&missed).await?;
    ensure(back.seen() == missed, "a record from before the group's start arrived")
}

pub(super) async fn committed_positions_do_not_decide_where_a_group_continues(
    bus: &dyn BusUnderTest,
) -> Checked {
    let all = publish_rounds(bus, 0, 3).await?;
    let mut reader = Reader::join(bus, "commits", Start::Beginning, &Positions::new()).await?;
    reader.consumer.commit(&Positions::new()).await?;
    while !all.is_subset(&reader.seen()) {
        reader.next(4, SOON).await?;
        reader.consumer.commit(&reader.positions).await?;
    }
    reader.consumer.commit(&reader.positions).await?;
    drop(reader);
    let mut again = Reader::join(bus, "commits", Start::Beginning, &Positions::new()).await?;
    again.read_all(&all).await
}
