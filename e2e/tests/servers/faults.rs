//! Each of the four servers is restarted, cut off and slowed under load, with a proxy between it and the processes. Everybody
//! else keeps their promises, and everything recovers by itself.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use platform::fault_proxy::{FaultProxy, Network};

use crate::WHOLE_MACHINE;
use crate::chaos::first_answers_are_repeated;
use crate::deployment::{Addresses, Deployment, database_on};
use crate::servers::Servers;
use load::{Load, Tally};

mod load;

/// How long after the end of a fault an order may take to be placed, reacted to and shown, while all queries are answered whole. A
/// crash ends when the server accepts requests again: a broker needs several seconds to start, which are not the shop's.
const RECOVERY: Duration = Duration::from_secs(10);
/// The most memory of a process (resident set), in bytes.
const MEMORY: u64 = 256 << 20;
/// The longest that a request may wait for its answer. The limits of the stores are shorter, and one request may meet several.
const PATIENCE: Duration = Duration::from_secs(15);
const SERVERS: [&str; 4] = ["postgres", "kafka", "mongodb", "redis"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// Killed, and started on its data.
    Crash,
    Cut(Network),
}

const SLOWED: Fault = Fault::Cut(Network::Latency(Duration::from_millis(200)));
const CUT_OFF: Fault = Fault::Cut(Network::Blackhole);
const RESET: Fault = Fault::Cut(Network::Reset);
const HALF_OPEN: Fault = Fault::Cut(Network::HalfOpen);

