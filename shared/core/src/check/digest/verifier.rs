//! The parts that every check of digests needs: the store, the keys, and the places to which the
//! trail is delivered.

use crate::check::key_ring::KeyRing;
use crate::check::log_file::HeldBytes;
use crate::finding::Scope;
use crate::names::location::ObjectLocation;
use crate::names::object_key::DigestKey;
use crate::names::places::Places;
use crate::trust::given::GivenSignatures;
use crate::world::{ListPublicKeys, ReadObject};
use std::sync::Arc;

/// Reads digests and verifies whether CloudTrail signed them.
#[derive(Debug)]
pub struct DigestVerifier<S, K> {
    pub(in crate::check) store: S,
    pub(super) keys: KeyRing<K>,
    pub(in crate::check) places: Places,
    /// Signatures that a copy without metadata does not hold.
    pub(in crate::check) given: Arc<GivenSignatures>,
    /// The log files that are held completely.
    pub(in crate::check) held: HeldBytes,
}

impl<S: ReadObject, K: ListPublicKeys> DigestVerifier<S, K> {
    /// Verifies digests in `store`, signed with keys of `keys`.
    pub fn new(store: S, keys: KeyRing<K>, places: Places) -> Self {
        Self {
            store,
            keys,
            places,
            given: Arc::default(),
            held: HeldBytes::default(),
        }
    }

    /// Adds the signatures of digests whose metadata is not available. The provider of the
    /// signatures can find out from them, in the end, which ones were useful.
    #[must_use]
    pub fn with_signatures(mut self, given: Arc<GivenSignatures>) -> Self {
        self.given = given;
        self
    }

    /// Returns the location of a log file that a digest in the bucket `from` lists: a replica has
    /// the original's objects.
    #[must_use]
    pub fn actual(&self, listed: &ObjectLocation, from: &str) -> ObjectLocation {
        let bucket = self.places.actual_of(&listed.bucket, from);
        ObjectLocation::new(bucket, listed.key.clone())
    }

    /// Returns the store from which digests are read.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// Returns the places to which the trails are delivered.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// Returns the scope of findings about the chain of `key`.
    #[must_use]
    pub fn scope(&self, key: &DigestKey) -> Scope {
        Scope::of_chain(&key.chain, &self.places.trails)
    }
}
