//! The public keys of a bundle.

use jiff::SignedDuration;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use trailseal::names::ids::Region;
use trailseal::trust::public_key::{KeySet, MAX_SAVED_KEYS, PublicKey, SigningPeriod};
use trailseal::world::Cause;

/// The time around a request for which keys are requested, too. Which digests ask for keys depends
/// on the order of the work. No digest that found its key in an answer asks for keys further away
/// than this: `AROUND` of the key ring.
const WIDER: SignedDuration = SignedDuration::from_hours(24 * 46);

/// Public keys by Region.
#[derive(Debug, Default)]
pub(super) struct RegionKeys(Mutex<BTreeMap<Region, KeySet>>);

impl RegionKeys {
    fn known(&self) -> MutexGuard<'_, BTreeMap<Region, KeySet>> {
        // A set that misses a key is asked for it again.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds keys of a Region.
    ///
    /// # Errors
    /// There are more keys than any bundle holds.
    pub(super) fn add(
        &self,
        region: &Region,
        keys: impl IntoIterator<Item = PublicKey>,
    ) -> Result<(), Cause> {
        let mut known = self.known();
        let others: usize = known
            .values()
            .map(|keys| keys.clone().into_iter().len())
            .sum();
        let of_region = known.entry(region.clone()).or_default();
        let mut added = of_region.clone();
        added.extend(keys);
        let before = of_region.clone().into_iter().len();
        if others - before + added.clone().into_iter().len() > MAX_SAVED_KEYS {
            return Err(Cause::TooLarge(format!(
                "CloudTrail listed more than {MAX_SAVED_KEYS} keys: collect a part at a time"
            )));
        }
        *of_region = added;
        Ok(())
    }

    /// Returns the keys of a Region that are valid in a period.
    pub(super) fn valid_in(&self, region: &Region, period: SigningPeriod) -> Vec<PublicKey> {
        let of_region = self.known().get(region).cloned().unwrap_or_default();
        of_region
            .into_iter()
            .filter(|key| key.valid_from <= period.to && period.from <= key.valid_to)
            .collect()
    }

    /// Returns all keys, with their Regions.
    pub(super) fn all(&self) -> Vec<(Region, PublicKey)> {
        self.known()
            .iter()
            .flat_map(|(region, keys)| keys.clone().into_iter().map(|key| (region.clone(), key)))
            .collect()
    }
}

/// Returns the period for which a bundle requests keys, if a verification requests those of
/// `period`.
pub(super) fn wider(period: SigningPeriod) -> SigningPeriod {
    SigningPeriod {
        from: period.from.saturating_sub(WIDER).unwrap_or(period.from),
        to: period.to.saturating_add(WIDER).unwrap_or(period.to),
    }
}