/// The faults, and how long a server is cut off or slowed. `CHORALE_CHAOS=long` selects the long form. The short one resets and
/// forgets the connections of all servers at once, which is harder, but does not show who recovers how fast.
fn faults() -> (Vec<(Vec<&'static str>, Fault)>, Duration) {
    let each = |faults: &[Fault]| {
        let of = |server| faults.iter().map(move |fault| (vec![server], *fault)).collect::<Vec<_>>();
        SERVERS.into_iter().flat_map(of).collect::<Vec<_>>()
    };
    match std::env::var("CHORALE_CHAOS").as_deref() {
        Ok("long") => (each(&[Fault::Crash, CUT_OFF, RESET, HALF_OPEN, SLOWED]), Duration::from_secs(30)),
        _ => {
            let mut faults = each(&[Fault::Crash, CUT_OFF, SLOWED]);
            faults.extend([RESET, HALF_OPEN].map(|fault| (SERVERS.to_vec(), fault)));
            (faults, Duration::from_secs(1))
        }
    }
}

/// A shop whose processes reach every server through a proxy.
struct Proxied {
    deployment: Deployment,
    proxies: BTreeMap<&'static str, FaultProxy>,
}

impl Proxied {
    async fn open() -> Result<Self> {
        // Kafka's clients connect to the address that the broker advertises: it has to know the proxy's port.
        let listening = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let kafka = FaultProxy::to(&listening.to_string()).await?;
        let ports = format!("{} {}", listening.port(), kafka.address().port());
        let proxied = [("CHORALE_SERVERS_KAFKA_PROXIED", ports)];
        let servers = tokio::task::block_in_place(|| Servers::up_with("faults", &SERVERS, &proxied))?;
        let mut proxies = BTreeMap::from([("kafka", kafka)]);
        let mut behind_proxy = async |name: &'static str, address: &str| {
            let host = host(address)?;
            let proxy = FaultProxy::to(host).await?;
            let proxied = address.replacen(host, &proxy.address().to_string(), 1);
            proxies.insert(name, proxy);
            anyhow::Ok(proxied)
        };
        let postgres = behind_proxy("postgres", &servers.postgres).await?;
        let mongodb = behind_proxy("mongodb", &servers.mongodb).await?;
        let redis = behind_proxy("redis", &servers.redis).await?;
        let addresses = Addresses {
            postgres,
            kafka: proxies["kafka"].address().to_string(),
            documents: Some(database_on(&mongodb, "shop")?),
            hot_views: Some(format!("{redis}/0")),
            ..Addresses::default()
        };
        let mut deployment = Deployment::on(servers, addresses).await?;
        tokio::task::block_in_place(|| deployment.open())?;
        Ok(Self { deployment, proxies })
    }

    /// Injects a fault for a while. Answers when it ended: after a crash, when the server answers again.
    async fn inject(&self, servers: &[&'static str], fault: Fault, lasting: Duration) -> Result<Instant> {
        match fault {
            Fault::Crash => {
                for server in servers {
                    tokio::task::block_in_place(|| self.deployment.servers.crash(server))?;
                }
            }
            Fault::Cut(network) => {
                let proxies: Vec<_> = servers.iter().filter_map(|server| self.proxies.get(server)).collect();
                proxies.iter().for_each(|proxy| proxy.set(network));
                // Dead connections are dead for ever: there is nothing to wait for.
                if network != Network::HalfOpen {
                    tokio::time::sleep(lasting).await;
                }
                proxies.iter().for_each(|proxy| proxy.set(Network::Forward));
            }
        }
        Ok(Instant::now())
    }

    /// The most memory that each process has had so far, in bytes, by role and number.
    fn memory(&self) -> Result<BTreeMap<String, u64>> {
        let all = self.deployment.processes();
        all.map(|(role, number, program)| anyhow::Ok((format!("{role} {number}"), program.memory()?.1)))
            .collect()
    }
}

/// `host:port` of an address.
fn host(address: &str) -> Result<&str> {
    let rest = address.split_once("://").context("an address without a scheme")?.1;
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    Ok(authority.rsplit_once('@').map_or(authority, |(_, host)| host))
}

/// A request that does not need the server is answered as always.
fn check(servers: &[&str], fault: Fault, tally: &Tally) -> Result<()> {
    let what = || format!("{servers:?}, {fault:?}: {tally:?}");
    let needs = |server| servers.contains(&server);
    // Only the log and the keys are needed to accept an order, and only the documents to answer a query.
    ensure!(needs("postgres") || tally.commands_unavailable == 0, "commands were refused: {}", what());
    ensure!(needs("mongodb") || tally.queries_unavailable == 0, "queries failed: {}", what());
    ensure!(tally.longest_command <= PATIENCE, "a command waited: {}", what());
    ensure!(tally.longest_query <= PATIENCE, "a query waited: {}", what());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_server_restarted_cut_off_or_slowed_leaves_the_others_promises_and_all_recovers() -> Result<()> {
    let _turn = WHOLE_MACHINE.lock().await;
    let shop = Proxied::open().await?;
    // Wait until ordering knows the prices.
    shop.deployment.settled().await?;
    let mut load = Load::begin(&shop.deployment).await?;
    let healthy = load.recovered(Instant::now()).await?;
    println!("without a fault an order is placed, reacted to and shown after {healthy:?}");
    let mut slow = Vec::new();
    let (faults, lasting) = faults();
    for (servers, fault) in faults {
        let what = format!("{}, {fault:?}", servers.join(" "));
        load.take();
        let ended = shop.inject(&servers, fault, lasting).await?;
        let recovery = load.recovered(ended).await.with_context(|| what.clone())?;
        let tally = load.take();
        println!("{what}: recovered after {recovery:.1?}; {tally}");
        check(&servers, fault, &tally)?;
        // One finds out after the other: an order that is not accepted is not published. What a busy machine needs in any case
        // does not count.
        let limit = RECOVERY * if servers.len() > 1 { 2 } else { 1 };
        if recovery.saturating_sub(healthy) > limit {
            slow.push(format!("{what}: {recovery:.1?}"));
        }
    }
    let memory = shop.memory()?;
    println!("most memory: {}", shown(&memory));
    let acknowledged = load.end().await?;
    println!("{} orders acknowledged or refused", acknowledged.len());
    let Proxied { mut deployment, proxies } = shop;
    deployment.settled().await?;
    first_answers_are_repeated(&deployment, &acknowledged).await?;
    tokio::task::block_in_place(|| deployment.close())?;
    deployment.is_sound().await?;
    drop(proxies);
    ensure!(slow.is_empty(), "recovery took longer than {RECOVERY:?}: {slow:#?}");
    ensure!(memory.values().all(|bytes| *bytes <= MEMORY), "too much memory: {}", shown(&memory));
    Ok(())
}

fn shown(memory: &BTreeMap<String, u64>) -> String {
    let each = memory.iter().map(|(process, bytes)| format!("{process} {} MiB", bytes >> 20));
    each.collect::<Vec<_>>().join(", ")
}
