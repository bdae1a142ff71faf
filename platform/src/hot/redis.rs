//! The hot store in Redis. One script per verb, so that each is atomic.
//!
//! | key, after `PREFIX:hot:` | contents |
//! |---|---|
//! | `item:KIND/ID` | a hash: `value`, `version`, `expires`, `until` (empty: none), `touched` |
//! | `bucket:KIND/ID` | the instant at which the bucket is full again, in microseconds |
//! | `ends` | items and buckets, sorted by their ends |
//! | `touched:KIND` | ids, sorted by the time when they were last put or touched |
//! | `versions` | the last version |
//!
//! Times are milliseconds of the process's clock. Redis' own `EXPIRE` is not used: its clock may be another one.

use std::time::Duration;

use ::redis::{FromRedisValue, ParsingError, Script, Value, cmd};
use async_trait::async_trait;
use schemas::Timestamp;

use super::bucket::micros;
use super::{
    Held, HotError, HotKey, HotStore, Kind, Life, MOST_IDLE, Only, Put, Rate, Taken, next_version,
    require_life, require_small,
};
use crate::clock::Clock;
use crate::redis::{Address, Connection, RedisError, Timeouts};

const TIMEOUTS: Timeouts = Timeouts { connecting: Duration::from_secs(2), answering: Duration::from_secs(3) };
/// The order of an item's fields in answers.
const FIELDS: [&str; 4] = ["value", "version", "expires", "until"];

/// A hot store in Redis.
pub(super) struct RedisHotStore {
    clock: Clock,
    connection: Connection,
    /// The beginning of all keys.
    root: String,
    scripts: Scripts,
}

struct Scripts {
    put: Script,
    touch: Script,
    remove: Script,
    take: Script,
    idle: Script,
}

impl Scripts {
    fn new() -> Self {
        let sweeping = |verb: &str| Script::new(&format!("{}\n{verb}", include_str!("redis/sweep.lua")));
        Self {
            put: sweeping(include_str!("redis/put.lua")),
            touch: Script::new(include_str!("redis/touch.lua")),
            remove: Script::new(include_str!("redis/remove.lua")),
            take: sweeping(include_str!("redis/take.lua")),
            idle: Script::new(include_str!("redis/idle.lua")),
        }
    }
}

impl RedisHotStore {
    /// Connects. Fails if the server does not answer, or if it drops keys when its memory is full.
    pub(super) async fn open(address: &str, clock: Clock) -> Result<Self, HotError> {
        let address = Address::parse(address).map_err(failed)?;
        let connection = Connection::open(&address, TIMEOUTS).await.map_err(failed)?;
        let root = format!("{}:hot:", address.prefix());
        Ok(Self { clock, connection, root, scripts: Scripts::new() })
    }

    fn key(&self, rest: &str) -> String {
        format!("{}{rest}", self.root)
    }

    fn touched(&self, kind: Kind) -> String {
        format!("{}touched:{}", self.root, kind.name())
    }

    fn now(&self) -> i64 {
        self.clock.now().as_millis()
    }
}

fn failed(error: RedisError) -> HotError {
    match error {
        RedisError::Full { .. } => HotError::Full(std::sync::Arc::new(error)),
        other => HotError::unavailable(other),
    }
}

#[async_trait]
impl HotStore for RedisHotStore {
    async fn get(&self, key: &HotKey) -> Result<Option<Held>, HotError> {
        let mut fields = cmd("HMGET");
        fields.arg(self.key(&item(key))).arg(&FIELDS);
        let found: Answered = self.connection.query(&fields).await.map_err(failed)?;
        let now = self.clock.now();
        Ok(found.0.filter(|held| held.expires > now))
    }

