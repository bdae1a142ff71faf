use std::collections::BTreeMap;

use decider::{Claim, ClaimKind, ViewWrite};
use schemas::{EventId, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::draft::Draft;
use super::snapshot::{command, done, slug, stream, view};
use super::{Broken, Checked, LogUnderTest, ensure, same};
use crate::port::{Handled, LedgerEntry, Log, LogError, Wanted};

pub(super) async fn a_command_keeps_its_first_answer(logs: &dyn LogUnderTest) -> Checked {
    let log = logs.open().await?;
    let (old, new) = (Timestamp::from_millis(1_000), Timestamp::from_millis(2_000));
    let answer = "{ \"verdict\":\"refused\", \"why\":\"Größe \\u00e4 \\\"\" }";
    let draft = Draft::now(&*log).await?.answer(command("old"), answer, old);
    done(&draft.and_write().answer(command("new"), "{}", new), &*log).await?;
    let wanted =
        Wanted { commands: vec![command("none"), command("old"), command("new")], ..Wanted::default() };
    let (_, facts) = logs.open().await?.facts(&wanted).await?;
    let entry = |name, answer: &str, at| LedgerEntry {
        command: command(name),
        fingerprint: [7; 32],
        answer: answer.to_owned(),
        at,
    };
    let both = [entry("old", answer, old), entry("new", "{}", new)];
    same(&facts.ledger, &both.into_iter().map(|entry| (entry.command, entry)).collect(), "the ledger")?;
    let again = Draft::now(&*log).await?.event("order-1", 1).answer(command("new"), "{}", new);
    let refused = matches!(again.commit(&*log).await, Err(LogError::Broken { .. }));
    ensure(refused, "a command gets a second answer")?;
    same(&log.head().await?.position, &0, "the position after a refused answer")?;
    same(&log.prune_ledger(old).await?, &0, "the number of entries older than the oldest")?;
    same(&log.prune_ledger(new).await?, &1, "the number of deleted entries")?;
    let (_, facts) = log.facts(&wanted).await?;
    ensure(facts.ledger.keys().eq([&command("new")]), format!("after deleting there is {:?}", facts.ledger))
}

pub(super) async fn the_last_handled_event_is_known(logs: &dyn LogUnderTest) -> Checked {
    let log = logs.open().await?;
    let handled = |version: u64| Handled { version, event: EventId::new(Uuid::from_u128(version.into())) };
    let entry =
        |reactor: &str, source: &str, version| Some((reactor.to_owned(), stream(source), handled(version)));
    let draft = Draft::now(&*log).await?.with(|write| write.inbox = entry("a", "order-1", 1));
    let draft = draft.and_write().with(|write| write.inbox = entry("a", "order-1", 2));
    let draft = draft.and_write().with(|write| write.inbox = entry("b", "order-1", 7));
    done(&draft.and_write().with(|write| write.inbox = entry("a", "order-2", 5)), &*log).await?;
    done(&Draft::now(&*log).await?.with(|write| write.inbox = entry("a", "order-1", 3)), &*log).await?;
    let asked = [("a", "order-1"), ("a", "order-2"), ("b", "order-1"), ("b", "order-2")];
    let asked = asked.map(|(reactor, source)| (reactor.to_owned(), stream(source)));
    let (_, facts) = log.facts(&Wanted { inbox: asked.to_vec(), ..Wanted::default() }).await?;
    let wanted: BTreeMap<_, _> = asked.into_iter().zip([3, 5, 7].map(handled)).collect();
    same(&facts.inbox, &wanted, "the inbox")
}

pub(super) async fn a_claim_has_one_holder(logs: &dyn LogUnderTest) -> Checked {
    let log = logs.open().await?;
    let sku = Claim { kind: ClaimKind("sku"), value: "tea".to_owned() };
    let draft = Draft::now(&*log).await?.with(|write| {
        write.claimed.push((slug("tea"), stream("product-1")));
        write.claimed.push((sku.clone(), stream("product-2")));
        write.claimed.push((slug("rum"), stream("product-1")));
    });
    done(&draft, &*log).await?;
    let again = Draft::now(&*log).await?.with(|write| write.claimed.push((slug("tea"), stream("product-1"))));
    done(&again, &*log).await?;
    held(&*log, &[(&slug("tea"), "product-1"), (&slug("rum"), "product-1"), (&sku, "product-2")]).await?;
    // Released and claimed by another stream in one batch, and in one write; released; claimed and released
    // again.
    let draft = Draft::now(&*log).await?.with(|write| write.released.push(slug("tea")));
    let draft = draft.and_write().with(|write| {
        write.claimed.push((slug("tea"), stream("product-3")));
        write.released.push(slug("rum"));
        write.claimed.push((slug("gin"), stream("product-3")));
    });
    let draft = draft.and_write().with(|write| {
        write.released.push(slug("gin"));
        write.released.push(sku.clone());
        write.claimed.push((sku.clone(), stream("product-4")));
    });
    done(&draft, &*log).await?;
    held(&*log, &[(&slug("tea"), "product-3"), (&sku, "product-4")]).await
}

async fn held(log: &dyn Log, by: &[(&Claim, &str)]) -> Checked {
    let sku = Claim { kind: ClaimKind("sku"), value: "tea".to_owned() };
    let wanted = Wanted { claims: vec![slug("tea"), slug("rum"), slug("gin"), sku], ..Wanted::default() };
    let by = by.iter().map(|(claim, holder)| ((*claim).clone(), stream(holder))).collect();
    same(&log.facts(&wanted).await?.1.claims, &by, "the holders")
}

pub(super) async fn views_are_written_replaced_and_removed(logs: &dyn LogUnderTest) -> Checked {
    let log = logs.open().await?;
    let (one, two) = (view("one"), view("two"));
    let elsewhere = decider::ViewKey { view: "other", key: "one".to_owned() };
    let put = |key: &decider::ViewKey, value: Option<Value>| ViewWrite { key: key.clone(), value };
    let rich = json!({ "b": [1, -2.5, null, true], "a": "Ä \" \\ \n \u{1F375}", "c": u64::MAX });
    let first = vec![
        put(&one, Some(json!(0))),
        put(&two, Some(json!([]))),
        put(&one, Some(rich.clone())),
        put(&elsewhere, Some(Value::Null)),
    ];
    done(&Draft::now(&*log).await?.beside(|batch| batch.views = first), &*log).await?;
    seen(&*log, [Some(&rich), Some(&json!([])), Some(&Value::Null)]).await?;
    let second = vec![put(&two, Some(json!("new"))), put(&one, None), put(&elsewhere, None)];
    done(&Draft::now(&*log).await?.beside(|batch| batch.views = second), &*log).await?;
    seen(&*log, [None, Some(&json!("new")), None]).await
}

async fn seen(log: &dyn Log, values: [Option<&Value>; 3]) -> Checked {
    let elsewhere = decider::ViewKey { view: "other", key: "one".to_owned() };
    let wanted = Wanted { views: vec![view("one"), view("two"), elsewhere], ..Wanted::default() };
    let (_, facts) = log.facts(&wanted).await?;
    let found: Vec<_> = wanted.views.iter().map(|key| facts.views.get(key).map(AsRef::as_ref)).collect();
    same(&found, &values.to_vec(), "the views")
}

pub(super) async fn groups_have_their_own_positions_and_never_move_backwards(
    logs: &dyn LogUnderTest,
) -> Checked {
    let log = logs.open().await?;
    let at = |group: &str, partition: &str, done| (group.to_owned(), partition.to_owned(), done);
    let first = Draft::now(&*log).await?.beside(|batch| {
        batch.positions = vec![
            at("a", "t/0", 3),
            at("a", "t/1", 4),
            at("b", "t/0", 9),
            at("a", "t/0", 5),
            at("b", "t/0", 7),
        ];
        batch.starts = vec![("a".to_owned(), 1), ("c".to_owned(), 2)];
    });
    done(&first, &*log).await?;
    same(
        &group(&*log, "a").await?,
        &(vec![("t/0".to_owned(), 5), ("t/1".to_owned(), 4)], 1),
        "the first group",
    )?;
    same(&group(&*log, "b").await?, &(vec![("t/0".to_owned(), 9)], 0), "the second group")?;
    same(&group(&*log, "c").await?, &(vec![], 2), "a group that has only started")?;
    let second = Draft::now(&*log).await?.beside(|batch| {
        batch.positions = vec![at("a", "t/1", 8), at("b", "t/0", 6)];
        batch.starts = vec![("a".to_owned(), 0), ("c".to_owned(), 3)];
    });
    done(&second, &*log).await?;
    same(
        &group(&*log, "a").await?,
        &(vec![("t/0".to_owned(), 5), ("t/1".to_owned(), 8)], 0),
        "the first group after a move",
    )?;
    same(
        &group(&*log, "b").await?,
        &(vec![("t/0".to_owned(), 9)], 0),
        "the second group after a late commit",
    )?;
    same(&group(&*log, "d").await?, &(vec![], 0), "an unknown group")
}

/// Progress of a group. The facts must have the same positions.
async fn group(log: &dyn Log, name: &str) -> Result<(Vec<(String, u64)>, u32), Broken> {
    let (positions, starts) = log.group(name).await?;
    let others = ["b", "unknown"].map(str::to_owned);
    let wanted = Wanted { groups: [&[name.to_owned()], &others[..]].concat(), ..Wanted::default() };
    let (_, mut facts) = log.facts(&wanted).await?;
    same(&facts.groups.remove(name).unwrap_or_default(), &positions, "the positions among the facts")?;
    Ok((positions.into_iter().collect(), starts))
}
