//! The address of a cluster: `kafka://user:password@host:port,host:port?…`.

use std::fmt;
use std::time::Duration;

use platform::bus::BusError;
use platform::config::{Secret, duration, duration_text};
use schemas::topics::PARTITIONS;

/// The address of a Kafka cluster.
///
/// | parameter | default | |
/// |---|---|---|
/// | `prefix` | none | prefix of topics, groups and transactional ids, so that several shops can share a cluster |
/// | `partitions` | 6 | partitions of every topic; never changes during the life of the shop |
/// | `replication` | 3 if there are at least 3 brokers, else 1 | copies of each topic; with 1, one lost disk loses the topics (not the logs) |
/// | `min.insync` | `replication` − 1, at least 1 | replicas that must have a record before it is acknowledged |
/// | `tls` | `false` | encrypts, and checks the brokers' certificates |
/// | `ca` | the system's | file with the certificates to trust |
/// | `cert`, `key` | none | files with this client's certificate and key |
/// | `sasl` | `PLAIN` if there is a user | `PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512` |
/// | `session.timeout` | `6s` | a member that is silent for this long loses its partitions |
/// | `transaction.timeout` | `5s` | a relay that is silent for this long loses its open transaction |
/// | `request.timeout` | `30s` | how long to wait for an answer of the cluster |
/// | `instance` | `CHORALE_INSTANCE`, else none | a name of this process, unique in its role and stable across restarts: after a restart it gets its partitions back without a rebalance |
/// | `compression` | `gzip` | compression of records that the relay writes: `none`, `gzip`, `snappy`, `lz4`. Every client reads gzip; several need an extra package for the others |
/// | `cloudevents` | `binary` | content mode of records that the relay writes: `binary`, with the attributes in headers, or `structured`, with the whole event in the value. Readers take both, also on one topic |
///
/// User and password come from the address (percent-encoded) or from `CHORALE_KAFKA_USER` and `CHORALE_KAFKA_PASSWORD`.
#[derive(Clone, Debug)]
pub struct Address {
    /// `host:port` of the bootstrap brokers.
    pub brokers: Vec<String>,
    /// Prefix of topics, groups and transactional ids.
    pub prefix: String,
    /// Partitions of every topic.
    pub partitions: u32,
    /// Replicas of each topic, if the address names them.
    pub replication: Option<u32>,
    /// Replicas that must have a record before it is acknowledged, if the address names them.
    pub min_insync: Option<u32>,
    /// Encryption; `None`: connections are not encrypted.
    pub tls: Option<Tls>,
    /// The user, if there is one.
    pub login: Option<Login>,
    /// A member that is silent for this long loses its partitions.
    pub session_timeout: Duration,
    /// A relay that is silent for this long loses its open transaction.
    pub transaction_timeout: Duration,
    /// How long to wait for an answer of the cluster.
    pub request_timeout: Duration,
    /// The name of this process for static membership.
    pub instance: Option<String>,
    /// Compression of records that the relay writes.
    pub compression: &'static str,
    /// Content mode of records that the relay writes.
    pub content_mode: ContentMode,
}

/// Where the attributes of a CloudEvent are in its record. Readers take both modes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ContentMode {
    /// In headers; the value is the payload.
    #[default]
    Binary,
    /// In the value, which is the whole event as JSON with the payload in `data`.
    Structured,
}

/// Files for encrypted connections; all of them optional.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    pub ca: Option<String>,
    pub certificate: Option<String>,
    pub key: Option<String>,
}

/// A user and its credentials.
#[derive(Clone, Debug)]
pub struct Login {
    pub mechanism: &'static str,
    pub user: String,
    pub password: Secret,
}

/// The address is not valid. The message repeats no credentials.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the address of the bus {0}")]
pub struct InvalidAddress(String);

impl From<InvalidAddress> for BusError {
    fn from(InvalidAddress(problem): InvalidAddress) -> Self {
        Self::Address(problem)
    }
}

