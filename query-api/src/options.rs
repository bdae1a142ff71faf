//! Settings.

use std::time::Duration;

use http_server::Limits;

use crate::persisted::PersistedOptions;

/// Settings of the query API. Limits are per query; a query beyond a limit is refused before anything is read.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether clients may ask for the schema.
    pub introspection: bool,
    /// Whether the GraphiQL pages are served.
    pub graphiql: bool,
    /// Bounds on HTTP requests, shared by both endpoints. The timeout includes waiting for consistency.
    pub http: Limits,
    /// How long a query waits for the versions that its consistency token names.
    pub patience: Duration,
    /// How many queries may wait like that at once; further ones are answered at once and marked as stale.
    pub max_waiting: usize,
    /// Tokens of a query's text.
    pub max_tokens: usize,
    /// Operations of a query's text, of which one is run.
    pub max_operations: usize,
    /// How deep fields may be nested; the schema's own description may be nested deeper.
    pub max_depth: u32,
    /// Fields, counted once for each place that fragments put them in.
    pub max_fields: u64,
    /// Aliases, counted like fields.
    pub max_aliases: u64,
    /// Directives, counted like fields.
    pub max_directives: u64,
    /// Bounds on operations that do not end by themselves, shared by both endpoints.
    pub live: LiveLimits,
    /// Cost: fields, each counted as often as the pages around it are long.
    pub max_cost: u64,
    /// Which documents run, and which are stored.
    pub persisted: PersistedOptions,
    /// How long browsers and proxies may keep answers about the catalog that were asked for by `GET`, in whole seconds. 0: they
    /// ask again each time, and are answered with 304 if nothing has changed.
    pub catalog_max_age: Duration,
    /// How much memory answers about the catalog may take that are kept for the next clients who ask for the same, in bytes. Such
    /// an answer is at most a quarter of a second old. 0: every answer is read.
    pub answer_cache: usize,
    /// How much memory decoded documents of the catalog may take that shoppers' queries share, in bytes. A list or a stock level
    /// from there is at most an eighth of a second old. 0: every query reads for itself.
    pub document_cache: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            introspection: true,
            graphiql: true,
            http: Limits { timeout: Duration::from_secs(10), max_in_flight: 1_024, max_body: 64 * 1024 },
            patience: Duration::from_secs(2),
            max_waiting: 256,
            max_tokens: 2_000,
            max_operations: 10,
            max_depth: 12,
            max_fields: 1_000,
            max_aliases: 30,
            max_directives: 20,
            live: LiveLimits::default(),
            max_cost: 50_000,
            persisted: PersistedOptions::default(),
            catalog_max_age: Duration::from_secs(5),
            answer_cache: 16 * 1024 * 1024,
            document_cache: 16 * 1024 * 1024,
        }
    }
}

/// Bounds on WebSockets and event streams.
#[derive(Clone, Copy, Debug)]
pub struct LiveLimits {
    /// WebSockets that are open at once.
    pub max_connections: usize,
    /// Operations over WebSockets and event streams that run at once.
    pub max_operations: usize,
    /// Operations that run at once on one WebSocket.
    pub max_per_connection: usize,
    /// How long a client may take to begin the protocol after it has opened a WebSocket.
    pub begin_within: Duration,
    /// The time between two pings. A WebSocket is closed if the client sends nothing for twice as long, not even an answer
    /// to a ping; an event stream gets a comment.
    pub ping_every: Duration,
    /// How long a client may take to accept a message. Then it is disconnected.
    pub accept_within: Duration,
}

impl Default for LiveLimits {
    fn default() -> Self {
        Self {
            max_connections: 10_000,
            max_operations: 20_000,
            max_per_connection: 50,
            begin_within: Duration::from_secs(5),
            ping_every: Duration::from_secs(15),
            accept_within: Duration::from_secs(10),
        }
    }
}
