//! What every client of the cluster has in common: its settings, and where its words go.

use rdkafka::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::address::Address;
use crate::bus::BusError;

/// Settings of any client.
pub(super) fn settings(address: &Address) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set_log_level(RDKafkaLogLevel::Info)
        .set("bootstrap.servers", address.brokers.join(","))
        .set("client.id", "chorale")
        .set("socket.keepalive.enable", "true")
        .set("socket.connection.setup.timeout.ms", "5000")
        // Back within a second of a broker's return.
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

/// Settings of anything that reads: what is committed, from where it says, and never by itself.
pub(super) fn reading(address: &Address) -> ClientConfig {
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

/// Takes a client's words into the program's own log.
pub(super) fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    match level {
        RDKafkaLogLevel::Emerg
        | RDKafkaLogLevel::Alert
        | RDKafkaLogLevel::Critical
        | RDKafkaLogLevel::Error => tracing::warn!(facility, message, "Kafka's client complains"),
        RDKafkaLogLevel::Warning => tracing::info!(facility, message, "Kafka's client warns"),
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info | RDKafkaLogLevel::Debug => {
            tracing::debug!(facility, message, "Kafka's client says");
        }
    }
}

/// A client that only has to speak into our log.
pub(super) struct Plain;

impl ClientContext for Plain {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        // The end of a partition is told as an error, to those who asked for it.
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::PartitionEOF) {
            return;
        }
        tracing::info!(error = %error, reason, "Kafka's client reports");
    }
}

impl ConsumerContext for Plain {}

/// The bus error of a client's error.
pub(super) fn unavailable(error: KafkaError) -> BusError {
    BusError::Unavailable(Box::new(error))
}

/// Whether waiting may be enough: the client goes on trying by itself.
pub(super) fn passes(error: &KafkaError) -> bool {
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
