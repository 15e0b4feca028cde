//! The fate of a delivery when a digest arrives, from everything that is known about it then.

use crate::check::listed::LISTED_WITHIN;
use crate::finding::kms::WhyUnsettled;
use crate::world::Absence;
use jiff::SignedDuration;

/// A delivery this short before a digest's end may be listed by the next digest.
pub(super) const BORDER: SignedDuration = SignedDuration::from_mins(15);

/// After this time, a delivery that cannot be settled is given up.
pub(super) const GIVEN_UP_AFTER: SignedDuration = SignedDuration::from_hours(3 * 24);

/// The digest that lists a log file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListedBy {
    /// The current digest.
    Current,
    /// An earlier digest.
    Earlier,
    /// None of the digests that were read.
    None,
}

/// The state of a log file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// It was not looked up, because there were too many others.
    NotTaken,
    /// It could not be looked up.
    Failed,
    /// It exists.
    Exists,
    /// It does not exist.
    Gone(Absence),
}

/// The reason why it is unknown what the backfill digests list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BackfillsUnknown {
    /// The bucket cannot be listed.
    NotListed,
    /// There are more backfill digests, or other objects next to them, than are looked at.
    TooMany,
}

/// Everything that is known about a delivery, apart from the backfill digests.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) listed: ListedBy,
    /// Indicates whether there is already a finding about the log file.
    pub(super) is_found: bool,
    pub(super) look: Look,
    /// Indicates whether all digests of its time were read.
    pub(super) is_covered: bool,
    /// The time from its delivery to the end of the current digest.
    pub(super) late: SignedDuration,
}

/// The fate of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// A digest lists it.
    Listed(ListedBy),
    /// A backfill digest lists it.
    Backfilled,
    /// Its digest is still to arrive.
    Waits,
    /// It is not known yet, and the delivery waits.
    Unknown(WhyUnsettled),
    /// It remained unknown for three days.
    GivenUp(WhyUnsettled),
    /// No digest lists the log file, and it is missing.
    Missing(Absence),
    /// No digest lists the log file, and it exists.
    Unlisted,
    /// The log file was already reported.
    FoundBefore,
}

/// Returns whether the next digest may list a delivery that is this short before the end of the
/// current one.
pub(super) fn is_too_new(late: SignedDuration) -> bool {
    late < BORDER
}

impl Known {
    /// Returns whether the backfill digests decide.
    pub(super) fn needs_backfills(&self) -> bool {
        self.listed == ListedBy::None
            && !self.is_found
            && self.look == Look::Exists
            && self.is_covered
            && (LISTED_WITHIN..=GIVEN_UP_AFTER).contains(&self.late)
    }