    async fn put(&self, key: &HotKey, value: &[u8], only: Only, life: Life) -> Result<Put, HotError> {
        require_small(value, life.ttl)?;
        let (now, member) = (self.clock.now(), item(key));
        let only = match only {
            Only::Any => "any".to_owned(),
            Only::Absent => "absent".to_owned(),
            Only::Version(version) => version.to_string(),
        };
        let mut script = self.scripts.put.key(self.key(&member));
        script.key(self.key("ends")).key(self.touched(key.kind())).key(self.key("versions"));
        script.arg(&self.root).arg(member).arg(key.id()).arg(now.as_millis()).arg(value).arg(only);
        script.arg(life.expires(now).as_millis()).arg(until(life)).arg(next_version(0, now));
        match self.connection.invoke(&script).await.map_err(failed)? {
            PutAnswer::Kept(version) => Ok(Put::Kept(version)),
            PutAnswer::Other(held) => Ok(Put::Other(held.0)),
        }
    }

    async fn touch(&self, key: &HotKey, ttl: Duration) -> Result<bool, HotError> {
        require_life(ttl)?;
        let (now, member) = (self.clock.now(), item(key));
        let mut script = self.scripts.touch.key(self.key(&member));
        script.key(self.key("ends")).key(self.touched(key.kind()));
        script.arg(member).arg(key.id()).arg(now.as_millis()).arg(now.plus(ttl).as_millis());
        self.connection.invoke(&script).await.map_err(failed)
    }

    async fn remove(&self, key: &HotKey, version: Option<u64>) -> Result<bool, HotError> {
        let member = item(key);
        let mut script = self.scripts.remove.key(self.key(&member));
        script.key(self.key("ends")).key(self.touched(key.kind()));
        let version = version.map(|version| version.to_string()).unwrap_or_default();
        script.arg(member).arg(key.id()).arg(self.now()).arg(version);
        self.connection.invoke(&script).await.map_err(failed)
    }

    async fn take(&self, bucket: &HotKey, rate: Rate, n: u32) -> Result<Taken, HotError> {
        rate.require(n)?;
        let member = format!("bucket:{bucket}");
        let mut script = self.scripts.take.key(self.key(&member));
        script.key(self.key("ends")).arg(&self.root).arg(member).arg(micros(self.clock.now()));
        script.arg(rate.per_micros()).arg(rate.burst()).arg(n);
        let wait: u64 = self.connection.invoke(&script).await.map_err(failed)?;
        Ok(if wait == 0 { Taken::Yes } else { Taken::After(Duration::from_micros(wait)) })
    }

    async fn idle(&self, kind: Kind, before: Timestamp, limit: usize) -> Result<Vec<HotKey>, HotError> {
        let mut script = self.scripts.idle.key(self.touched(kind));
        script.arg(self.key(&format!("item:{}/", kind.name()))).arg(self.now());
        script.arg(before.as_millis()).arg(limit.min(MOST_IDLE));
        let ids: Vec<String> = self.connection.invoke(&script).await.map_err(failed)?;
        ids.into_iter().map(|id| HotKey::new(kind, id).map_err(HotError::unavailable)).collect()
    }
}

fn item(key: &HotKey) -> String {
    format!("item:{key}")
}

fn until(life: Life) -> String {
    life.until.map(|end| end.as_millis().to_string()).unwrap_or_default()
}

/// The fields of an item, or nothing.
struct Answered(Option<Held>);

impl FromRedisValue for Answered {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        let fields: Vec<Option<Vec<u8>>> = FromRedisValue::from_redis_value(value)?;
        let Ok([Some(value), version, expires, until]) = <[_; FIELDS.len()]>::try_from(fields) else {
            return Ok(Self(None));
        };
        let end = until.filter(|text| !text.is_empty()).map(|text| number(Some(text))).transpose()?;
        Ok(Self(Some(Held {
            value,
            version: number(version)?.cast_unsigned(),
            expires: Timestamp::from_millis(number(expires)?),
            until: end.map(Timestamp::from_millis),
        })))
    }
}

fn number(text: Option<Vec<u8>>) -> Result<i64, ParsingError> {
    let text = text.and_then(|bytes| String::from_utf8(bytes).ok());
    text.and_then(|text| text.parse().ok()).ok_or_else(|| "a field of a hot item is not a number".into())
}

enum PutAnswer {
    Kept(u64),
    Other(Answered),
}

impl FromRedisValue for PutAnswer {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        match value {
            Value::Array(_) => FromRedisValue::from_redis_value(value).map(Self::Other),
            other => FromRedisValue::from_redis_value(other).map(Self::Kept),
        }
    }
}
