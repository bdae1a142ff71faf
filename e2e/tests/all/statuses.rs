//! The status of projectors and reactors, from the stores and the bus of a shop.

use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use projectors::projections::orders::ORDERS;
use read_models::status::health;
use read_models::{ProjectorState, ProjectorStatus, ReactorStatus};
use serde_json::Value;

use e2e::program::{Program, objects, run};
use e2e::{Buses, Embedded, SOON};

async fn orders(shop: &Embedded) -> Result<Vec<ProjectorStatus>> {
    let (all, _) = shop.statuses().await?;
    Ok(all.into_iter().filter(|one| one.name == "orders").collect())
}

async fn reactor(shop: &Embedded, name: &str) -> Result<ReactorStatus> {
    let (_, all) = shop.statuses().await?;
    all.into_iter().find(|one| one.name == name).context("a reactor has no status")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_projector_and_a_stopped_reactor_show_their_lag_in_events_and_seconds() -> Result<()> {
    let shop = Embedded::open(Buses::Plain).await?;
    shop.settle().await?;
    let (projectors, reactors) = shop.statuses().await?;
    ensure!(projectors.len() == projectors::REGISTRY.len(), "{projectors:?}");
    ensure!(
        projectors.iter().all(|one| (one.lag_events, one.lag_seconds) == (Some(0), Some(0.0))),
        "{projectors:?}"
    );
    ensure!(
        projectors
            .iter()
            .all(|one| one.store == "sqlite" && one.generation == 1 && one.events_per_second.is_none())
    );
    ensure!(
        reactors.iter().all(|one| (one.lag_events, one.lag_seconds) == (Some(0), Some(0.0))),
        "{reactors:?}"
    );
    assert_eq!(health(Some(&projectors), Some(&reactors)), Some(true));

    let group = format!("projector-orders-v{}-g1", ORDERS.collection().shape);
    shop.held_groups.hold(&group);
    shop.held_groups.hold("inventory-reservations");
    shop.place_order(&[("TEA-100", 1)]).await?;
    let (behind, waiting) = (orders(&shop).await?, reactor(&shop, "inventory-reservations").await?);
    ensure!(behind[0].lag_events == Some(1) && waiting.lag_events == Some(1), "{behind:?} {waiting:?}");
    // Long enough for the order to expire, which adds one event.
    shop.clock.advance_by(Duration::from_secs(90));
    let (behind, waiting) = (orders(&shop).await?, reactor(&shop, "inventory-reservations").await?);
    ensure!(behind.len() == 1 && behind[0].state == ProjectorState::Live, "{behind:?}");
    ensure!(behind[0].lag_events >= Some(1) && behind[0].lag_seconds >= Some(90.0), "{behind:?}");
    ensure!(waiting.lag_events >= Some(1) && waiting.lag_seconds >= Some(90.0), "{waiting:?}");
    assert_eq!(health(Some(&behind), Some(&[waiting])), Some(false));

    shop.held_groups.release("inventory-reservations");
    shop.held_groups.release(&group);
    shop.settle().await?;
    assert_eq!(orders(&shop).await?[0].lag_events, Some(0));
    assert_eq!(reactor(&shop, "inventory-reservations").await?.lag_events, Some(0));
    shop.leave().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_shows_as_building_with_its_progress_and_leaves_a_retired_generation() -> Result<()> {
    let shop = Embedded::open(Buses::Plain).await?;
    shop.place_order(&[("TEA-100", 1)]).await?;
    shop.settle().await?;
    let (proceed, paused) = mpsc::channel::<()>();
    let backends = shop.backends();
    let rebuilding = tokio::spawn(async move {
        let mut paused = Some(paused);
        let pause_after_the_first_batch = move |progress: projectors::rebuild::Progress| {
            if let Some(paused) = paused.take_if(|_| progress.done > 0) {
                tokio::task::block_in_place(|| paused.recv()).unwrap();
            }
        };
        projectors::rebuild(&ORDERS, &backends, pause_after_the_first_batch).await
    });
    let shows = async {
        loop {
            // The heartbeat of the rebuild records its progress, on the shop's clock.
            shop.clock.advance_by(Duration::from_secs(2));
            let all = orders(&shop).await?;
            if all.iter().any(|one| one.rebuild_progress > Some(0.0)) {
                return anyhow::Ok(all);
            }
            tokio::task::yield_now().await;
        }
    };
    let all = tokio::time::timeout(SOON, shows).await.context("no rebuild shows")??;
    let [live, building] = all.as_slice() else { anyhow::bail!("{all:?}") };
    assert_eq!((live.generation, live.state, live.rebuild_progress), (1, ProjectorState::Live, None));
    assert_eq!((building.generation, building.state), (2, ProjectorState::Building));
    ensure!(building.rebuild_progress <= Some(1.0) && building.events_per_second > Some(0.0), "{building:?}");
    ensure!(building.rebuild_eta_seconds >= Some(0.0) && building.lag_events.is_some(), "{building:?}");
    assert_eq!((building.lag_seconds, &building.last_error), (None, &None));

    proceed.send(())?;
    assert_eq!(rebuilding.await??.generation, 2);
    let all = orders(&shop).await?;
    let states: Vec<_> =
        all.iter().map(|one| (one.generation, one.state, one.lag_seconds.is_some())).collect();
    assert_eq!(states, [(1, ProjectorState::Retired, false), (2, ProjectorState::Live, true)]);
    shop.leave().await
}

const STATUS: &str = "{ projectors { name store shape generation state lagEvents lagSeconds eventsPerSecond heldStreams } \
                      reactors { name context lagEvents lagSeconds parkedEvents } systemStatus { healthy } }";

fn named<'a>(all: &'a Value, name: &str) -> Result<&'a Value> {
    let found = all.as_array().into_iter().flatten().find(|one| one["name"] == name);
    found.with_context(|| format!("no {name}: {all}"))
}

