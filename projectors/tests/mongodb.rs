//! Projectors on MongoDB, or on the compatible server that `scripts/servers` starts: silent servers, restored dumps, dropped
//! collections, and documents that were altered by hand.

#[path = "mongodb/altered.rs"]
mod altered;
#[path = "mongodb/lost.rs"]
mod lost;
#[path = "mongodb/shop.rs"]
mod shop;
#[path = "mongodb/silent.rs"]
mod silent;

/// What the other tests have.
#[path = "projectors"]
#[expect(dead_code, reason = "the other tests use more of it")]
mod shared {
    pub mod history;
}
