//! Digests read ahead: most chains go on with the digest that the bucket lists next.

use super::digest_file::{self, DigestObject};
use super::lines::Verdict;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::task::JoinHandle;
use trailseal::names::location::ObjectLocation;
use trailseal::world::ReadObject;

/// How many digests are read ahead. Each may take as much memory as a digest may have bytes.
const DIGESTS: usize = 8;

/// Digests being read, the next one first.
#[derive(Debug)]
pub(super) struct Ahead<S> {
    store: Arc<S>,
    reading: VecDeque<(ObjectLocation, JoinHandle<DigestObject>)>,
}

impl<S: ReadObject + 'static> Ahead<S> {
    /// Nothing read yet.
    pub(super) fn new(store: Arc<S>) -> Self {
        Self {
            store,
            reading: VecDeque::new(),
        }
    }

    /// The digest at a place, and those that are expected next to be read meanwhile. Whatever was
    /// read ahead and is not expected any more is dropped.
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

    /// The read that is under way, or a new one.
    fn begin(&mut self, at: ObjectLocation) -> JoinHandle<DigestObject> {
        let under_way = self.reading.iter().position(|(other, _)| *other == at);
        if let Some((_, reading)) = under_way.and_then(|index| self.reading.remove(index)) {
            return reading;
        }
        let store = Arc::clone(&self.store);
        tokio::spawn(async move { digest_file::read(&*store, &at).await })
    }
}

impl<S> Drop for Ahead<S> {
    fn drop(&mut self) {
        for (_, reading) in &self.reading {
            reading.abort();
        }
    }
}
