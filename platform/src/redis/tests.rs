use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ::redis::{Script, cmd};
use futures_util::future::join_all;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

use super::scratch::Scratch;
use super::*;
use crate::error::Chain;
use crate::fault_proxy::{FaultProxy, Network};

const TIMEOUTS: Timeouts =
    Timeouts { connecting: Duration::from_millis(400), answering: Duration::from_millis(400) };
const NO_EVICTION: &str = "$28\r\nmaxmemory_policy:noeviction\n\r\n";

/// Everything that an error shows, including sources and `{:?}`.
fn shown(error: &RedisError) -> String {
    format!("{error:?} / {}", Chain(error))
}

#[test]
fn an_address_is_shown_without_credentials_and_parameters() {
    let address = Address::parse("redis://me:hunter2@cache.example:6000/3?prefix=shop-1").unwrap();
    assert_eq!(address.to_string(), "redis://cache.example:6000/3");
    assert_eq!(format!("{address:?}"), "redis://cache.example:6000/3");
    assert_eq!(address.prefix(), "shop-1");
    let address = Address::parse("rediss://:hun%2Fter%402%3F%23@[::1]").unwrap();
    assert_eq!((address.to_string().as_str(), address.prefix()), ("rediss://[::1]:6379/0", "chorale"));
    assert_eq!(address.info.redis_settings().password(), Some("hun/ter@2?#"));
}

#[test]
fn a_malformed_address_is_refused_without_repeating_it() {
    let bad = [
        "",
        "hunter2",
        "postgres://me:hunter2@host/db",
        "redis://me:hunter2@host:port",
        "redis://me:hunter2@host/db",
        "redis://me:9/hunter2@host",
        "redis://me:9?hunter2@host",
        "redis://me:9#hunter2@host",
        "redis://me:9@hunter2@host",
        "redis://host?hunter2",
        "redis://host?prefix=Hunter2",
        "redis://host?prefix=",
        "redis://host?password=hunter2",
        "rediss://host#insecure",
        "redis://",
    ];
    for address in bad {
        let error = Address::parse(address).unwrap_err();
        assert!(!shown(&error).to_lowercase().contains("hunter2"), "{}", shown(&error));
    }
}

/// A server that answers the commands of its `n`th connection; `None` is silence.
struct Fake {
    address: Address,
    connections: Arc<AtomicUsize>,
}

impl Fake {
    async fn new<A>(credentials: &str, answer: A) -> Self
    where
        A: Fn(usize, &str) -> Option<String> + Copy + Send + Sync + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let number = counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(socket, move |command| answer(number, command)));
            }
        });
        let address = Address::parse(&format!("redis://{credentials}127.0.0.1:{port}")).unwrap();
        Self { address, connections }
    }
}

/// Answers until the answer is `CLOSE`.
async fn serve(socket: TcpStream, answer: impl Fn(&str) -> Option<String>) {
    let mut socket = BufReader::new(socket);
    while let Some(name) = read_command(&mut socket).await {
        match answer(&name).as_deref() {
            Some("CLOSE") => return,
            Some(text) => socket.get_mut().write_all(text.as_bytes()).await.unwrap(),
            None => {}
        }
    }
}

/// The first word of the next command.
async fn read_command(socket: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    socket.read_line(&mut line).await.ok()?;
    let words: usize = line.trim().strip_prefix('*')?.parse().unwrap();
    let mut name = None;
    for _ in 0..words {
        let mut line = String::new();
        socket.read_line(&mut line).await.unwrap();
        let mut word = vec![0; line.trim()[1..].parse::<usize>().unwrap() + 2];
        socket.read_exact(&mut word).await.unwrap();
        name.get_or_insert_with(|| String::from_utf8_lossy(&word).trim().to_owned());
    }
    name
}

