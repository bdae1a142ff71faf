//! Running a shop, or some of its roles.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use async_trait::async_trait;
use http_server::{Address, Caller, ConnectionLimits, ErrorFormat, Origin, Readiness, metrics_page};
use platform::output;
use platform::shutdown::Shutdown;
use query_api::ProductIndex;
use search::{MemorySearch, Search, Settings};
use tokio::net::TcpListener;

use crate::cli::Listen;
use crate::descriptors::Descriptors;
use crate::seed;
use crate::shop::status::Statuses;
use crate::shop::{Only, Shop, ShopOptions};
use crate::shop_properties::{Kind, Want};
use crate::stores::Stores;

mod contracts;
mod front;

/// Connections to the address that serves only metrics: scrapers, and a few people.
const SCRAPERS: usize = 16;

/// The name that events record for commands from the back office, until people sign in.
const STAFF: &str = "operator";

/// How long reactors may take to handle the first catalogue.
const SETTLING: Duration = Duration::from_secs(120);

/// Whether a new shop has its first catalogue, so that it can accept an order.
#[derive(Default)]
struct Seeded(AtomicBool);

#[async_trait]
impl Readiness for Seeded {
    async fn ready(&self) -> Result<(), String> {
        match self.0.load(Ordering::Acquire) {
            true => Ok(()),
            false => Err("the first catalogue is not complete yet".to_owned()),
        }
    }
}

/// The roles of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles {
    pub command_api: bool,
    /// Publishes the logs to their topics, if those are on a cluster.
    pub relay: bool,
    /// Answers events with events.
    pub reactors: bool,
    /// Turns events into documents.
    pub projectors: bool,
    pub query_api: bool,
}

impl Roles {
    pub const ALL: Self =
        Self { command_api: true, relay: true, reactors: true, projectors: true, query_api: true };
    pub const NONE: Self =
        Self { command_api: false, relay: false, reactors: false, projectors: false, query_api: false };

    /// Whether the process has an API.
    fn has_api(self) -> bool {
        self.command_api || self.query_api
    }
}

/// The roles of a process, and the chosen part of them.
#[derive(Clone, Debug)]
pub struct Work {
    pub roles: Roles,
    /// Contexts or reactors to run; all if empty.
    pub reactors: Vec<String>,
    /// Projectors to run; all if empty.
    pub projectors: Vec<String>,
    /// How the query API searches.
    pub search: Settings,
    /// How the query API answers.
    pub queries: query_api::Options,
    /// Whether the command API accepts payment tokens that look like card numbers.
    pub numeric_payment_tokens: bool,
}

impl From<Roles> for Work {
    fn from(roles: Roles) -> Self {
        Self {
            roles,
            reactors: Vec::new(),
            projectors: Vec::new(),
            search: Settings::default(),
            queries: query_api::Options::default(),
            numeric_payment_tokens: false,
        }
    }
}

/// The sockets of a process with an API.
pub struct Sockets {
    pub public: Socket,
    /// For the back office.
    pub staff: Socket,
}

/// A socket, and the origins whose web pages may call it.
pub struct Socket {
    pub listener: TcpListener,
    /// Empty: web pages of other origins may not call it.
    pub origins: Vec<Origin>,
    /// Its label in metrics.
    pub name: &'static str,
    pub limits: ConnectionLimits,
}

/// The addresses of a started shop.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    pub public: SocketAddr,
    /// For the back office.
    pub staff: SocketAddr,
}

