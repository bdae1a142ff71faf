//! `chorale`: the shop itself.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, Result};
use axum::Router;
use platform::shutdown::Shutdown;
use tokio::net::TcpListener;

use crate::cli::Listen;
use crate::data_dir::Kind;
use crate::seed;
use crate::shop::{Shop, ShopOptions};

mod front;

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles {
    /// Takes commands.
    pub command_api: bool,
    /// Answers events with events.
    pub reactors: bool,
    /// Turns events into documents.
    pub projectors: bool,
    /// Answers queries.
    pub query_api: bool,
}

impl Roles {
    /// Everything.
    pub const ALL: Self = Self { command_api: true, reactors: true, projectors: true, query_api: true };
    /// Only looking: for this it does not matter which time a shop lives in.
    pub const LOOKING: Self = Self { query_api: true, ..Self::NONE };
    /// Nothing, to begin with.
    pub const NONE: Self = Self { command_api: false, reactors: false, projectors: false, query_api: false };
}

/// Where a started shop answers.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// For shoppers.
    pub public: SocketAddr,
    /// For the back office.
    pub staff: SocketAddr,
}

/// Runs a shop until Ctrl-C or SIGTERM, then drains and leaves.
pub async fn run(path: &Path, listen: &Listen, roles: Roles) -> Result<()> {
    let signals = Shutdown::on_signals()?;
    let public = bind(listen.listen, "--listen").await?;
    let staff = bind(listen.staff_listen, "--staff-listen").await?;
    let kind = (roles != Roles::LOOKING).then_some(Kind::Real);
    let shop = Shop::open(path, ShopOptions { kind, ..ShopOptions::default() }).await?;
    let addresses = start(&shop, roles, public, staff)?;
    if roles.command_api && !listen.no_seed {
        seed::plant(&shop).await?;
    }
    greet(&shop, roles, addresses);
    signals.begun().await;
    eprintln!("Draining …");
    shop.close().await?;
    eprintln!("Bye. Starting again continues where this ended.");
    Ok(())
}

/// Starts the roles of a shop on these sockets. They run until the shop's shutdown begins.
pub fn start(shop: &Shop, roles: Roles, public: TcpListener, staff: TcpListener) -> Result<Addresses> {
    if roles.reactors {
        shop.start_reactors();
    }
    let projectors = roles.projectors.then(|| shop.start_projectors());
    let (mut shoppers, mut office) = (front::shoppers(roles), front::office(roles));
    if roles.command_api {
        shop.start_forgetting();
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
    Ok(addresses)
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

fn greet(shop: &Shop, roles: Roles, Addresses { public, staff }: Addresses) {
    println!("The shop is open. Its files are in {}.\n", shop.data.path().display());
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
