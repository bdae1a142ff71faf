//! `chorale`: the shop itself.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use axum::Router;
use platform::shutdown::Shutdown;
use tokio::net::TcpListener;

use crate::about::{Kind, Want};
use crate::cli::Listen;
use crate::seed;
use crate::shop::{Only, Shop, ShopOptions};
use crate::stores::Stores;

mod front;

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles {
    /// Takes commands.
    pub command_api: bool,
    /// Takes the logs to their topics, where those are elsewhere.
    pub relay: bool,
    /// Answers events with events.
    pub reactors: bool,
    /// Turns events into documents.
    pub projectors: bool,
    /// Answers queries.
    pub query_api: bool,
}

impl Roles {
    /// Everything.
    pub const ALL: Self =
        Self { command_api: true, relay: true, reactors: true, projectors: true, query_api: true };
    /// Nothing, to begin with.
    pub const NONE: Self =
        Self { command_api: false, relay: false, reactors: false, projectors: false, query_api: false };

    /// Whether people and programs ask it something.
    fn answers(self) -> bool {
        self.command_api || self.query_api
    }
}

/// What a process does, and which part of it.
#[derive(Clone, Debug)]
pub struct Work {
    /// Its roles.
    pub roles: Roles,
    /// Which reactors: contexts, or single reactors by their names; all if none is named.
    pub reactors: Vec<String>,
    /// Which projectors; all if none is named.
    pub projectors: Vec<String>,
}

impl From<Roles> for Work {
    fn from(roles: Roles) -> Self {
        Self { roles, reactors: Vec::new(), projectors: Vec::new() }
    }
}

/// Where a process answers.
pub struct Doors {
    /// For shoppers.
    pub public: TcpListener,
    /// For the back office.
    pub staff: TcpListener,
}

/// Where a started shop answers.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// For shoppers.
    pub public: SocketAddr,
    /// For the back office.
    pub staff: SocketAddr,
}

/// Runs a shop, or a part of it, until Ctrl-C or SIGTERM, then drains and leaves.
pub async fn run(path: &Path, stores: &Stores, listen: &Listen, work: &Work) -> Result<()> {
    let signals = Shutdown::on_signals()?;
    let roles = work.roles;
    let doors = match roles.answers() {
        true => Some(Doors {
            public: bind(listen.listen, "--listen").await?,
            staff: bind(listen.staff_listen, "--staff-listen").await?,
        }),
        false => None,
    };
    let want = match roles {
        // Commands carry the time of the clock on the wall.
        Roles { command_api: true, .. } => Want::Kind(Kind::Real),
        Roles { reactors: true, .. } => Want::Begun,
        // For the others it does not matter which time a shop lives in.
        _ => Want::Any,
    };
    let opening = Shop::open(path, ShopOptions { want, stores: stores.clone(), ..ShopOptions::default() });
    let shop = tokio::select! {
        shop = opening => shop?,
        () = signals.begun() => return Ok(()),
    };
    let ended = work_until(&shop, work, doors, listen, &signals).await;
    eprintln!("Draining …");
    shop.close().await?;
    ended?;
    eprintln!("Bye. Starting again continues where this ended.");
    Ok(())
}

async fn work_until(
    shop: &Shop,
    work: &Work,
    doors: Option<Doors>,
    listen: &Listen,
    signals: &Shutdown,
) -> Result<()> {
    let roles = work.roles;
    let addresses = start(shop, work, doors).await?;
    let plants = roles.command_api && !listen.no_seed;
    if plants && roles.reactors {
        seed::plant(shop).await?;
    }
    greet(shop, roles, addresses);
    let planting = async {
        // Its stock is counted elsewhere, perhaps by somebody who has not been started yet.
        if plants && !roles.reactors {
            seed::plant(shop).await?;
        }
        std::future::pending::<Result<()>>().await
    };
    tokio::select! {
        () = signals.begun() => Ok(()),
        fault = shop.failed() => bail!(fault),
        ended = planting => ended,
    }
}

