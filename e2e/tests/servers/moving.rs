//! A shop in files moves to PostgreSQL.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use chorale::data_dir::{DataDir, DataDirError};
use chorale::moving::{self, MoveArgs};
use chorale::stores::Stores;
use command_api::inputs::ActionOutcome;
use domain::policies::INVENTORY_RESERVATIONS;
use e2e::program::{Program, objects, printed, run};
use e2e::{Buses, Embedded, once_free};
use platform::config::Secret;
use platform::postgres::Address;
use platform::postgres::scratch::Scratch;
use platform::sealing::Opened;
use schemas::Context;
use schemas::life_cycle::OrderStatus;
use schemas::order::OrderEvent;

const TEA: &[(&str, u32)] = &[("TEA-100", 2)];
/// Longer than inventory may take.
const STOCK: Duration = Duration::from_secs(61);
/// Time after which a move is interrupted first; doubled until the move completes.
const FIRST: Duration = Duration::from_millis(60);

fn stores(there: &Scratch) -> Result<Stores> {
    let address = Secret::from(there.url().to_owned());
    Ok(Stores { event_log: vec![there.url().parse()?], vault: Some(address), ..Stores::default() })
}

async fn move_it(path: &Path, there: &Scratch) -> Result<String> {
    let to_vault = Secret::from(there.url().to_owned());
    let args = MoveArgs { to_event_log: vec![there.url().parse()?], to_vault, json: false };
    let mut output_text = Vec::new();
    moving::run(path, &Stores::default(), &args, &mut output_text).await?;
    Ok(String::from_utf8(output_text)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_shop_keeps_its_answers_deadlines_and_keys() -> Result<()> {
    let (shop, there) = (Embedded::open(Buses::Plain).await?, Scratch::new().await?);
    let first = shop.place_as("my-key", TEA, "tok_ok").await?;
    let early = shop.place_paying(TEA, "tok_action").await?;
    shop.until(&early.payment_stream(), "PaymentActionRequired").await?;
    shop.settle().await?;
    shop.held_groups.hold(INVENTORY_RESERVATIONS);
    let late = shop.place_order(TEA).await?;
    let before = shop.heads().await?;

    let mut output_text = String::new();
    let shop = shop
        .restart_on(stores(&there)?, async |path| {
            output_text = move_it(path, &there).await?;
            Ok(())
        })
        .await?;
    ensure!(shop.heads().await?.iter().zip(&before).all(|(now, then)| now >= then), "events are missing");
    ensure!(
        output_text.contains("The shop has moved") && !output_text.contains(&password(&there)),
        "{output_text}"
    );

    // A retry with the same key gets the first answer; another request with that key is refused.
    let again = shop.place_as("my-key", TEA, "tok_ok").await?;
    ensure!(
        again.replayed && (&again.id, &again.answer) == (&first.id, &first.answer),
        "{again:?}, not {first:?}"
    );
    ensure!(shop.place_as("my-key", &[("TEA-100", 3)], "tok_ok").await.is_err(), "a reused key was accepted");
    // Deadlines from the files pass on the server, and waiting payments continue there.
    shop.clock.advance_by(STOCK);
    shop.until(&late.stream(), "OrderExpired").await?;
    shop.held_groups.release(INVENTORY_RESERVATIONS);
    shop.settles_as(late, OrderStatus::Expired).await?;
    shop.come_back(early, ActionOutcome::Approved).await?;
    shop.settles_as(early, OrderStatus::Confirmed).await?;
    // Data that was sealed in the files can be decrypted here.
    let placed = shop.history(early).await?.events.into_iter().find_map(|event| match event {
        OrderEvent::OrderPlaced(placed) => Some(placed),
        _ => None,
    });
    let email = placed.context("an order is placed first")?.email;
    let email: Opened<String> = shop.sealer.open(&email, "email").await?;
    ensure!(email == Opened::Value("shopper@example.com".to_owned()), "{email:?}");
    // The invariants hold: stock, money, read models, topics.
    shop.sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_move_leaves_the_shop_on_one_side_and_can_be_repeated() -> Result<()> {
    let (shop, there) = (Embedded::open(Buses::Plain).await?, Scratch::new().await?);
    for _ in 0..5 {
        shop.place_order(TEA).await?;
    }
    shop.settle().await?;
    let before = shop.heads().await?;
    let shop = shop
        .restart_on(stores(&there)?, async |path| {
            let (mut patience, mut cuts) = (FIRST, 0);
            loop {
                let moving = once_free(async || move_it(path, &there).await);
                match tokio::time::timeout(patience, moving).await {
                    Ok(done) => break drop(done.with_context(|| format!("after {cuts} cuts"))?),
                    Err(_) => cuts += 1,
                }
                on_one_side(path, &there).await?;
                patience = patience * 3 / 2;
            }
            println!("interrupted {cuts} times, then moved");
            ensure!(cuts > 0, "the move was never interrupted");
            Ok(())
        })
        .await?;
    ensure!(shop.heads().await? == before, "the log is not the same as before");
    shop.sound().await
}

/// The shop can be opened in its files or on the server, not on both.
async fn on_one_side(path: &Path, there: &Scratch) -> Result<()> {
    let claim = async || match DataDir::claim(path) {
        Ok(_) => Ok(true),
        Err(DataDirError::Moved { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    };
    let here = once_free(claim).await?;
    let mut copies = 0;
    for context in Context::ALL {
        if let Ok(log) = event_log::connect(there.url(), context).await {
            copies += usize::from(log.head().await?.position > 0);
        }
    }
    ensure!(
        !here || copies == 0,
        "the shop can be opened here, and {copies} of its logs can be opened there"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_moves_a_shop_and_the_old_directory_becomes_read_only() -> Result<()> {
    let (data, there) = (tempfile::tempdir()?, Scratch::new().await?);
    let shop = Program::start(data.path(), &[])?;
    let (id, number) = shop.order("the-key", "TEA-100", "one@example.com").await?;
    shop.until_order(&number, &["CONFIRMED"]).await?;
    let to = [format!("--to-event-log={}", there.url()), format!("--to-vault={}", there.url())];
    let go = ["move", &to[0], &to[1]];
    ensure!(
        refusal(data.path(), &go)?.contains("is in use by another chorale process"),
        "a running shop was moved"
    );
    shop.leave()?;

    let heads = objects(data.path(), &["log", "head"])?;
    let output_text = objects(data.path(), &go)?;
    ensure!(output_text.len() == Context::ALL.len() + 1, "{output_text:?}");
    let free = ["--listen=127.0.0.1:0", "--staff-listen=127.0.0.1:0"];
    for args in
        [&free[..], &["erase", &format!("order-{id}"), "--yes"], &["projections", "rebuild", "orders"]]
    {
        let refused = refusal(data.path(), args)?;
        ensure!(
            refused.contains("has moved to postgres://") && !refused.contains(&password(&there)),
            "{refused}"
        );
    }
    // With --event-log but without --vault it would continue with the old keys.
    let log_alone = format!("--event-log={}", there.url());
    let half = [&free[..], &[&log_alone]].concat();
    ensure!(refusal(data.path(), &half)?.contains("has moved to postgres://"), "the old keys were accepted");
    ensure!(objects(data.path(), &["log", "head"])? == heads, "the old logs have changed");
    printed(data.path(), &["log", "verify"])?;
    printed(data.path(), &go).context("a completed move may be repeated")?;

    let at = [format!("--event-log={}", there.url()), format!("--vault={}", there.url())];
    let at: Vec<&str> = at.iter().map(String::as_str).collect();
    ensure!(
        objects(data.path(), &[&at[..], &["log", "head"]].concat())? == heads,
        "the logs are not the same"
    );
    let shop = Program::start(data.path(), &at)?;
    ensure!(
        shop.order("the-key", "TEA-100", "one@example.com").await? == (id, number.clone()),
        "another order"
    );
    shop.until_order(&number, &["CONFIRMED"]).await?;
    let (_, next) = shop.order("next-key", "TEA-100", "two@example.com").await?;
    shop.until_order(&next, &["CONFIRMED"]).await?;
    let asked = format!("{{ order(by: {{ number: {number:?} }}) {{ email }} }}");
    ensure!(
        shop.ask(&asked).await?["order"]["email"] == "one@example.com",
        "the data can no longer be decrypted"
    );
    shop.leave()?;
    printed(data.path(), &[&at[..], &["log", "verify"]].concat())?;
    let parted = refusal(data.path(), &go)?;
    ensure!(parted.contains("already holds this log, and they differ"), "{parted}");
    Ok(())
}

fn refusal(data: &Path, args: &[&str]) -> Result<String> {
    let ended = run(data, args)?;
    let output_text = String::from_utf8(ended.stderr)?;
    if ended.status.code() != Some(1) || output_text.contains("panicked") {
        bail!("{args:?} ended with {}: {output_text}", ended.status);
    }
    Ok(output_text)
}

fn password(there: &Scratch) -> String {
    let shown = Address::parse(there.url(), &[]).map(|address| address.to_string()).unwrap_or_default();
    let secret = there.url().split('@').next().and_then(|front| front.rsplit(':').next()).unwrap_or_default();
    // A server without passwords has none to reveal.
    if secret.is_empty() || shown.contains(secret) { "no password".to_owned() } else { secret.to_owned() }
}
