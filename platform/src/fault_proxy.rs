//! A TCP proxy with faults, for tests of what a client of a server does when the network between them fails.
//!
//! ```text
//! let proxy = FaultProxy::to(server).await?;
//! let store = connect(&address_with(proxy.address())).await?;
//! proxy.set(Network::Blackhole);
//! ```

#[cfg(test)]
mod tests;

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;

/// The state of the network between clients and the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Everything is forwarded.
    Forward,
    /// Everything is forwarded later, by this time in each direction.
    Latency(Duration),
    /// Connections stay open and new ones are accepted, but nothing arrives, in either direction. Afterwards, what was sent
    /// meanwhile arrives, as after a partition that heals.
    Blackhole,
    /// All connections are reset, and so are new ones.
    Reset,
    /// Connections that exist when this is set stay open and dead for ever, also after a later change: the other side has
    /// forgotten them. New ones are forwarded.
    HalfOpen,
}

#[derive(Clone, Copy)]
struct Link {
    network: Network,
    /// How often [`Network::HalfOpen`] was set. A connection from before the last time is dead.
    cuts: u64,
}

/// The proxy. It stops, and closes all connections, when it is dropped.
pub struct FaultProxy {
    address: SocketAddr,
    link: watch::Sender<Link>,
    _serving: AbortOnDropHandle<()>,
}

impl FaultProxy {
    /// A proxy to `server` (`HOST:PORT`) on a free port of 127.0.0.1, which forwards.
    pub async fn to(server: &str) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let link = watch::Sender::new(Link { network: Network::Forward, cuts: 0 });
        let serving = tokio::spawn(serve(listener, server.to_owned(), link.subscribe()));
        Ok(Self { address, link, _serving: AbortOnDropHandle::new(serving) })
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes the network, for connections that exist as well.
    pub fn set(&self, network: Network) {
        self.link.send_modify(|link| {
            link.cuts += u64::from(network == Network::HalfOpen);
            link.network = network;
        });
    }
}

async fn serve(listener: TcpListener, server: String, link: watch::Receiver<Link>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((client, _)) => drop(connections.spawn(connect(client, server.clone(), link.clone()))),
                // The client is gone already.
                Err(_) => tokio::task::yield_now().await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Serves one connection of a client to its end.
async fn connect(client: TcpStream, server: String, link: watch::Receiver<Link>) {
    let born = link.borrow().cuts;
    let mut resets = link.clone();
    let mut opening = link.clone();
    let server = tokio::select! {
        biased;
        _ = resets.wait_for(|link| link.network == Network::Reset) => None,
        server = async {
            passable(&mut opening, born).await;
            TcpStream::connect(server).await
        } => server.ok(),
    };
    // Without a server, the client sees a reset.
    let Some(mut server) = server else { return drop(client.set_zero_linger()) };
    let mut client = client;
    let reset = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        tokio::select! {
            biased;
            _ = resets.wait_for(|link| link.network == Network::Reset) => true,
            there_and_back = async {
                tokio::try_join!(
                    forward(from_client, to_server, link.clone(), born),
                    forward(from_server, to_client, link.clone(), born),
                )
            } => there_and_back.is_err(),
        }
    };
    if reset {
        // Closing it sends a reset. An error means that it is closed already.
        drop(client.set_zero_linger());
        drop(server.set_zero_linger());
    }
}

/// Forwards one direction until its end.
async fn forward(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    mut link: watch::Receiver<Link>,
    born: u64,
) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = from.read(&mut buffer).await?;
        let latency = passable(&mut link, born).await;
        if !latency.is_zero() {
            sleep(latency).await;
            passable(&mut link, born).await;
        }
        match buffer.get(..read) {
            Some(read) if !read.is_empty() => to.write_all(read).await?,
            _ => return to.shutdown().await,
        }
    }
}

/// Waits until something passes. Answers how long it takes. Never answers for a dead connection.
async fn passable(link: &mut watch::Receiver<Link>, born: u64) -> Duration {
    loop {
        let now = *link.borrow_and_update();
        match now.network {
            _ if now.cuts > born => pending().await,
            Network::Latency(latency) => return latency,
            Network::Forward | Network::HalfOpen => return Duration::ZERO,
            Network::Blackhole | Network::Reset => {}
        }
        if link.changed().await.is_err() {
            pending().await
        }
    }
}
