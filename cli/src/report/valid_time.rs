//! The time of a chain that is valid.

use super::{ChainReport, Outcome};
use jiff::{SignedDuration, Timestamp};

/// The time in which all of a chain is valid: from the start of the first valid stretch to the end
/// of the last one, and the parts in between that are not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ValidTime {
    /// The start.
    pub(crate) from: Timestamp,
    /// The end.
    pub(crate) to: Timestamp,
    /// The number of stretches in between that are findings, could not be verified, or have no
    /// digest.
    pub(crate) gaps: u64,
    /// Their total length.
    pub(crate) missing: SignedDuration,
}

impl ChainReport {
    /// Returns the valid time, or none if nothing is valid.
    pub(crate) fn valid_time(&self) -> Option<ValidTime> {
        let mut valid = self
            .coverage
            .iter()
            .filter(|stretch| stretch.state == Outcome::Valid);
        let first = valid.next()?;
        let mut time = ValidTime {
            from: first.from,
            to: first.to,
            gaps: 0,
            missing: SignedDuration::ZERO,
        };
        for stretch in valid {
            let gap = stretch.from.duration_since(time.to);
            if gap.is_positive() {
                time.gaps += 1;
                time.missing = time.missing.saturating_add(gap);
            }
            time.to = time.to.max(stretch.to);
        }
        Some(time)
    }
}

impl ValidTime {
    /// Returns a text such as `2 gaps, 3 h`, or none if there is no gap.
    pub(crate) fn gaps_in_words(&self) -> Option<String> {
        let gaps = match self.gaps {
            0 => return None,
            1 => "1 gap".to_owned(),
            gaps => format!("{gaps} gaps"),
        };
        let minutes = self.missing.as_mins();
        let (hours, minutes) = (minutes / 60, minutes % 60);
        Some(match (hours, minutes) {
            (0, 0) => format!("{gaps}, {} s", self.missing.as_secs()),
            (0, minutes) => format!("{gaps}, {minutes} min"),
            (hours, 0) => format!("{gaps}, {hours} h"),
            (hours, minutes) => format!("{gaps}, {hours} h {minutes} min"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Stretch, sample};

    fn valid_time(stretches: &[(i64, i64, Outcome)]) -> Option<(i64, i64, Option<String>)> {
        let mut chain = sample::valid().chains.remove(0);
        let minute = |minute: i64| Timestamp::from_second(minute * 60).unwrap();
        chain.coverage = stretches
            .iter()
            .map(|(from, to, state)| Stretch {
                from: minute(*from),
                to: minute(*to),
                state: *state,
                digests: 1,
                log_files: 1,
            })
            .collect();
        let time = chain.valid_time()?;
        let minutes = |time: Timestamp| time.as_second() / 60;
        Some((minutes(time.from), minutes(time.to), time.gaps_in_words()))
    }

    #[test]
    fn only_valid_time_counts_and_gaps_are_reported() {
        use Outcome::{CannotTell, Finding, Valid};
        for (stretches, expected) in [
            (&[][..], None),
            (&[(0, 60, Finding), (60, 90, CannotTell)], None),
            (&[(0, 600, Valid)], Some((0, 600, None))),
            // A chain that ended: overdue time is not verified.
            (
                &[(0, 600, Valid), (600, 9000, Finding)],
                Some((0, 600, None)),
            ),
            (
                &[(0, 60, CannotTell), (60, 120, Valid)],
                Some((60, 120, None)),
            ),
            (
                &[
                    (0, 60, Valid),
                    (60, 240, Finding),
                    (240, 300, Valid),
                    (330, 360, Valid),
                ],
                Some((0, 360, Some("2 gaps, 3 h 30 min".to_owned()))),
            ),
            (
                &[
                    (0, 60, Valid),
                    (60, 90, Finding),
                    (90, 120, CannotTell),
                    (120, 180, Valid),
                ],
                Some((0, 180, Some("1 gap, 1 h".to_owned()))),
            ),
        ] {
            assert_eq!(valid_time(stretches), expected, "{stretches:?}");
        }
    }
}
