//! The keys that a process knows: CloudTrail's own answers, remembered, and pinned keys as the
//! second source.
//!
//! The tests are in `tests/tests/stories.rs`.

use crate::names::ids::Region;
use crate::trust::public_key::{KeyLookup, KeySet, SigningPeriod};
use crate::world::{Cause, ListPublicKeys, StoreError};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Looks up keys, and remembers CloudTrail's answers for the life of the process.
#[derive(Debug)]
pub struct KeyRing<S> {
    service: S,
    pinned: KeySet,
    only_where_refused: bool,
    answers: Mutex<HashMap<Region, Answers>>,
    /// The keys before this time are requested once: no key is added to them any more.
    settled_before: Option<Timestamp>,
}

/// CloudTrail's answers for a Region.
#[derive(Debug, Default)]
struct Answers {
    keys: KeySet,
    /// The requested periods, as far as they are settled.
    asked: Vec<SigningPeriod>,
}

/// The time around a period for which keys are requested, too. One answer serves many digests, and
/// shows the key of a digest that was signed long after its end.
///
/// `ListPublicKeys` answers only with the keys of the time range. CloudTrail retries a delivery for
/// 30 days, and the sample digests in AWS's documentation are signed up to 33 days after the end of
/// their key's listed validity:
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_ListPublicKeys.html>,
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html>.
const AROUND: SignedDuration = SignedDuration::from_hours(24 * 45);

/// The maximum number of periods that are remembered for one Region.
const MAX_ASKED: usize = 1000;

impl<S: ListPublicKeys> KeyRing<S> {
    /// Returns a ring over CloudTrail and the pinned keys.
    pub fn new(service: S, pinned: KeySet) -> Self {
        Self {
            service,
            pinned,
            only_where_refused: false,
            answers: Mutex::default(),
            settled_before: None,
        }
    }

    /// Uses pinned keys only if CloudTrail refuses to list keys: in a Region that the account has
    /// not opted into, or may not use.
    ///
    /// Without this, a pinned key counts wherever CloudTrail's answer does not contain it. Anybody
    /// who can write the pinned keys could then sign digests of every Region.
    #[must_use]
    pub fn pinned_where_refused(mut self) -> Self {
        self.only_where_refused = true;
        self
    }

    /// Requests the keys of a period before `time`, which has passed, only once. Forged digests
    /// that name invented keys then do not cost one request each.
    #[must_use]
    pub fn settled_before(mut self, time: Timestamp) -> Self {
        self.settled_before = Some(time);
        self
    }

    /// Finds the key that signed a digest of `region` in `period`.
    ///
    /// CloudTrail is asked first, in the digest's own Region. Pinned keys are the second source.
    ///
    /// # Errors
    /// [`StoreError`] if CloudTrail does not answer and the key is not pinned.
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
        match self.pinned.find(region, fingerprint, period) {
            KeyLookup::Unknown => listed,
            pinned if self.uses_pinned(&listed, &pinned) => Ok(pinned),
            KeyLookup::Found(_) | KeyLookup::OutsideValidity(_) => listed,
        }
    }

    /// Returns whether the pinned key counts instead of CloudTrail's answer.
    fn uses_pinned(&self, listed: &Result<KeyLookup, StoreError>, pinned: &KeyLookup) -> bool {
        let is_valid = matches!(pinned, KeyLookup::Found(_));
        match listed {
            Ok(KeyLookup::Found(_)) => false,
            Ok(KeyLookup::OutsideValidity(_)) => is_valid && !self.only_where_refused,
            Ok(KeyLookup::Unknown) => !self.only_where_refused,
            Err(error) => match &error.cause {
                Cause::Denied(_) | Cause::RegionDisabled(_) => true,
                // A moment later, CloudTrail may list the key for the digest's own time.
                Cause::Unavailable(_) => is_valid && !self.only_where_refused,
                Cause::Absent(_)
                | Cause::Archived(_)
                | Cause::KeyUnusable(_)
                | Cause::Credentials(..)
                | Cause::NotYet
                | Cause::MayHaveExpired(_)
                | Cause::TooLarge(_)
                | Cause::Interrupted
                | Cause::Failed(_) => !self.only_where_refused,
            },
        }
    }

    fn known(&self, region: &Region, fingerprint: &str, period: SigningPeriod) -> KeyLookup {
        self.remembered()
            .get(region)
            .map_or(KeyLookup::Unknown, |answers| {
                answers.keys.find(region, fingerprint, period)
            })
    }

    /// Returns a longer period around this one. If this one is settled, all of it is.
    fn around(&self, period: SigningPeriod) -> SigningPeriod {
        let to = period.to.saturating_add(AROUND).unwrap_or(period.to);
        let settled = self.settled_before.filter(|time| period.to <= *time);
        SigningPeriod {
            from: period.from.saturating_sub(AROUND).unwrap_or(period.from),
            to: settled.map_or(to, |settled| to.min(settled)),
        }
    }

    fn remembered(&self) -> MutexGuard<'_, HashMap<Region, Answers>> {
        // Keys are only added: a panic elsewhere leaves nothing half done.
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