    /// Returns the fate of the delivery. `backfilled`: whether a backfill digest lists the log
    /// file, if that was [asked](Self::needs_backfills).
    pub(super) fn fate(&self, backfilled: Option<Result<bool, BackfillsUnknown>>) -> Fate {
        match self.listed {
            ListedBy::Current => return Fate::Listed(ListedBy::Current),
            _ if is_too_new(self.late) => return Fate::Waits,
            ListedBy::Earlier => return Fate::Listed(ListedBy::Earlier),
            ListedBy::None if self.is_found => return Fate::FoundBefore,
            ListedBy::None => {}
        }
        let why = match self.look {
            Look::NotTaken => WhyUnsettled::NotLookedAt,
            Look::Failed => WhyUnsettled::Unreadable,
            // Anybody who deletes it may also delete its digest.
            Look::Gone(absence) => return Fate::Missing(absence),
            Look::Exists if !self.is_covered => WhyUnsettled::NotCovered,
            Look::Exists if self.late < LISTED_WITHIN => return Fate::Waits,
            Look::Exists if self.late > GIVEN_UP_AFTER => WhyUnsettled::NotCovered,
            Look::Exists => match backfilled {
                Some(Ok(true)) => return Fate::Backfilled,
                Some(Ok(false)) => return Fate::Unlisted,
                Some(Err(BackfillsUnknown::TooMany)) => WhyUnsettled::TooManyBackfills,
                Some(Err(BackfillsUnknown::NotListed)) | None => WhyUnsettled::BackfillsNotListed,
            },
        };
        if self.late < GIVEN_UP_AFTER {
            Fate::Unknown(why)
        } else {
            Fate::GivenUp(why)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GONE: Look = Look::Gone(Absence::NoObject);
    const MINUTE: SignedDuration = SignedDuration::from_mins(1);

    fn hours(hours: i64) -> SignedDuration {
        SignedDuration::from_hours(hours)
    }

    fn known(listed: ListedBy, look: Look, is_covered: bool, late: SignedDuration) -> Known {
        Known {
            listed,
            is_found: false,
            look,
            is_covered,
            late,
        }
    }

    #[test]
    fn a_listed_delivery_is_settled_and_one_that_the_next_digest_may_list_waits() {
        use ListedBy::{Current, Earlier, None as NoDigest};
        for (listed, late, fate) in [
            (Current, MINUTE, Fate::Listed(Current)),
            (Current, hours(100), Fate::Listed(Current)),
            (Earlier, BORDER - MINUTE, Fate::Waits),
            (Earlier, BORDER, Fate::Listed(Earlier)),
            (NoDigest, -hours(1), Fate::Waits),
            (NoDigest, BORDER - MINUTE, Fate::Waits),
            (NoDigest, BORDER, Fate::Missing(Absence::NoObject)),
        ] {
            let known = known(listed, GONE, true, late);
            assert_eq!(known.fate(None), fate, "{known:?}");
        }
    }

    #[test]
    fn a_reported_delivery_is_not_reported_again() {
        let mut known = known(ListedBy::None, GONE, true, hours(1));
        known.is_found = true;
        assert_eq!(known.fate(None), Fate::FoundBefore);
        known.look = Look::Exists;
        known.late = hours(7);
        assert!(!known.needs_backfills());
    }

    /// Checks the fate of a log file that no digest lists, for everything that may be known about
    /// it.
    #[test]
    fn an_unlisted_delivery_has_one_fate() {
        use Fate::{Backfilled, GivenUp, Missing, Unknown, Unlisted, Waits};
        use Look::{Exists, Failed, NotTaken};
        use WhyUnsettled as Why;
        let listed = Some(Ok(true));
        let unlisted = Some(Ok(false));
        let not_read = Some(Err(BackfillsUnknown::NotListed));
        let too_many = Some(Err(BackfillsUnknown::TooMany));
        let (soon, days) = (LISTED_WITHIN - MINUTE, GIVEN_UP_AFTER);
        let gone = Missing(Absence::NoObject);
        for (look, is_covered, late, backfilled, fate) in [
            (GONE, true, hours(1), None, gone),
            (GONE, false, hours(1), None, gone),
            (GONE, true, days + MINUTE, None, gone),
            (NotTaken, true, hours(1), None, Unknown(Why::NotLookedAt)),
            (NotTaken, true, days, None, GivenUp(Why::NotLookedAt)),
            (Failed, false, days - MINUTE, None, Unknown(Why::Unreadable)),
            (Failed, false, days, None, GivenUp(Why::Unreadable)),
            (Exists, false, hours(1), None, Unknown(Why::NotCovered)),
            (Exists, false, days, None, GivenUp(Why::NotCovered)),
            (Exists, true, soon, None, Waits),
            (Exists, true, LISTED_WITHIN, unlisted, Unlisted),
            (Exists, true, LISTED_WITHIN, listed, Backfilled),
            (
                Exists,
                true,
                hours(7),
                not_read,
                Unknown(Why::BackfillsNotListed),
            ),
            (
                Exists,
                true,
                hours(7),
                too_many,
                Unknown(Why::TooManyBackfills),
            ),
            (Exists, true, days, unlisted, Unlisted),
            (Exists, true, days, too_many, GivenUp(Why::TooManyBackfills)),
            (Exists, true, days + MINUTE, None, GivenUp(Why::NotCovered)),
        ] {
            let known = known(ListedBy::None, look, is_covered, late);
            assert_eq!(known.needs_backfills(), backfilled.is_some(), "{known:?}");
            assert_eq!(known.fate(backfilled), fate, "{known:?} {backfilled:?}");
        }
    }
}
