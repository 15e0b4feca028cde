//! For which time the digests of a folder prove that CloudTrail did not deliver a log file.
//!
//! The question of [`Listed::proves`](crate::check::listed::Listed::proves), for all times of a
//! stretch at once, and with what the chain heads show: a trail whose digests are all missing is
//! still known.

use super::stretch::{Stretch, merged};
use crate::bucket::selection::DELIVERY;
use crate::check::coverage::AccountedTime;
use crate::check::listed::EARLIER;
use jiff::{SignedDuration, Timestamp};

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
/// A file may be delivered some time after the time in its name, and a short time before. Every
/// trail that delivers to the folder needs digests of all that time, and there must be such a trail.
/// The last log files of a trail that ends may be in no digest, and neither may files that were
/// delivered just before the first digest.
pub(super) fn unproven(trails: &[DeliveringTrail], stretch: Stretch) -> Vec<Stretch> {
    let first = before(stretch.from, EARLIER);
    let last = after(stretch.to, DELIVERY);
    let mut delivers = AccountedTime::default();
    let mut found = Vec::new();
    for trail in trails {
        let end = trail.until.unwrap_or(Timestamp::MAX);
        if end < last {
            found.extend(Stretch::between(
                before(end, DELIVERY),
                after(end, DELIVERY),
            ));
        }
        let Some(needed) = Stretch::between(trail.since.max(first), end.min(last)) else {
            continue;
        };
        delivers.add(needed.from, end);
        for (from, to) in trail.covered.holes(needed.from, needed.to) {
            found.extend(Stretch::between(before(from, DELIVERY), after(to, EARLIER)));
        }
        // Before its first digest, the trail may have delivered files with later names.
        for (_, to) in trail
            .covered
            .holes(before(needed.from, EARLIER), needed.from)
        {
            found.extend(Stretch::between(needed.from, after(to, EARLIER)));
        }
    }
    for (from, to) in delivers.holes(stretch.from, stretch.to) {
        found.extend(Stretch::between(from, to));
    }
    let found = found.into_iter().map(Stretch::in_minutes);
    let within = found.filter_map(|hole| hole.within(stretch));
    merged(within.collect())
}

fn before(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.saturating_sub(by).unwrap_or(Timestamp::MIN)
}

fn after(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.saturating_add(by).unwrap_or(Timestamp::MAX)
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

    /// Returns a time of the day of [`hour`], such as `12:15`.
    fn at(time: &str) -> Timestamp {
        format!("1970-01-01T{time}:00Z").parse().unwrap()
    }

    #[test]
    fn every_trail_needs_digests_from_before_a_time_until_two_hours_after_it() {
        let whole = || trail(0, None, 0..30);
        let without = |hole: i64| trail(0, None, (0..30).filter(move |start| *start != hole));
        for (trails, expected) in [
            (vec![whole()], &[][..]),
            (vec![without(14)], &[("12:00", "15:15")]),
            (vec![without(20)], &[("18:00", "20:00")]),
            (vec![without(21)], &[("19:00", "20:00")]),
            (vec![without(22)], &[]),
            (vec![without(9)], &[("10:00", "10:15")]),
            (vec![without(8)], &[]),
            // The last digests have not arrived.
            (vec![trail(0, None, 0..20)], &[("18:00", "20:00")]),
            (vec![trail(0, None, 0..0)], &[("10:00", "20:00")]),
            // One of two trails.
            (vec![whole(), without(14)], &[("12:00", "15:15")]),
            (
                vec![without(12), without(17)],
                &[("10:00", "13:15"), ("15:00", "18:15")],
            ),
            (vec![whole(), trail(0, None, 0..0)], &[("10:00", "20:00")]),
            // It starts later, or is not known yet.
            (
                vec![whole(), trail(15, None, 15..30)],
                &[("15:00", "15:15")],
            ),
            (vec![whole(), trail(15, None, 14..30)], &[]),
            (vec![trail(15, None, 15..30)], &[("10:00", "15:15")]),
            (vec![whole(), trail(25, None, 0..0)], &[]),
            // It ends.
            (vec![trail(0, Some(15), 0..15)], &[("13:00", "20:00")]),
            (
                vec![whole(), trail(0, Some(15), 0..15)],
                &[("13:00", "17:00")],
            ),
            (
                vec![whole(), trail(0, Some(9), 0..9)],
                &[("10:00", "11:00")],
            ),
            (vec![whole(), trail(0, Some(8), 0..0)], &[]),
            (vec![], &[("10:00", "20:00")]),
        ] {
            let stretch = Stretch::between(hour(10), hour(20)).unwrap();
            let found = unproven(&trails, stretch);
            let expected: Vec<_> = expected
                .iter()
                .filter_map(|(from, to)| Stretch::between(at(from), at(to)))
                .collect();
            assert_eq!(found, expected, "{trails:?}");
        }
    }
}