/// Runs a shop, or some of its roles, until Ctrl-C or SIGTERM; then drains and returns.
pub async fn run(path: &Path, stores: &Stores, listen: &Listen, work: &Work) -> Result<()> {
    let signals = Shutdown::on_signals()?;
    let roles = work.roles;
    // Also processes without an address open files and sockets of stores.
    let descriptors = Descriptors::raise();
    let limits = ConnectionLimits::of(descriptors.connections(listen.max_connections)?);
    let bind = async |address, name, flag, origins: &[Origin], limits| {
        anyhow::Ok(Socket { listener: bind(address, flag).await?, origins: origins.to_vec(), name, limits })
    };
    let sockets = match roles.has_api() {
        true => Some(Sockets {
            public: bind(listen.listen, "shoppers", "--listen", &listen.origins, limits).await?,
            staff: bind(listen.staff_listen, "office", "--staff-listen", &listen.staff_origins, limits)
                .await?,
        }),
        false => None,
    };
    let metrics = match listen.metrics_listen {
        Some(address) => {
            let limits = ConnectionLimits::of(SCRAPERS);
            Some(bind(address, "metrics", "--metrics-listen", &[], limits).await?)
        }
        None => None,
    };
    let want = match roles {
        // Commands are recorded with the system's time.
        Roles { command_api: true, .. } => Want::Kind(Kind::Real),
        Roles { reactors: true, .. } => Want::Begun,
        // The other roles work with any clock.
        _ => Want::Any,
    };
    let opening = Shop::open(path, ShopOptions { want, stores: stores.clone(), ..ShopOptions::default() });
    let shop = tokio::select! {
        shop = opening => shop?,
        () = signals.begun() => return Ok(()),
    };
    if let Some(socket) = metrics {
        output::print(format_args!("Metrics are at http://{}/metrics.", socket.listener.local_addr()?));
        let address = Address::new(Caller::Guest, query_api::graphql_error_for, shop.shutdown.clone());
        serve(&shop, socket, address.pages(metrics_page()));
    }
    let ended = work_until(&shop, work, sockets, listen, &signals).await;
    output::note("Draining …");
    shop.close().await?;
    ended?;
    output::note("Stopped. The next start continues from here.");
    Ok(())
}

async fn work_until(
    shop: &Shop,
    work: &Work,
    sockets: Option<Sockets>,
    listen: &Listen,
    signals: &Shutdown,
) -> Result<()> {
    let roles = work.roles;
    let seeds = roles.command_api && !listen.no_seed;
    // Without reactors the catalogue is completed by other processes, which may start later.
    let seeds_first = seeds && roles.reactors;
    let seeded = Arc::new(Seeded(AtomicBool::new(!seeds_first)));
    let addresses = start(shop, work, sockets, Arc::clone(&seeded)).await?;
    let opening = async {
        if seeds_first && seed::seed_catalogue(shop).await? {
            // Ordering learns prices and stock as every reactor learns what has happened.
            shop.reacted(SETTLING).await?;
        }
        anyhow::Ok(())
    };
    tokio::select! {
        () = signals.begun() => return Ok(()),
        opened = opening => opened?,
    }
    seeded.0.store(true, Ordering::Release);
    greet(shop, roles, addresses);
    let seeding = async {
        // Another process has the reactors that open the stock, and may start later.
        if seeds && !roles.reactors {
            seed::seed_catalogue(shop).await?;
        }
        std::future::pending::<Result<()>>().await
    };
    tokio::select! {
        () = signals.begun() => Ok(()),
        fault = shop.failed() => bail!(fault),
        ended = seeding => ended,
    }
}

