//! Settings and logging that all clients of the cluster share.

use std::time::Duration;

use platform::bus::BusError;
use rdkafka::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::address::Address;

/// How long an answer may take before its connection is given up and made again; for a fetch, after the 500 ms that the broker
/// may wait for records. The client's default is a minute: so long it would wait for a broker that has forgotten the connection.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5);

/// Settings of any client.
pub(crate) fn settings(address: &Address) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set_log_level(RDKafkaLogLevel::Info)
        .set("bootstrap.servers", address.brokers.join(","))
        .set("client.id", "chorale")
        .set("socket.keepalive.enable", "true")
        .set("socket.connection.setup.timeout.ms", "5000")
        .set("socket.timeout.ms", answered_within(address).as_millis().to_string())
        // Reconnects within a second after a broker returns.
        .set("reconnect.backoff.ms", "50")
        .set("reconnect.backoff.max.ms", "1000");
    let protocol = match (&address.tls, &address.login) {
        (None, None) => "plaintext",
        (Some(_), None) => "ssl",
        (None, Some(_)) => "sasl_plaintext",
        (Some(_), Some(_)) => "sasl_ssl",
    };
    config.set("security.protocol", protocol);
    if let Some(tls) = &address.tls {
        config.set("ssl.ca.location", tls.ca.as_deref().unwrap_or("probe"));
        if let (Some(certificate), Some(key)) = (&tls.certificate, &tls.key) {
            config.set("ssl.certificate.location", certificate).set("ssl.key.location", key);
        }
    }
    if let Some(login) = &address.login {
        config
            .set("sasl.mechanisms", login.mechanism)
            .set("sasl.username", &login.user)
            .set("sasl.password", login.password.expose());
    }
    config
}

/// A transactional client must give up an answer before its transaction times out.
fn answered_within(address: &Address) -> Duration {
    ANSWERED_WITHIN.min(address.transaction_timeout * 9 / 10)
}

/// Settings of readers: committed records only, explicit start offsets, no automatic commits.
pub(crate) fn reading(address: &Address) -> ClientConfig {
    let mut config = settings(address);
    config
        .set("isolation.level", "read_committed")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "error")
        .set("allow.auto.create.topics", "false")
        .set("check.crcs", "true");
    config
}

/// Forwards the client's log to the program's log.
pub(crate) fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    match level {
        RDKafkaLogLevel::Emerg
        | RDKafkaLogLevel::Alert
        | RDKafkaLogLevel::Critical
        | RDKafkaLogLevel::Error => tracing::warn!(facility, message, "Kafka client error"),
        RDKafkaLogLevel::Warning => tracing::info!(facility, message, "Kafka client warning"),
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info | RDKafkaLogLevel::Debug => {
            tracing::debug!(facility, message, "Kafka client");
        }
    }
}

/// A context that only logs.
pub(crate) struct LogOnly;

impl ClientContext for LogOnly {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        // The end of a partition is reported as an error, to clients that ask for it.
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::PartitionEOF) {
            return;
        }
        tracing::info!(error = %error, reason, "Kafka client error");
    }
}

impl ConsumerContext for LogOnly {}

/// The bus error of a client's error.
pub(crate) fn unavailable(error: KafkaError) -> BusError {
    BusError::Unavailable(Box::new(error))
}

/// Whether an error may pass: the client keeps retrying by itself.
pub(crate) fn passes(error: &KafkaError) -> bool {
    use RDKafkaErrorCode as Code;
    error.rdkafka_error_code().is_some_and(|code| {
        matches!(
            code,
            Code::BrokerTransportFailure
                | Code::AllBrokersDown
                | Code::Resolve
                | Code::OperationTimedOut
                | Code::RequestTimedOut
                | Code::NotLeaderForPartition
                | Code::LeaderNotAvailable
                | Code::CoordinatorNotAvailable
                | Code::CoordinatorLoadInProgress
                | Code::NotCoordinator
                | Code::NetworkException
                | Code::WaitingForCoordinator
                | Code::RebalanceInProgress
                | Code::ReplicaNotAvailable
                | Code::KafkaStorageError
                | Code::FencedLeaderEpoch
                | Code::UnknownLeaderEpoch
                | Code::OffsetNotAvailable
        )
    })
}
