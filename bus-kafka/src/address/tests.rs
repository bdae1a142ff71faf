use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Result<Address, InvalidAddress> {
    Address::parse(text, &|_| None)
}

#[test]
fn an_address_without_parameters_has_the_documented_defaults() {
    let address = parse("kafka://one:9092,two:9093").unwrap();
    assert_eq!(address.brokers, ["one:9092", "two:9093"]);
    assert_eq!((address.prefix.as_str(), address.partitions), ("", 6));
    assert_eq!((address.replication, address.min_insync), (None, None));
    assert!(address.tls.is_none() && address.login.is_none() && address.instance.is_none());
    let timeouts = [address.session_timeout, address.transaction_timeout, address.request_timeout];
    assert_eq!(timeouts.map(|timeout| timeout.as_secs()), [6, 5, 30]);
    assert_eq!((address.compression, address.content_mode), ("gzip", ContentMode::Binary));
}

#[test]
fn every_parameter_is_read() {
    let address = parse(
        "kafka://ann:p%40ss%3A1@[::1]:9092?prefix=test.&partitions=12&replication=3&min.insync=2&tls=true&ca=/etc/ca.pem\
         &cert=/a.pem&key=/a.key&sasl=scram-sha-512&session.timeout=30s&transaction.timeout=1m&request.timeout=5s\
         &instance=payments-1&compression=lz4&cloudevents=structured",
    )
    .unwrap();
    let login = address.login.as_ref().unwrap();
    assert_eq!((login.mechanism, login.user.as_str()), ("SCRAM-SHA-512", "ann"));
    assert_eq!(login.password.expose(), "p@ss:1");
    assert_eq!((address.partitions, address.replication, address.min_insync), (12, Some(3), Some(2)));
    assert_eq!(address.tls.as_ref().unwrap().ca.as_deref(), Some("/etc/ca.pem"));
    assert_eq!(address.tls.as_ref().unwrap().key.as_deref(), Some("/a.key"));
    let timeouts = [address.session_timeout, address.transaction_timeout, address.request_timeout];
    assert_eq!(timeouts.map(|timeout| timeout.as_secs()), [30, 60, 5]);
    assert_eq!((address.instance.as_deref(), address.compression), (Some("payments-1"), "lz4"));
    assert_eq!(address.content_mode, ContentMode::Structured);
}

#[test]
fn who_connects_is_never_printed() {
    let address = parse("kafka://ann:hunter2@one:9092?prefix=test.&sasl=PLAIN&tls=true").unwrap();
    assert_eq!(
        address.to_string(),
        "kafka://one:9092?partitions=6&prefix=test.&tls=true&sasl=PLAIN&session.timeout=6s"
    );
    assert!(!format!("{address:?}").contains("hunter2"));
    for wrong in ["kafka://ann:hunter2@one", "kafka://ann:hunter2@one:9092?x=1", "kafka://ann:%zz@one:1"] {
        let problem = parse(wrong).unwrap_err().to_string();
        assert!(!problem.contains("hunter2") && !problem.contains("%zz"), "{problem}");
    }
}

#[test]
fn the_environment_completes_the_address() {
    let environment = |name: &str| match name {
        "CHORALE_KAFKA_USER" => Some("eve".to_owned()),
        "CHORALE_KAFKA_PASSWORD" => Some("s3cret".to_owned()),
        "CHORALE_INSTANCE" => Some("relay-2".to_owned()),
        _ => None,
    };
    let read = |text| Address::parse(text, &environment).unwrap();
    let all = read("kafka://one:9092");
    assert_eq!(all.login.as_ref().map(|login| login.user.as_str()), Some("eve"));
    assert_eq!(all.instance.as_deref(), Some("relay-2"));
    let some = read("kafka://ann@one:9092?instance=mine&sasl=SCRAM-SHA-256").login.unwrap();
    assert_eq!((some.user.as_str(), some.password.expose()), ("ann", "s3cret"));
}

#[test]
fn what_is_wrong_is_named() {
    let cases = [
        ("http://one:9092", "does not begin with kafka://"),
        ("kafka://", "host:port"),
        ("kafka://one", "host:port"),
        ("kafka://one:9092,", "host:port"),
        ("kafka://one:9092,:9093", "host:port"),
        ("kafka://one:0", "host:port"),
        ("kafka://one:9092?topics=7", "unknown parameter \"topics\"; there are prefix, partitions"),
        ("kafka://one:9092?partitions", "without a value"),
        ("kafka://one:9092?partitions=0", "partitions from 1 to 1000"),
        ("kafka://one:9092?partitions=six", "partitions from 1 to 1000"),
        ("kafka://one:9092?prefix=a&prefix=b", "says prefix twice"),
        ("kafka://one:9092?prefix=a/b", "needs prefix made of letters"),
        ("kafka://one:9092?replication=1&min.insync=2", "asks for 2 copies in sync (min.insync) out of 1"),
        ("kafka://one:9092?tls=yes", "needs tls to be one of true, false"),
        ("kafka://one:9092?ca=/x", "not tls=true"),
        ("kafka://one:9092?tls=true&cert=/x", "both cert and key"),
        ("kafka://one:9092?sasl=GSSAPI", "needs sasl to be one of PLAIN"),
        ("kafka://one:9092?sasl=PLAIN", "no user: set CHORALE_KAFKA_USER"),
        ("kafka://ann@one:9092", "no password: set CHORALE_KAFKA_PASSWORD"),
        ("kafka://one:9092?session.timeout=10", "session.timeout that must be whole numbers with units"),
        ("kafka://one:9092?session.timeout=10ms", "session.timeout from 1s to 15m"),
        ("kafka://one:9092?compression=zip", "compression to be one of none"),
        ("kafka://one:9092?prefix=%4", "unreadable %-sequence"),
    ];
    for (text, problem) in cases {
        let said = parse(text).unwrap_err().to_string();
        assert!(said.starts_with("the address of the bus ") && said.contains(problem), "{text}: {said}");
    }
}

proptest! {
    #[test]
    fn no_text_upsets_the_reader(text in "(kafka://)?\\PC{0,40}(\\?\\PC{0,40})?") {
        let _any_answer_will_do = parse(&text);
    }
}