const PARAMETERS: [&str; 15] = [
    "prefix",
    "partitions",
    "replication",
    "min.insync",
    "tls",
    "ca",
    "cert",
    "key",
    "sasl",
    "session.timeout",
    "transaction.timeout",
    "request.timeout",
    "instance",
    "compression",
    "cloudevents",
];
const MECHANISMS: [&str; 3] = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"];
const COMPRESSIONS: [&str; 4] = ["none", "gzip", "snappy", "lz4"];
const CONTENT_MODES: [&str; 2] = ["binary", "structured"];

fn wrong(problem: impl Into<String>) -> InvalidAddress {
    InvalidAddress(problem.into())
}

impl Address {
    /// Parses an address. User, password and instance come from `environment` if the address does not name them.
    pub fn parse(text: &str, environment: &dyn Fn(&str) -> Option<String>) -> Result<Self, InvalidAddress> {
        let rest = text.strip_prefix("kafka://").ok_or_else(|| wrong("does not begin with kafka://"))?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (credentials, hosts) = match place.rsplit_once('@') {
            Some((credentials, hosts)) => (Some(credentials), hosts),
            None => (None, place),
        };
        let query = Query::read(query)?;
        let tls = query.tls()?;
        let partitions = query.number("partitions", 1..=1_000)?.unwrap_or(PARTITIONS);
        let replication = query.number("replication", 1..=100)?;
        let min_insync = query.number("min.insync", 1..=100)?;
        if let (Some(copies), Some(min)) = (replication, min_insync)
            && min > copies
        {
            return Err(wrong(format!("asks for {min} copies in sync (min.insync) out of {copies}")));
        }
        let compression = query.one_of("compression", &COMPRESSIONS)?.unwrap_or("gzip");
        let content_mode = match query.one_of("cloudevents", &CONTENT_MODES)? {
            Some("structured") => ContentMode::Structured,
            _ => ContentMode::Binary,
        };
        let address = Self {
            brokers: brokers(hosts)?,
            prefix: query.name("prefix", 100)?.unwrap_or_default(),
            partitions,
            replication,
            min_insync,
            tls,
            login: login(credentials, &query, environment)?,
            session_timeout: query.duration("session.timeout", 6)?,
            transaction_timeout: query.duration("transaction.timeout", 5)?,
            request_timeout: query.duration("request.timeout", 30)?,
            instance: match query.name("instance", 100)? {
                Some(name) => Some(name),
                None => environment("CHORALE_INSTANCE").filter(|name| !name.is_empty()),
            },
            compression,
            content_mode,
        };
        Ok(address)
    }

    /// Parses an address, with this process's environment.
    pub fn of_environment(text: &str) -> Result<Self, InvalidAddress> {
        Self::parse(text, &|name| std::env::var(name).ok())
    }
}

/// Brokers and parameters, without user, password and certificates.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "kafka://{}?partitions={}", self.brokers.join(","), self.partitions)?;
        if !self.prefix.is_empty() {
            write!(f, "&prefix={}", self.prefix)?;
        }
        if self.tls.is_some() {
            f.write_str("&tls=true")?;
        }
        if let Some(login) = &self.login {
            write!(f, "&sasl={}", login.mechanism)?;
        }
        write!(f, "&session.timeout={}", duration_text(self.session_timeout))
    }
}

fn brokers(hosts: &str) -> Result<Vec<String>, InvalidAddress> {
    let hosts: Vec<String> = hosts.trim_end_matches('/').split(',').map(str::to_owned).collect();
    for host in &hosts {
        let port = host.rsplit_once(':').filter(|(name, _)| !name.is_empty()).map(|(_, port)| port);
        if port.and_then(|port| port.parse::<u16>().ok()).is_none_or(|port| port == 0) {
            return Err(wrong("must name its brokers as host:port,host:port"));
        }
    }
    Ok(hosts)
}

