//! The keys a process knows: CloudTrail's own answers, remembered, and pinned ones as the
//! second source.

use crate::ids::Region;
use crate::public_key::{KeyLookup, KeySet, SigningPeriod};
use crate::store::{ListPublicKeys, StoreError};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Looks keys up, remembering what CloudTrail answered for the life of the process.
#[derive(Debug)]
pub struct KeyRing<S> {
    service: S,
    pinned: KeySet,
    answers: Mutex<HashMap<Region, Answers>>,
    /// What lies before this time is asked for once: no key is added to it any more.
    settled_before: Option<Timestamp>,
}

/// What CloudTrail answered for a Region.
#[derive(Debug, Default)]
struct Answers {
    keys: KeySet,
    /// The periods that were asked for, as far as they are settled.
    asked: Vec<SigningPeriod>,
}

/// Around a period that is not remembered, keys are asked for as long: one answer serves many
/// digests.
const AROUND: SignedDuration = SignedDuration::from_hours(24 * 15);

/// The most periods that are remembered of one Region.
const MAX_ASKED: usize = 1000;

impl<S: ListPublicKeys> KeyRing<S> {
    /// A ring over CloudTrail and the pinned keys.
    pub fn new(service: S, pinned: KeySet) -> Self {
        Self {
            service,
            pinned,
            answers: Mutex::default(),
            settled_before: None,
        }
    }

    /// Asks only once for the keys of a period before `time`, which has passed: forged digests
    /// that name invented keys cost no request each.
    #[must_use]
    pub fn settled_before(mut self, time: Timestamp) -> Self {
        self.settled_before = Some(time);
        self
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
        let ask = {
            let remembered = self.remembered();
            let answers = remembered.get(region);
            let known = answers.map_or(KeyLookup::Unknown, |answers| {
                answers.keys.find(region, fingerprint, period)
            });
            let asked = answers.is_some_and(|answers| {
                answers
                    .asked
                    .iter()
                    .any(|asked| asked.from <= period.from && period.to <= asked.to)
            });
            match known {
                KeyLookup::Found(_) => return Ok(known),
                _ if asked => None,
                _ => Some(self.around(period)),
            }
        };
        let listed = match ask {
            None => Ok(self.known(region, fingerprint, period)),
            Some(ask) => match self.service.list_public_keys(region, ask).await {
                Ok(keys) => {
                    let mut remembered = self.remembered();
                    let answers = remembered.entry(region.clone()).or_default();
                    answers.keys.extend(keys);
                    if self.settled_before.is_some_and(|time| ask.to <= time)
                        && answers.asked.len() < MAX_ASKED
                    {
                        answers.asked.push(ask);
                    }
                    Ok(answers.keys.find(region, fingerprint, period))
                }
                Err(error) => Err(error),
            },
        };
        if let Ok(KeyLookup::Found(_)) = listed {
            return listed;
        }
        match self.pinned.find(region, fingerprint, period) {
            KeyLookup::Unknown => listed,
            pinned => Ok(pinned),
        }
    }

    fn known(&self, region: &Region, fingerprint: &str, period: SigningPeriod) -> KeyLookup {
        self.remembered()
            .get(region)
            .map_or(KeyLookup::Unknown, |answers| {
                answers.keys.find(region, fingerprint, period)
            })
    }

    /// A longer period around this one, if all of it is settled.
    fn around(&self, period: SigningPeriod) -> SigningPeriod {
        let Some(settled) = self.settled_before.filter(|settled| period.to <= *settled) else {
            return period;
        };
        SigningPeriod {
            from: period.from.saturating_sub(AROUND).unwrap_or(period.from),
            to: period
                .to
                .saturating_add(AROUND)
                .unwrap_or(period.to)
                .min(settled),
        }
    }

    fn remembered(&self) -> MutexGuard<'_, HashMap<Region, Answers>> {
        // Keys are only ever added: a panic elsewhere leaves nothing half done.
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