/// Starts the work of a shop, with these doors where it answers anybody. It goes on until the shop's shutdown begins.
pub async fn start(shop: &Shop, work: &Work, doors: Option<Doors>) -> Result<Option<Addresses>> {
    let roles = work.roles;
    if roles.projectors || roles.query_api {
        shop.claim_documents().await?;
    }
    if roles.relay && !shop.start_relays().await? && roles == (Roles { relay: true, ..Roles::NONE }) {
        bail!(
            "the bus is the event logs themselves: there is nothing to relay. Say where the cluster is: --bus kafka://host:port"
        );
    }
    if roles.reactors {
        shop.start_reactors(&Only::named(&work.reactors, &Shop::reactor_names(), "context or reactor")?);
    }
    let projectors = match roles.projectors {
        true => Some(shop.start_projectors(&work.projectors)?),
        false => None,
    };
    if roles.command_api {
        shop.start_forgetting();
    }
    let Some(Doors { public, staff }) = doors else { return Ok(None) };
    let (mut shoppers, mut office) = (front::shoppers(roles), front::office(roles));
    if roles.command_api {
        let options = || command_api::Options {
            shutdown: Some(shop.shutdown.clone()),
            ..command_api::Options::default()
        };
        shoppers = shoppers.merge(command_api::public_router(shop.commands.clone(), options()));
        office = office.merge(command_api::staff_router(shop.commands.clone(), options()));
    }
    if roles.query_api {
        let services = query_api::Services {
            store: shop.store.clone(),
            sealer: shop.sealer.clone(),
            clock: shop.clock.clone(),
            projectors: Shop::projector_source(projectors),
        };
        let queries = query_api::QueryApi::new(query_api::Options::default(), services);
        shoppers = shoppers.merge(queries.storefront());
        office = office.merge(queries.admin());
    }
    let addresses = Addresses { public: public.local_addr()?, staff: staff.local_addr()? };
    serve(shop, public, shoppers);
    serve(shop, staff, office);
    Ok(Some(addresses))
}

async fn bind(address: SocketAddr, flag: &str) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}; is another program there? Choose another address with {flag} (port 0 takes a free one)")
    })
}

fn serve(shop: &Shop, socket: TcpListener, router: Router) {
    let (shutdown, leaving) = (shop.shutdown.clone(), shop.shutdown.clone());
    shutdown.spawn(async move {
        let served = axum::serve(socket, router).with_graceful_shutdown(async move { leaving.begun().await });
        if let Err(error) = served.await {
            tracing::error!(%error, "serving ended");
        }
    });
}

fn greet(shop: &Shop, roles: Roles, addresses: Option<Addresses>) {
    let Some(Addresses { public, staff }) = addresses else {
        return println!("At work. Ctrl-C drains and leaves.");
    };
    println!("The shop is open. {}\n", shop.place.words());
    let doors = [
        (
            roles.query_api,
            "for shoppers",
            format!("http://{public}/graphiql"),
            "GraphQL of the catalog and of one's own order",
        ),
        (
            roles.command_api,
            "for shoppers",
            format!("http://{public}/docs"),
            "commands: place an order, cancel it",
        ),
        (
            roles.query_api,
            "back office",
            format!("http://{staff}/admin/graphiql"),
            "orders, stock, events, projectors",
        ),
        (
            roles.command_api,
            "back office",
            format!("http://{staff}/docs"),
            "commands: catalog, stock, shipments",
        ),
    ];
    let mut told = "";
    for (_, who, address, what) in doors.into_iter().filter(|(open, ..)| *open) {
        let label = if who == told { "" } else { who };
        println!("  {label:<12}   {address:<38} {what}");
        told = who;
    }
    if roles == Roles::ALL {
        println!(
            "\nTry next, in another terminal:\n  \
             chorale demo                      send shoppers\n  \
             chorale topics read order         see what happens, as the auditor sees it\n  \
             chorale log verify                prove that nothing was changed",
        );
    }
    println!("\nCtrl-C drains and leaves.");
}
