use super::*;
use crate::error::Chain;

const LIMITS: Limits = Limits {
    statement: Duration::from_secs(5),
    lock: Duration::from_secs(1),
    idle_in_transaction: Duration::from_millis(500),
};

fn parse(address: &str) -> Result<Address, PostgresError> {
    Address::parse(address, &["kek"])
}

/// Everything that an error shows, including sources and `{:?}`.
fn shown(error: &PostgresError) -> String {
    format!("{error:?} / {}", Chain(error))
}

#[test]
fn an_address_is_shown_without_credentials_and_parameters() {
    let address = parse("postgres://me:hunter2@db.example:6000/shop?sslmode=disable&kek=env").unwrap();
    assert_eq!(address.to_string(), "postgres://db.example:6000/shop");
    assert_eq!(format!("{address:?}"), "postgres://db.example:6000/shop");
    assert_eq!((address.own("kek"), address.own("x"), address.database()), (Some("env"), None, "shop"));
    assert_eq!(address.with_database("other").to_string(), "postgres://db.example:6000/other");
    assert_eq!(parse("postgresql://[::1]:6000/shop").unwrap().server(), "[::1]:6000");
    assert_eq!(parse("postgres:///shop?host=/run/pg").unwrap().server(), "/run/pg");
}

#[test]
fn a_password_may_hold_any_character_percent_encoded() {
    let address = parse("postgres://me:hun%2Fter%402%3F%23@db.example/shop").unwrap();
    assert_eq!(address.server(), "db.example:5432");
    let url = address.options("test", &LIMITS).to_url_lossy();
    assert_eq!(url.password(), Some("hun%2Fter%402%3F%23"));
}

#[test]
fn a_malformed_address_is_refused_without_repeating_it() {
    let bad = [
        "",
        "hunter2",
        "mysql://me:hunter2@host/db",
        "postgres://me:hunter2@host",
        "postgres://me:hunter2@host/",
        "postgres://me:hunter2@host:port/db",
        "postgres://me:9/hunter2@host/db",
        "postgres://me:9?hunter2@host/db",
        "postgres://me:9#hunter2@host/db",
        "postgres://me:9@hunter2@host/db",
        "postgres://host/db?password=hunter2",
        "postgres://host/db?hunter2",
        "postgres://host/db?sslmode=hunter2",
    ];
    for address in bad {
        let error = parse(address).unwrap_err();
        assert!(!shown(&error).contains("hunter2"), "{}", shown(&error));
    }
}

/// A server that answers the first message of each connection with an error.
async fn answers(code: &'static str, message: &'static str) -> Address {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let fields = format!("SFATAL\0VFATAL\0C{code}\0M{message}\0Dhunter2\0\0");
            let mut answer = vec![b'E'];
            answer.extend(u32::try_from(fields.len() + 4).unwrap().to_be_bytes());
            answer.extend(fields.as_bytes());
            assert!(socket.read(&mut [0; 1024]).await.unwrap() > 0);
            socket.write_all(&answer).await.unwrap();
        }
    });
    parse(&format!("postgres://alice:hunter2@127.0.0.1:{port}/shop?sslmode=disable")).unwrap()
}

async fn refusal(address: &Address) -> PostgresError {
    let error = address.connect(&address.options("test", &LIMITS)).await.map(drop).unwrap_err();
    assert!(!shown(&error).contains("hunter2") && !shown(&error).contains("alice"), "{}", shown(&error));
    error
}

#[tokio::test]
async fn each_error_of_a_server_says_what_to_check() {
    let cases = [
        ("28P01", "no \"alice\"", "does not accept this user with this password", false),
        ("28000", "no line for \"alice\"", "does not admit this user to shop from here", false),
        ("3D000", "no such database", "has no database shop; create it first", false),
        ("42501", "permission denied for database", "permission denied for database; grant it", false),
        ("57P03", "the database system is starting up", "accepts no work now", true),
        ("53300", "too many clients already", "accepts no work now", true),
        ("57014", "canceling statement due to statement timeout", "did not finish in time", true),
        ("40P01", "deadlock detected", "refused a statement: deadlock detected (40P01)", true),
        ("XX000", "odd", "refused a statement: odd (XX000)", false),
    ];
    for (code, message, expected, passing) in cases {
        let address = answers(code, message).await;
        let error = refusal(&address).await;
        let text = error.to_string();
        assert!(text.contains(expected) && text.contains(&address.server()), "{text}");
        assert_eq!(error.is_passing(), passing, "{text}");
    }
}

#[tokio::test]
async fn an_error_about_a_missing_server_names_it_and_says_what_to_check() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = listener.local_addr().unwrap();
    drop(listener);
    let error = refusal(&parse(&format!("postgres://alice:hunter2@{server}/shop")).unwrap()).await;
    assert!(matches!(error, PostgresError::Unreachable { .. }) && error.is_passing(), "{error:?}");
    assert!(error.to_string().contains(&format!("PostgreSQL at {server} does not answer; check")), "{error}");
}

#[tokio::test(start_paused = true)]
async fn connecting_to_a_silent_server_times_out() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = listener.local_addr().unwrap();
    let error = refusal(&parse(&format!("postgres://alice:hunter2@{server}/shop")).unwrap()).await;
    assert!(matches!(error, PostgresError::Unreachable { .. }), "{error:?}");
}

mod server;
