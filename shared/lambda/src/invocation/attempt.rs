//! The number of a try of an event, and whether another try follows.

use super::retry_schedule::RetrySchedule;
use crate::queue::passage::Passage;

/// How many times a message is sent again as the rest of an object, or because there was no time to
/// start. Each hop of a rest makes progress; Lambda's own limit of about 16 is off (`RecursiveLoop`
/// in the template).
pub(super) const MAX_HOPS: u32 = 500;

/// Whether the event is delivered again if it fails now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    /// The event arrived from a queue with this passage, whose attempt also counts crashes.
    Counted(Passage),
    /// Nothing counts the tries, and the event is not delivered again.
    Only,
}

impl Attempt {
    /// Returns whether this try is the last one if it fails with this schedule.
    pub(super) fn is_last(self, schedule: RetrySchedule, max_receives: u32) -> bool {
        match self {
            Self::Counted(passage) => passage.attempt >= schedule.tries(max_receives),
            Self::Only => false,
        }
    }

    /// Returns whether the event is worked on alone.
    pub(super) fn is_alone(self) -> bool {
        matches!(self, Self::Counted(Passage { alone: true, .. }))
    }

    /// Returns whether the function parked the event before, and somebody moved it back.
    pub(super) fn is_moved_back(self) -> bool {
        matches!(
            self,
            Self::Counted(Passage {
                moved_back: true,
                ..
            })
        )
    }

    /// Returns what the rest of an object carries: the rest is a new message, and counts how many
    /// there were before it. Returns `None` after too many.
    pub(super) fn of_rest(self) -> Option<Passage> {
        let (alone, hops) = match self {
            Self::Counted(passage) => (passage.alone, passage.hops),
            Self::Only => (false, 0),
        };
        let rest = Passage {
            alone,
            hops,
            ..Passage::default()
        };
        (hops < MAX_HOPS).then(|| rest.with_next_hop())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_returned_rests_is_bounded() {
        let passage = |hops| Passage {
            attempt: 3,
            hops,
            ..Passage::default()
        };
        let rest = Attempt::Counted(passage(MAX_HOPS - 1)).of_rest().unwrap();
        assert_eq!((rest.attempt, rest.hops), (1, MAX_HOPS));
        assert_eq!(Attempt::Counted(passage(MAX_HOPS)).of_rest(), None);
    }
}
