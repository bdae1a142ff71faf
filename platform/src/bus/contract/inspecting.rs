//! Promises about reading a topic without a group.

use std::collections::BTreeMap;

use schemas::Context;

use super::*;
use crate::bus::{Browse, TopicInfo};

/// Publishes four rounds and waits until they are on the bus.
async fn published(bus: &dyn BusUnderTest) -> Result<Reader, Broken> {
    let all = publish_rounds(bus, 0, 4).await?;
    let mut reader = Reader::join(bus, "published", Start::Beginning, &Positions::new()).await?;
    reader.read_all(&all).await?;
    Ok(reader)
}

async fn browse_all(bus: &dyn BusUnderTest, topic: Topic) -> Result<Vec<Record>, BusError> {
    bus.bus().browse(topic, &Browse { limit: 1_000, ..Browse::default() }).await
}

fn ends_of(records: &[Record]) -> BTreeMap<u32, u64> {
    let mut ends = BTreeMap::new();
    for record in records {
        let end = ends.entry(record.partition).or_insert(0);
        *end = record.envelope.position.max(*end);
    }
    ends
}

pub(super) async fn topics_are_counted_and_end_with_their_last_record(bus: &dyn BusUnderTest) -> Checked {
    let empty = bus.bus().topics(&[Topic::PAYMENT]).await?;
    let nothing = |info: &TopicInfo| info.records == 0 && info.ends.values().all(|end| *end == 0);
    ensure(empty.len() == 1 && empty.iter().all(nothing), "an empty topic is not empty")?;
    published(bus).await?;
    let asked = [Topic::STOCK, Topic::PAYMENT, Topic::ORDER];
    let infos = bus.bus().topics(&asked).await?;
    let ends = bus.bus().ends(&asked).await?;
    ensure(
        infos.iter().all(|info| ends.get(&info.topic) == Some(&info.ends)),
        "`topics` and `ends` return different ends",
    )?;
    ensure(
        infos.iter().map(|info| info.topic).eq(asked),
        "the topics are not the requested ones, in their order",
    )?;
    ensure(infos.iter().map(|info| info.records).eq([8, 0, 24]), "a wrong count")?;
    for info in infos {
        let last = ends_of(&browse_all(bus, info.topic).await?);
        let holds = last.iter().all(|(number, last)| info.ends.get(number).is_some_and(|end| end >= last));
        ensure(holds, format!("{} ends before its last record", info.topic))?;
        ensure(
            info.ends.values().max().copied().unwrap_or(0) == last.values().max().copied().unwrap_or(0),
            format!("{} ends after its last record", info.topic),
        )?;
    }
    Ok(())
}

/// Waits, because the reach of topics may be reported shortly after their records.
pub(super) async fn topics_reach_as_far_as_the_published_records(bus: &dyn BusUnderTest) -> Checked {
    published(bus).await?;
    let contexts = [Context::Ordering, Context::Inventory];
    let mut last = BTreeMap::new();
    for topic in [Topic::ORDER, Topic::STOCK, Topic::RESERVATION] {
        let end = browse_all(bus, topic).await?.iter().map(Record::position).max().unwrap_or(0);
        let known = last.entry(topic.context()).or_insert(0);
        *known = end.max(*known);
    }
    let deadline = Instant::now() + SOON;
    loop {
        let reach = bus.bus().reach(&contexts).await?;
        if contexts
            .iter()
            .all(|context| reach.get(context).map(|reach| reach.position) == last.get(context).copied())
        {
            return ensure(reach.len() == contexts.len(), "a context was not requested");
        }
        ensure(Instant::now() < deadline, format!("the topics reach {reach:?}, not {last:?}"))?;
        tokio::time::sleep(QUIET).await;
    }
}

pub(super) async fn browsing_returns_a_topic_in_pages_each_record_once_and_in_order(
    bus: &dyn BusUnderTest,
) -> Checked {
    published(bus).await?;
    let whole = browse_all(bus, Topic::ORDER).await?;
    let places =
        |records: &[Record]| records.iter().map(|r| (r.partition, r.position())).collect::<BTreeSet<_>>();
    ensure(whole.len() == 24 && places(&whole).len() == 24, "records are missing or repeated")?;
    in_order(&BTreeSet::new(), whole.iter(), false)?;
    for limit in [1, 5, 24] {
        let (mut browse, mut paged) = (Browse { limit, ..Browse::default() }, Vec::new());
        loop {
            let page = bus.bus().browse(Topic::ORDER, &browse).await?;
            ensure(page.len() <= limit, "a page was larger than requested")?;
            browse.after.extend(ends_of(&page));
            let end = page.len() < limit;
            paged.extend(page);
            if end {
                break;
            }
            ensure(paged.len() <= 24, "the pages have more records than the topic")?;
        }
        in_order(&BTreeSet::new(), paged.iter(), false)?;
        ensure(places(&paged) == places(&whole), format!("pages of {limit} do not have all records"))?;
    }
    Ok(())
}

pub(super) async fn browsing_finds_the_records_of_a_key_and_of_a_name(bus: &dyn BusUnderTest) -> Checked {
    published(bus).await?;
    let whole = browse_all(bus, Topic::ORDER).await?;
    let find = async |key: Option<&str>, name: Option<&str>, limit: usize| {
        let (key, name) = (key.map(str::to_owned), name.map(str::to_owned));
        let found = bus.bus().browse(Topic::ORDER, &Browse { key, name, limit, ..Browse::default() }).await?;
        Ok::<_, BusError>(found.iter().map(which).collect::<BTreeSet<_>>())
    };
    let expect = |fits: &dyn Fn(&Record) -> bool| -> BTreeSet<Which> {
        whole.iter().filter(|record| fits(record)).map(which).collect()
    };
    let name = whole.first().map(|record| record.envelope.name.clone()).unwrap_or_default();
    let named = |record: &Record| record.envelope.name == name;
    let of_b = |record: &Record| record.envelope.stream.as_str() == "order-b";
    ensure(expect(&of_b).len() == 8, "records are missing")?;
    ensure(find(Some("order-b"), None, 100).await? == expect(&of_b), "the records are not those of the key")?;
    ensure(find(None, Some(&name), 100).await? == expect(&named), "the records are not those of the name")?;
    let both = find(Some("order-b"), Some(&name), 100).await?;
    ensure(
        both == expect(&|record| of_b(record) && named(record)),
        "the records are not those of key and name",
    )?;
    ensure(
        find(Some("order-b"), None, 3).await?.len() == 3,
        "the limit does not apply to the matching records",
    )?;
    ensure(find(Some("order-unknown"), None, 100).await?.is_empty(), "a key without records has records")?;
    ensure(find(None, Some("NeverHappened"), 100).await?.is_empty(), "a name without records has records")
}

pub(super) async fn groups_and_browsing_return_the_same_records_at_the_same_offsets(
    bus: &dyn BusUnderTest,
) -> Checked {
    let reader = published(bus).await?;
    for topic in READ {
        let mut browsed = browse_all(bus, topic).await?;
        let mut heard: Vec<Record> =
            reader.records().filter(|record| record.topic == topic).cloned().collect();
        for records in [&mut browsed, &mut heard] {
            records.sort_by_key(|record| (record.partition, record.position()));
            records.dedup();
        }
        ensure(browsed == heard, format!("they differ on {topic}"))?;
    }
    Ok(())
}
