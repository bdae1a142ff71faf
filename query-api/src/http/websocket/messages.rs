//! The messages of the protocol `graphql-transport-ws`, and the codes with which a connection is closed.

use async_graphql::ServerError;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::http::request::GraphqlRequest;

/// The name of the protocol.
pub(super) const PROTOCOL: &str = "graphql-transport-ws";
/// The longest id of an operation, in bytes.
pub(super) const LONGEST_ID: usize = 128;

/// A message of the client.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ClientMessage {
    ConnectionInit,
    Ping,
    Pong,
    Subscribe { id: String, payload: GraphqlRequest },
    Complete { id: String },
}

/// A message of the server.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ServerMessage<'m> {
    ConnectionAck,
    Pong,
    Next { id: &'m str, payload: &'m RawValue },
    Error { id: &'m str, payload: &'m [ServerError] },
    Complete { id: &'m str },
}

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The client closed it, or the network failed.
    Gone,
    /// The client did not answer pings.
    Silent,
    /// The process shuts down. Subscribe again, from the last version.
    Shutdown,
    /// The client does not accept messages in time. Subscribe again, from the last version.
    Slow,
    /// The client did not ask for [`PROTOCOL`].
    WrongProtocol,
    /// A message is none of the protocol.
    BadMessage,
    /// The client did not begin in time.
    NotBegun,
    /// The client began twice.
    BegunTwice,
    /// An operation before the beginning.
    Unauthorized,
    /// The id of an operation that runs.
    IdInUse,
}

impl End {
    /// Code and reason of the close frame; `None` if the connection takes no more frames.
    pub(super) fn close(self) -> Option<(u16, &'static str)> {
        Some(match self {
            Self::Gone | Self::Silent => return None,
            Self::Shutdown => (1001, "Going away; connect again"),
            Self::Slow => (1013, "The client reads too slowly; connect again"),
            Self::BadMessage => (4400, "Invalid message"),
            Self::Unauthorized => (4401, "Unauthorized"),
            Self::WrongProtocol => (4406, "Subprotocol not acceptable"),
            Self::NotBegun => (4408, "Connection initialisation timeout"),
            Self::IdInUse => (4409, "Subscriber for this id already exists"),
            Self::BegunTwice => (4429, "Too many initialisation requests"),
        })
    }

    /// The reason in metrics.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Gone => "client",
            Self::Silent => "silent",
            Self::Shutdown => "shutdown",
            Self::Slow => "slow",
            _ => "protocol",
        }
    }
}
