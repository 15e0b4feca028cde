//! The keys a process knows: CloudTrail's own answers, remembered, and pinned ones as the
//! second source.

use crate::ids::Region;
use crate::public_key::{KeyLookup, KeySet, SigningPeriod};
use crate::store::{ListPublicKeys, StoreError};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Looks keys up, remembering what CloudTrail answered for the life of the process.
#[derive(Debug)]
pub struct KeyRing<S> {
    service: S,
    pinned: KeySet,
    answers: Mutex<HashMap<Region, KeySet>>,
}

impl<S: ListPublicKeys> KeyRing<S> {
    /// A ring over CloudTrail and the pinned keys.
    pub fn new(service: S, pinned: KeySet) -> Self {
        Self {
            service,
            pinned,
            answers: Mutex::default(),
        }
    }

    /// The key that signed a digest of `region` in `period`.
    ///
    /// CloudTrail is asked first, in the digest's own Region; pinned keys are for Regions that
    /// refuse the call and for keys it no longer lists.
    ///
    /// # Errors
    /// [`StoreError`] when CloudTrail does not answer and no pinned key has the fingerprint.
    pub async fn find(
        &self,
        region: &Region,
        fingerprint: &str,
        period: SigningPeriod,
    ) -> Result<KeyLookup, StoreError> {
        let known = self
            .remembered()
            .get(region)
            .map_or(KeyLookup::Unknown, |keys| {
                keys.find(region, fingerprint, period)
            });
        if matches!(known, KeyLookup::Found(_)) {
            return Ok(known);
        }
        let listed = match self.service.list_public_keys(region, period).await {
            Ok(keys) => {
                let mut remembered = self.remembered();
                let known = remembered.entry(region.clone()).or_default();
                known.extend(keys);
                Ok(known.find(region, fingerprint, period))
            }
            Err(error) => Err(error),
        };
        if let Ok(KeyLookup::Found(_)) = listed {
            return listed;
        }
        match self.pinned.find(region, fingerprint, period) {
            KeyLookup::Unknown => listed,
            pinned => Ok(pinned),
        }
    }

    fn remembered(&self) -> MutexGuard<'_, HashMap<Region, KeySet>> {
        // Keys are only ever added: a panic elsewhere leaves nothing half done.
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
