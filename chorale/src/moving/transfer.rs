//! The move itself.

use std::io::Write;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use event_log::transfer::{self, Transfer};
use indicatif::ProgressBar;
use platform::postgres::Address;
use platform::vault::postgres::VARIABLE;
use platform::vault::transfer::Transfer as Keys;
use schemas::Context;
use serde_json::json;

use super::MoveArgs;
use crate::data_dir::{DataDir, Destination};
use crate::progress::progress_bar;
use crate::stores::Stores;
use crate::table;

/// Parameters of addresses that are not secret; opening a store refuses all others.
const PARAMETERS: [&str; 4] = ["readers", "statement_timeout", "lock_timeout", "kek"];

/// The addresses that a shop moves to.
struct Plan {
    logs: Vec<(Context, String)>,
    vault: String,
    destination: Destination,
    /// The flags that start the shop there: `--event-log … --vault …`, without users and passwords.
    flags: String,
}

impl Plan {
    fn of(args: &MoveArgs) -> Result<Self> {
        let to = Stores {
            event_log: args.to_event_log.clone(),
            vault: Some(args.to_vault.clone()),
            ..Stores::default()
        };
        let mut logs = Vec::new();
        for context in Context::ALL {
            let address = to.log(context);
            let address = address
                .with_context(|| format!("no target for the log of {context}; pass --to-event-log"))?;
            logs.push((context, address.to_owned()));
        }
        let vault = args.to_vault.expose().to_owned();
        let destination = Destination {
            event_log: list(&logs, |address| Ok(Address::parse(address, &PARAMETERS)?.to_string()))?,
            vault: Address::parse(&vault, &PARAMETERS).context("--to-vault")?.to_string(),
        };
        let flags = format!("--event-log '{}' --vault '{}'", list(&logs, nameless)?, nameless(&vault)?);
        Ok(Self { logs, vault, destination, flags })
    }
}

/// The value of a flag: one address for all contexts, or one per context.
fn list(logs: &[(Context, String)], shown: impl Fn(&str) -> Result<String>) -> Result<String> {
    let all_one = logs.windows(2).all(|two| two[0].1 == two[1].1);
    if let (true, Some((_, address))) = (all_one, logs.first()) {
        return shown(address).context("--to-event-log");
    }
    let each = logs.iter().map(|(context, address)| Ok(format!("{context}={}", shown(address)?)));
    Ok(each.collect::<Result<Vec<_>>>().context("--to-event-log")?.join(" "))
}

/// The address with its parameters, but without user and password.
fn nameless(address: &str) -> Result<String> {
    let shown = Address::parse(address, &PARAMETERS)?.to_string();
    let shown = match address.contains('@') {
        true => shown.replacen("://", "://USER:PASSWORD@", 1),
        false => shown,
    };
    // An address that was parsed has only known parameters after its first question mark.
    let parameters = address.split_once('?').map(|(_, parameters)| format!("?{parameters}"));
    Ok(shown + &parameters.unwrap_or_default())
}

/// Moves the shop at `path`.
pub async fn run(path: &Path, stores: &Stores, args: &MoveArgs, out: &mut impl Write) -> Result<()> {
    ensure!(
        stores.event_log.is_empty() && stores.vault.is_none(),
        "a shop moves from its files; leave out --event-log and --vault (CHORALE_EVENT_LOG, CHORALE_VAULT)"
    );
    let plan = Plan::of(args)?;
    ensure!(
        std::env::var_os(VARIABLE).is_none() || plan.vault.contains("kek=env"),
        "{VARIABLE} is set, but --to-vault does not use it; add ?kek=env to wrap the keys"
    );
    let data = DataDir::claim_to_move(path, &plan.destination)?;
    let mut keys = Keys::lock(&data.vault()).await?;
    let mut logs = Vec::new();
    for context in Context::ALL {
        logs.push(Transfer::lock(&data.log(context), context).await?);
    }
    for (log, (_, to)) in logs.iter_mut().zip(&plan.logs) {
        move_log(log, to, args.json, out).await?;
    }
    move_keys(&mut keys, &plan.vault, args.json, out).await?;
    // Mark the directory before the copies are released: otherwise both could be opened, and there would be two shops.
    data.mark_moved(&plan.destination)?;
    transfer::release(&plan.logs)
        .await
        .context("everything is copied but not yet released; repeat the same command")?;
    if !args.json {
        print_how_to_start(&data, &plan, out)?;
    }
    Ok(())
}

