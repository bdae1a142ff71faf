//! Serving an address on a socket.

use std::io;

use axum::Router;
use platform::shutdown::Shutdown;
use tokio::net::TcpListener;

/// Serves until the shutdown begins; then accepts nothing more, and returns once all requests in flight are answered.
///
/// Everything that concerns connections rather than requests belongs here. Connections are not bounded yet: neither in
/// number, nor in the time that a client takes to send a request's head, nor in the time that they are idle.
pub async fn serve(listener: TcpListener, router: Router, shutdown: Shutdown) -> io::Result<()> {
    axum::serve(listener, router).with_graceful_shutdown(async move { shutdown.begun().await }).await
}
