//! What every check of digests needs: the bucket, the keys, and where the trail is delivered.

use crate::check::key_ring::KeyRing;
use crate::finding::Scope;
use crate::names::location::ObjectLocation;
use crate::names::object_key::DigestKey;
use crate::names::places::Places;
use crate::trust::given::GivenSignatures;
use crate::world::{ListPublicKeys, ReadObject};
use std::sync::Arc;

/// Reads digests and tells whether CloudTrail signed them.
#[derive(Debug)]
pub struct DigestVerifier<S, K> {
    pub(in crate::check) store: S,
    pub(super) keys: KeyRing<K>,
    pub(in crate::check) places: Places,
    /// Signatures that a copy without metadata does not hold.
    pub(in crate::check) given: Arc<GivenSignatures>,
}

impl<S: ReadObject, K: ListPublicKeys> DigestVerifier<S, K> {
    /// Verifies digests in `store`, signed by keys of `keys`.
    pub fn new(store: S, keys: KeyRing<K>, places: Places) -> Self {
        Self {
            store,
            keys,
            places,
            given: Arc::default(),
        }
    }

    /// Adds the signatures of digests whose metadata is not at hand. Whoever gives them can ask
    /// them, in the end, which of them were of use.
    #[must_use]
    pub fn with_signatures(mut self, given: Arc<GivenSignatures>) -> Self {
        self.given = given;
        self
    }

    /// Where a log file is that a digest in the bucket `from` lists: a replica has the original's
    /// objects.
    #[must_use]
    pub fn actual(&self, listed: &ObjectLocation, from: &str) -> ObjectLocation {
        let bucket = self.places.actual_of(&listed.bucket, from);
        ObjectLocation::new(bucket, listed.key.clone())
    }

    /// Where digests are read.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// The scope of findings about the chain of `key`.
    #[must_use]
    pub fn scope(&self, key: &DigestKey) -> Scope {
        Scope::of_chain(&key.chain, &self.places.trails)
    }
}
