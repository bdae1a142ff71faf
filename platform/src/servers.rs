//! Stores on servers. Their clients are optional, so that a first build is short: the feature `servers` of `chorale`
//! enables them.

/// This build has no client for a kind of server. The message says how to build a program with one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this build has no client for {0}. Build with the feature `servers`: cargo run --features servers -- …, or \
     cargo build --release --features servers"
)]
pub struct NoClient(pub &'static str);

impl NoClient {
    /// The error for an address of a PostgreSQL database.
    pub const POSTGRESQL: Self = Self("PostgreSQL");
    /// The error for an address of a MongoDB database.
    pub const MONGODB: Self = Self("MongoDB");
    /// The error for an address of a Redis server.
    pub const REDIS: Self = Self("Redis");
    /// The error for an address of a Kafka cluster.
    pub const KAFKA: Self = Self("Kafka");
}

/// The result of migrating a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The version that was found; `None` if there was no such schema.
    pub from: Option<usize>,
    /// The version that it has now.
    pub to: usize,
}

/// Whether `address` is that of a PostgreSQL database.
pub fn is_postgres(address: &str) -> bool {
    after_postgres_scheme(address).is_some()
}

/// Whether `address` is that of a MongoDB database.
pub fn is_mongodb(address: &str) -> bool {
    address.starts_with("mongodb://") || address.starts_with("mongodb+srv://")
}

/// Whether `address` is that of a Redis server.
pub fn is_redis(address: &str) -> bool {
    address.starts_with("redis://") || address.starts_with("rediss://")
}

/// The part of a PostgreSQL address after its scheme; `None` for any other address.
pub(crate) fn after_postgres_scheme(address: &str) -> Option<&str> {
    address.strip_prefix("postgres://").or_else(|| address.strip_prefix("postgresql://"))
}
