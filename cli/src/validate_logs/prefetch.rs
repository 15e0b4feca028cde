//! Digests that are read ahead: most chains continue with the digest that the bucket lists next.

use super::digest_file::{self, DigestObject};
use super::lines::Verdict;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::task::JoinHandle;
use trailseal::names::location::ObjectLocation;
use trailseal::world::ReadObject;

/// The number of digests that are read ahead. Each may use as much memory as the maximum size of a
/// digest.
const DIGESTS: usize = 8;

/// Digests being read, the next one first.
#[derive(Debug)]
pub(super) struct Prefetch<S> {
    store: Arc<S>,
    reading: VecDeque<(ObjectLocation, JoinHandle<DigestObject>)>,
}

impl<S: ReadObject + 'static> Prefetch<S> {
    /// Returns a reader that has read nothing yet.
    pub(super) fn new(store: Arc<S>) -> Self {
        Self {
            store,
            reading: VecDeque::new(),
        }
    }

    /// Returns the digest at a place, and starts reading those that are expected next. Drops every
    /// digest that was read ahead and is no longer expected.
    pub(super) async fn read(
        &mut self,
        at: &ObjectLocation,
        expected: impl Iterator<Item = ObjectLocation>,
    ) -> DigestObject {
        let this = self.begin(at.clone());
        let mut next = VecDeque::new();
        for at in expected.take(DIGESTS) {
            let reading = self.begin(at.clone());
            next.push_back((at, reading));
        }
        for (_, dropped) in self.reading.drain(..) {
            dropped.abort();
        }
        self.reading = next;
        this.await.unwrap_or_else(|error| {
            DigestObject::Nothing(Verdict::Unverified(format!("cannot be read: {error}")))
        })
    }

    /// Returns the read in progress, or a new one.
    fn begin(&mut self, at: ObjectLocation) -> JoinHandle<DigestObject> {
        let under_way = self.reading.iter().position(|(other, _)| *other == at);
        if let Some((_, reading)) = under_way.and_then(|index| self.reading.remove(index)) {
            return reading;
        }
        let store = Arc::clone(&self.store);
        tokio::spawn(async move { digest_file::read(&*store, &at).await })
    }
}

impl<S> Drop for Prefetch<S> {
    fn drop(&mut self) {
        for (_, reading) in &self.reading {
            reading.abort();
        }
    }
}