/// Starts the roles of a shop, which run until its shutdown begins. Returns the addresses of the sockets, if there are any.
async fn start(
    shop: &Shop,
    work: &Work,
    sockets: Option<Sockets>,
    seeded: Arc<Seeded>,
) -> Result<Option<Addresses>> {
    let roles = work.roles;
    if roles.projectors || roles.query_api {
        shop.claim_documents().await?;
    }
    if roles.relay && !shop.start_relays().await? && roles == (Roles { relay: true, ..Roles::NONE }) {
        bail!(
            "the topics are the event logs themselves, so there is nothing to relay. Pass the address of a cluster: --bus kafka://host:port"
        );
    }
    if roles.reactors {
        shop.start_reactors(&Only::named(&work.reactors, &Shop::reactor_names(), "context or reactor")?);
    }
    if roles.projectors {
        shop.start_projectors(&work.projectors)?;
    }
    if roles.projectors || roles.reactors {
        shop.start_lag_metrics(roles.projectors, roles.reactors);
    }
    if roles.command_api {
        shop.start_forgetting();
    }
    let Some(Sockets { public, staff }) = sockets else { return Ok(None) };
    // If the address has commands, errors outside of any API have the format of command errors.
    let errors: ErrorFormat = match roles.command_api {
        true => command_api::problem_for,
        false => query_api::graphql_error_for,
    };
    let address = |caller, socket: &Socket| {
        Address::new(caller, errors, shop.shutdown.clone())
            .allow_origins(socket.origins.clone())
            .check(seeded.clone())
    };
    let mut shoppers =
        address(Caller::Guest, &public).pages(front::shoppers(roles)).pages(contracts::routes());
    let mut office = address(Caller::staff(STAFF), &staff)
        .pages(front::office(roles))
        .pages(contracts::routes())
        .pages(metrics_page());
    if roles.command_api {
        let commands = shop.commands.clone().accepting_numeric_tokens(work.numeric_payment_tokens);
        let limits = command_api::LIMITS;
        shoppers = shoppers.api(command_api::public_api(commands.clone(), shop.following(), limits));
        office = office.api(command_api::staff_api(commands, shop.following(), limits));
    }
    if roles.query_api {
        let services = query_api::Services {
            store: shop.store.clone(),
            products: start_search(shop, &work.search),
            sealer: shop.sealer.clone(),
            clock: shop.clock.clone(),
            status: Arc::new(Statuses::of(shop)),
        };
        let queries = query_api::QueryApi::new(work.queries.clone(), services);
        shoppers = shoppers.api(queries.storefront());
        office = office.api(queries.admin());
    }
    let addresses = Addresses { public: public.listener.local_addr()?, staff: staff.listener.local_addr()? };
    serve(shop, public, shoppers);
    serve(shop, staff, office);
    Ok(Some(addresses))
}

/// Starts to build the search index of this process.
fn start_search(shop: &Shop, settings: &Settings) -> ProductIndex {
    let settings = settings.clone();
    let empty = Box::new(move || Arc::new(MemorySearch::new(settings.clone())) as Arc<dyn Search>);
    let products = ProductIndex::new(shop.store.clone(), empty);
    shop.shutdown.spawn(products.clone().follow(shop.shutdown.clone()));
    products
}

async fn bind(address: SocketAddr, flag: &str) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}; is another program using it? Choose another address with {flag} (port 0 picks a free one)")
    })
}

fn serve(shop: &Shop, socket: Socket, address: Address) {
    let Socket { listener, name, limits, .. } = socket;
    let serving = http_server::serve(name, listener, address.into_router(), limits, shop.shutdown.clone());
    shop.shutdown.spawn(async move {
        if let Err(error) = serving.await {
            tracing::error!(%error, "the HTTP server stopped");
        }
    });
}

fn greet(shop: &Shop, roles: Roles, addresses: Option<Addresses>) {
    let Some(Addresses { public, staff }) = addresses else {
        return output::print("Running. Ctrl-C drains and stops.");
    };
    output::print(format_args!("The shop is open. {}\n", shop.locations.words()));
    let pages = [
        (
            roles.query_api,
            "for shoppers",
            format!("http://{public}/graphiql"),
            "GraphQL: the catalog, and orders by guest token",
        ),
        (
            roles.command_api,
            "for shoppers",
            format!("http://{public}/docs"),
            "commands: place or cancel an order",
        ),
        (
            roles.query_api,
            "back office",
            format!("http://{staff}/admin/graphiql"),
            "GraphQL: orders, stock, events, projectors",
        ),
        (
            roles.command_api,
            "back office",
            format!("http://{staff}/docs"),
            "commands: catalog, stock, shipments",
        ),
    ];
    let mut previous = "";
    for (_, who, address, what) in pages.into_iter().filter(|(open, ..)| *open) {
        let label = if who == previous { "" } else { who };
        output::print(format_args!("  {label:<12}   {address:<38} {what}"));
        previous = who;
    }
    if roles == Roles::ALL {
        output::print(format_args!(
            "\nTry next, in another terminal:\n  \
             chorale demo                      send shoppers\n  \
             chorale topics read order         print the events of orders, as auditors see them\n  \
             chorale log verify                verify that nothing was changed",
        ));
    }
    output::print("\nCtrl-C drains and stops.");
}