#[tokio::test]
async fn a_connection_whose_answers_are_late_is_replaced() {
    let fake = Fake::new("", |connection, command| match command {
        "INFO" => Some(NO_EVICTION.to_owned()),
        _ => (connection > 0).then(|| "+PONG\r\n".to_owned()),
    })
    .await;
    let connection = Connection::open(&fake.address, TIMEOUTS).await.unwrap();
    let late = connection.query::<String>(&cmd("PING")).await.unwrap_err();
    assert!(matches!(late, RedisError::Unreachable { .. }) && late.is_passing(), "{}", shown(&late));
    assert_eq!(connection.query::<String>(&cmd("PING")).await.unwrap(), "PONG");
    assert_eq!(fake.connections.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn callers_that_wait_for_a_connection_share_one_failed_attempt() {
    // The second connection never ends its handshake.
    let fake = Fake::new(":secret@", |connection, command| match (connection, command) {
        (0, "INFO") => Some(NO_EVICTION.to_owned()),
        (0, "AUTH") => Some("+OK\r\n".to_owned()),
        (0, _) => Some("CLOSE".to_owned()),
        _ => None,
    })
    .await;
    let connection = Connection::open(&fake.address, TIMEOUTS).await.unwrap();
    connection.query::<String>(&cmd("PING")).await.unwrap_err();
    let began = Instant::now();
    let ping = cmd("PING");
    let all = join_all((0..20).map(|_| connection.query::<String>(&ping))).await;
    assert!(all.iter().all(|one| matches!(one, Err(RedisError::Unreachable { .. }))), "{all:?}");
    assert!(began.elapsed() < 3 * TIMEOUTS.connecting, "{:?}", began.elapsed());
    assert_eq!(fake.connections.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_server_that_drops_keys_is_refused() {
    let fake = Fake::new("", |_, _| Some("$29\r\nmaxmemory_policy:allkeys-lru\n\r\n".to_owned())).await;
    let refused = Connection::open(&fake.address, TIMEOUTS).await.err().unwrap();
    assert!(
        matches!(&refused, RedisError::Evicts { policy, .. } if policy == "allkeys-lru"),
        "{}",
        shown(&refused)
    );
    assert!(refused.to_string().contains("set it to noeviction"), "{refused}");
}

#[tokio::test]
async fn errors_say_what_to_check_and_whether_a_retry_can_help() {
    let fake = Fake::new("", |_, command| match command {
        "INFO" => Some(NO_EVICTION.to_owned()),
        code => Some(format!("-{code} of the server\r\n")),
    })
    .await;
    let connection = Connection::open(&fake.address, TIMEOUTS).await.unwrap();
    let cases = [
        ("OOM", "has reached its maxmemory", true),
        ("LOADING", "accepts no work now", true),
        ("READONLY", "accepts no work now", true),
        ("BUSY", "accepts no work now", true),
        ("NOAUTH", "does not accept this user", false),
        ("NOPERM", "does not allow this: of the server", false),
        ("WRONGTYPE", "refused a command: of the server (WRONGTYPE)", false),
        ("ERR", "refused a command: of the server", false),
    ];
    for (code, expected, passing) in cases {
        let error = connection.query::<String>(&cmd(code)).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{code}: {error}");
        assert_eq!(error.is_passing(), passing, "{code}");
    }
}

#[tokio::test]
async fn an_address_of_rediss_begins_with_a_handshake_of_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let address = Address::parse(&format!("rediss://:hunter2@127.0.0.1:{port}")).unwrap();
    let first = async { listener.accept().await.unwrap().0.read_u8().await.unwrap() };
    let (opened, first) = tokio::join!(Connection::open(&address, TIMEOUTS), first);
    // 22 is the type of the record of a handshake.
    assert_eq!(first, 22);
    let refused = opened.err().unwrap();
    assert!(refused.to_string().contains("TLS"), "{}", shown(&refused));
    assert!(!shown(&refused).contains("hunter2"), "{}", shown(&refused));
}

#[tokio::test]
async fn a_connection_that_the_server_closes_is_replaced_and_scripts_are_sent_again() {
    let scratch = Scratch::new();
    let (connection, other) = (scratch.connect().await.unwrap(), scratch.connect().await.unwrap());
    let id: i64 = connection.query(cmd("CLIENT").arg("ID")).await.unwrap();
    let _: i64 = other.query(cmd("CLIENT").arg("KILL").arg("ID").arg(id)).await.unwrap();
    connection.query::<String>(&cmd("PING")).await.unwrap_err();
    // A script that no server has seen yet.
    let script = Script::new(&format!("return ARGV[1] .. '{}'", id));
    assert_eq!(connection.invoke::<String>(&script.arg("id ")).await.unwrap(), format!("id {id}"));
}

/// A connection whose other end is gone without a sign.
async fn half_open() -> (Scratch, FaultProxy, Connection) {
    let scratch = Scratch::new();
    let server = Address::parse(scratch.url()).unwrap().server();
    let proxy = FaultProxy::to(&server).await.unwrap();
    let through = scratch.url().replace(&server, &proxy.address().to_string());
    let connection = Connection::open(&Address::parse(&through).unwrap(), TIMEOUTS).await.unwrap();
    proxy.set(Network::HalfOpen);
    (scratch, proxy, connection)
}

#[tokio::test]
async fn a_connection_whose_other_end_is_gone_without_a_word_is_replaced_by_the_next_call() {
    let (_scratch, _proxy, connection) = half_open().await;
    let lost = connection.query::<String>(&cmd("PING")).await.unwrap_err();
    assert!(matches!(lost, RedisError::Unreachable { .. }), "{}", shown(&lost));
    assert_eq!(connection.query::<String>(&cmd("PING")).await.unwrap(), "PONG");
}

#[tokio::test]
async fn a_dead_connection_is_replaced_although_every_caller_gives_up_before_its_answer_is_late() {
    let (_scratch, _proxy, connection) = half_open().await;
    let began = Instant::now();
    let impatience = TIMEOUTS.answering / 4;
    while timeout(impatience, connection.query::<String>(&cmd("PING"))).await.is_err() {
        assert!(began.elapsed() < TIMEOUTS.answering * 20, "the connection is never replaced");
    }
    assert!(began.elapsed() >= TIMEOUTS.answering, "a connection that is only slow was replaced");
    assert_eq!(connection.query::<String>(&cmd("PING")).await.unwrap(), "PONG");
}

#[tokio::test]
async fn a_wrong_password_is_named_as_the_reason() {
    let address = Address::parse(Scratch::new().url()).unwrap();
    let wrong = Address::parse(&format!("redis://:wrong@{}", address.server())).unwrap();
    let refused = Connection::open(&wrong, TIMEOUTS).await.err().unwrap();
    assert!(matches!(refused, RedisError::Password { .. }), "{}", shown(&refused));
}
