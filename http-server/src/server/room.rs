//! The places for connections, and the queue of connections that wait for a request.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::LINGER;

/// The places of one address.
pub(super) struct Room {
    free: Arc<Semaphore>,
    queue: Mutex<Queue>,
    /// A connection has begun to wait for a request.
    joined: Notify,
}

#[derive(Default)]
struct Queue {
    next: u64,
    /// The longest waiting first.
    waiting: BTreeMap<u64, Arc<Notify>>,
}

impl Room {
    /// Room for this many connections, at least one.
    pub(super) fn new(places: usize) -> Self {
        let free = Arc::new(Semaphore::new(places.clamp(1, Semaphore::MAX_PERMITS)));
        Self { free, queue: Mutex::default(), joined: Notify::new() }
    }

    /// A place for a new connection: a free one, or that of the connection that has waited longest for a request. Waits
    /// while a request is being answered on every connection.
    pub(super) async fn place(&self) -> OwnedSemaphorePermit {
        let mut place = std::pin::pin!(Arc::clone(&self.free).acquire_owned());
        loop {
            tokio::select! {
                biased;
                // The semaphore is never closed.
                Ok(place) = place.as_mut() => return place,
                () = self.displaced() => {}
            }
            // It closes soon, unless a request has just come on it.
            if let Ok(Ok(place)) = tokio::time::timeout(2 * LINGER, place.as_mut()).await {
                return place;
            }
        }
    }

    /// Waits until a connection waits for a request, and displaces it.
    async fn displaced(&self) {
        while !self.displace_one() {
            self.joined.notified().await;
        }
    }

    /// Asks the connection that has waited longest for a request to close. `false`: none waits for one.
    pub(super) fn displace_one(&self) -> bool {
        let longest = self.queue.lock().waiting.pop_first();
        longest.map(|(_, displaced)| displaced.notify_one()).is_some()
    }

    /// A connection waits for a request from now on. `displaced` is notified if it is to close. Returns its place in the
    /// queue.
    pub(super) fn waits(&self, displaced: Arc<Notify>) -> u64 {
        let mut queue = self.queue.lock();
        let place = queue.next;
        queue.next += 1;
        queue.waiting.insert(place, displaced);
        drop(queue);
        self.joined.notify_one();
        place
    }

    /// The connection no longer waits for a request.
    pub(super) fn waits_no_longer(&self, place: u64) {
        self.queue.lock().waiting.remove(&place);
    }
}
