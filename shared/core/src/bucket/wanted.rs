//! The search criteria for a bucket: accounts, Regions, trails, and a time.

use crate::names::date_folder::day_folder;
use crate::names::ids::{AccountId, Region, TrailArn, TrailName};
use crate::names::object_key::Chain;
use jiff::{SignedDuration, Timestamp};

/// A requested trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrailFilter {
    /// Any trail with this name.
    Name(TrailName),
    /// The trail with this ARN.
    Arn(TrailArn),
}

impl TrailFilter {
    /// Returns whether a chain belongs to this trail.
    #[must_use]
    pub fn is(&self, chain: &Chain) -> bool {
        match self {
            Self::Name(name) => *name == chain.trail,
            Self::Arn(arn) => chain.is_of(arn),
        }
    }

    /// Returns whether it is the trail with this ARN.
    #[must_use]
    pub fn names(&self, trail: &TrailArn) -> bool {
        match self {
            Self::Name(name) => *name == trail.name,
            Self::Arn(arn) => arn == trail,
        }
    }
}

/// The search criteria. An empty list is not a restriction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The accounts whose events are recorded.
    pub accounts: Vec<AccountId>,
    /// The Regions in which the events occurred.
    pub regions: Vec<Region>,
    /// The trails.
    pub trails: Vec<TrailFilter>,
    /// The start of the time; `None`: the oldest digest.
    pub from: Option<Timestamp>,
    /// The end of the time; `None`: the newest digest.
    pub to: Option<Timestamp>,
}

impl Wanted {
    pub(crate) fn account(&self, account: &AccountId) -> bool {
        self.accounts.is_empty() || self.accounts.contains(account)
    }

    pub(crate) fn region(&self, region: &Region) -> bool {
        self.regions.is_empty() || self.regions.contains(region)
    }

    pub(crate) fn chain(&self, chain: &Chain) -> bool {
        self.trails.is_empty() || self.trails.iter().any(|trail| trail.is(chain))
    }

    /// Returns whether any of the hour that ends at `end` was requested.
    #[must_use]
    pub fn hour(&self, end: Timestamp) -> bool {
        let hour = SignedDuration::from_hours(1);
        self.from.is_none_or(|from| end > from)
            && self
                .to
                .is_none_or(|to| end.saturating_sub(hour).is_ok_and(|start| start < to))
    }

    /// Returns whether the day that a key names directly below `folder`, `YYYY/MM/DD/`, was
    /// requested. A key that names no day belongs to every day.
    pub(crate) fn day_of(&self, key: &str, folder: &str) -> bool {
        let day = key.strip_prefix(folder).and_then(|rest| rest.get(..10));
        day.is_none_or(|day| self.touches(day))
    }

    /// Returns whether any of a year, month or day was requested: `YYYY`, `YYYY/MM` or
    /// `YYYY/MM/DD`.
    pub(super) fn touches(&self, date: &str) -> bool {
        !self.is_after(date) && !self.is_before(date)
    }

    /// Returns whether a year, month or day is after the requested time.
    pub(super) fn is_after(&self, date: &str) -> bool {
        self.to
            .is_some_and(|to| *date > *cut_to_length_of(to, date))
    }

    /// Returns whether a year, month or day is before the requested time.
    fn is_before(&self, date: &str) -> bool {
        self.from
            .is_some_and(|from| *date < *cut_to_length_of(from, date))
    }

    /// Returns whether the instant was requested.
    #[must_use]
    pub fn instant(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at < to)
    }
}

/// Returns the year, month or day of a time, cut to the length of `date`.
fn cut_to_length_of(time: Timestamp, date: &str) -> String {
    let mut day = day_folder(time);
    day.truncate(date.len());
    day
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_or_month_is_selected_if_a_part_of_it_is() {
        let wanted = Wanted {
            from: Some("2025-12-31T23:00:00Z".parse().unwrap()),
            to: Some("2026-01-15T12:00:00Z".parse().unwrap()),
            ..Wanted::default()
        };
        for (date, touches) in [
            ("2024", false),
            ("2025", true),
            ("2026", true),
            ("2027", false),
            ("2025/11", false),
            ("2025/12", true),
            ("2026/01", true),
            ("2026/02", false),
            ("2026/01/15", true),
            ("2026/01/16", false),
        ] {
            assert_eq!(wanted.touches(date), touches, "{date}");
        }
        assert!(Wanted::default().touches("1999"));
    }
}
