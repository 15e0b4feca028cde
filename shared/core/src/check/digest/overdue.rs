//! A digest that should have arrived.

use super::DigestVerifier;
use crate::finding::chain;
use crate::finding::digest::DigestSubject;
use crate::finding::{DigestReference, Finding};
use crate::names::location::ObjectLocation;
use crate::names::object_key::DigestKey;
use crate::world::{ListPublicKeys, ReadObject};
use jiff::{SignedDuration, Timestamp};

/// The maximum time from the end of a digest to the arrival of the next one. CloudTrail delivers
/// one every hour, some half an hour late, and catches up after an outage.
pub const OVERDUE_AFTER: SignedDuration = SignedDuration::from_hours(6);

/// Returns whether the digest after one that ends at `end` should have arrived by `now`.
#[must_use]
pub fn is_overdue(end: Timestamp, now: Timestamp) -> bool {
    now.duration_since(end) > OVERDUE_AFTER
}

impl<S: ReadObject, K: ListPublicKeys> DigestVerifier<S, K> {
    /// Returns the finding that no digest of a chain follows `newest`, although there should be
    /// one. Nothing between `from` and `until` is verified.
    #[must_use]
    pub fn overdue(
        &self,
        newest: &ObjectLocation,
        key: &DigestKey,
        from: Timestamp,
        until: Timestamp,
    ) -> Finding {
        let subject = DigestSubject {
            scope: self.scope(key),
            at: newest,
            shown_by: DigestReference::by_key(newest, Some(key)),
        };
        chain::overdue(subject, from, until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_digest_may_take_six_hours() {
        let minute = |minute: i64| Timestamp::from_second(minute * 60).unwrap();
        for (now, expected) in [(0, false), (60, false), (360, false), (361, true)] {
            assert_eq!(is_overdue(minute(0), minute(now)), expected, "{now}");
        }
    }
}