fn login(
    credentials: Option<&str>,
    query: &Query,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<Login>, InvalidAddress> {
    let mechanism = query.one_of("sasl", &MECHANISMS)?;
    let (user, password) = match credentials.map(|text| text.split_once(':').unwrap_or((text, ""))) {
        Some((user, password)) => (Some(decode(user)?), Some(decode(password)?).filter(|p| !p.is_empty())),
        None => (None, None),
    };
    let user = user.or_else(|| environment("CHORALE_KAFKA_USER")).filter(|user| !user.is_empty());
    let password = password.or_else(|| environment("CHORALE_KAFKA_PASSWORD"));
    match (user, password) {
        (Some(user), Some(password)) => {
            let mechanism = mechanism.unwrap_or("PLAIN");
            Ok(Some(Login { mechanism, user, password: password.into() }))
        }
        (Some(_), None) => Err(wrong("names a user but no password: set CHORALE_KAFKA_PASSWORD")),
        (None, _) if mechanism.is_some() => Err(wrong("names sasl but no user: set CHORALE_KAFKA_USER")),
        (None, _) => Ok(None),
    }
}

fn decode(text: &str) -> Result<String, InvalidAddress> {
    let unreadable = || wrong("has an unreadable %-sequence");
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = rest.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        bytes.push(byte.and_then(|digits| u8::from_str_radix(digits, 16).ok()).ok_or_else(unreadable)?);
        rest = &rest[2..];
    }
    String::from_utf8(bytes).map_err(|_| unreadable())
}

struct Query(Vec<(&'static str, String)>);

impl Query {
    fn read(text: &str) -> Result<Self, InvalidAddress> {
        let mut read: Vec<(&'static str, String)> = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) =
                pair.split_once('=').ok_or_else(|| wrong("has a parameter without a value"))?;
            let known = PARAMETERS.into_iter().find(|known| *known == name).ok_or_else(|| {
                wrong(format!("has an unknown parameter {name:?}; there are {}", PARAMETERS.join(", ")))
            })?;
            if read.iter().any(|(name, _)| *name == known) {
                return Err(wrong(format!("says {known} twice")));
            }
            read.push((known, decode(value)?));
        }
        Ok(Self(read))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    fn number(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<u32>,
    ) -> Result<Option<u32>, InvalidAddress> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let number = text.parse().ok().filter(|number| range.contains(number));
        let limits = || wrong(format!("needs {name} from {} to {}", range.start(), range.end()));
        number.map(Some).ok_or_else(limits)
    }

    /// A name made of the characters allowed in topic names: letters, digits, `.`, `_` and `-`.
    fn name(&self, name: &str, longest: usize) -> Result<Option<String>, InvalidAddress> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if text.len() > longest || !text.chars().all(fits) {
            let rule = format!("letters, digits, '.', '_' and '-', at most {longest}");
            return Err(wrong(format!("needs {name} made of {rule}")));
        }
        Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
    }

    fn one_of(&self, name: &str, choices: &[&'static str]) -> Result<Option<&'static str>, InvalidAddress> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let choice = choices.iter().copied().find(|choice| choice.eq_ignore_ascii_case(text));
        choice.map(Some).ok_or_else(|| wrong(format!("needs {name} to be one of {}", choices.join(", "))))
    }

    /// From 1 s to 15 min, which are the limits of brokers.
    fn duration(&self, name: &str, default_seconds: u64) -> Result<Duration, InvalidAddress> {
        let Some(text) = self.get(name) else { return Ok(Duration::from_secs(default_seconds)) };
        let read = duration(text).map_err(|problem| wrong(format!("has a {name} that {problem}")))?;
        let fits = (Duration::from_secs(1)..=Duration::from_secs(900)).contains(&read);
        if fits { Ok(read) } else { Err(wrong(format!("needs {name} from 1s to 15m"))) }
    }

    fn tls(&self) -> Result<Option<Tls>, InvalidAddress> {
        let file = |name| self.get(name).filter(|path: &&str| !path.is_empty()).map(str::to_owned);
        let files = Tls { ca: file("ca"), certificate: file("cert"), key: file("key") };
        if files.certificate.is_some() != files.key.is_some() {
            return Err(wrong("needs both cert and key, or neither"));
        }
        match self.one_of("tls", &["true", "false"])? {
            Some("true") => Ok(Some(files)),
            _ if files == Tls::default() => Ok(None),
            _ => Err(wrong("names certificates but not tls=true")),
        }
    }
}

#[cfg(test)]
mod tests;
