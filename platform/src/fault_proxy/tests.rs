use tokio::time::{Instant, timeout};

use super::*;

const SOON: Duration = Duration::from_secs(30);
/// Long enough for what would arrive at once.
const NEVER: Duration = Duration::from_millis(300);

/// A server that answers what it gets, behind a proxy.
async fn echo() -> FaultProxy {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = stream.split();
                tokio::io::copy(&mut read, &mut write).await
            });
        }
    });
    FaultProxy::to(&server).await.unwrap()
}

async fn answered(stream: &mut TcpStream) -> io::Result<()> {
    let mut answer = [0];
    timeout(SOON, stream.read_exact(&mut answer)).await.expect("nothing arrives")?;
    assert_eq!(answer, [7]);
    Ok(())
}

async fn ask(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(&[7]).await?;
    answered(stream).await
}

async fn is_silent(stream: &mut TcpStream) {
    stream.write_all(&[7]).await.unwrap();
    timeout(NEVER, stream.read_u8()).await.expect_err("something arrives");
}

async fn client(proxy: &FaultProxy) -> TcpStream {
    TcpStream::connect(proxy.address()).await.unwrap()
}

#[tokio::test]
async fn what_was_sent_into_a_blackhole_arrives_when_it_ends() {
    let proxy = echo().await;
    let mut before = client(&proxy).await;
    ask(&mut before).await.unwrap();
    proxy.set(Network::Blackhole);
    let mut within = client(&proxy).await;
    is_silent(&mut before).await;
    is_silent(&mut within).await;
    proxy.set(Network::Forward);
    answered(&mut before).await.unwrap();
    answered(&mut within).await.unwrap();
}

#[tokio::test]
async fn latency_delays_both_directions() {
    let proxy = echo().await;
    let mut stream = client(&proxy).await;
    proxy.set(Network::Latency(Duration::from_millis(60)));
    let began = Instant::now();
    ask(&mut stream).await.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(120), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_reset_ends_connections_and_new_ones_with_an_error() {
    let proxy = echo().await;
    let mut before = client(&proxy).await;
    ask(&mut before).await.unwrap();
    proxy.set(Network::Reset);
    let error = timeout(SOON, before.read_u8()).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    // It may be reset before it is established.
    if let Ok(mut within) = TcpStream::connect(proxy.address()).await {
        timeout(SOON, within.read_u8()).await.unwrap().unwrap_err();
    }
    proxy.set(Network::Forward);
    ask(&mut client(&proxy).await).await.unwrap();
}

#[tokio::test]
async fn a_half_open_connection_stays_dead_while_new_ones_work() {
    let proxy = echo().await;
    let mut before = client(&proxy).await;
    ask(&mut before).await.unwrap();
    proxy.set(Network::HalfOpen);
    is_silent(&mut before).await;
    ask(&mut client(&proxy).await).await.unwrap();
    proxy.set(Network::Forward);
    is_silent(&mut before).await;
}

#[tokio::test]
async fn a_client_of_a_server_that_is_not_there_is_refused() {
    let nowhere = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let proxy = FaultProxy::to(&nowhere.to_string()).await.unwrap();
    if let Ok(mut stream) = TcpStream::connect(proxy.address()).await {
        timeout(SOON, stream.read_u8()).await.unwrap().unwrap_err();
    }
}