async fn move_log(log: &mut Transfer, to: &str, as_json: bool, out: &mut impl Write) -> Result<()> {
    let context = log.context().name();
    let bar = progress_bar(log.rows().await?, context);
    let copied = log.copy(to, &mut |rows| bar.set_position(rows)).await;
    cleared(bar, copied)?;
    let bar = progress_bar(log.head().position, "verifying");
    let checked = log.check(to, &mut |position| bar.set_position(position)).await;
    let moved = cleared(bar, checked)?;
    if as_json {
        let tables: serde_json::Map<_, _> =
            moved.tables.iter().map(|(table, rows)| ((*table).to_owned(), json!(rows))).collect();
        let (position, epoch) = (moved.head.position, moved.head.epoch);
        let hash = event_log::chain::to_hex(&moved.head.hash);
        let report = json!({ "store": context, "position": position, "hash": hash, "epoch": epoch.to_string(), "rows": tables });
        return Ok(table::json(out, &report)?);
    }
    let (events, beside) = (moved.head.position, moved.rows() - moved.head.position);
    writeln!(
        out,
        "{context:<10} {} events and {} other rows, equal in every table; the hash chain is sound",
        table::number(events),
        table::number(beside)
    )?;
    Ok(())
}

async fn move_keys(keys: &mut Keys, to: &str, as_json: bool, out: &mut impl Write) -> Result<()> {
    let bar = progress_bar(keys.rows().await?, "keys");
    let copied = keys.copy(to, &mut |rows| bar.set_position(rows)).await;
    cleared(bar, copied)?;
    let moved = keys.check(to).await?;
    if as_json {
        let report = json!({ "store": "vault", "subjects": moved.subjects, "erased": moved.erased, "system": moved.system });
        return Ok(table::json(out, &report)?);
    }
    writeln!(
        out,
        "{:<10} {} subject keys, {} erased, {} system keys; each was read back",
        "keys",
        table::number(moved.subjects),
        table::number(moved.erased),
        table::number(moved.system)
    )?;
    Ok(())
}

/// Removes the progress bar, whether or not the move succeeded.
fn cleared<T, E>(bar: ProgressBar, done: Result<T, E>) -> Result<T, E> {
    bar.finish_and_clear();
    done
}

fn print_how_to_start(data: &DataDir, plan: &Plan, out: &mut impl Write) -> Result<()> {
    let (path, flags) = (data.path().display(), &plan.flags);
    writeln!(
        out,
        "\nThe shop has moved; it can no longer be started from {path} alone. Start it with\n\n  \
         chorale --data-dir '{path}' {flags}\n\n\
         or set CHORALE_EVENT_LOG and CHORALE_VAULT, which keeps the addresses out of the process list.\n\
         The read models stay in place and remain valid. On a cluster, with --bus kafka://…, the relay fills the topics from\n\
         the first event on. Once the shop works there, destroy vault.sqlite: it keeps keys that are erased from now on."
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use platform::config::Secret;

    use super::*;

    fn args(logs: &[&str], vault: &str) -> MoveArgs {
        let to_event_log = logs.iter().map(|text| text.parse().unwrap()).collect();
        MoveArgs { to_event_log, to_vault: Secret::from(vault.to_owned()), json: false }
    }

    #[test]
    fn how_to_start_is_printed_without_users_and_passwords() {
        let all = "postgres://me:hunter2@db/shop?sslmode=verify-full&readers=8";
        let plan = Plan::of(&args(&[all], "postgres://me:hunter2@db/keys?kek=env")).unwrap();
        assert_eq!(
            plan.flags,
            "--event-log 'postgres://USER:PASSWORD@db:5432/shop?sslmode=verify-full&readers=8' \
             --vault 'postgres://USER:PASSWORD@db:5432/keys?kek=env'"
        );
        let destination = Destination {
            event_log: "postgres://db:5432/shop".to_owned(),
            vault: "postgres://db:5432/keys".to_owned(),
        };
        assert_eq!(plan.destination, destination);
        let own = Plan::of(&args(&[all, "ordering=postgres://other:6000/own"], "postgres:///v?host=/run/pg"))
            .unwrap();
        assert!(own.destination.event_log.contains(
            "inventory=postgres://db:5432/shop ordering=postgres://other:6000/own payments=postgres://db:5432/shop"
        ));
        assert!(own.flags.contains(" ordering=postgres://other:6000/own ") && !own.flags.contains("hunter2"));
    }

    #[test]
    fn every_context_has_to_go_to_a_server() {
        for (logs, vault) in [
            (&["ordering=postgres://me:hunter2@h/own"][..], "postgres://h/v"),
            (&["sqlite://hunter2/x"], "postgres://h/v"),
            (&["postgres://me:hunter2@h/own"], "sqlite://hunter2"),
        ] {
            let refused = format!("{:#}", Plan::of(&args(logs, vault)).map(drop).unwrap_err());
            assert!(refused.contains("--to-") && !refused.contains("hunter2"), "{refused}");
        }
    }
}
