//! The HTTP middleware that both APIs share.
//!
//! An [`Api`] is the routes of one API inside the layers that concern it alone ([`ApiLayers`]): bounds on requests in
//! flight, on time and on bodies, and panics. An [`Address`] is one or several APIs inside the layers that every request
//! passes: trace context, request id, security headers, CORS, compression, and the [`Caller`]. It also answers health
//! checks and unknown paths. [`serve`] binds an address to a socket.
//!
//! **Invariant:** a request's [`Caller`] is set in one place, by the address; handlers only read it.

#![warn(unreachable_pub)]

mod address;
mod api;
mod caller;
mod consistency;
mod error;
mod health;
mod origin;
mod page;
mod server;
mod telemetry;
mod trace;

pub use address::{Address, COMPRESSED_TAG};
pub use api::{Api, ApiLayers, Limits};
pub use caller::{Audience, Caller, Scopes};
pub use consistency::{CONSISTENCY_TOKEN, InvalidToken, MOST_VERSIONS, StreamVersion, parse_token};
pub use error::{ErrorFormat, HttpError};
pub use health::Readiness;
pub use origin::{InvalidOrigin, Origin, PageOrigins};
pub use page::{PAGE_POLICY, PageFile, SCRIPT, page_file};
pub use server::{ConnectionLimits, serve};
pub use telemetry::metrics_page;
pub use trace::TraceContext;
