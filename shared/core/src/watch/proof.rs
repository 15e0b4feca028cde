//! For which time the digests of a folder prove that CloudTrail did not deliver a log file.
//!
//! The question of [`Listed::proves`](crate::check::listed::Listed::proves), for all times of a
//! stretch at once, and with what the chain heads show: a trail whose digests are all missing is
//! still known.

use super::stretch::{Stretch, merged};
use crate::bucket::selection::DELIVERY;
use crate::check::coverage::AccountedTime;
use jiff::Timestamp;

/// A trail that delivers log files to a folder.
#[derive(Debug, Clone)]
pub(super) struct DeliveringTrail {
    /// The time since which its digests are known, and list log files.
    pub(super) since: Timestamp,
    /// The end of its last digest, if it does not have to continue.
    pub(super) until: Option<Timestamp>,
    /// The time that its digests cover, as far as they were read and CloudTrail signed them.
    pub(super) covered: AccountedTime,
}

/// Returns the parts of a stretch of which the digests prove nothing: a file with such a time in its
/// name may be listed by a digest that does not exist, or is not CloudTrail's.
///
/// A file may be delivered some time after the time in its name. Every trail that delivers to the
/// folder needs digests from the time in the name until then, and there must be such a trail. The
/// last log files of a trail that ends may be in no digest.
pub(super) fn unproven(trails: &[DeliveringTrail], stretch: Stretch) -> Vec<Stretch> {
    let later = |time: Timestamp| time.saturating_add(DELIVERY).unwrap_or(Timestamp::MAX);
    let earlier = |time: Timestamp| time.saturating_sub(DELIVERY).unwrap_or(Timestamp::MIN);
    let last = later(stretch.to);
    let mut delivers = AccountedTime::default();
    let mut found = Vec::new();
    for trail in trails {
        let end = trail.until.unwrap_or(Timestamp::MAX);
        let Some(needed) = Stretch::between(trail.since.max(stretch.from), end.min(last)) else {
            continue;
        };
        delivers.add(needed.from, end);
        for (from, to) in trail.covered.holes(needed.from, needed.to) {
            found.extend(Stretch::between(earlier(from), to));
        }
        if end < last {
            found.extend(Stretch::between(earlier(end), later(end)));
        }
    }
    for (from, to) in delivers.holes(stretch.from, stretch.to) {
        found.extend(Stretch::between(from, to));
    }
    let within = found.into_iter().filter_map(|hole| hole.within(stretch));
    merged(within.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(hour: i64) -> Timestamp {
        Timestamp::from_second(hour * 3600).unwrap()
    }

    /// Returns a trail with digests that start at these hours, each an hour long.
    fn trail(
        since: i64,
        until: Option<i64>,
        digests: impl Iterator<Item = i64>,
    ) -> DeliveringTrail {
        let mut covered = AccountedTime::default();
        for start in digests {
            covered.add(hour(start), hour(start + 1));
        }
        DeliveringTrail {
            since: hour(since),
            until: until.map(hour),
            covered,
        }
    }

    #[test]
    fn every_trail_needs_digests_until_two_hours_after_a_time() {
        let whole = || trail(0, None, 0..30);
        let without = |hole: i64| trail(0, None, (0..30).filter(move |start| *start != hole));
        for (trails, unproven_hours) in [
            (vec![whole()], &[][..]),
            (vec![without(14)], &[(12, 15)]),
            (vec![without(20)], &[(18, 20)]),
            (vec![without(21)], &[(19, 20)]),
            (vec![without(22)], &[]),
            (vec![without(9)], &[]),
            // The last digests have not arrived.
            (vec![trail(0, None, 0..20)], &[(18, 20)]),
            (vec![trail(0, None, 0..0)], &[(10, 20)]),
            // One of two trails.
            (vec![whole(), without(14)], &[(12, 15)]),
            (vec![without(12), without(17)], &[(10, 13), (15, 18)]),
            (vec![whole(), trail(0, None, 0..0)], &[(10, 20)]),
            // It starts later, or is not known yet.
            (vec![whole(), trail(15, None, 15..30)], &[]),
            (vec![trail(15, None, 15..30)], &[(10, 15)]),
            (vec![whole(), trail(25, None, 0..0)], &[]),
            // It ends.
            (vec![trail(0, Some(15), 0..15)], &[(13, 20)]),
            (vec![whole(), trail(0, Some(15), 0..15)], &[(13, 17)]),
            (vec![whole(), trail(0, Some(8), 0..0)], &[]),
            (vec![], &[(10, 20)]),
        ] {
            let stretch = Stretch::between(hour(10), hour(20)).unwrap();
            let found = unproven(&trails, stretch);
            let hours = unproven_hours.iter();
            let expected: Vec<_> = hours
                .filter_map(|(from, to)| Stretch::between(hour(*from), hour(*to)))
                .collect();
            assert_eq!(found, expected, "{trails:?}");
        }
    }
}