fn count(value: &Value) -> u64 {
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_api_that_runs_alone_reports_the_lag_of_projectors_and_reactors_that_do_not_run() -> Result<()>
{
    let data = tempfile::tempdir()?;
    let data = data.path();
    let whole = Program::start(data, &[])?;
    let (_, number) = whole.order("first", "TEA-100", "first@example.com").await?;
    whole.until_order(&number, &["CONFIRMED"]).await?;
    whole.leave()?;
    let commands = Program::start(data, &["command-api"])?;
    commands.order("second", "TEA-100", "second@example.com").await?;
    commands.leave()?;

    let queries = Program::start(data, &["query-api"])?;
    let status = queries.ask(STATUS).await?;
    let orders = named(&status["projectors"], "orders")?;
    assert_eq!((&orders["store"], &orders["state"]), (&Value::from("sqlite"), &Value::from("LIVE")));
    assert_eq!((&orders["generation"], &orders["heldStreams"]), (&Value::from(1), &Value::from("0")));
    ensure!(count(&orders["lagEvents"]) >= 1 && orders["lagSeconds"].is_f64(), "{orders}");
    ensure!(orders["eventsPerSecond"].is_null(), "{orders}");
    let reservations = named(&status["reactors"], "inventory-reservations")?;
    ensure!(count(&reservations["lagEvents"]) >= 1 && reservations["lagSeconds"].is_f64(), "{reservations}");
    assert_eq!(reservations["context"], "inventory");
    ensure!(status["systemStatus"]["healthy"].is_boolean(), "{status}");

    let listed = Value::from(objects(data, &["reactors", "status"])?);
    assert_eq!(named(&listed, "inventory-reservations")?["lagEvents"], count(&reservations["lagEvents"]));
    let listed = Value::from(objects(data, &["projections"])?);
    assert_eq!(named(&listed, "orders")?["lagEvents"], count(&orders["lagEvents"]));
    // No projector runs.
    let waited = run(data, &["projections", "wait", "orders", "--timeout", "0"])?;
    let said = String::from_utf8_lossy(&waited.stderr).into_owned();
    assert_eq!(waited.status.code(), Some(1), "{said}");
    assert!(said.contains("orders"), "{said}");
    queries.leave()
}
